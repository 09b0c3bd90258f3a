#include "virtqueue.h"

#include "memory.h"

#define NONE 0xffff

struct used_element {
  uint32_t id, length;
};

static volatile struct virtq_descriptor *descriptors(struct virtqueue *queue) {
  return (volatile struct virtq_descriptor *)queue->memory.descriptors.cpu;
}

/* Available ring: flags, idx, ring[size], used_event. */
static volatile uint16_t *available(struct virtqueue *queue) {
  return (volatile uint16_t *)queue->memory.available.cpu;
}
#define AVAILABLE_FLAGS 0
#define AVAILABLE_INDEX 1
#define AVAILABLE_RING 2

/* Used ring: flags, idx, ring[size], avail_event. */
static volatile uint16_t *used(struct virtqueue *queue) {
  return (volatile uint16_t *)queue->memory.used.cpu;
}
static volatile struct used_element *used_ring(struct virtqueue *queue) {
  return (volatile struct used_element *)(queue->memory.used.cpu + 4);
}
static uint16_t avail_event(struct virtqueue *queue) {
  return *(volatile uint16_t *)(queue->memory.used.cpu + 4 + 8 * queue->size);
}

void virtqueue_initialize(struct virtqueue *queue, uint16_t size, bool event_index,
                          const struct queue_memory *memory) {
  *queue = (struct virtqueue){
      .size = size, .event_index = event_index, .memory = *memory, .free_count = size};
  memset(memory->descriptors.cpu, 0, PAGE_SIZE);
  memset(memory->available.cpu, 0, PAGE_SIZE);
  memset(memory->used.cpu, 0, PAGE_SIZE);
  for (uint16_t n = 0; n < size; n++)
    descriptors(queue)[n].next = n + 1 < size ? n + 1 : NONE;
  virtqueue_suppress_interrupts(queue);
  mb();
}

static void write_descriptor(volatile struct virtq_descriptor *d, const struct segment *segment,
                             uint16_t flags) {
  d->address = segment->bus;
  d->length = segment->length;
  d->flags = flags | (segment->device_writes ? VIRTQ_WRITE : 0);
}

static void fill_chain(struct virtqueue *queue, const struct segment *segments, unsigned count) {
  for (unsigned n = 0; n < count; n++) {
    volatile struct virtq_descriptor *d = &descriptors(queue)[queue->free_head];
    write_descriptor(d, &segments[n], n + 1 < count ? VIRTQ_NEXT : 0);
    queue->free_head = d->next;
  }
  queue->free_count -= count;
}

int virtqueue_add(struct virtqueue *queue, const struct segment *segments, unsigned count,
                  bool indirect) {
  uint16_t head = queue->free_head;
  if (indirect) {
    volatile struct virtq_descriptor *table =
        (volatile struct virtq_descriptor *)queue->memory.indirect.cpu;
    if (!queue->free_count || count > PAGE_SIZE / sizeof *table) return -1;
    for (uint16_t n = 0; n < count; n++) {
      write_descriptor(&table[n], &segments[n], n + 1u < count ? VIRTQ_NEXT : 0);
      table[n].next = n + 1;
    }
    struct segment reference = {queue->memory.indirect.bus, count * sizeof *table, false};
    fill_chain(queue, &reference, 1);
    descriptors(queue)[head].flags = VIRTQ_INDIRECT;
  } else {
    if (queue->free_count < count) return -1;
    fill_chain(queue, segments, count);
  }
  available(queue)[AVAILABLE_RING + (queue->next_available & (queue->size - 1))] = head;
  mb();
  available(queue)[AVAILABLE_INDEX] = ++queue->next_available;
  mb();
  return head;
}

void virtqueue_kick(struct virtqueue *queue) {
  uint16_t old = queue->kicked, new = queue->next_available;
  queue->kicked = new;
  mb();
  bool wanted = queue->event_index
                    ? (uint16_t)(new - avail_event(queue) - 1) < (uint16_t)(new - old)
                    : !(used(queue)[0] & VIRTQ_NO_NOTIFY);
  if (!wanted) return;
  *queue->notify = queue->index;
  mb();
}

bool virtqueue_take(struct virtqueue *queue, uint32_t *head, uint32_t *length) {
  if (used(queue)[1] == queue->next_used) return false;
  mb();
  volatile struct used_element *element =
      &used_ring(queue)[queue->next_used++ & (queue->size - 1)];
  *head = element->id;
  *length = element->length;
  if (*head >= queue->size) return true;
  uint16_t last = (uint16_t)*head, count = 1;
  for (; descriptors(queue)[last].flags & VIRTQ_NEXT; count++)
    last = descriptors(queue)[last].next;
  descriptors(queue)[last].next = queue->free_head;
  queue->free_head = (uint16_t)*head;
  queue->free_count += count;
  return true;
}

static void set_used_event(struct virtqueue *queue, uint16_t event) {
  available(queue)[AVAILABLE_RING + queue->size] = event;
  mb();
}

void virtqueue_interrupt_after(struct virtqueue *queue, uint16_t completions) {
  available(queue)[AVAILABLE_FLAGS] = 0;
  set_used_event(queue, (uint16_t)(queue->next_used + completions - 1));
}

/* An event index that has just gone by stays out of reach for 65535 completions. */
void virtqueue_suppress_interrupts(struct virtqueue *queue) {
  available(queue)[AVAILABLE_FLAGS] = VIRTQ_NO_INTERRUPT;
  set_used_event(queue, (uint16_t)(queue->next_used - 1));
}
