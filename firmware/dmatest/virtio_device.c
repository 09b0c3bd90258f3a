#include "virtio_device.h"

#include "clock.h"
#include "memory.h"

#define RESET_TIMEOUT (1000 * MILLISECONDS)

const char *virtio_find(struct virtio_device *device, pci_function f) {
  memset(device, 0, sizeof *device);
  device->pci = f;
  for (unsigned n = 0; n < 6; n++) {
    device->bars[n] = pci_read_bar(f, n);
    if (device->bars[n].is_64bit) n++;
  }
  bool broken = false;
  uint8_t position = 0;
  for (unsigned n = 0; n < 48 && (position = pci_next_capability(f, position, &broken)); n++) {
    if (CONFIG8(f, position) != PCI_CAPABILITY_VENDOR) continue;
    uint8_t kind = CONFIG8(f, position + 3), bar = CONFIG8(f, position + 4);
    /* The first structure of a kind is the preferred one; reserved kinds and BARs are ignored. */
    if (kind == 0 || kind >= CAP_KINDS || bar > 5 || device->structures[kind].position) continue;
    device->structures[kind] = (struct virtio_structure){
        position, bar, CONFIG32(f, position + 8), CONFIG32(f, position + 12)};
    if (kind == VIRTIO_NOTIFY) device->notify_multiplier = CONFIG32(f, position + 16);
  }
  if (broken) return "the capability chain is broken";
  for (unsigned kind = VIRTIO_COMMON; kind <= VIRTIO_DEVICE; kind++) {
    struct virtio_structure *s = &device->structures[kind];
    if (!s->position) return "a virtio structure is missing";
    struct pci_bar *bar = &device->bars[s->bar];
    if (bar->is_io || !bar->size) return "a virtio structure is not in a memory BAR";
    if ((uint64_t)s->offset + s->length > bar->size) return "a virtio structure exceeds its BAR";
  }
  if (device->structures[VIRTIO_COMMON].length < sizeof(struct virtio_common))
    return "the common configuration is too short";
  virtio_locate(device);
  pci_set_command(f, COMMAND_RUNNING);
  return NULL;
}

static uint64_t address_of(struct virtio_device *device, unsigned kind) {
  struct virtio_structure *s = &device->structures[kind];
  return PCI_MEMORY_BASE + device->bars[s->bar].address + s->offset;
}

void virtio_locate(struct virtio_device *device) {
  device->common = (volatile struct virtio_common *)address_of(device, VIRTIO_COMMON);
  device->isr = (volatile uint8_t *)address_of(device, VIRTIO_ISR);
  device->config = (volatile uint8_t *)address_of(device, VIRTIO_DEVICE);
  device->notify = address_of(device, VIRTIO_NOTIFY);
}

bool virtio_reset(struct virtio_device *device) {
  device->common->device_status = 0;
  mb();
  uint64_t deadline = clock_ns() + RESET_TIMEOUT;
  while (device->common->device_status != 0)
    if (clock_ns() > deadline) return false;
  return true;
}

void virtio_add_status(struct virtio_device *device, uint8_t bits) {
  device->common->device_status = device->common->device_status | bits;
  mb();
}

uint64_t virtio_read_features(struct virtio_device *device) {
  uint64_t features = 0;
  for (uint32_t word = 0; word < 2; word++) {
    device->common->device_feature_select = word;
    mb();
    features |= (uint64_t)device->common->device_feature << 32 * word;
  }
  return features;
}

bool virtio_negotiate(struct virtio_device *device, uint64_t features) {
  virtio_add_status(device, VIRTIO_ACKNOWLEDGE);
  virtio_add_status(device, VIRTIO_DRIVER);
  device->offered = virtio_read_features(device);
  device->accepted = features;
  for (uint32_t word = 0; word < 2; word++) {
    device->common->driver_feature_select = word;
    mb();
    device->common->driver_feature = (uint32_t)(features >> 32 * word);
    mb();
  }
  virtio_add_status(device, VIRTIO_FEATURES_OK);
  return device->common->device_status & VIRTIO_FEATURES_OK;
}

uint16_t virtio_queue_size(struct virtio_device *device, uint16_t index) {
  device->common->queue_select = index;
  mb();
  return device->common->queue_size;
}

static void write_address(volatile uint32_t halves[2], uint64_t address) {
  halves[0] = (uint32_t)address;
  halves[1] = (uint32_t)(address >> 32);
}

void virtio_enable_queue(struct virtio_device *device, uint16_t index, struct virtqueue *queue) {
  volatile struct virtio_common *common = device->common;
  common->queue_select = index;
  mb();
  common->queue_size = queue->size;
  write_address(common->queue_desc, queue->memory.descriptors.bus);
  write_address(common->queue_driver, queue->memory.available.bus);
  write_address(common->queue_device, queue->memory.used.bus);
  queue->index = index;
  queue->notify = (volatile uint16_t *)(device->notify + (uint64_t)common->queue_notify_off *
                                                             device->notify_multiplier);
  mb();
  common->queue_enable = 1;
  mb();
}
