/* A bare-metal test of DMA on the Tsunami board: a real driver for virtio disks that reaches them
   through every kind of Pchip window. See cases.h for what it covers. */
#include "cases.h"
#include "crc32.h"
#include "memory.h"
#include "options.h"
#include "pchip.h"
#include "traps.h"
#include "workload.h"

static const struct test_case *const groups[] = {
    board_cases,     pci_cases,   virtio_cases, direct_cases,     sg_cases, ring_cases,
    interrupt_cases, block_cases, fault_cases,  whole_disk_cases,
};
#define GROUPS (sizeof groups / sizeof *groups)

static const char *setup_failure;

static void found_function(pci_function f, uint32_t id) {
  if (setup_failure || id != VIRTIO_BLOCK_ID) return;
  if (disk_count == sizeof disks / sizeof *disks) return;
  struct disk *disk = &disks[disk_count];
  setup_failure = virtio_find(&disk->virtio, f);
  if (setup_failure) return;
  volatile uint32_t *capacity = (volatile uint32_t *)disk->virtio.config;
  disk->capacity = capacity[0] | (uint64_t)capacity[1] << 32;
  disk->interrupt_bit = CONFIG8(f, PCI_INTERRUPT_LINE) & 63;
  disk_count++;
  tap_note("disk %u: PCI slot %u, %lu sectors, interrupt line %u", disk_count - 1, pci_device(f),
           disk->capacity, disk->interrupt_bit);
}

static void setup(void) {
  const char *failure = memory_setup();
  if (failure) tap_bail_out("%s", failure);
  crc32_setup();
  pchip_save();
  pchip_basic_setup();
  tap_note("memory %lu MB, PCI error registers: %s", memory_top() / MEGABYTE,
           pchip_has_error_registers() ? "yes" : "no");
  pci_scan(found_function);
  if (setup_failure) tap_bail_out("%s", setup_failure);
  if (!disk_count) tap_bail_out("no virtio block device (1af4:1042) on PCI bus 0");
  for (unsigned n = 0; n < disk_count; n++)
    if (!(virtio_read_features(&disks[n].virtio) & VIRTIO_F_ACCESS_PLATFORM))
      tap_bail_out("disk %u does not offer ACCESS_PLATFORM: its DMA would pass no window", n);
  failure = workload_setup();
  if (failure) tap_bail_out("the test area of the disk: %s", failure);
}

/* Whatever a case left behind, the next one starts from the basic set-up. */
static void run(const struct test_case *test, unsigned number, uint64_t mark) {
  tap_begin(test->name);
  if (option_selects(number)) {
    test->run();
  } else {
    tap_skip("not selected");
  }
  tap_end();
  pal_swpipl(7);
  interrupts_detach_all();
  allocation_release(mark);
  pchip_basic_setup();
  for (unsigned n = 0; n < disk_count; n++) {
    pci_set_command(disks[n].virtio.pci, COMMAND_RUNNING);
    if (!virtio_reset(&disks[n].virtio)) tap_bail_out("disk %u cannot be reset", n);
  }
}

int main(void) {
  traps_setup();
  unsigned count = 0;
  for (unsigned g = 0; g < GROUPS; g++)
    for (const struct test_case *test = groups[g]; test->name; test++) count++;
  tap_plan(count);
  const char *word = options_setup(count);
  if (word)
    tap_bail_out("'%s' is not crc=XXXXXXXX, only=N,N... with cases up to %u, or quick", word, count);
  setup();
  uint64_t mark = allocation_mark();
  unsigned number = 0;
  for (unsigned g = 0; g < GROUPS; g++)
    for (const struct test_case *test = groups[g]; test->name; test++) run(test, ++number, mark);
  if (!workload_restore_disk()) tap_note("the test area of the disk was not restored");
  for (unsigned n = 0; n < disk_count; n++) virtio_reset(&disks[n].virtio);
  pchip_restore();
  tap_finish();
}
