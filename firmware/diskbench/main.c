/* Disk requests that take time, for comparing emulators: a driver that keeps several requests in
   flight and sleeps between interrupts, as an operating system's does. It drives the first disk with
   the driver of dmatest.

   The kernel command line is "read|write sequential|random SIZE DEPTH COUNT PLACES": COUNT
   requests of SIZE bytes, DEPTH at a time, over the disk's first PLACES * SIZE bytes. The host times what happens between the lines "begin" and "end";
   "end" shows a sum over what was read, a quadword of each sector: more would measure the CPU. */
#include "disk.h"
#include "memory.h"
#include "pchip.h"
#include "tap.h"
#include "traps.h"
#include "uart.h"

#define PARAMETER_BLOCK 0x6000
#define MAXIMUM_DEPTH 32

extern char _image_start[];

static struct disk disk;
static bool found;
static struct {
  bool writes, random;
  uint64_t size, depth, count, places;
} job;
static uint8_t *buffers[MAXIMUM_DEPTH];
/* Which buffer, and which place of the disk, a head in flight belongs to. */
static struct {
  unsigned buffer;
  uint64_t offset;
} in_flight[QUEUE_SIZE];
static uint64_t submitted, sum;

static const char *word(const char *text, const char *expected, bool *found) {
  size_t length = strlen(expected);
  *found = memcmp(text, expected, length) == 0 && text[length] == ' ';
  return *found ? text + length + 1 : text;
}

static const char *number(const char *text, uint64_t *value) {
  for (*value = 0; *text >= '0' && *text <= '9'; text++) *value = *value * 10 + *text - '0';
  return *text == ' ' ? text + 1 : text;
}

static bool read_command_line(void) {
  const char *text = (const char *)kseg(physical(_image_start) - PARAMETER_BLOCK);
  bool reads, sequential;
  text = word(text, "read", &reads);
  text = word(text, "write", &job.writes);
  text = word(text, "sequential", &sequential);
  text = word(text, "random", &job.random);
  text = number(text, &job.size);
  text = number(text, &job.depth);
  text = number(text, &job.count);
  text = number(text, &job.places);
  return reads != job.writes && sequential != job.random && job.size && job.size % SECTOR == 0 &&
         job.depth && job.depth <= MAXIMUM_DEPTH && job.places && job.places <= UINT32_MAX && !*text;
}

/* Where the next request goes; random ones by xorshift. */
static uint64_t next_offset(void) {
  static uint64_t place = UINT64_MAX, random = 88172645463325252;
  if (!job.random) {
    place = place + 1 < job.places ? place + 1 : 0;
  } else {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    place = (random >> 32) * job.places >> 32;
  }
  return place * job.size;
}

/* The quadword that stands for the sector at `at` of a request: another one in each sector of the
   disk when reading. What is written must not depend on what the buffer held before. */
static volatile uint64_t *word_of(unsigned buffer, uint64_t offset, uint64_t at) {
  uint64_t sector = ((job.writes ? 0 : offset) + at) / SECTOR;
  return (volatile uint64_t *)(buffers[buffer] + at) + sector % 64;
}

static void submit(unsigned buffer) {
  uint64_t offset = next_offset();
  submitted++;
  /* What a sector gets depends on its place alone, so that the order of writes does not matter. */
  if (job.writes)
    for (uint64_t at = 0; at < job.size; at += SECTOR) *word_of(buffer, offset, at) = offset + at + 1;
  struct segment segment = {physical(buffers[buffer]), (uint32_t)job.size, !job.writes};
  int head = disk_submit(&disk, job.writes ? VIRTIO_BLK_OUT : VIRTIO_BLK_IN, offset / SECTOR,
                         &segment, 1);
  if (head < 0) tap_bail_out("the queue is full");
  in_flight[head].buffer = buffer;
  in_flight[head].offset = offset;
}

/* Looks at the answer of one request, if there is one, and gives its buffer free. */
static bool take(unsigned *buffer) {
  uint32_t head;
  enum outcome outcome = disk_wait(&disk, 0, &head);
  if (outcome == NO_ANSWER) return false;
  if (outcome != BLK_OK) tap_bail_out("a request ended with %s", outcome_name(outcome));
  *buffer = in_flight[head].buffer;
  if (!job.writes)
    for (uint64_t at = 0; at < job.size; at += SECTOR)
      sum += *word_of(*buffer, in_flight[head].offset, at) * (in_flight[head].offset + at + 1);
  return true;
}

/* Sleeps until the next completion, or another interrupt. Interrupts are blocked except here. */
static void sleep(void) {
  /* The guard against a line that never goes down counts interrupts since it was attached. */
  static unsigned sleeps;
  if (++sleeps % 256 == 0) disk_attach_interrupt(&disk);
  pal_swpipl(0);
  pal_swpipl(7);
  virtqueue_interrupt_after(&disk.queue, 1);
  volatile uint16_t *used = (volatile uint16_t *)disk.queue.memory.used.cpu;
  if (used[1] == disk.queue.next_used) pal_wtint(0);
  virtqueue_suppress_interrupts(&disk.queue);
}

static void run(void) {
  uint64_t taken = 0;
  for (unsigned n = 0; n < job.depth && submitted < job.count; n++) submit(n);
  disk_kick(&disk);
  while (taken < job.count) {
    unsigned buffer;
    bool any = false;
    while (taken < job.count && take(&buffer)) {
      any = true;
      taken++;
      if (submitted < job.count) submit(buffer);
    }
    if (any)
      disk_kick(&disk);
    else
      sleep();
  }
  if (job.writes && disk_request(&disk, VIRTIO_BLK_FLUSH, 0, NULL, 0) != BLK_OK)
    tap_bail_out("the flush failed");
}

static void found_function(pci_function f, uint32_t id) {
  if (id != VIRTIO_BLOCK_ID || found) return;
  found = true;
  const char *failure = virtio_find(&disk.virtio, f);
  if (failure) tap_bail_out("%s", failure);
  volatile uint32_t *capacity = (volatile uint32_t *)disk.virtio.config;
  disk.capacity = capacity[0] | (uint64_t)capacity[1] << 32;
  disk.interrupt_bit = CONFIG8(f, PCI_INTERRUPT_LINE) & 63;
}

int main(void) {
  traps_setup();
  const char *failure = memory_setup();
  if (failure) tap_bail_out("%s", failure);
  if (!read_command_line()) tap_bail_out("the command line is not understood");
  pchip_basic_setup();
  /* Bus addresses are physical ones, so that it does not matter whether the device's are translated:
     on either emulator it can be set up as it is fastest. */
  window_set_direct(0, 0, 256 * MEGABYTE, 0);
  pci_scan(found_function);
  if (!found) tap_bail_out("no virtio block device (1af4:1042) on PCI bus 0");
  if (job.places * job.size > disk.capacity * SECTOR) tap_bail_out("the disk is too small");
  for (unsigned n = 0; n < job.depth; n++) {
    unsigned pages = (unsigned)((job.size + PAGE_SIZE - 1) / PAGE_SIZE);
    buffers[n] = memset(allocate_pages(pages, PAGE_SIZE), 'w', job.size);
  }
  struct queue_memory queue = queue_memory_basic();
  struct dma_page *pages[] = {&queue.descriptors, &queue.available, &queue.used, &queue.requests};
  for (unsigned n = 0; n < sizeof pages / sizeof *pages; n++)
    pages[n]->bus = physical(pages[n]->cpu);
  if (!disk_start(&disk, DISK_FEATURES, QUEUE_SIZE, &queue)) tap_bail_out("the disk does not start");
  disk_attach_interrupt(&disk);
  print("benchmark: begin\n");
  run();
  print("benchmark: end 0x%lx\n", sum);
  /* The host looks at the process before it lets it go. */
  while (uart_get() < 0) continue;
  pal_halt();
}
