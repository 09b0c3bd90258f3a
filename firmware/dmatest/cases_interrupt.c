/* Interrupts: ISR, INTx, DRIR, DIM, the vector, and their suppression (VIRTIO 1.2, 2.7.7 and
   4.1.5.3; 21272 HRM, interrupts). */
#include "cases.h"
#include "traps.h"
#include "workload.h"

#define NO_EVENT_INDEX (DISK_FEATURES & ~VIRTIO_F_EVENT_IDX)

static uint64_t line(void) { return 1ul << scratch->interrupt_bit; }

static bool start(uint64_t features) {
  static struct queue_memory memory;
  memory = queue_memory_basic();
  return disk_start(scratch, features, QUEUE_SIZE, &memory);
}

static int submit_read(const struct pages *pages, unsigned n) {
  struct segment segment = {pages_direct_bus(pages) + n * SECTOR, SECTOR, true};
  return disk_submit(scratch, VIRTIO_BLK_IN, area_sector + n, &segment, 1);
}

/* One request, awaited by polling. */
static bool polled_read(const struct pages *pages) {
  uint32_t head;
  submit_read(pages, 0);
  disk_kick(scratch);
  enum outcome outcome = disk_wait(scratch, REQUEST_TIMEOUT, &head);
  if (outcome != BLK_OK) tap_fail("a request ended with %s", outcome_name(outcome));
  return outcome == BLK_OK;
}

static bool wait_for_line(bool level) {
  uint64_t deadline = clock_ns() + 1000 * MILLISECONDS;
  while (!!(DRIR & line()) != level)
    if (clock_ns() > deadline) return false;
  return true;
}

/* As many interrupts as completions when each is awaited. */
static void counted(uint64_t features) {
  enum { REQUESTS = 20 };
  if (!start(features)) return;
  struct pages pages = pages_adjacent(2);
  unsigned strays = stray_interrupts();
  disk_attach_interrupt(scratch);
  pal_swpipl(0);
  for (unsigned n = 1; n <= REQUESTS; n++) {
    virtqueue_interrupt_after(&scratch->queue, 1);
    submit_read(&pages, n);
    disk_kick(scratch);
    REQUIRE(disk_wait_interrupts(scratch, n, 2000 * MILLISECONDS), "no interrupt for request %u",
            n);
    uint32_t head;
    enum outcome outcome = disk_wait(scratch, REQUEST_TIMEOUT, &head);
    REQUIRE(outcome == BLK_OK, "request %u: %s", n, outcome_name(outcome));
  }
  pal_swpipl(7);
  REQUIRE(scratch->interrupts == REQUESTS, "%u interrupts for %u completions", scratch->interrupts,
          REQUESTS);
  REQUIRE(scratch->empty_interrupts == 0, "%u interrupts with ISR 0", scratch->empty_interrupts);
  REQUIRE(scratch->isr == 1, "ISR was %x", scratch->isr);
  REQUIRE(stray_interrupts() == strays, "interrupts on other lines");
}

static void counted_event_index(void) { counted(DISK_FEATURES); }
static void counted_flags(void) { counted(NO_EVENT_INDEX); }

static void isr_deasserts(void) {
  if (!start(DISK_FEATURES)) return;
  struct pages pages = pages_adjacent(1);
  (void)*scratch->virtio.isr;
  REQUIRE(wait_for_line(false), "the line is up before any request");
  virtqueue_interrupt_after(&scratch->queue, 1);
  if (!polled_read(&pages)) return;
  REQUIRE(wait_for_line(true), "DRIR bit %u does not rise", scratch->interrupt_bit);
  pci_function f = scratch->virtio.pci;
  REQUIRE(CONFIG16(f, PCI_STATUS) & PCI_STATUS_INTERRUPT, "PCI status bit 3 is 0");
  uint8_t first = *scratch->virtio.isr, second = *scratch->virtio.isr;
  REQUIRE(first == 1 && second == 0, "ISR reads %x, then %x", first, second);
  REQUIRE(!(DRIR & line()), "DRIR bit %u stays up", scratch->interrupt_bit);
  REQUIRE(!(CONFIG16(f, PCI_STATUS) & PCI_STATUS_INTERRUPT), "PCI status bit 3 is 1");
}

/* DIM and the interrupt priority level each hold an interrupt back, and lose none. */
static void masked_and_unmasked(void) {
  if (!start(DISK_FEATURES)) return;
  struct pages pages = pages_adjacent(1);
  disk_attach_interrupt(scratch);
  DIM0 = 0;
  mb();
  (void)DIM0;
  pal_swpipl(0);
  virtqueue_interrupt_after(&scratch->queue, 1);
  if (!polled_read(&pages)) return;
  REQUIRE(wait_for_line(true), "DRIR does not show the masked line");
  REQUIRE(!(DIR0 & line()), "DIR shows a masked line");
  REQUIRE(scratch->interrupts == 0, "an interrupt came through a clear DIM bit");
  pal_swpipl(7);
  DIM0 = line();
  mb();
  REQUIRE(DIR0 & line(), "DIR does not show the unmasked line");
  REQUIRE(scratch->interrupts == 0, "an interrupt came at IPL 7");
  pal_swpipl(0);
  REQUIRE(disk_wait_interrupts(scratch, 1, 100 * MILLISECONDS), "no interrupt at IPL 0");
  pal_swpipl(7);
  REQUIRE(scratch->interrupts == 1, "%u interrupts", scratch->interrupts);
}

static void intx_disable(void) {
  if (!start(DISK_FEATURES)) return;
  pci_function f = scratch->virtio.pci;
  struct pages pages = pages_adjacent(1);
  pci_set_command(f, COMMAND_RUNNING | PCI_COMMAND_INTX_DISABLE);
  virtqueue_interrupt_after(&scratch->queue, 1);
  if (!polled_read(&pages)) return;
  uint64_t deadline = clock_ns() + 100 * MILLISECONDS;
  while (!(CONFIG16(f, PCI_STATUS) & PCI_STATUS_INTERRUPT))
    REQUIRE(clock_ns() < deadline, "PCI status bit 3 does not show the interrupt");
  REQUIRE(!(DRIR & line()), "the line rises although INTx is disabled");
  pci_set_command(f, COMMAND_RUNNING);
  REQUIRE(wait_for_line(true), "the line does not rise when INTx is enabled again");
  (void)*scratch->virtio.isr;
  REQUIRE(wait_for_line(false), "the line stays up");
}

/* Polled completions leave no trace in ISR when no interrupt is wanted. */
static void suppressed(uint64_t features) {
  if (!start(features)) return;
  struct pages pages = pages_adjacent(1);
  /* A device may interrupt for the first completion of a queue whatever the event index says. */
  if (!polled_read(&pages)) return;
  disk_attach_interrupt(scratch);
  virtqueue_suppress_interrupts(&scratch->queue);
  pal_swpipl(0);
  for (unsigned n = 0; n < 8; n++)
    if (!polled_read(&pages)) return;
  uint64_t until = clock_ns() + 2 * MILLISECONDS;
  while (clock_ns() < until) continue;
  pal_swpipl(7);
  REQUIRE(scratch->interrupts == 0, "%u interrupts", scratch->interrupts);
  uint8_t isr = *scratch->virtio.isr;
  REQUIRE(isr == 0, "ISR is %x", isr);
  /* And they come back. */
  virtqueue_interrupt_after(&scratch->queue, 1);
  if (!polled_read(&pages)) return;
  REQUIRE(wait_for_line(true), "no interrupt when it is wanted again");
}

static void suppressed_flags(void) { suppressed(NO_EVENT_INDEX); }
static void suppressed_event_index(void) { suppressed(DISK_FEATURES); }

/* used_event in the middle of a batch: one interrupt, when that completion is published. */
static void event_index_batch(void) {
  enum { BATCH = 10 };
  if (!start(DISK_FEATURES)) return;
  if (!(scratch->virtio.accepted & VIRTIO_F_EVENT_IDX)) SKIP("EVENT_IDX is not offered");
  struct pages pages = pages_adjacent(2);
  disk_attach_interrupt(scratch);
  for (unsigned round = 0; round < 3; round++) {
    scratch->interrupts = 0;
    virtqueue_interrupt_after(&scratch->queue, BATCH);
    for (unsigned n = 0; n < BATCH; n++) submit_read(&pages, n);
    pal_swpipl(0);
    disk_kick(scratch);
    bool came = disk_wait_interrupts(scratch, 1, 2000 * MILLISECONDS);
    REQUIRE(came, "no interrupt for the batch");
    uint64_t until = clock_ns() + MILLISECONDS;
    while (clock_ns() < until) continue;
    pal_swpipl(7);
    REQUIRE(scratch->interrupts == 1, "%u interrupts for one event", scratch->interrupts);
    uint32_t head;
    for (unsigned n = 0; n < BATCH; n++) {
      enum outcome outcome = disk_wait(scratch, 0, &head);
      REQUIRE(outcome == BLK_OK, "completion %u behind the interrupt: %s", n,
              outcome_name(outcome));
    }
  }
}

/* A CPU that sleeps is woken by the disk. */
static void wakes_cpu(void) {
  if (!start(DISK_FEATURES)) return;
  struct pages pages = pages_adjacent(1);
  disk_attach_interrupt(scratch);
  virtqueue_interrupt_after(&scratch->queue, 1);
  submit_read(&pages, 0);
  disk_kick(scratch);
  /* The alarm bounds the wait. */
  uint64_t deadline = clock_ns() + 2000 * MILLISECONDS;
  alarm_after_ns(2000 * MILLISECONDS);
  pal_swpipl(0);
  while (!scratch->interrupts && clock_ns() < deadline) pal_wtint(0);
  pal_swpipl(7);
  alarm_after_ns(0);
  REQUIRE(scratch->interrupts == 1, "%u interrupts", scratch->interrupts);
}

const struct test_case interrupt_cases[] = {
    {"one interrupt per completion, at its vector (event index)", counted_event_index},
    {"one interrupt per completion, at its vector (flags)", counted_flags},
    {"reading ISR takes the line down", isr_deasserts},
    {"DIM and IPL hold an interrupt back", masked_and_unmasked},
    {"INTx disabled in the command register", intx_disable},
    {"polled completions without interrupts (flags)", suppressed_flags},
    {"polled completions without interrupts (event index)", suppressed_event_index},
    {"one interrupt for a batch (event index)", event_index_batch},
    {"a completion wakes the sleeping CPU", wakes_cpu},
    {0},
};
