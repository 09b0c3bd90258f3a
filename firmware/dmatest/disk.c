#include "disk.h"

#include "memory.h"
#include "pchip.h"
#include "tap.h"
#include "traps.h"

/* The part of a request that is not data. One per possible head. */
struct request_slot {
  uint32_t type, reserved;
  uint64_t sector;
  uint8_t status, unused[15];
};
#define HEADER_LENGTH 16
#define NO_STATUS 0xee
#define MAXIMUM_SEGMENTS 254

const char *outcome_name(enum outcome outcome) {
  switch (outcome) {
    case BLK_OK: return "OK";
    case BLK_IOERR: return "IOERR";
    case BLK_UNSUPP: return "UNSUPP";
    case NO_ANSWER: return "no answer";
    case NEEDS_RESET: return "DEVICE_NEEDS_RESET";
    case BAD_ANSWER: return "a used element that was never offered";
  }
  return "an unknown status";
}

struct queue_memory queue_memory_basic(void) {
  uint8_t *pages = allocate_pages(5, PAGE_SIZE);
  struct dma_page page[5];
  for (unsigned n = 0; n < 5; n++) {
    page[n].cpu = pages + n * PAGE_SIZE;
    page[n].bus = DIRECT_BUS + physical(page[n].cpu);
  }
  return (struct queue_memory){page[0], page[1], page[2], page[3], page[4]};
}

bool disk_start(struct disk *disk, uint64_t features, uint16_t queue_size,
                const struct queue_memory *memory) {
  struct virtio_device *device = &disk->virtio;
  if (!virtio_reset(device)) {
    tap_fail("status does not read 0 after a reset");
    return false;
  }
  features &= virtio_read_features(device);
  if (!virtio_negotiate(device, features)) {
    tap_fail("FEATURES_OK refused for %lx of the offered %lx", features, device->offered);
    return false;
  }
  uint16_t largest = virtio_queue_size(device, 0);
  if (largest < queue_size) queue_size = largest;
  virtqueue_initialize(&disk->queue, queue_size, features & VIRTIO_F_EVENT_IDX, memory);
  virtio_enable_queue(device, 0, &disk->queue);
  disk->use_indirect = false;
  disk->read_only = device->offered & VIRTIO_BLK_F_RO;
  disk->interrupts = disk->empty_interrupts = 0;
  virtio_add_status(device, VIRTIO_DRIVER_OK);
  return true;
}

bool disk_start_basic(struct disk *disk) {
  struct queue_memory memory = queue_memory_basic();
  return disk_start(disk, DISK_FEATURES, QUEUE_SIZE, &memory);
}

static volatile struct request_slot *slot_of(struct disk *disk, unsigned head) {
  return (volatile struct request_slot *)disk->queue.memory.requests.cpu + head;
}

int disk_submit(struct disk *disk, uint32_t type, uint64_t sector, const struct segment *data,
                unsigned count) {
  static struct segment all[MAXIMUM_SEGMENTS + 2];
  if (count > MAXIMUM_SEGMENTS || !disk->queue.free_count) return -1;
  uint16_t head = disk->queue.free_head;
  volatile struct request_slot *slot = slot_of(disk, head);
  slot->type = type;
  slot->reserved = 0;
  slot->sector = sector;
  slot->status = NO_STATUS;
  uint64_t bus = disk->queue.memory.requests.bus + head * sizeof *slot;
  all[0] = (struct segment){bus, HEADER_LENGTH, false};
  memcpy(all + 1, data, count * sizeof *data);
  all[count + 1] = (struct segment){bus + HEADER_LENGTH, 1, true};
  return virtqueue_add(&disk->queue, all, count + 2, disk->use_indirect);
}

void disk_kick(struct disk *disk) { virtqueue_kick(&disk->queue); }

enum outcome disk_wait(struct disk *disk, uint64_t timeout_ns, uint32_t *head) {
  uint64_t deadline = clock_ns() + timeout_ns;
  while (!virtqueue_take(&disk->queue, head, &disk->used_length)) {
    if (disk->virtio.common->device_status & VIRTIO_NEEDS_RESET) return NEEDS_RESET;
    if (clock_ns() > deadline) return NO_ANSWER;
  }
  if (*head >= disk->queue.size) return BAD_ANSWER;
  uint8_t status = slot_of(disk, *head)->status;
  return status == NO_STATUS ? BAD_ANSWER : status;
}

enum outcome disk_request(struct disk *disk, uint32_t type, uint64_t sector,
                          const struct segment *data, unsigned count) {
  int head = disk_submit(disk, type, sector, data, count);
  if (head < 0) return BAD_ANSWER;
  disk_kick(disk);
  uint32_t answered;
  enum outcome outcome = disk_wait(disk, REQUEST_TIMEOUT, &answered);
  if (outcome < NO_ANSWER && answered != (uint32_t)head) return BAD_ANSWER;
  return outcome;
}

static void handle_disk_interrupt(void *context) {
  struct disk *disk = context;
  uint8_t isr = *disk->virtio.isr;
  mb();
  disk->isr |= isr;
  disk->interrupts++;
  if (!isr) disk->empty_interrupts++;
}

void disk_attach_interrupt(struct disk *disk) {
  (void)*disk->virtio.isr;
  disk->interrupts = disk->empty_interrupts = 0;
  disk->isr = 0;
  interrupt_attach(disk->interrupt_bit, handle_disk_interrupt, disk);
}

bool disk_wait_interrupts(struct disk *disk, unsigned count, uint64_t timeout_ns) {
  uint64_t deadline = clock_ns() + timeout_ns;
  while (disk->interrupts < count)
    if (clock_ns() > deadline) return false;
  return true;
}
