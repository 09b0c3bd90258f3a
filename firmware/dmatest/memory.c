#include "memory.h"

#include "tap.h"

// The HWRPB and its memory data descriptor table (Alpha AHB, console section). The console maps
// the HWRPB at this virtual address.
#define HWRPB 0x10000000ul
#define HWRPB_ID 0x4857525042000000ul
#define HWRPB_MDDT_OFFSET 0xc8
#define CLUSTER_RESERVED 3ul  // usage bits: console or non-volatile

struct cluster {
  uint64_t start_page, page_count, tested, bitmap_va, bitmap_pa, bitmap_checksum, usage;
};
struct mddt {
  uint64_t checksum, optional_pa, cluster_count;
  struct cluster clusters[];
};

// Buffers stay below 1 GB so that the smallest set of windows reaches all of them.
#define HIGHEST 0x40000000ul

extern char _image_end[];

static uint64_t next_free, end_of_free, top;

const char *memory_setup(void) {
  if (*(volatile uint64_t *)(HWRPB + 8) != HWRPB_ID) return "no HWRPB";
  const struct mddt *mddt =
      (const struct mddt *)(HWRPB + *(volatile uint64_t *)(HWRPB + HWRPB_MDDT_OFFSET));
  uint64_t image_end = physical_of(_image_end);
  for (uint64_t n = 0; n < mddt->cluster_count && n < 16; n++) {
    const struct cluster *cluster = &mddt->clusters[n];
    uint64_t start = cluster->start_page * PAGE_SIZE;
    uint64_t end = start + cluster->page_count * PAGE_SIZE;
    if (end > top) top = end;
    if (cluster->usage & CLUSTER_RESERVED) continue;
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
  return memset(memory_at(start), 0, count * PAGE_SIZE);
}

uint64_t allocation_mark(void) { return next_free; }
void allocation_release(uint64_t mark) { next_free = mark; }

void *memset(void *target, int value, size_t count) {
  uint8_t *to = target;
  uint64_t word = (uint8_t)value * 0x0101010101010101ul;
  for (; count && (uintptr_t)to & 7; count--) *to++ = (uint8_t)value;
  for (; count >= 8; count -= 8, to += 8) *(uint64_t *)to = word;
  while (count--) *to++ = (uint8_t)value;
  return target;
}

void *memcpy(void *target, const void *source, size_t count) {
  uint8_t *to = target;
  const uint8_t *from = source;
  if ((((uintptr_t)to | (uintptr_t)from) & 7) == 0)
    for (; count >= 8; count -= 8, to += 8, from += 8) *(uint64_t *)to = *(const uint64_t *)from;
  while (count--) *to++ = *from++;
  return target;
}
