#include "configuration.h"

void pci_set_command(pci_function f, uint16_t command) {
  CONFIG16(f, PCI_COMMAND) = command;
  mb();
  (void)CONFIG16(f, PCI_COMMAND);
}

static uint32_t size_mask(pci_function f, unsigned n) {
  uint32_t old = CONFIG32(f, PCI_BAR(n));
  CONFIG32(f, PCI_BAR(n)) = 0xffffffff;
  mb();
  uint32_t mask = CONFIG32(f, PCI_BAR(n));
  CONFIG32(f, PCI_BAR(n)) = old;
  mb();
  (void)CONFIG32(f, PCI_BAR(n));
  return mask;
}

struct pci_bar pci_read_bar(pci_function f, unsigned n) {
  uint16_t command = CONFIG16(f, PCI_COMMAND);
  pci_set_command(f, command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
  uint32_t low = CONFIG32(f, PCI_BAR(n));
  struct pci_bar bar = {
      .is_io = low & PCI_BAR_IO,
      .is_64bit = (low & (PCI_BAR_IO | PCI_BAR_TYPE)) == PCI_BAR_64BIT,
  };
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

void pci_write_bar(pci_function f, unsigned n, uint64_t address) {
  uint16_t command = CONFIG16(f, PCI_COMMAND);
  pci_set_command(f, command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
  CONFIG32(f, PCI_BAR(n)) = (uint32_t)address;
  mb();
  pci_set_command(f, command);
}

void pci_scan(void (*found)(pci_function f, uint32_t id)) {
  for (unsigned slot = 0; slot < 32; slot++) {
    unsigned functions = 1;
    for (unsigned n = 0; n < functions; n++) {
      pci_function f = pci_address(0, slot, n);
      if (!pci_present(f)) continue;
      if (n == 0 && CONFIG8(f, PCI_HEADER_TYPE) & PCI_HEADER_MULTIFUNCTION) functions = 8;
      found(f, CONFIG32(f, PCI_VENDOR_ID));
    }
  }
}

uint8_t pci_next_capability(pci_function f, uint8_t after, bool *broken) {
  if (!after && !(CONFIG16(f, PCI_STATUS) & PCI_STATUS_CAPABILITIES)) return 0;
  uint8_t position = CONFIG8(f, after ? after + 1 : PCI_CAPABILITIES);
  if (position && (position < 0x40 || position & 3)) {
    *broken = true;
    return 0;
  }
  return position;
}
