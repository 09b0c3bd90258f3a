#include "memory.h"

#include "hwrpb.h"
#include "tap.h"

#define HWRPB_IDENTIFIER 0x4857525042000000ul /* "HWRPB" */
#define MAXIMUM_CLUSTERS 16

/* Buffers stay below 1 GB so that the smallest set of windows reaches all of them. */
#define HIGHEST 0x40000000ul

extern char _image_end[];

static uint64_t next_free, end_of_free, top;

const char *memory_setup(void) {
  const volatile struct hwrpb *hwrpb = (const volatile struct hwrpb *)HWRPB_VA;
  if (hwrpb->identifier != HWRPB_IDENTIFIER) return "no HWRPB";
  const struct memory_descriptors *memory =
      (const struct memory_descriptors *)(HWRPB_VA + hwrpb->memory_offset);
  uint64_t image_end = physical(_image_end);
  for (uint64_t n = 0; n < memory->clusters && n < MAXIMUM_CLUSTERS; n++) {
    const struct memory_cluster *cluster = &memory->cluster[n];
    uint64_t start = cluster->start_pfn * PAGE_SIZE;
    uint64_t end = start + cluster->pages * PAGE_SIZE;
    if (end > top) top = end;
    if (cluster->usage != CLUSTER_SYSTEM) continue;
    if (start <= image_end && image_end < end) {
      next_free = image_end;
      end_of_free = end < HIGHEST ? end : HIGHEST;
    }
  }
  return next_free ? NULL : "no free memory cluster around the image";
}

uint64_t memory_top(void) { return top; }

void *allocate_pages(unsigned count, uint64_t alignment) {
  uint64_t start = (next_free + alignment - 1) & -alignment;
  if (start + count * PAGE_SIZE > end_of_free) tap_bail_out("out of memory");
  next_free = start + count * PAGE_SIZE;
  return memset(kseg(start), 0, count * PAGE_SIZE);
}

uint64_t allocation_mark(void) { return next_free; }
void allocation_release(uint64_t mark) { next_free = mark; }
