/* Split rings: chains, indirect tables, wrapping, batches (VIRTIO 1.2, 2.7). */
#include "cases.h"
#include "memory.h"
#include "workload.h"

static void indirect_descriptors(void) {
  if (!disk_start_basic(scratch)) return;
  scratch->use_indirect = true;
  struct pages pages = pages_adjacent(4);
  if (check_read_at(pages_direct_bus(&pages), &pages, 0, 4 * PAGE_SIZE, 0))
    check_write_at(pages_direct_bus(&pages), &pages, 0, 4 * PAGE_SIZE, 4096);
}

/* Sixty pieces of odd lengths with gaps between them. */
#define ODD_SEGMENTS 60
#define GAP 3
static unsigned odd_segments(uint64_t bus, struct segment *segments, bool device_writes) {
  unsigned position = 1, total = 0;
  for (unsigned n = 0; n < ODD_SEGMENTS; n++) {
    unsigned length = (n * 277 % 1019) | 1;
    if (n == ODD_SEGMENTS - 1) length = SECTOR - total % SECTOR;
    segments[n] = (struct segment){bus + position, length, device_writes};
    position += length + GAP;
    total += length;
  }
  return total;
}

static void odd_chain(bool indirect) {
  if (!disk_start_basic(scratch)) return;
  scratch->use_indirect = indirect;
  struct pages pages = pages_adjacent(8);
  uint64_t bus = pages_direct_bus(&pages);
  struct segment segments[ODD_SEGMENTS];
  unsigned total = odd_segments(bus, segments, true);
  pages_poison(&pages);
  enum outcome outcome =
      disk_request(scratch, VIRTIO_BLK_IN, area_sector + 3, segments, ODD_SEGMENTS);
  REQUIRE(outcome == BLK_OK, "the read ended with %s", outcome_name(outcome));
  REQUIRE(scratch->used_length == total + 1, "used length %u, not %u", scratch->used_length,
          total + 1);
  const uint8_t *expected = pattern + 3 * SECTOR;
  unsigned position = 0;
  for (unsigned n = 0; n < ODD_SEGMENTS; n++) {
    unsigned start = (unsigned)(segments[n].bus - bus);
    if (!pages_untouched(&pages, position, start - position)) return;
    if (!pages_hold(&pages, start, segments[n].length, expected)) return;
    expected += segments[n].length;
    position = start + segments[n].length;
  }
  if (!pages_untouched(&pages, position, 8 * PAGE_SIZE - position)) return;
  if (scratch->read_only) return;

  /* The same pieces carry it back: the disk keeps its content. */
  odd_segments(bus, segments, false);
  outcome = disk_request(scratch, VIRTIO_BLK_OUT, area_sector + 3, segments, ODD_SEGMENTS);
  REQUIRE(outcome == BLK_OK, "the write ended with %s", outcome_name(outcome));
  struct pages back = pages_adjacent(8);
  scratch->use_indirect = false;
  check_read_at(pages_direct_bus(&back), &back, 0, 8 * PAGE_SIZE, 0);
}

static void odd_chain_direct(void) { odd_chain(false); }
static void odd_chain_indirect(void) { odd_chain(true); }

static void wrapping(void) {
  struct queue_memory memory = queue_memory_basic();
  if (!disk_start(scratch, DISK_FEATURES, 4, &memory)) return;
  struct pages pages = pages_adjacent(1);
  for (unsigned n = 0; n < 300; n++) {
    struct segment segment = {pages_direct_bus(&pages), SECTOR, true};
    unsigned sector = n * 7 % (AREA_SIZE / SECTOR);
    *(uint64_t *)pages.page[0] = 0;
    enum outcome outcome = disk_request(scratch, VIRTIO_BLK_IN, area_sector + sector, &segment, 1);
    REQUIRE(outcome == BLK_OK, "request %u: %s", n, outcome_name(outcome));
    REQUIRE(*(uint64_t *)pages.page[0] == *(uint64_t *)(pattern + sector * SECTOR),
            "request %u brought the wrong sector", n);
  }
}

static void largest_queue(void) {
  struct queue_memory memory = queue_memory_basic();
  uint16_t largest = virtio_queue_size(&scratch->virtio, 0);
  uint16_t size = largest < MAXIMUM_QUEUE_SIZE ? largest : MAXIMUM_QUEUE_SIZE;
  if (!disk_start(scratch, DISK_FEATURES, size, &memory)) return;
  struct pages pages = pages_adjacent(2);
  for (unsigned n = 0; n < 4; n++)
    if (!check_read_at(pages_direct_bus(&pages), &pages, 0, 2 * PAGE_SIZE, n * 512)) return;
}

/* Many requests and one kick; they may end in any order, each once. */
static void batch_of_32(void) {
  enum { BATCH = 32 };
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_adjacent(BATCH);
  pages_poison(&pages);
  uint32_t heads[BATCH];
  for (unsigned n = 0; n < BATCH; n++) {
    struct segment segment = {pages_direct_bus(&pages) + n * PAGE_SIZE, PAGE_SIZE, true};
    int head = disk_submit(scratch, VIRTIO_BLK_IN, area_sector + n * 16, &segment, 1);
    REQUIRE(head >= 0, "no room for request %u", n);
    heads[n] = (uint32_t)head;
  }
  disk_kick(scratch);
  uint64_t seen = 0;
  for (unsigned n = 0; n < BATCH; n++) {
    uint32_t head;
    enum outcome outcome = disk_wait(scratch, REQUEST_TIMEOUT, &head);
    REQUIRE(outcome == BLK_OK, "completion %u: %s", n, outcome_name(outcome));
    for (unsigned k = 0; k < BATCH; k++)
      if (heads[k] == head) {
        REQUIRE(!(seen >> k & 1), "request %u completed twice", k);
        seen |= 1ul << k;
      }
  }
  REQUIRE(seen == 0xffffffff, "not every request completed: %lx", seen);
  pages_hold(&pages, 0, BATCH * PAGE_SIZE, pattern);
}

/* 2.7.4: the device makes no assumption on how a request is cut into descriptors. */
static void bytewise_header(void) {
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_adjacent(2);
  uint64_t bus = pages_direct_bus(&pages);
  pages_poison(&pages);
  uint64_t header[2] = {VIRTIO_BLK_IN, area_sector + 5};
  pages_put(&pages, PAGE_SIZE, sizeof header, (uint8_t *)header);
  struct segment segments[17];
  for (unsigned n = 0; n < 16; n++)
    segments[n] = (struct segment){bus + PAGE_SIZE + n, 1, false};
  /* Data and status share the last element. */
  segments[16] = (struct segment){bus + 100, SECTOR + 1, true};
  int head = virtqueue_add(&scratch->queue, segments, 17, false);
  virtqueue_kick(&scratch->queue);
  uint32_t answered;
  enum outcome outcome = disk_wait(scratch, REQUEST_TIMEOUT, &answered);
  REQUIRE(outcome != NO_ANSWER && outcome != NEEDS_RESET, "%s", outcome_name(outcome));
  REQUIRE((int)answered == head && scratch->used_length == SECTOR + 1, "used %u, length %u",
          answered, scratch->used_length);
  uint8_t ok = BLK_OK;
  if (pages_hold(&pages, 100, SECTOR, pattern + 5 * SECTOR) &&
      pages_hold(&pages, 100 + SECTOR, 1, &ok) && pages_untouched(&pages, 0, 100))
    pages_untouched(&pages, 101 + SECTOR, PAGE_SIZE - 101 - SECTOR);
}

static void kick_with_nothing(void) {
  if (!disk_start_basic(scratch)) return;
  for (unsigned n = 0; n < 10; n++) *scratch->queue.notify = 0;
  mb();
  uint32_t head;
  enum outcome outcome = disk_wait(scratch, MILLISECONDS, &head);
  REQUIRE(outcome == NO_ANSWER, "a kick without a request gave %s", outcome_name(outcome));
  check_alive(scratch);
}

/* A chain that loops, and an index that jumps: the device stops and says so. */
static void looping_chain(void) {
  if (!disk_start_basic(scratch)) return;
  volatile struct virtq_descriptor *d =
      (volatile struct virtq_descriptor *)scratch->queue.memory.descriptors.cpu;
  struct pages pages = pages_adjacent(1);
  struct segment segment = {pages_direct_bus(&pages), 16, false};
  struct segment segments[3] = {segment, segment, segment};
  int head = virtqueue_add(&scratch->queue, segments, 3, false);
  uint16_t last = d[d[head].next].next;
  d[last].flags = VIRTQ_NEXT;
  d[last].next = (uint16_t)head;
  virtqueue_kick(&scratch->queue);
  uint32_t answered;
  enum outcome outcome = disk_wait(scratch, REQUEST_TIMEOUT, &answered);
  REQUIRE(outcome == NEEDS_RESET, "the loop ended with %s", outcome_name(outcome));
  check_recovery(scratch);
}

static void jumping_index(void) {
  if (!disk_start_basic(scratch)) return;
  ((volatile uint16_t *)scratch->queue.memory.available.cpu)[1] = QUEUE_SIZE + 1;
  mb();
  *scratch->queue.notify = 0;
  mb();
  uint32_t answered;
  enum outcome outcome = disk_wait(scratch, REQUEST_TIMEOUT, &answered);
  REQUIRE(outcome == NEEDS_RESET, "the jump ended with %s", outcome_name(outcome));
  check_recovery(scratch);
}

const struct test_case ring_cases[] = {
    {"indirect descriptors", indirect_descriptors},
    {"chain of 60 segments of odd lengths", odd_chain_direct},
    {"60 segments of odd lengths in an indirect table", odd_chain_indirect},
    {"300 requests through a queue of 4", wrapping},
    {"queue of the largest size", largest_queue},
    {"32 requests with one kick", batch_of_32},
    {"header in single bytes, status behind the data", bytewise_header},
    {"kicks without a request", kick_with_nothing},
    {"a looping chain stops the device", looping_chain},
    {"an avail index that jumps stops the device", jumping_index},
    {0},
};
