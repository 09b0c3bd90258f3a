/* Scatter-gather windows, their maps and the scatter-gather TLB (21272 HRM, scatter-gather address
   mapping and translation lookaside buffer). */
#include "cases.h"
#include "memory.h"
#include "pchip.h"
#include "workload.h"

#define SG_BUS (8 * MEGABYTE)
#define SG_SIZE (8 * MEGABYTE)

static uint64_t map_address(struct sgmap map) { return physical((void *)map.entries); }

/* Window 0 as every Alpha system programs it: 8 MB at 8 MB, below 16 MB for ISA devices too. */
static struct sgmap isa_window(void) {
  struct sgmap map = sgmap_allocate(SG_SIZE);
  window_set_scatter_gather(0, SG_BUS, SG_SIZE, map_address(map));
  return map;
}

static void shuffled_read(void) {
  if (!disk_start_basic(scratch)) return;
  struct sgmap map = isa_window();
  struct pages pages = pages_shuffled(MAXIMUM_PAGES);
  pages_map(&pages, map, 0);
  check_read_at(SG_BUS, &pages, 0, MAXIMUM_PAGES * PAGE_SIZE, 0);
}

static void shuffled_write(void) {
  if (!disk_start_basic(scratch)) return;
  struct sgmap map = isa_window();
  struct pages pages = pages_shuffled(32);
  pages_map(&pages, map, 900);
  check_write_at(SG_BUS + 900 * PAGE_SIZE, &pages, 0, 32 * PAGE_SIZE, 16384);
}

static void odd_bounds(void) {
  if (!disk_start_basic(scratch)) return;
  struct sgmap map = isa_window();
  struct pages pages = pages_shuffled(8);
  pages_map(&pages, map, 3);
  uint64_t bus = SG_BUS + 3 * PAGE_SIZE;
  unsigned offset = PAGE_SIZE - 3, length = 5 * PAGE_SIZE + 1024;
  if (check_read_at(bus + offset, &pages, offset, length, 512))
    check_write_at(bus + offset, &pages, offset, length, 512);
}

/* The same page behind several entries: each access goes where its own entry says. */
static void many_segments(void) {
  if (!disk_start_basic(scratch)) return;
  struct sgmap map = isa_window();
  struct pages pages = pages_shuffled(16);
  struct segment segments[16];
  for (unsigned n = 0; n < 16; n++) {
    unsigned index = (n * 397 + 11) % 1024;
    sgmap_map(map, index, physical(pages.page[n]));
    segments[n] = (struct segment){SG_BUS + index * PAGE_SIZE, PAGE_SIZE, true};
  }
  check_read(scratch, segments, 16, &pages, 0, 16 * PAGE_SIZE, 0);
}

static void crosses_into_direct(void) {
  if (!disk_start_basic(scratch)) return;
  struct sgmap map = isa_window();
  struct pages pages = pages_shuffled(3);
  uint8_t *direct = allocate_pages(MEGABYTE / PAGE_SIZE, MEGABYTE);
  window_set_direct(2, SG_BUS + SG_SIZE, MEGABYTE, physical(direct));
  unsigned first = SG_SIZE / PAGE_SIZE - 3;
  pages_map(&pages, map, first);
  for (unsigned n = 0; n < 3; n++) pages.page[pages.count++] = direct + n * PAGE_SIZE;
  uint64_t bus = SG_BUS + first * PAGE_SIZE;
  if (check_read_at(bus + 100, &pages, 100, 5 * PAGE_SIZE, 0))
    check_write_at(bus + 100, &pages, 100, 5 * PAGE_SIZE, 0);
}

/* A larger window: more address bits index a larger map. */
static void large_window(void) {
  if (!disk_start_basic(scratch)) return;
  uint64_t size = 64 * MEGABYTE, base = 0xc4000000;
  struct sgmap map = sgmap_allocate(size);
  window_set_scatter_gather(2, base, size, map_address(map));
  struct pages pages = pages_shuffled(16);
  unsigned first = map.count - 16;
  pages_map(&pages, map, first);
  check_read_at(base + first * PAGE_SIZE, &pages, 0, 16 * PAGE_SIZE, 0);
}

/* The entry address is put together from TBA and the page index, not added: the bits of TBA that
   the index takes do not count. */
static void tba_low_bits(void) {
  if (!disk_start_basic(scratch)) return;
  struct sgmap map = sgmap_allocate(SG_SIZE);
  window_set_scatter_gather(0, SG_BUS, SG_SIZE, map_address(map) | 0x1c00);
  struct pages pages = pages_shuffled(4);
  pages_map(&pages, map, 640);
  check_read_at(SG_BUS + 640 * PAGE_SIZE, &pages, 0, 4 * PAGE_SIZE, 0);
}

/* Entry bits outside PA<34:13> and V (and the two peer-to-peer bits) mean nothing. */
static void ignored_entry_bits(void) {
  if (!disk_start_basic(scratch)) return;
  struct sgmap map = isa_window();
  struct pages pages = pages_shuffled(2);
  pages_map(&pages, map, 20);
  for (unsigned n = 20; n < 22; n++) map.entries[n] |= 0xdeadbeef00000000ul;
  check_read_at(SG_BUS + 20 * PAGE_SIZE, &pages, 0, 2 * PAGE_SIZE, 0);
}

static void remap_one(void) {
  if (!disk_start_basic(scratch)) return;
  struct sgmap map = isa_window();
  struct pages old = pages_adjacent(1), new = pages_adjacent(1);
  uint64_t bus = SG_BUS + 5 * PAGE_SIZE;
  pages_map(&old, map, 5);
  if (!check_read_at(bus, &old, 0, PAGE_SIZE, 0)) return;
  pages_poison(&old);
  pages_map(&new, map, 5);
  sg_tlb_invalidate(bus);
  if (check_read_at(bus, &new, 0, PAGE_SIZE, 8192)) pages_untouched(&old, 0, PAGE_SIZE);
}

static void remap_all(void) {
  if (!disk_start_basic(scratch)) return;
  struct sgmap map = isa_window();
  struct pages old = pages_shuffled(40), new = pages_shuffled(40);
  pages_map(&old, map, 500);
  if (!check_read_at(SG_BUS + 500 * PAGE_SIZE, &old, 0, 40 * PAGE_SIZE, 0)) return;
  pages_poison(&old);
  pages_map(&new, map, 500);
  sg_tlb_invalidate_all();
  if (check_read_at(SG_BUS + 500 * PAGE_SIZE, &new, 0, 40 * PAGE_SIZE, 4096))
    pages_untouched(&old, 0, 40 * PAGE_SIZE);
}

/* One request to a page, without looking at the result. */
static enum outcome read_page(unsigned index, unsigned start) {
  struct segment segment = {SG_BUS + index * PAGE_SIZE, PAGE_SIZE, true};
  return disk_request(scratch, VIRTIO_BLK_IN, area_sector + start / SECTOR, &segment, 1);
}

static bool starts_with_poison(const struct pages *pages) {
  static const uint8_t poison[] = {0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5};
  mb();
  return *(uint64_t *)pages->page[0] == *(const uint64_t *)poison;
}

static void stale_entry(void) {
  if (!disk_start_basic(scratch)) return;
  struct sgmap map = isa_window();
  struct pages old = pages_adjacent(1), new = pages_adjacent(1);
  pages_map(&old, map, 64);
  if (!check_read_at(SG_BUS + 64 * PAGE_SIZE, &old, 0, PAGE_SIZE, 0)) return;
  pages_poison(&old);
  pages_poison(&new);
  pages_map(&new, map, 64);
  enum outcome outcome = read_page(64, 8192);
  REQUIRE(outcome == BLK_OK, "the request ended with %s", outcome_name(outcome));
  if (starts_with_poison(&old)) SKIP("the chipset has no scatter-gather TLB");
  if (!pages_hold(&old, 0, PAGE_SIZE, pattern + 8192) || !pages_untouched(&new, 0, PAGE_SIZE))
    return;
  pages_poison(&old);
  sg_tlb_invalidate(SG_BUS + 64 * PAGE_SIZE);
  if (check_read_at(SG_BUS + 64 * PAGE_SIZE, &new, 0, PAGE_SIZE, 16384))
    pages_untouched(&old, 0, PAGE_SIZE);
}

/* TLBIV drops the entries of its own 64 KB and no others. */
static void invalidated_block(void) {
  enum { BLOCK = 8, PAGES = 2 * BLOCK }; /* pages in 64 KB, and in two such blocks */
  if (!disk_start_basic(scratch)) return;
  struct sgmap map = isa_window();
  struct pages old = pages_shuffled(PAGES), new = pages_shuffled(PAGES);
  pages_map(&old, map, 0);
  if (!check_read_at(SG_BUS, &old, 0, PAGES * PAGE_SIZE, 0)) return;
  pages_map(&new, map, 0);
  sg_tlb_invalidate(SG_BUS + 3 * PAGE_SIZE);
  pages_poison(&old);
  pages_poison(&new);
  struct segment segment = {SG_BUS, PAGES * PAGE_SIZE, true};
  enum outcome outcome = disk_request(scratch, VIRTIO_BLK_IN, area_sector, &segment, 1);
  REQUIRE(outcome == BLK_OK, "the request ended with %s", outcome_name(outcome));
  if (*(uint64_t *)new.page[BLOCK] == *(uint64_t *)(pattern + BLOCK * PAGE_SIZE))
    SKIP("the chipset has no scatter-gather TLB");
  unsigned half = BLOCK * PAGE_SIZE;
  if (pages_hold(&new, 0, half, pattern) && pages_untouched(&new, half, half) &&
      pages_hold(&old, half, half, pattern + half))
    pages_untouched(&old, 0, half);
}

/* A tag holds four entries: using one page caches that its neighbours are invalid. */
static void cached_invalid_entry(void) {
  if (!disk_start_basic(scratch)) return;
  struct sgmap map = isa_window();
  struct pages pages = pages_adjacent(2);
  sgmap_map(map, 100, physical(pages.page[0]));
  enum outcome outcome = read_page(100, 0);
  REQUIRE(outcome == BLK_OK, "the first page: %s", outcome_name(outcome));
  sgmap_map(map, 101, physical(pages.page[1]));
  pages_poison(&pages);
  outcome = read_page(101, 0);
  if (outcome == BLK_OK && *(uint64_t *)pages.page[1] == *(uint64_t *)pattern)
    SKIP("the chipset has no scatter-gather TLB");
  REQUIRE(outcome == BLK_IOERR || outcome == NEEDS_RESET, "the request ended with %s",
          outcome_name(outcome));
  if (!pages_untouched(&pages, 0, 2 * PAGE_SIZE)) return;
  if (!disk_start_basic(scratch)) return;
  sg_tlb_invalidate(SG_BUS + 101 * PAGE_SIZE);
  check_read_at(SG_BUS + 100 * PAGE_SIZE, &pages, 0, 2 * PAGE_SIZE, 0);
}

/* More pages than the TLB has room for, each used twice. */
static void tlb_capacity(void) {
  if (!disk_start_basic(scratch)) return;
  struct sgmap map = isa_window();
  struct pages pages = pages_shuffled(MAXIMUM_PAGES);
  for (unsigned round = 0; round < 2; round++)
    for (unsigned first = 0; first < 1024; first += 256) {
      /* Every fourth entry, so that each page takes a tag of its own. */
      for (unsigned n = 0; n < MAXIMUM_PAGES; n++)
        sgmap_map(map, first + 4 * n, physical(pages.page[n]));
      pages_poison(&pages);
      for (unsigned n = 0; n < MAXIMUM_PAGES; n++) {
        struct segment segment = {SG_BUS + (first + 4 * n) * PAGE_SIZE, SECTOR, true};
        enum outcome outcome = disk_request(scratch, VIRTIO_BLK_IN, area_sector + n, &segment, 1);
        REQUIRE(outcome == BLK_OK, "page %u: %s", first + 4 * n, outcome_name(outcome));
        REQUIRE(*(uint64_t *)pages.page[n] == *(uint64_t *)(pattern + n * SECTOR),
                "page %u did not get its sector", first + 4 * n);
      }
    }
}

static void rings_behind_map(void) {
  struct sgmap map = isa_window();
  struct pages ring_pages = pages_shuffled(5), pages = pages_shuffled(16);
  pages_map(&ring_pages, map, 200);
  pages_map(&pages, map, 300);
  struct dma_page part[5];
  for (unsigned n = 0; n < 5; n++)
    part[n] = (struct dma_page){ring_pages.page[n], SG_BUS + (200 + n) * PAGE_SIZE};
  struct queue_memory memory = {part[0], part[1], part[2], part[3], part[4]};
  window_disable(1);
  if (!disk_start(scratch, DISK_FEATURES, QUEUE_SIZE, &memory)) return;
  for (unsigned n = 0; n < 8; n++) {
    scratch->use_indirect = n & 1;
    if (!check_read_at(SG_BUS + 300 * PAGE_SIZE, &pages, 0, 16 * PAGE_SIZE, n * 4096)) return;
  }
}

const struct test_case sg_cases[] = {
    {"window 0 at 8 MB: read over 64 shuffled pages", shuffled_read},
    {"window 0 at 8 MB: write over 32 shuffled pages", shuffled_write},
    {"buffer at odd bounds over shuffled pages", odd_bounds},
    {"sixteen segments all over the window", many_segments},
    {"buffer crosses from a map into a direct window", crosses_into_direct},
    {"64 MB window, end of its map", large_window},
    {"TBA bits below the size of the map do not count", tba_low_bits},
    {"undefined bits of map entries are ignored", ignored_entry_bits},
    {"one entry remapped, with TLBIV", remap_one},
    {"forty entries remapped, with TLBIA", remap_all},
    {"a stale entry is used until TLBIV", stale_entry},
    {"TLBIV drops its own 64 KB only", invalidated_block},
    {"an invalid entry is cached until TLBIV", cached_invalid_entry},
    {"more pages than the TLB holds", tlb_capacity},
    {"rings, tables and data behind one map", rings_behind_map},
    {0},
};
