/* Direct-mapped windows, double-address cycles and the hole (21272 HRM, PCI-to-system address
   mapping). The rings stay behind window 1, the basic one, unless a case says otherwise. */
#include "cases.h"
#include "memory.h"
#include "pchip.h"
#include "workload.h"

#define BUFFER_PAGES 8
#define BUFFER_SIZE (BUFFER_PAGES * (unsigned)PAGE_SIZE)

static void direct_1gb(void) {
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_adjacent(BUFFER_PAGES);
  uint64_t bus = pages_direct_bus(&pages);
  if (check_read_at(bus, &pages, 0, BUFFER_SIZE, 0))
    check_write_at(bus, &pages, 0, BUFFER_SIZE, BUFFER_SIZE);
}

/* TBA takes the place of the compared bits: bus 2 GB + x is physical base + x. */
static void direct_2gb_offset(void) {
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_adjacent(BUFFER_PAGES);
  uint64_t pa = physical(pages.page[0]), size = 32 * MEGABYTE;
  uint64_t base = pa & -size;
  window_set_direct(2, 2 * GIGABYTE, size, base);
  uint64_t bus = 2 * GIGABYTE + (pa - base);
  if (check_read_at(bus, &pages, 0, BUFFER_SIZE, 4096))
    check_write_at(bus, &pages, 0, BUFFER_SIZE, 8192);
}

/* The smallest window, used up to its last byte. */
static void direct_1mb_whole(void) {
  if (!disk_start_basic(scratch)) return;
  unsigned count = MAXIMUM_PAGES, length = count * PAGE_SIZE;
  allocate_pages(1, MEGABYTE); /* so that the buffer can end with a megabyte */
  allocate_pages(MEGABYTE / PAGE_SIZE - count - 1, PAGE_SIZE);
  struct pages pages = pages_adjacent(count);
  uint64_t pa = physical(pages.page[0]);
  REQUIRE((pa + length) % MEGABYTE == 0, "the buffer is misplaced");
  window_set_direct(0, 0xfff00000, MEGABYTE, pa & -MEGABYTE);
  check_read_at(0x100000000ul - length, &pages, 0, length, 0);
}

static void odd_offset(void) {
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_adjacent(BUFFER_PAGES);
  unsigned offset = 8191, length = 4 * PAGE_SIZE + 512;
  check_read_at(pages_direct_bus(&pages) + offset, &pages, offset, length, 512);
}

/* Two adjacent windows that lead to different memory: the device sees one buffer. */
static void crosses_windows(void) {
  if (!disk_start_basic(scratch)) return;
  uint8_t *low = allocate_pages(MEGABYTE / PAGE_SIZE, MEGABYTE);
  allocate_pages(MEGABYTE / PAGE_SIZE, MEGABYTE);
  uint8_t *high = allocate_pages(MEGABYTE / PAGE_SIZE, MEGABYTE);
  window_set_direct(0, 2 * GIGABYTE, MEGABYTE, physical(low));
  window_set_direct(2, 2 * GIGABYTE + MEGABYTE, MEGABYTE, physical(high));
  struct pages pages = {.count = 4};
  for (unsigned n = 0; n < 2; n++) {
    pages.page[n] = low + MEGABYTE - (2 - n) * PAGE_SIZE;
    pages.page[n + 2] = high + n * PAGE_SIZE;
  }
  uint64_t bus = 2 * GIGABYTE + MEGABYTE - 2 * PAGE_SIZE;
  unsigned offset = 1001, length = 2 * PAGE_SIZE + 5120;
  if (check_read_at(bus + offset, &pages, offset, length, 1024))
    check_write_at(bus + offset, &pages, offset, length, 2048);
}

/* One request with a piece of its buffer behind each window. */
static void four_windows(void) {
  struct pages pages = pages_adjacent(4);
  uint64_t pa = physical(pages.page[0]);
  struct sgmap map = sgmap_allocate(8 * MEGABYTE), map3 = sgmap_allocate(MEGABYTE);
  window_set_scatter_gather(0, 8 * MEGABYTE, 8 * MEGABYTE, physical((void *)map.entries));
  window_set_direct(2, 2 * GIGABYTE, 2 * GIGABYTE, 0);
  window_set_scatter_gather(3, 0xa00000 + 0x1000000, MEGABYTE, physical((void *)map3.entries));
  sgmap_map(map, 700, pa);
  sgmap_map(map3, 100, pa + 3 * PAGE_SIZE);
  if (!disk_start_basic(scratch)) return;
  struct segment segments[] = {
      {8 * MEGABYTE + 700 * PAGE_SIZE, PAGE_SIZE, true},
      {DIRECT_BUS + pa + PAGE_SIZE, PAGE_SIZE, true},
      {2 * GIGABYTE + pa + 2 * PAGE_SIZE, PAGE_SIZE, true},
      {0x1a00000 + 100 * PAGE_SIZE, PAGE_SIZE, true},
  };
  if (!check_read(scratch, segments, 4, &pages, 0, 4 * PAGE_SIZE, 0)) return;
  for (unsigned n = 0; n < 4; n++) segments[n].device_writes = false;
  check_write(scratch, segments, 4, &pages, 0, 4 * PAGE_SIZE, 0);
}

static void monster_window(void) {
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_adjacent(BUFFER_PAGES);
  pctl_set(PCTL_MWIN);
  uint64_t bus = MONSTER_WINDOW + physical(pages.page[0]);
  if (check_read_at(bus + 77, &pages, 77, BUFFER_SIZE - 512, 0))
    check_write_at(bus, &pages, 0, BUFFER_SIZE, 8192);
}

/* No other window is enabled: rings, tables and data all go by double-address cycles. */
static void monster_rings(void) {
  struct queue_memory memory = queue_memory_basic();
  struct dma_page *parts[] = {&memory.descriptors, &memory.available, &memory.used,
                              &memory.requests, &memory.indirect};
  for (unsigned n = 0; n < 5; n++) parts[n]->bus += MONSTER_WINDOW - DIRECT_BUS;
  struct pages pages = pages_adjacent(BUFFER_PAGES);
  window_disable(1);
  pctl_set(PCTL_MWIN);
  if (!disk_start(scratch, DISK_FEATURES, QUEUE_SIZE, &memory)) return;
  scratch->use_indirect = true;
  check_read_at(MONSTER_WINDOW + physical(pages.page[0]), &pages, 0, BUFFER_SIZE, 0);
}

static void window3_dac(void) {
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_shuffled(BUFFER_PAGES);
  struct sgmap map = sgmap_allocate(4 * GIGABYTE);
  window_set_dac(physical((void *)map.entries));
  unsigned first = 0x12345;
  pages_map(&pages, map, first);
  uint64_t bus = DAC_WINDOW + first * PAGE_SIZE;
  pages_poison(&pages);
  struct segment segment = {bus, BUFFER_SIZE, true};
  enum outcome outcome = disk_request(scratch, VIRTIO_BLK_IN, area_sector, &segment, 1);
  if (outcome != BLK_OK && !pchip_has_error_registers())
    SKIP("window 3 takes no double-address cycles here");
  REQUIRE(outcome == BLK_OK, "the request ended with %s", outcome_name(outcome));
  if (!check_read_at(bus + 13, &pages, 13, BUFFER_SIZE - 512, 0) ||
      !check_write_at(bus, &pages, 0, BUFFER_SIZE, 4096))
    return;
  /* Another page behind one entry: TLBIV has a bit of its own for these addresses. */
  struct pages other = pages_adjacent(1);
  pages_map(&other, map, first);
  sg_tlb_invalidate(bus);
  check_read_at(bus, &other, 0, PAGE_SIZE, 8192);
}

/* PCTL.HOLE takes bus 512 KB to 1 MB out of every window. */
static void hole(void) {
  if (!disk_start_basic(scratch)) return;
  uint8_t *memory = allocate_pages(MEGABYTE / PAGE_SIZE, MEGABYTE);
  window_set_direct(0, 0, MEGABYTE, physical(memory));
  struct pages below = {.count = 2, .page = {memory + 0x7c000, memory + 0x7e000}};
  struct pages inside = {.count = 2, .page = {memory + 0x80000, memory + 0x82000}};
  if (!check_read_at(0x80000, &inside, 0, 2 * PAGE_SIZE, 0)) return;
  pctl_set(PCTL_HOLE);
  if (!check_read_at(0x7c000, &below, 0, 2 * PAGE_SIZE, 0)) return;
  pages_poison(&inside);
  struct segment segment = {0x80000, 2 * PAGE_SIZE, true};
  enum outcome outcome = disk_request(scratch, VIRTIO_BLK_IN, area_sector, &segment, 1);
  REQUIRE(outcome == BLK_IOERR || outcome == NEEDS_RESET, "a read into the hole ended with %s",
          outcome_name(outcome));
  if (!pages_untouched(&inside, 0, 2 * PAGE_SIZE)) return;
  pctl_clear(PCTL_HOLE);
  if (disk_start_basic(scratch)) check_read_at(0x80000, &inside, 0, 2 * PAGE_SIZE, 0);
}

/* A window can be reprogrammed between requests. */
static void window_moves(void) {
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_adjacent(2);
  uint64_t pa = physical(pages.page[0]);
  for (unsigned n = 1; n <= 4; n++) {
    uint64_t base = 2 * GIGABYTE + n * 256 * MEGABYTE;
    window_set_direct(0, base, 256 * MEGABYTE, pa & -(256 * MEGABYTE));
    uint64_t bus = base + (pa & (256 * MEGABYTE - 1));
    if (!check_read_at(bus, &pages, 0, 2 * PAGE_SIZE, n * 1024)) return;
  }
}

/* Loads `word` locked, kicks a queue, waits until its used index moves on from `old` and stores
   `value` conditionally. Returns whether the store was done; PALcode calls in between would end the
   lock by themselves, so this is one piece. */
static bool store_over_dma(volatile uint64_t *word, uint64_t value, volatile uint16_t *notify,
                           volatile uint16_t *used_index, uint64_t old) {
  uint64_t tries = 50000000, scratch_register;
  __asm__ volatile(
      "ldq_l %1, 0(%3)\n\t"
      "stw $31, 0(%4)\n\t"
      "mb\n"
      "1:\tldwu %1, 0(%5)\n\t"
      "subq %1, %6, %1\n\t"
      "bne %1, 2f\n\t"
      "subq %0, 1, %0\n\t"
      "bne %0, 1b\n"
      "2:\tmb\n\t"
      "stq_c %2, 0(%3)"
      : "+&r"(tries), "=&r"(scratch_register), "+&r"(value)
      : "r"(word), "r"(notify), "r"(used_index), "r"(old)
      : "memory");
  return value;
}

/* Alpha AHB, LDx_L and STx_C: a write by another agent to the locked block makes the store fail. */
static void lock_broken(void) {
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_adjacent(1);
  pages_poison(&pages);
  struct segment segment = {pages_direct_bus(&pages), SECTOR, true};
  disk_submit(scratch, VIRTIO_BLK_IN, area_sector, &segment, 1);
  volatile uint16_t *used_index = (volatile uint16_t *)scratch->queue.memory.used.cpu + 1;
  bool stored = store_over_dma((volatile uint64_t *)pages.page[0] + 1, 0, scratch->queue.notify,
                               used_index, scratch->queue.next_used);
  uint32_t head;
  enum outcome outcome = disk_wait(scratch, REQUEST_TIMEOUT, &head);
  REQUIRE(outcome == BLK_OK, "%s", outcome_name(outcome));
  REQUIRE(!stored, "the conditional store was done");
  pages_hold(&pages, 0, SECTOR, pattern);
}

const struct test_case direct_cases[] = {
    {"direct window at bus 1 GB, both directions", direct_1gb},
    {"direct window at bus 2 GB with a TBA offset", direct_2gb_offset},
    {"direct window of 1 MB up to its last byte", direct_1mb_whole},
    {"buffer at an odd address over several pages", odd_offset},
    {"buffer crosses from one window into the next", crosses_windows},
    {"all four windows in one request", four_windows},
    {"a window that moves between requests", window_moves},
    {"monster window (DAC)", monster_window},
    {"rings and data in the monster window alone", monster_rings},
    {"DAC through window 3", window3_dac},
    {"PCTL.HOLE", hole},
    {"a DMA write breaks a load lock", lock_broken},
    {0},
};
