#include "sgmap.h"

#include "memory.h"

struct sgmap sgmap_allocate(uint64_t window_size) {
  uint64_t entries = window_size / PAGE_SIZE, bytes = entries * 8;
  uint64_t alignment = bytes < PAGE_SIZE ? PAGE_SIZE : bytes;
  return (struct sgmap){allocate_pages((unsigned)(alignment / PAGE_SIZE), alignment),
                        (unsigned)entries};
}

/* An entry holds PA<34:13> in bits 22:1. */
void sgmap_map(struct sgmap map, unsigned index, uint64_t pa) {
  map.entries[index] = (pa >> 12 & 0x7ffffe) | SG_VALID;
  mb();
}

void sgmap_unmap(struct sgmap map, unsigned index) {
  map.entries[index] = 0;
  mb();
}
