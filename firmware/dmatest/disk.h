/* A virtio block device (VIRTIO 1.2, 5.2), driven by polling unless a case asks for interrupts. */
#ifndef DISK_H
#define DISK_H

#include "clock.h"
#include "virtio_device.h"

#define SECTOR 512u

/* How a request ended: the status byte of the device, or why there is none. */
enum outcome {
  BLK_OK = VIRTIO_BLK_OK,
  BLK_IOERR = VIRTIO_BLK_IOERR,
  BLK_UNSUPP = VIRTIO_BLK_UNSUPP,
  NO_ANSWER = 256, /* not within the time allowed */
  NEEDS_RESET,     /* the device gave up */
  BAD_ANSWER,      /* a used element that was never offered */
};
const char *outcome_name(enum outcome outcome);

#define DISK_FEATURES \
  (VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_INDIRECT_DESC | \
   VIRTIO_F_EVENT_IDX | VIRTIO_BLK_F_FLUSH)
#define QUEUE_SIZE 128
#define REQUEST_TIMEOUT (5000 * MILLISECONDS)
/* For answers that should not come. */
#define SHORT_TIMEOUT (5 * MILLISECONDS)

struct disk {
  struct virtio_device virtio;
  struct virtqueue queue;
  uint64_t capacity; /* in sectors */
  bool read_only, use_indirect;
  uint32_t used_length; /* of the last completion */
  unsigned interrupt_bit;
  volatile unsigned interrupts, empty_interrupts;
  volatile uint8_t isr;
};

/* Resets the device and brings it to DRIVER_OK with the features among those given that it offers.
   False, with the case failed, when the device does not follow. */
bool disk_start(struct disk *disk, uint64_t features, uint16_t queue_size,
                const struct queue_memory *memory);
/* The same with DISK_FEATURES, QUEUE_SIZE and queue memory reached through the basic window. */
bool disk_start_basic(struct disk *disk);
struct queue_memory queue_memory_basic(void);

/* Makes a request available and returns its head, which names it until it completes; -1 when the
   queue is full. */
int disk_submit(struct disk *disk, uint32_t type, uint64_t sector, const struct segment *data,
                unsigned count);
void disk_kick(struct disk *disk);
/* Waits for one completion, of whichever request. */
enum outcome disk_wait(struct disk *disk, uint64_t timeout_ns, uint32_t *head);
/* Submits one request and waits for its end. */
enum outcome disk_request(struct disk *disk, uint32_t type, uint64_t sector,
                          const struct segment *data, unsigned count);

/* Counts the interrupts of the disk from now on, reading the ISR register in each. */
void disk_attach_interrupt(struct disk *disk);
/* Waits until the disk has interrupted `count` times in all. */
bool disk_wait_interrupts(struct disk *disk, unsigned count, uint64_t timeout_ns);

#endif
