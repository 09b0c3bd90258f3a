/* DMA that must fail: the request fails, no other memory changes, the chipset says why (where it
   has the registers), and everything works again afterwards (21272 HRM, PERROR and MISC.NXM).

   The buffers are two pages long: a device model that serves a page that is not there from a bounce
   buffer has only one of these. */
#include "cases.h"
#include "memory.h"
#include "pchip.h"
#include "workload.h"

#define SG_BUS (8 * MEGABYTE)
#define SG_SIZE (8 * MEGABYTE)
#define NO_WINDOW_BUS 0xe0000000ul
#define NO_ERROR_REGISTERS "the chipset has no PCI error registers"
#define LENGTH (2 * (unsigned)PAGE_SIZE)

static uint64_t map_address(struct sgmap map) { return physical((void *)map.entries); }

static bool failing_request(uint32_t type, uint64_t bus) {
  struct segment segment = {bus, LENGTH, type == VIRTIO_BLK_IN};
  enum outcome outcome = disk_request(scratch, type, area_sector, &segment, 1);
  if (outcome == BLK_IOERR || outcome == NEEDS_RESET) return true;
  tap_fail("a request that cannot reach its buffer ended with %s", outcome_name(outcome));
  return false;
}

/* A read that fails. */
static bool fails(uint64_t bus) { return failing_request(VIRTIO_BLK_IN, bus); }

static bool start(struct pages *pages) {
  *pages = pages_adjacent(2);
  pages_poison(pages);
  return disk_start_basic(scratch);
}

static void no_window(void) {
  struct pages pages;
  if (!start(&pages)) return;
  if (fails(NO_WINDOW_BUS)) check_recovery(scratch);
}

/* The Pchip takes no part in such a cycle; the device finds that nobody answered. */
static void no_window_registers(void) {
  if (!pchip_has_error_registers()) SKIP(NO_ERROR_REGISTERS);
  struct pages pages;
  if (!start(&pages)) return;
  pci_function f = scratch->virtio.pci;
  CONFIG16(f, PCI_STATUS) = PCI_STATUS_MASTER_ABORT;
  pci_errors_enable(PERROR_ALL);
  if (!fails(NO_WINDOW_BUS)) return;
  REQUIRE(!(PERROR & PERROR_SGE), "PERROR is %lx", PERROR);
  REQUIRE(CONFIG16(f, PCI_STATUS) & PCI_STATUS_MASTER_ABORT, "PCI status %x has no master abort",
          CONFIG16(f, PCI_STATUS));
  CONFIG16(f, PCI_STATUS) = PCI_STATUS_MASTER_ABORT;
  mb();
  REQUIRE(!(CONFIG16(f, PCI_STATUS) & PCI_STATUS_MASTER_ABORT), "master abort does not clear");
  check_recovery(scratch);
}

static void no_window_write(void) {
  struct pages pages;
  if (!start(&pages)) return;
  if (failing_request(VIRTIO_BLK_OUT, NO_WINDOW_BUS)) check_recovery(scratch);
}

static void window_off(void) {
  struct pages pages;
  if (!start(&pages)) return;
  uint64_t pa = physical(pages.page[0]);
  window_set_direct(2, 2 * GIGABYTE, GIGABYTE, 0);
  if (!check_read_at(2 * GIGABYTE + pa, &pages, 0, LENGTH, 0)) return;
  pages_poison(&pages);
  window_disable(2);
  if (fails(2 * GIGABYTE + pa) && pages_untouched(&pages, 0, LENGTH))
    check_recovery(scratch);
}

static void monster_off(void) {
  struct pages pages;
  if (!start(&pages)) return;
  uint64_t bus = MONSTER_WINDOW + physical(pages.page[0]);
  if (fails(bus) && pages_untouched(&pages, 0, LENGTH)) check_recovery(scratch);
}

/* The monster window answers for bus bits 63:40 = 1 only. */
static void dac_elsewhere(void) {
  struct pages pages;
  if (!start(&pages)) return;
  pctl_set(PCTL_MWIN);
  uint64_t bus = (2ul << 40) + physical(pages.page[0]);
  if (fails(bus) && pages_untouched(&pages, 0, LENGTH)) check_recovery(scratch);
}

static void past_the_window(void) {
  if (!disk_start_basic(scratch)) return;
  uint8_t *megabyte = allocate_pages(2 * MEGABYTE / PAGE_SIZE, MEGABYTE);
  uint8_t *next = megabyte + MEGABYTE;
  struct pages behind = {.count = 2, .page = {next, next + PAGE_SIZE}};
  pages_poison(&behind);
  window_set_direct(0, 3 * GIGABYTE, MEGABYTE, physical(megabyte));
  struct segment segment = {3 * GIGABYTE + MEGABYTE - PAGE_SIZE, 3 * PAGE_SIZE, true};
  enum outcome outcome = disk_request(scratch, VIRTIO_BLK_IN, area_sector, &segment, 1);
  REQUIRE(outcome == BLK_IOERR || outcome == NEEDS_RESET, "the request ended with %s",
          outcome_name(outcome));
  if (pages_untouched(&behind, 0, LENGTH)) check_recovery(scratch);
}

/* A page that is mapped, and two behind it that are not. */
#define FIRST_INVALID 44
static void map_with_invalid_entries(const struct pages *pages) {
  struct sgmap map = sgmap_allocate(SG_SIZE);
  window_set_scatter_gather(0, SG_BUS, SG_SIZE, map_address(map));
  sgmap_map(map, FIRST_INVALID - 1, physical(pages->page[0]));
}
#define INVALID_BUS (SG_BUS + FIRST_INVALID * PAGE_SIZE)

static void invalid_entry(void) {
  struct pages pages;
  if (!start(&pages)) return;
  map_with_invalid_entries(&pages);
  if (fails(INVALID_BUS) && pages_untouched(&pages, 0, LENGTH)) check_recovery(scratch);
}

static void invalid_entry_registers(void) {
  if (!pchip_has_error_registers()) SKIP(NO_ERROR_REGISTERS);
  struct pages pages;
  if (!start(&pages)) return;
  map_with_invalid_entries(&pages);
  pci_errors_enable(PERROR_SGE);
  /* The buffer begins in the page that is mapped; the error names the next one. */
  if (!fails(INVALID_BUS - PAGE_SIZE)) return;
  uint64_t perror = PERROR, drir = DRIR;
  REQUIRE(perror & PERROR_SGE, "PERROR %lx has no SGE", perror);
  /* PERROR<47:18> is PCI address<31:2>, <17:16> is 0 for a single address cycle. */
  uint64_t address = (perror >> 18 & 0x3fffffff) << 2;
  REQUIRE(address >= INVALID_BUS && address < INVALID_BUS + PAGE_SIZE,
          "PERROR %lx names bus address %lx, not %lx", perror, address, INVALID_BUS);
  REQUIRE((perror >> 16 & 3) == 0, "PERROR %lx is no single address cycle", perror);
  REQUIRE(drir >> DRIR_PCHIP0_ERROR & 1, "DRIR<62> is not set: %lx", drir);
  PERROR = PERROR_ALL;
  mb();
  REQUIRE((PERROR & PERROR_ALL) == 0 && !(DRIR >> DRIR_PCHIP0_ERROR & 1), "PERROR does not clear");
  check_recovery(scratch);
}

static void masked_error(void) {
  if (!pchip_has_error_registers()) SKIP(NO_ERROR_REGISTERS);
  struct pages pages;
  if (!start(&pages)) return;
  map_with_invalid_entries(&pages);
  pci_errors_enable(0);
  if (!fails(INVALID_BUS)) return;
  REQUIRE((PERROR & PERROR_ALL) == 0, "PERROR is %lx", PERROR);
  check_recovery(scratch);
}

/* The first error stays, the second leaves LOST. */
static void lost_error(void) {
  if (!pchip_has_error_registers()) SKIP(NO_ERROR_REGISTERS);
  struct pages pages;
  if (!start(&pages)) return;
  map_with_invalid_entries(&pages);
  pci_errors_enable(PERROR_SGE | PERROR_LOST);
  if (!fails(INVALID_BUS)) return;
  uint64_t first = PERROR;
  if (!disk_start_basic(scratch) || !fails(INVALID_BUS + 32 * PAGE_SIZE)) return;
  uint64_t second = PERROR;
  REQUIRE(second & PERROR_LOST, "PERROR %lx has no LOST", second);
  REQUIRE((second & ~PERROR_LOST) == (first & ~PERROR_LOST), "PERROR changed from %lx to %lx",
          first, second);
  check_recovery(scratch);
}

/* The first place behind memory that a window can lead to, with room for it; 0 where memory takes up
   what PA<34:0> addresses. */
#define LARGEST_WINDOW (32 * MEGABYTE)
static uint64_t no_memory(void) {
  uint64_t place = (memory_top() + LARGEST_WINDOW - 1) & -LARGEST_WINDOW;
  return place < MEMORY_LIMIT ? place : 0;
}
#define NOTHING_BEHIND_MEMORY "memory ends where addresses do"

/* Four ways there. */
static uint64_t map_beyond_memory(void) {
  window_set_scatter_gather(0, SG_BUS, SG_SIZE, no_memory());
  return SG_BUS;
}

static uint64_t window_beyond_memory(void) {
  window_set_direct(2, 2 * GIGABYTE, LARGEST_WINDOW, no_memory());
  return 2 * GIGABYTE;
}

static uint64_t entry_beyond_memory(void) {
  struct sgmap map = sgmap_allocate(SG_SIZE);
  window_set_scatter_gather(0, SG_BUS, SG_SIZE, map_address(map));
  for (unsigned n = 0; n < 2; n++) sgmap_map(map, n, no_memory() + n * PAGE_SIZE);
  return SG_BUS;
}

static uint64_t monster_beyond_memory(void) {
  pctl_set(PCTL_MWIN);
  return MONSTER_WINDOW + no_memory();
}

static void outside_memory(uint64_t (*prepare)(void)) {
  if (!no_memory()) SKIP(NOTHING_BEHIND_MEMORY);
  struct pages pages;
  if (!start(&pages)) return;
  if (fails(prepare())) check_recovery(scratch);
}

static void map_outside_memory(void) { outside_memory(map_beyond_memory); }
static void window_outside_memory(void) { outside_memory(window_beyond_memory); }
static void entry_outside_memory(void) { outside_memory(entry_beyond_memory); }
static void monster_outside_memory(void) { outside_memory(monster_beyond_memory); }

static void outside_memory_registers(void) {
  static uint64_t (*const ways[])(void) = {map_beyond_memory, window_beyond_memory,
                                           entry_beyond_memory, monster_beyond_memory};
  if (!pchip_has_error_registers()) SKIP(NO_ERROR_REGISTERS);
  if (!no_memory()) SKIP(NOTHING_BEHIND_MEMORY);
  for (unsigned n = 0; n < sizeof ways / sizeof *ways; n++) {
    struct pages pages;
    if (!start(&pages)) return;
    pci_errors_enable(0);
    if (!fails(ways[n]())) return;
    uint64_t misc = MISC, drir = DRIR;
    MISC = MISC_NXM;
    mb();
    REQUIRE((misc & MISC_NXM) && MISC_NXS(misc) == NXS_PCHIP0,
            "way %u: MISC %lx reports no non-existent memory of Pchip 0", n, misc);
    REQUIRE(drir >> DRIR_CCHIP_ERROR & 1, "way %u: DRIR<63> is not set: %lx", n, drir);
    REQUIRE(!(MISC & MISC_NXM), "MISC.NXM does not clear");
    if (!check_recovery(scratch)) return;
  }
}

/* With the bus-master bit off nothing moves. With it on again the request goes on, or elsewhere the
   device may want to be set up anew; after that everything works. */
static void bus_master_off(void) {
  struct pages pages;
  if (!start(&pages)) return;
  pci_function f = scratch->virtio.pci;
  pci_set_command(f, PCI_COMMAND_MEMORY);
  struct segment segment = {pages_direct_bus(&pages), LENGTH, true};
  disk_submit(scratch, VIRTIO_BLK_IN, area_sector, &segment, 1);
  disk_kick(scratch);
  uint32_t head;
  enum outcome outcome = disk_wait(scratch, SHORT_TIMEOUT, &head);
  REQUIRE(outcome == NO_ANSWER || outcome == NEEDS_RESET, "without bus mastering: %s",
          outcome_name(outcome));
  if (!pages_untouched(&pages, 0, LENGTH)) return;
  pci_set_command(f, COMMAND_RUNNING);
  *scratch->queue.notify = 0;
  mb();
  outcome = disk_wait(scratch, SHORT_TIMEOUT, &head);
  if (outcome == BLK_OK && !pages_hold(&pages, 0, LENGTH, pattern)) return;
  REQUIRE(outcome == BLK_OK || !pchip_has_error_registers(), "with bus mastering on again: %s",
          outcome_name(outcome));
  tap_note("with bus mastering on again: %s", outcome_name(outcome));
  check_recovery(scratch);
}

/* The window goes away while the device works. However the request ends, nothing is written where
   the window does not lead, and the disk works again after a reset. */
static void window_pulled(void) {
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_adjacent(MAXIMUM_PAGES);
  for (unsigned round = 0; round < 4; round++) {
    uint64_t pa = physical(pages.page[0]);
    window_set_direct(2, 2 * GIGABYTE, GIGABYTE, 0);
    struct segment segment = {2 * GIGABYTE + pa, AREA_SIZE, true};
    disk_submit(scratch, VIRTIO_BLK_IN, area_sector, &segment, 1);
    disk_kick(scratch);
    window_disable(round & 1 ? 1 : 2);
    uint32_t head;
    enum outcome outcome = disk_wait(scratch, SHORT_TIMEOUT, &head);
    tap_note("window of the %s pulled: %s", round & 1 ? "rings" : "data", outcome_name(outcome));
    if (outcome == BLK_OK && !pages_hold(&pages, 0, AREA_SIZE, pattern)) return;
    if (!check_recovery(scratch)) return;
  }
}

/* A reset ends all DMA: what was in flight does not arrive afterwards. */
static void reset_in_flight(void) {
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_adjacent(MAXIMUM_PAGES);
  struct segment segment = {pages_direct_bus(&pages), AREA_SIZE, true};
  disk_submit(scratch, VIRTIO_BLK_IN, area_sector, &segment, 1);
  disk_kick(scratch);
  REQUIRE(virtio_reset(&scratch->virtio), "no reset while a request runs");
  pages_poison(&pages);
  uint64_t until = clock_ns() + SHORT_TIMEOUT;
  while (clock_ns() < until) continue;
  if (pages_untouched(&pages, 0, AREA_SIZE)) check_recovery(scratch);
}

/* A ring where no window leads: no completion, and a device that can be started again. */
static void unreachable_ring(void) {
  for (unsigned part = 0; part < 3; part++) {
    struct queue_memory memory = queue_memory_basic();
    struct dma_page *parts[] = {&memory.descriptors, &memory.available, &memory.used};
    parts[part]->bus = NO_WINDOW_BUS;
    if (!disk_start(scratch, DISK_FEATURES, QUEUE_SIZE, &memory)) return;
    struct pages pages = pages_adjacent(1);
    struct segment segment = {pages_direct_bus(&pages), SECTOR, true};
    disk_submit(scratch, VIRTIO_BLK_IN, area_sector, &segment, 1);
    *scratch->queue.notify = 0;
    mb();
    uint32_t head;
    enum outcome outcome = disk_wait(scratch, SHORT_TIMEOUT, &head);
    REQUIRE(outcome == NO_ANSWER || outcome == NEEDS_RESET, "ring part %u: %s", part,
            outcome_name(outcome));
    if (!check_recovery(scratch)) return;
  }
}

static void unreachable_indirect_table(void) {
  struct pages pages;
  struct queue_memory memory = queue_memory_basic();
  memory.indirect.bus = NO_WINDOW_BUS;
  if (!disk_start(scratch, DISK_FEATURES, QUEUE_SIZE, &memory)) return;
  scratch->use_indirect = true;
  pages = pages_adjacent(2);
  pages_poison(&pages);
  struct segment segment = {pages_direct_bus(&pages), LENGTH, true};
  disk_submit(scratch, VIRTIO_BLK_IN, area_sector, &segment, 1);
  disk_kick(scratch);
  uint32_t head;
  enum outcome outcome = disk_wait(scratch, SHORT_TIMEOUT, &head);
  REQUIRE(outcome == NO_ANSWER || outcome == NEEDS_RESET, "%s", outcome_name(outcome));
  if (pages_untouched(&pages, 0, LENGTH)) check_recovery(scratch);
}

const struct test_case fault_cases[] = {
    {"read into a bus address that hits no window", no_window},
    {"write from a bus address that hits no window", no_window_write},
    {"no window: master abort in the device, no SGE", no_window_registers},
    {"a window that was switched off", window_off},
    {"DAC with the monster window off", monster_off},
    {"DAC outside the monster window", dac_elsewhere},
    {"buffer runs past the end of its window", past_the_window},
    {"invalid map entry", invalid_entry},
    {"invalid map entry: PERROR.SGE and its address", invalid_entry_registers},
    {"invalid map entry: masked by PERRMASK", masked_error},
    {"a second error: PERROR.LOST", lost_error},
    {"map outside memory", map_outside_memory},
    {"direct window outside memory", window_outside_memory},
    {"map entry outside memory", entry_outside_memory},
    {"monster window above the top of memory", monster_outside_memory},
    {"outside memory: MISC.NXM and its source", outside_memory_registers},
    {"bus master off, then on", bus_master_off},
    {"windows pulled under a running request", window_pulled},
    {"reset with a request in flight", reset_in_flight},
    {"rings that no window reaches", unreachable_ring},
    {"indirect table that no window reaches", unreachable_indirect_table},
    {0},
};
