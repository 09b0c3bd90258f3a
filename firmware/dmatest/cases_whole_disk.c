/* The first disk, read from end to end three ways. */
#include "cases.h"
#include "crc32.h"
#include "options.h"
#include "pchip.h"
#include "workload.h"

#define CHUNK AREA_SIZE
#define CHUNK_PAGES (CHUNK / PAGE_SIZE)

static struct {
  bool done;
  uint32_t crc;
} results[3];
enum { DIRECT, SCATTER_GATHER, DAC };

/* Reads the disk in chunks to one bus address behind which the pages lie. */
static void read_whole_disk(unsigned method, const char *name, uint64_t bus,
                            const struct pages *pages) {
  struct disk *disk = &disks[0];
  /* The disk must be as it came. */
  if (disk == scratch && !workload_restore_disk()) return;
  if (disk_start_basic(disk)) {
    uint32_t crc = 0;
    for (uint64_t sector = 0; sector < disk->capacity; sector += CHUNK / SECTOR) {
      uint64_t left = disk->capacity - sector;
      uint32_t length = left < CHUNK / SECTOR ? (uint32_t)left * SECTOR : CHUNK;
      struct segment segment = {bus, length, true};
      enum outcome outcome = disk_request(disk, VIRTIO_BLK_IN, sector, &segment, 1);
      REQUIRE(outcome == BLK_OK, "sector %lu: %s", sector, outcome_name(outcome));
      for (uint32_t offset = 0; offset < length; offset += PAGE_SIZE) {
        uint32_t part = length - offset < PAGE_SIZE ? length - offset : PAGE_SIZE;
        crc = crc32_update(crc, pages->page[offset / PAGE_SIZE], part);
      }
    }
    tap_note("crc32 %s %08x bytes %lu", name, crc, disk->capacity * SECTOR);
    results[method].done = true;
    results[method].crc = crc;
  }
  if (disk == scratch) workload_write_pattern();
}

static void through_direct_window(void) {
  if (options.quick) SKIP("quick run");
  struct pages pages = pages_adjacent(CHUNK_PAGES);
  read_whole_disk(DIRECT, "direct", pages_direct_bus(&pages), &pages);
}

static void through_shuffled_map(void) {
  if (options.quick) SKIP("quick run");
  struct pages pages = pages_shuffled(CHUNK_PAGES);
  struct sgmap map = sgmap_allocate(8 * MEGABYTE);
  pages_map(&pages, map, 0);
  window_set_scatter_gather(0, 8 * MEGABYTE, 8 * MEGABYTE, physical((void *)map.entries));
  read_whole_disk(SCATTER_GATHER, "scatter-gather", 8 * MEGABYTE, &pages);
}

static void through_dac(void) {
  if (options.quick) SKIP("quick run");
  struct pages pages = pages_adjacent(CHUNK_PAGES);
  pctl_set(PCTL_MWIN);
  read_whole_disk(DAC, "dac", MONSTER_WINDOW + physical(pages.page[0]), &pages);
}

static void all_equal(void) {
  if (options.quick) SKIP("quick run");
  unsigned compared = 0;
  uint32_t crc = 0;
  for (unsigned n = 0; n < 3; n++) {
    if (!results[n].done) continue;
    REQUIRE(!compared || results[n].crc == crc, "%08x differs from %08x", results[n].crc, crc);
    crc = results[n].crc;
    compared++;
  }
  if (!compared) SKIP("nothing was read");
  REQUIRE(!options.has_crc || crc == options.crc, "%08x is not the %08x of the command line", crc,
          options.crc);
}

const struct test_case whole_disk_cases[] = {
    {"whole disk through a direct window", through_direct_window},
    {"whole disk through a shuffled scatter-gather map", through_shuffled_map},
    {"whole disk by double-address cycles", through_dac},
    {"whole disk the same each way, and as announced", all_equal},
    {0},
};
