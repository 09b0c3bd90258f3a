/* Addresses and accesses: KSEG, memory-mapped registers, PCI I/O ports, barriers.
   For freestanding kernel-mode programs on EV67 (BWX: every width is one access). */
#ifndef BREAKWATER_IO_H
#define BREAKWATER_IO_H

/* KSEG: VA<42:41> = 2 maps physical memory without page tables; VA<40> becomes PA<43>, so I/O space
   has a second base (21264 HRM, I_CTL[SPE]; 21272 HRM 10.1.1). */
#define KSEG_BASE 0xfffffc0000000000
#define KSEG_IO_BASE 0xfffffd0000000000

/* Pchip 0 regions (21272 HRM 10.1.1), as KSEG addresses. */
#define PCI_MEMORY_BASE (KSEG_IO_BASE + 0x000000000)
#define PCI_IACK_BASE (KSEG_IO_BASE + 0x1f8000000)
#define PCI_IO_BASE (KSEG_IO_BASE + 0x1fc000000)
#define PCI_CONFIG_BASE (KSEG_IO_BASE + 0x1fe000000)

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* Orders all memory and I/O accesses (Alpha AHB I, 5.6). */
static inline void mb(void) { __asm__ volatile("mb" ::: "memory"); }
/* Orders stores. */
static inline void wmb(void) { __asm__ volatile("wmb" ::: "memory"); }

static inline uint8_t read8(uint64_t va) { return *(volatile uint8_t *)va; }
static inline uint16_t read16(uint64_t va) { return *(volatile uint16_t *)va; }
static inline uint32_t read32(uint64_t va) { return *(volatile uint32_t *)va; }
static inline uint64_t read64(uint64_t va) { return *(volatile uint64_t *)va; }
static inline void write8(uint64_t va, uint8_t v) { *(volatile uint8_t *)va = v; }
static inline void write16(uint64_t va, uint16_t v) { *(volatile uint16_t *)va = v; }
static inline void write32(uint64_t va, uint32_t v) { *(volatile uint32_t *)va = v; }
static inline void write64(uint64_t va, uint64_t v) { *(volatile uint64_t *)va = v; }

/* The KSEG address of physical memory below 1 TB, and back. */
static inline void *kseg(uint64_t pa) { return (void *)(KSEG_BASE + pa); }
static inline uint64_t physical(const volatile void *va) { return (uint64_t)va - KSEG_BASE; }

/* ISA and PCI I/O ports. A write is ordered before whatever follows it. */
static inline uint8_t inb(uint16_t port) { return read8(PCI_IO_BASE + port); }
static inline uint16_t inw(uint16_t port) { return read16(PCI_IO_BASE + port); }
static inline uint32_t inl(uint16_t port) { return read32(PCI_IO_BASE + port); }
static inline void outb(uint16_t port, uint8_t v) { write8(PCI_IO_BASE + port, v); mb(); }
static inline void outw(uint16_t port, uint16_t v) { write16(PCI_IO_BASE + port, v); mb(); }
static inline void outl(uint16_t port, uint32_t v) { write32(PCI_IO_BASE + port, v); mb(); }
#endif
#endif
