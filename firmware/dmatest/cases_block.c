/* The block device's requests (VIRTIO 1.2, 5.2.6). */
#include "cases.h"
#include "memory.h"
#include "workload.h"

/* A request that is expected to be answered with this status, and to leave its buffer alone. */
static void expect_status(uint32_t type, uint64_t sector, uint32_t length, bool device_writes,
                          enum outcome expected) {
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_adjacent(2);
  pages_poison(&pages);
  struct segment segment = {pages_direct_bus(&pages), length, device_writes};
  enum outcome outcome = disk_request(scratch, type, sector, &segment, 1);
  REQUIRE(outcome == expected, "type %u, sector %lu, %u bytes: %s, not %s", type, sector, length,
          outcome_name(outcome), outcome_name(expected));
  if (pages_untouched(&pages, 0, 2 * PAGE_SIZE)) check_alive(scratch);
}

static void one_sector_written(void) {
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_adjacent(1);
  check_write_at(pages_direct_bus(&pages), &pages, 0, SECTOR, 20 * SECTOR);
}

static void flush(void) {
  if (!disk_start_basic(scratch)) return;
  if (!(scratch->virtio.accepted & VIRTIO_BLK_F_FLUSH)) SKIP("FLUSH is not offered");
  for (unsigned n = 0; n < 2; n++) {
    enum outcome outcome = disk_request(scratch, VIRTIO_BLK_FLUSH, 0, NULL, 0);
    REQUIRE(outcome == BLK_OK, "flush %u: %s", n, outcome_name(outcome));
    REQUIRE(scratch->used_length == 1, "used length %u", scratch->used_length);
  }
  check_alive(scratch);
}

#define ID_LENGTH 20
static void device_id(void) {
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_adjacent(1);
  pages_poison(&pages);
  /* A device may write no more than the string and its end. */
  memset(pages.page[0], 0, ID_LENGTH);
  struct segment segment = {pages_direct_bus(&pages), ID_LENGTH, true};
  enum outcome outcome = disk_request(scratch, VIRTIO_BLK_GET_ID, 0, &segment, 1);
  REQUIRE(outcome == BLK_OK, "%s", outcome_name(outcome));
  REQUIRE(scratch->used_length == ID_LENGTH + 1, "used length %u", scratch->used_length);
  char id[ID_LENGTH + 1] = {0};
  bool ended = false;
  for (unsigned n = 0; n < ID_LENGTH; n++) {
    uint8_t c = pages.page[0][n];
    REQUIRE(c == 0 || (c >= 0x20 && c < 0x7f && !ended), "byte %u of the id is %02x", n, c);
    ended |= c == 0;
    id[n] = (char)c;
  }
  tap_note("id \"%s\"", id);
  pages_untouched(&pages, ID_LENGTH, PAGE_SIZE - ID_LENGTH);
}

static void beyond_the_end(void) {
  expect_status(VIRTIO_BLK_IN, scratch->capacity, SECTOR, true, BLK_IOERR);
}
static void across_the_end(void) {
  expect_status(VIRTIO_BLK_IN, scratch->capacity - 1, 2 * SECTOR, true, BLK_IOERR);
}
static void sector_overflow(void) {
  expect_status(VIRTIO_BLK_IN, ~0ul, SECTOR, true, BLK_IOERR);
  expect_status(VIRTIO_BLK_IN, 1ul << 55, SECTOR, true, BLK_IOERR);
}
static void write_beyond_the_end(void) {
  expect_status(VIRTIO_BLK_OUT, scratch->capacity, SECTOR, false, BLK_IOERR);
}
static void unaligned_length(void) {
  expect_status(VIRTIO_BLK_IN, area_sector, 511, true, BLK_IOERR);
  expect_status(VIRTIO_BLK_IN, area_sector, 513, true, BLK_IOERR);
  expect_status(VIRTIO_BLK_OUT, area_sector, 1000, false, BLK_IOERR);
}
static void unsupported_type(void) {
  expect_status(0x7f, 0, SECTOR, true, BLK_UNSUPP);
  expect_status(0x12345678, 0, SECTOR, true, BLK_UNSUPP);
}

static void last_sector(void) {
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_adjacent(1);
  check_read_at(pages_direct_bus(&pages), &pages, 0, SECTOR, AREA_SIZE - SECTOR);
}

static void two_disks(void) {
  enum { ROUNDS = 16 };
  if (disk_count < 2) SKIP("there is one disk");
  struct pages pages = pages_adjacent(4);
  uint64_t bus = pages_direct_bus(&pages);
  if (!disk_start_basic(&disks[0]) || !disk_start_basic(&disks[1])) return;
  /* What disk 0 holds, read alone. */
  struct segment reference = {bus, PAGE_SIZE, true};
  enum outcome outcome = disk_request(&disks[0], VIRTIO_BLK_IN, 0, &reference, 1);
  REQUIRE(outcome == BLK_OK, "disk 0 alone: %s", outcome_name(outcome));
  for (unsigned n = 0; n < ROUNDS; n++) {
    memset(pages.page[1], 0xa5, 3 * PAGE_SIZE);
    struct segment segments[2] = {{bus + PAGE_SIZE, PAGE_SIZE, true},
                                  {bus + 2 * PAGE_SIZE, PAGE_SIZE, true}};
    for (unsigned d = 0; d < 2; d++) {
      uint64_t sector = &disks[d] == scratch ? area_sector + n : 0;
      int head = disk_submit(&disks[d], VIRTIO_BLK_IN, sector, &segments[d], 1);
      REQUIRE(head >= 0, "disk %u: no room", d);
    }
    disk_kick(&disks[n & 1]);
    disk_kick(&disks[~n & 1]);
    for (unsigned d = 0; d < 2; d++) {
      uint32_t head;
      outcome = disk_wait(&disks[d], REQUEST_TIMEOUT, &head);
      REQUIRE(outcome == BLK_OK, "disk %u: %s", d, outcome_name(outcome));
    }
    if (!pages_hold(&pages, PAGE_SIZE, PAGE_SIZE, pages.page[0])) return;
    if (!pages_hold(&pages, 2 * PAGE_SIZE, PAGE_SIZE, pattern + n * SECTOR)) return;
    if (!pages_untouched(&pages, 3 * PAGE_SIZE, PAGE_SIZE)) return;
  }
}

/* Written, read back and restored in pieces of many sizes. */
static void write_sizes(void) {
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_adjacent(16);
  for (unsigned n = 0; n < 4; n++) {
    unsigned length = SECTOR << 2 * n, start = (3 + 5 * n) * SECTOR;
    if (!check_write_at(pages_direct_bus(&pages) + n, &pages, n, length, start)) return;
  }
}

const struct test_case block_cases[] = {
    {"one sector written, read back and restored", one_sector_written},
    {"writes of 1 to 64 sectors", write_sizes},
    {"flush", flush},
    {"device id", device_id},
    {"the last sector", last_sector},
    {"a sector beyond the end: IOERR", beyond_the_end},
    {"a read across the end: IOERR", across_the_end},
    {"a sector number near 2^64: IOERR", sector_overflow},
    {"a write beyond the end: IOERR", write_beyond_the_end},
    {"a length that is no multiple of a sector: IOERR", unaligned_length},
    {"an unknown request type: UNSUPP", unsupported_type},
    {"two disks at once", two_disks},
    {0},
};
