// PCI configuration space of the functions on bus 0 (PCI Local Bus 3.0; 21272 HRM, PCI
// configuration).
#ifndef PCI_H
#define PCI_H

#include "tsunami.h"

struct pci_function {
  uint8_t slot, function;
};

#define PCI_ID 0x00
#define PCI_COMMAND 0x04
#define PCI_STATUS 0x06
#define PCI_CLASS 0x08
#define PCI_HEADER_TYPE 0x0e
#define PCI_BAR(n) (0x10 + 4 * (n))
#define PCI_SUBSYSTEM 0x2c
#define PCI_CAPABILITIES 0x34
#define PCI_INTERRUPT_LINE 0x3c
#define PCI_INTERRUPT_PIN 0x3d

#define COMMAND_IO 0x1
#define COMMAND_MEMORY 0x2
#define COMMAND_MASTER 0x4
#define COMMAND_INTX_DISABLE 0x400
#define STATUS_INTERRUPT 0x8
#define STATUS_CAPABILITIES 0x10
#define STATUS_MASTER_ABORT 0x2000

static inline uint64_t pci_configuration(struct pci_function f, unsigned offset) {
  return PCI_CONFIGURATION + (uint64_t)(f.slot << 11 | f.function << 8 | offset);
}
#define CONFIG8(f, offset) (*(volatile uint8_t *)pci_configuration(f, offset))
#define CONFIG16(f, offset) (*(volatile uint16_t *)pci_configuration(f, offset))
#define CONFIG32(f, offset) (*(volatile uint32_t *)pci_configuration(f, offset))

// A base address register. `address` and `size` are 0 where it is not implemented.
struct pci_bar {
  bool is_io, is_64bit;
  uint64_t address, size;
};

// Sizes a BAR by writing all ones, with decoding off, and restores it.
struct pci_bar pci_read_bar(struct pci_function f, unsigned n);
// Moves a BAR, with decoding off meanwhile.
void pci_write_bar(struct pci_function f, unsigned n, uint64_t address);
// Writes the command register.
void pci_set_command(struct pci_function f, uint16_t command);

// Calls `found` for every function on bus 0.
void pci_scan(void (*found)(struct pci_function f, uint32_t id));

// The position of the first capability (after == 0) or of the one behind `after`; 0 at the end of
// the chain. A chain that is misaligned or too long sets *broken.
uint8_t pci_next_capability(struct pci_function f, uint8_t after, bool *broken);

#endif
