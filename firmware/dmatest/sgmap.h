/* Scatter-gather maps: tables of 64-bit entries, one per 8 KB page of a window (21272 HRM,
   scatter-gather address mapping). */
#ifndef SGMAP_H
#define SGMAP_H

#include "pchip.h"

struct sgmap {
  volatile uint64_t *entries;
  unsigned count;
};

#define SG_VALID 1ul

/* A map of invalid entries for a window of this size, aligned to its own size as TBA requires. */
struct sgmap sgmap_allocate(uint64_t window_size);
/* Maps page `index` of the window to a physical page. The caller invalidates the TLB when the entry
   may have been used before. */
void sgmap_map(struct sgmap map, unsigned index, uint64_t physical);
void sgmap_unmap(struct sgmap map, unsigned index);

#endif
