/* Finding PCI functions, their BARs and capabilities (PCI Local Bus 3.0, chapter 6). */
#ifndef CONFIGURATION_H
#define CONFIGURATION_H

#include "registers.h"

#define PCI_STATUS_INTERRUPT 0x0008
/* What a driver switches on: its registers, and DMA. */
#define COMMAND_RUNNING (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

/* A base address register. `address` and `size` are 0 where it is not implemented. */
struct pci_bar {
  bool is_io, is_64bit;
  uint64_t address, size;
};

/* Sizes a BAR by writing all ones, with decoding off, and restores it. */
struct pci_bar pci_read_bar(pci_function f, unsigned n);
/* Moves a BAR, with decoding off meanwhile. */
void pci_write_bar(pci_function f, unsigned n, uint64_t address);
/* Writes the command register. */
void pci_set_command(pci_function f, uint16_t command);

/* Calls `found` for every function on bus 0. */
void pci_scan(void (*found)(pci_function f, uint32_t id));

/* The position of the first capability (after == 0) or of the one behind `after`; 0 at the end of
   the chain. A misplaced or misaligned one sets *broken. */
uint8_t pci_next_capability(pci_function f, uint8_t after, bool *broken);

#endif
