/* PCI bus 0: finds every function, sizes and places its base addresses, connects its interrupt. */
#include "console.h"
#include "print.h"

/* Memory stays below 1 GB, where kernels put their DMA windows. */
#define IO_START 0xc000
#define IO_END 0x10000
#define MEMORY_START 0x10000000
#define MEMORY_END 0x40000000
#define HEADER_TYPE 0x7f
#define HEADER_DEVICE 0
#define DEVICE_BARS 6

pci_function pci_functions[MAX_FUNCTIONS];
unsigned pci_function_count;

struct region {
  uint64_t next, end;
};

/* Takes a naturally aligned piece, or gives 0. */
static uint64_t allocate(struct region *region, uint64_t size) {
  uint64_t at = (region->next + size - 1) & ~(size - 1);
  if (size > region->end || at > region->end - size)
    return 0;
  region->next = at + size;
  return at;
}

/* The size that a base address register asks for: its lowest writable address bit (PCI 3.0,
   6.2.5.1). 0 if it is not there. */
static uint64_t bar_size(pci_function f, unsigned bar, uint32_t original) {
  uint64_t mask;
  pci_write32(f, PCI_BAR(bar), ~0u);
  if (original & PCI_BAR_IO) {
    mask = pci_read32(f, PCI_BAR(bar)) & ~3u;
  } else {
    mask = pci_read32(f, PCI_BAR(bar)) & ~15u;
    if ((original & PCI_BAR_TYPE) == PCI_BAR_64BIT && bar + 1 < DEVICE_BARS) {
      pci_write32(f, PCI_BAR(bar + 1), ~0u);
      mask |= (uint64_t)pci_read32(f, PCI_BAR(bar + 1)) << 32;
      pci_write32(f, PCI_BAR(bar + 1), 0);
    }
  }
  pci_write32(f, PCI_BAR(bar), 0);
  return mask & -mask;
}

/* Decoding is off while addresses change. A region that finds no place leaves its space disabled. */
static void place_bars(pci_function f, struct region *io, struct region *memory) {
  uint16_t off = PCI_COMMAND_IO | PCI_COMMAND_MEMORY, on = off;
  uint16_t command = pci_read16(f, PCI_COMMAND) & ~(off | PCI_COMMAND_MASTER);
  pci_write16(f, PCI_COMMAND, command);
  for (unsigned bar = 0; bar < DEVICE_BARS; bar++) {
    uint32_t original = pci_read32(f, PCI_BAR(bar));
    int is_io = original & PCI_BAR_IO;
    uint64_t size = bar_size(f, bar, original);
    if (size) {
      uint64_t at = allocate(is_io ? io : memory, size);
      pci_write32(f, PCI_BAR(bar), at);
      if (!at)
        on &= is_io ? ~PCI_COMMAND_IO : ~PCI_COMMAND_MEMORY;
    }
    if (!is_io && (original & PCI_BAR_TYPE) == PCI_BAR_64BIT)
      bar++;
  }
  pci_write16(f, PCI_COMMAND, command | on);
}

/* The DRIR bit of the function's pin: four per slot, wired by the board. */
static void connect_interrupt(pci_function f) {
  unsigned pin = pci_read8(f, PCI_INTERRUPT_PIN);
  unsigned bit = (pci_device(f) + 1) * 4 + pin - 1;
  int wired = pin >= 1 && pin <= 4 && bit < 55 && pci_read16(f, PCI_CLASS) != PCI_CLASS_ISA_BRIDGE;
  pci_write8(f, PCI_INTERRUPT_LINE, wired ? bit : PCI_LINE_NONE);
}

/* Bridges keep their registers: the bus behind one is the operating system's to set up. */
void pci_start(void) {
  struct region io = {IO_START, IO_END}, memory = {MEMORY_START, MEMORY_END};
  pci_function_count = 0;
  for (unsigned device = 0; device < 32; device++) {
    unsigned numbers = 1;
    for (unsigned number = 0; number < numbers; number++) {
      pci_function f = pci_address(0, device, number);
      if (!pci_present(f))
        continue;
      uint8_t header = pci_read8(f, PCI_HEADER_TYPE);
      if (number == 0 && header & PCI_HEADER_MULTIFUNCTION)
        numbers = 8;
      if (pci_function_count < MAX_FUNCTIONS)
        pci_functions[pci_function_count++] = f;
      if ((header & HEADER_TYPE) == HEADER_DEVICE)
        place_bars(f, &io, &memory);
      connect_interrupt(f);
    }
  }
}

void pci_print(void) {
  for (unsigned i = 0; i < pci_function_count; i++) {
    pci_function f = pci_functions[i];
    print("PCI %u:%02u.%u  %04x:%04x  class %04x", pci_bus(f), pci_device(f), pci_number(f),
          pci_read16(f, PCI_VENDOR_ID), pci_read16(f, PCI_DEVICE_ID), pci_read16(f, PCI_CLASS));
    uint8_t line = pci_read8(f, PCI_INTERRUPT_LINE);
    if (line != PCI_LINE_NONE)
      print("  interrupt %u", line);
    if ((pci_read8(f, PCI_HEADER_TYPE) & HEADER_TYPE) == HEADER_DEVICE)
      for (unsigned bar = 0; bar < DEVICE_BARS; bar++) {
        uint32_t value = pci_read32(f, PCI_BAR(bar));
        if (value & PCI_BAR_IO)
          print("  I/O %x", value & ~3u);
        else if (value & ~15u)
          print("  memory %x", value & ~15u);
        if (!(value & PCI_BAR_IO) && (value & PCI_BAR_TYPE) == PCI_BAR_64BIT)
          bar++;
      }
    print("\n");
  }
}
