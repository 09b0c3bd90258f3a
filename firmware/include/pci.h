/* PCI configuration space (PCI Local Bus 3.0, chapter 6) through Pchip 0 (21272 HRM 10.1.1). */
#ifndef BREAKWATER_PCI_H
#define BREAKWATER_PCI_H

#include "io.h"

#define PCI_VENDOR_ID 0x00
#define PCI_DEVICE_ID 0x02
#define PCI_COMMAND 0x04
#define PCI_STATUS 0x06
#define PCI_REVISION 0x08
#define PCI_CLASS 0x0a /* base class and sub-class in one word */
#define PCI_HEADER_TYPE 0x0e
#define PCI_BAR(n) (0x10 + 4 * (n))
#define PCI_SUBSYSTEM_ID 0x2e
#define PCI_CAPABILITIES 0x34
#define PCI_INTERRUPT_LINE 0x3c
#define PCI_INTERRUPT_PIN 0x3d

#define PCI_COMMAND_IO 0x1
#define PCI_COMMAND_MEMORY 0x2
#define PCI_COMMAND_MASTER 0x4
#define PCI_COMMAND_INTX_DISABLE 0x400
#define PCI_STATUS_CAPABILITIES 0x0010
#define PCI_STATUS_MASTER_ABORT 0x2000
#define PCI_HEADER_MULTIFUNCTION 0x80
#define PCI_CLASS_ISA_BRIDGE 0x0601
#define PCI_CAPABILITY_VENDOR 0x09
#define PCI_BAR_IO 0x1
#define PCI_BAR_TYPE 0x6
#define PCI_BAR_64BIT 0x4
#define PCI_LINE_NONE 0xff

#ifndef __ASSEMBLER__
/* A function's address in configuration space: bus, device and function number. */
typedef uint32_t pci_function;

static inline pci_function pci_address(unsigned bus, unsigned device, unsigned function) {
  return bus << 16 | device << 11 | function << 8;
}
static inline unsigned pci_bus(pci_function f) { return f >> 16; }
static inline unsigned pci_device(pci_function f) { return f >> 11 & 31; }
static inline unsigned pci_number(pci_function f) { return f >> 8 & 7; }

static inline uint8_t pci_read8(pci_function f, unsigned reg) {
  return read8(PCI_CONFIG_BASE + f + reg);
}
static inline uint16_t pci_read16(pci_function f, unsigned reg) {
  return read16(PCI_CONFIG_BASE + f + reg);
}
static inline uint32_t pci_read32(pci_function f, unsigned reg) {
  return read32(PCI_CONFIG_BASE + f + reg);
}
static inline void pci_write8(pci_function f, unsigned reg, uint8_t v) {
  write8(PCI_CONFIG_BASE + f + reg, v);
  mb();
}
static inline void pci_write16(pci_function f, unsigned reg, uint16_t v) {
  write16(PCI_CONFIG_BASE + f + reg, v);
  mb();
}
static inline void pci_write32(pci_function f, unsigned reg, uint32_t v) {
  write32(PCI_CONFIG_BASE + f + reg, v);
  mb();
}

/* Whether a function answers: an empty slot reads all ones. */
static inline int pci_present(pci_function f) {
  uint16_t vendor = pci_read16(f, PCI_VENDOR_ID);
  return vendor != 0xffff && vendor != 0;
}
#endif
#endif
