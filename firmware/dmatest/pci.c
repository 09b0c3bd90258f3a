#include "pci.h"

#include "traps.h"

void pci_set_command(struct pci_function f, uint16_t command) {
  CONFIG16(f, PCI_COMMAND) = command;
  memory_barrier();
  (void)CONFIG16(f, PCI_COMMAND);
}

static uint32_t size_mask(struct pci_function f, unsigned n) {
  uint32_t old = CONFIG32(f, PCI_BAR(n));
  CONFIG32(f, PCI_BAR(n)) = 0xffffffff;
  memory_barrier();
  uint32_t mask = CONFIG32(f, PCI_BAR(n));
  CONFIG32(f, PCI_BAR(n)) = old;
  memory_barrier();
  (void)CONFIG32(f, PCI_BAR(n));
  return mask;
}

struct pci_bar pci_read_bar(struct pci_function f, unsigned n) {
  uint16_t command = CONFIG16(f, PCI_COMMAND);
  pci_set_command(f, command & ~(COMMAND_IO | COMMAND_MEMORY));
  uint32_t low = CONFIG32(f, PCI_BAR(n));
  struct pci_bar bar = {.is_io = low & 1, .is_64bit = (low & 7) == 4};
  uint64_t type_bits = bar.is_io ? 3 : 15;
  uint64_t mask = size_mask(f, n), value = low;
  if (bar.is_64bit && n < 5) {
    mask |= (uint64_t)size_mask(f, n + 1) << 32;
    value |= (uint64_t)CONFIG32(f, PCI_BAR(n + 1)) << 32;
  } else if (mask) {
    mask |= 0xffffffff00000000ul;
  }
  if (mask & ~type_bits) {
    bar.address = value & ~type_bits;
    bar.size = ~(mask & ~type_bits) + 1;
  }
  pci_set_command(f, command);
  return bar;
}

void pci_write_bar(struct pci_function f, unsigned n, uint64_t address) {
  uint16_t command = CONFIG16(f, PCI_COMMAND);
  pci_set_command(f, command & ~(COMMAND_IO | COMMAND_MEMORY));
  CONFIG32(f, PCI_BAR(n)) = (uint32_t)address;
  memory_barrier();
  pci_set_command(f, command);
}

void pci_scan(void (*found)(struct pci_function f, uint32_t id)) {
  for (unsigned slot = 0; slot < 32; slot++) {
    struct pci_function f = {.slot = (uint8_t)slot};
    unsigned functions = 1;
    for (unsigned n = 0; n < functions; n++) {
      f.function = (uint8_t)n;
      uint32_t id = CONFIG32(f, PCI_ID);
      if ((id & 0xffff) == 0xffff || (id & 0xffff) == 0) continue;
      if (n == 0 && CONFIG8(f, PCI_HEADER_TYPE) & 0x80) functions = 8;
      found(f, id);
    }
  }
}

uint8_t pci_next_capability(struct pci_function f, uint8_t after, bool *broken) {
  if (!after && !(CONFIG16(f, PCI_STATUS) & STATUS_CAPABILITIES)) return 0;
  uint8_t position = CONFIG8(f, after ? after + 1 : PCI_CAPABILITIES);
  if (position && (position < 0x40 || position & 3)) {
    *broken = true;
    return 0;
  }
  return position;
}
