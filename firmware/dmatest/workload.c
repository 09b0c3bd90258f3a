#include "workload.h"

#include "memory.h"
#include "tap.h"

#define POISON 0xa5

struct disk disks[2];
unsigned disk_count;
struct disk *scratch;
uint64_t area_sector;
uint8_t *pattern, *inverse;
static uint8_t *saved, *poison_page;

/* Every 8 bytes of the pattern are unique, so that no misplaced byte run can pass. */
static void make_pattern(void) {
  uint64_t value = 0, *words = (uint64_t *)pattern;
  for (unsigned n = 0; n < AREA_SIZE / 8; n++) {
    value += 0x9e3779b97f4a7c15ul;
    words[n] = value ^ value >> 29;
  }
}

static enum outcome transfer_area(uint32_t type, const uint8_t *memory) {
  struct segment whole = {DIRECT_BUS + physical(memory), AREA_SIZE, type == VIRTIO_BLK_IN};
  return disk_request(scratch, type, area_sector, &whole, 1);
}

const char *workload_setup(void) {
  scratch = &disks[disk_count > 1 ? 1 : 0];
  pattern = allocate_pages(AREA_SIZE / PAGE_SIZE, PAGE_SIZE);
  inverse = allocate_pages(AREA_SIZE / PAGE_SIZE, PAGE_SIZE);
  saved = allocate_pages(AREA_SIZE / PAGE_SIZE, PAGE_SIZE);
  poison_page = memset(allocate_pages(1, PAGE_SIZE), POISON, PAGE_SIZE);
  if (scratch->capacity < AREA_SIZE / SECTOR) return "the disk is smaller than 512 KB";
  area_sector = scratch->capacity - AREA_SIZE / SECTOR;
  uint64_t mark = allocation_mark();
  if (!disk_start_basic(scratch)) return "the disk does not start";
  enum outcome outcome = transfer_area(VIRTIO_BLK_IN, saved);
  if (outcome == BLK_OK && !scratch->read_only) {
    make_pattern();
    outcome = transfer_area(VIRTIO_BLK_OUT, pattern);
  } else {
    memcpy(pattern, saved, AREA_SIZE);
  }
  for (unsigned n = 0; n < AREA_SIZE; n++) inverse[n] = (uint8_t)~pattern[n];
  allocation_release(mark);
  return outcome == BLK_OK ? NULL : outcome_name(outcome);
}

static bool write_area(const uint8_t *content) {
  if (scratch->read_only) return true;
  enum outcome outcome = BAD_ANSWER;
  if (disk_start_basic(scratch)) outcome = transfer_area(VIRTIO_BLK_OUT, content);
  if (outcome != BLK_OK) tap_fail("the test area cannot be written: %s", outcome_name(outcome));
  return outcome == BLK_OK;
}

bool workload_restore_disk(void) { return write_area(saved); }
bool workload_write_pattern(void) { return write_area(pattern); }

struct pages pages_adjacent(unsigned count) {
  struct pages pages = {.count = count};
  uint8_t *first = allocate_pages(count, PAGE_SIZE);
  for (unsigned n = 0; n < count; n++) pages.page[n] = first + n * PAGE_SIZE;
  return pages;
}

struct pages pages_shuffled(unsigned count) {
  struct pages pages = pages_adjacent(count);
  uint32_t random = 12345;
  for (unsigned n = count - 1; n > 0; n--) {
    random = random * 1664525 + 1013904223;
    unsigned other = (unsigned)((uint64_t)random * (n + 1) >> 32);
    uint8_t *page = pages.page[n];
    pages.page[n] = pages.page[other];
    pages.page[other] = page;
  }
  return pages;
}

void pages_map(const struct pages *pages, struct sgmap map, unsigned first) {
  for (unsigned n = 0; n < pages->count; n++)
    sgmap_map(map, first + n, physical(pages->page[n]));
}

uint64_t pages_direct_bus(const struct pages *pages) {
  return DIRECT_BUS + physical(pages->page[0]);
}

void pages_poison(const struct pages *pages) {
  for (unsigned n = 0; n < pages->count; n++) memset(pages->page[n], POISON, PAGE_SIZE);
  mb();
}

/* The pieces of a range of the buffer that lie in one page. */
static unsigned piece(const struct pages *pages, unsigned offset, unsigned left, uint8_t **start) {
  unsigned in_page = offset % PAGE_SIZE;
  *start = pages->page[offset / PAGE_SIZE] + in_page;
  return left < PAGE_SIZE - in_page ? left : (unsigned)PAGE_SIZE - in_page;
}

void pages_put(const struct pages *pages, unsigned offset, unsigned length, const uint8_t *data) {
  uint8_t *start;
  for (unsigned n; length; offset += n, length -= n, data += n) {
    n = piece(pages, offset, length, &start);
    memcpy(start, data, n);
  }
  mb();
}

/* The index of the first byte that differs, or `length`. */
static unsigned first_difference(const uint8_t *a, const uint8_t *b, unsigned length) {
  struct __attribute__((packed)) word {
    uint64_t value;
  };
  unsigned n = 0;
  while (n + 8 <= length && ((const struct word *)(a + n))->value ==
                                ((const struct word *)(b + n))->value)
    n += 8;
  while (n < length && a[n] == b[n]) n++;
  return n;
}

bool pages_hold(const struct pages *pages, unsigned offset, unsigned length, const uint8_t *data) {
  mb();
  uint8_t *start;
  for (unsigned n; length; offset += n, length -= n, data += n) {
    n = piece(pages, offset, length, &start);
    unsigned good = first_difference(start, data, n);
    if (good == n) continue;
    tap_fail("byte %u of the buffer is %02x, not %02x%s", offset + good, start[good], data[good],
             start[good] == POISON ? " (not written)" : "");
    return false;
  }
  return true;
}

bool pages_untouched(const struct pages *pages, unsigned offset, unsigned length) {
  mb();
  uint8_t *start;
  for (unsigned n; length; offset += n, length -= n) {
    n = piece(pages, offset, length, &start);
    unsigned good = first_difference(start, poison_page, n);
    if (good == n) continue;
    tap_fail("byte %u of the buffer was overwritten with %02x", offset + good, start[good]);
    return false;
  }
  return true;
}

static bool succeeds(enum outcome outcome, uint32_t used, uint32_t expected_used) {
  if (outcome != BLK_OK) tap_fail("the request ended with %s", outcome_name(outcome));
  else if (used != expected_used) tap_fail("used length is %u, not %u", used, expected_used);
  else return true;
  return false;
}

bool check_read(struct disk *disk, const struct segment *segments, unsigned count,
                const struct pages *pages, unsigned offset, unsigned length, unsigned start) {
  pages_poison(pages);
  enum outcome outcome =
      disk_request(disk, VIRTIO_BLK_IN, area_sector + start / SECTOR, segments, count);
  unsigned end = offset + length;
  return succeeds(outcome, disk->used_length, length + 1) && pages_untouched(pages, 0, offset) &&
         pages_hold(pages, offset, length, pattern + start) &&
         pages_untouched(pages, end, pages->count * PAGE_SIZE - end);
}

bool check_write(struct disk *disk, const struct segment *segments, unsigned count,
                 const struct pages *pages, unsigned offset, unsigned length, unsigned start) {
  if (disk->read_only) {
    tap_skip("the disk is read only");
    return true;
  }
  static struct pages back;
  back = pages_adjacent(AREA_SIZE / PAGE_SIZE);
  pages_poison(pages);
  pages_put(pages, offset, length, inverse + start);
  enum outcome outcome =
      disk_request(disk, VIRTIO_BLK_OUT, area_sector + start / SECTOR, segments, count);
  if (!succeeds(outcome, disk->used_length, 1)) return false;
  outcome = transfer_area(VIRTIO_BLK_IN, back.page[0]);
  unsigned end = start + length;
  bool good = succeeds(outcome, scratch->used_length, AREA_SIZE + 1) &&
              pages_hold(&back, 0, start, pattern) &&
              pages_hold(&back, start, length, inverse + start) &&
              pages_hold(&back, end, AREA_SIZE - end, pattern + end);
  outcome = transfer_area(VIRTIO_BLK_OUT, pattern);
  return good && succeeds(outcome, scratch->used_length, 1);
}

bool check_read_at(uint64_t bus, const struct pages *pages, unsigned offset, unsigned length,
                   unsigned start) {
  struct segment segment = {bus, length, true};
  return check_read(scratch, &segment, 1, pages, offset, length, start);
}

bool check_write_at(uint64_t bus, const struct pages *pages, unsigned offset, unsigned length,
                    unsigned start) {
  struct segment segment = {bus, length, false};
  return check_write(scratch, &segment, 1, pages, offset, length, start);
}

bool check_alive(struct disk *disk) {
  struct pages pages = pages_adjacent(1);
  struct segment segment = {pages_direct_bus(&pages), 1024, true};
  if (disk == scratch) return check_read(disk, &segment, 1, &pages, 0, 1024, 4096);
  return succeeds(disk_request(disk, VIRTIO_BLK_IN, 0, &segment, 1), disk->used_length, 1025);
}

bool check_recovery(struct disk *disk) {
  pchip_basic_setup();
  pci_set_command(disk->virtio.pci, COMMAND_RUNNING);
  return disk_start_basic(disk) && check_alive(disk);
}
