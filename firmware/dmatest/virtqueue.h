/* The driver side of a split virtqueue (VIRTIO 1.2, 2.7). */
#ifndef VIRTQUEUE_H
#define VIRTQUEUE_H

#include <stdbool.h>
#include "virtio.h"

/* One element of a buffer, by the address that the device uses. */
struct segment {
  uint64_t bus;
  uint32_t length;
  bool device_writes;
};

/* One page of memory, as the driver and as the device sees it. */
struct dma_page {
  uint8_t *cpu;
  uint64_t bus;
};

/* The parts of a queue. Each is a page of its own, so that a map can put them anywhere. */
struct queue_memory {
  struct dma_page descriptors, available, used, requests, indirect;
};

#define MAXIMUM_QUEUE_SIZE 256

struct virtqueue {
  uint16_t size, index;
  bool event_index;
  struct queue_memory memory;
  volatile uint16_t *notify;

  uint16_t free_head, free_count;
  uint16_t next_available, next_used;
  uint16_t kicked; /* next_available at the last kick */
};

/* Lays out empty rings; `size` is a power of two of at most MAXIMUM_QUEUE_SIZE. */
void virtqueue_initialize(struct virtqueue *queue, uint16_t size, bool event_index,
                          const struct queue_memory *memory);

/* Makes a chain available and returns its head, or -1 when the descriptors do not suffice. With
   `indirect` the elements go into the table of the queue, which holds one chain at a time. */
int virtqueue_add(struct virtqueue *queue, const struct segment *segments, unsigned count,
                  bool indirect);

/* Tells the device, unless it asked not to be told. */
void virtqueue_kick(struct virtqueue *queue);

/* Takes the next used element. False when there is none. */
bool virtqueue_take(struct virtqueue *queue, uint32_t *head, uint32_t *length);

/* Asks for an interrupt when the n-th completion from now is published (1: the next one), or for
   none at all. */
void virtqueue_interrupt_after(struct virtqueue *queue, uint16_t completions);
void virtqueue_suppress_interrupts(struct virtqueue *queue);

#endif
