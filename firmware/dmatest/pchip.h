/* The DMA windows of Pchip 0 (21272 HRM, PCI-to-system address mapping). */
#ifndef PCHIP_H
#define PCHIP_H

#include "registers.h"

#define MEGABYTE 0x100000ul
#define GIGABYTE 0x40000000ul

/* The bus address of window 1 in the basic set-up: 1 GB, all of low memory. */
#define DIRECT_BUS GIGABYTE

/* Programs a window: `size` is a power of two of at least 1 MB, `base` a multiple of it. For a
   direct window `target` is the physical address it starts at, for a scatter-gather one that of its
   map. */
void window_set_direct(unsigned n, uint64_t base, uint64_t size, uint64_t target);
void window_set_scatter_gather(unsigned n, uint64_t base, uint64_t size, uint64_t map);
/* Window 3 on double-address cycles; the map is 4 MB and aligned to that. */
void window_set_dac(uint64_t map);
void window_disable(unsigned n);

void pctl_set(uint64_t bits);
void pctl_clear(uint64_t bits);

/* Drops the cached map entries of the 64 KB around a bus address, or all. */
void sg_tlb_invalidate(uint64_t bus);
void sg_tlb_invalidate_all(void);

/* Remembers the window registers and PCTL as found, and puts them back. */
void pchip_save(void);
void pchip_restore(void);
/* The state every case starts from: the basic window alone, and no error pending or enabled. */
void pchip_basic_setup(void);

/* Whether the Pchip has PCI error registers (PERRMASK holds what is written). */
bool pchip_has_error_registers(void);
/* Enables, and clears, the errors of PERROR given. */
void pci_errors_enable(uint64_t errors);

#endif
