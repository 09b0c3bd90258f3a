/* A modern virtio-pci device (VIRTIO 1.2, 4.1). */
#ifndef VIRTIO_DEVICE_H
#define VIRTIO_DEVICE_H

#include "configuration.h"
#include "virtqueue.h"

#define VIRTIO_BLOCK_ID (VIRTIO_BLOCK_MODERN << 16 | VIRTIO_VENDOR)

/* Common configuration (4.1.4.3). 64-bit fields are two 32-bit halves. */
struct virtio_common {
  uint32_t device_feature_select, device_feature;
  uint32_t driver_feature_select, driver_feature;
  uint16_t config_msix_vector, num_queues;
  uint8_t device_status, config_generation;
  uint16_t queue_select, queue_size, queue_msix_vector, queue_enable, queue_notify_off;
  uint32_t queue_desc[2], queue_driver[2], queue_device[2];
};

/* The structures a device offers through vendor capabilities (4.1.4). */
enum { CAP_KINDS = VIRTIO_PCI_CFG + 1 };
struct virtio_structure {
  uint8_t position; /* of the capability in configuration space; 0: not there */
  uint8_t bar;
  uint32_t offset, length;
};

struct virtio_device {
  pci_function pci;
  struct virtio_structure structures[CAP_KINDS];
  struct pci_bar bars[6];
  volatile struct virtio_common *common;
  volatile uint8_t *isr, *config;
  uint64_t notify;
  uint32_t notify_multiplier;
  uint64_t offered, accepted;
};

/* Reads the capabilities and sizes the BARs. Returns null, or what is wrong with the device. */
const char *virtio_find(struct virtio_device *device, pci_function f);
/* Computes the register addresses again, after a BAR moved. */
void virtio_locate(struct virtio_device *device);

/* Writes status 0 and waits until it reads 0 (2.4). False when that never happens. */
bool virtio_reset(struct virtio_device *device);
uint64_t virtio_read_features(struct virtio_device *device);
/* Steps 2 to 6 of 3.1.1: true when the device agrees to the features. */
bool virtio_negotiate(struct virtio_device *device, uint64_t features);
/* The maximum size of a queue, 0 when it does not exist. */
uint16_t virtio_queue_size(struct virtio_device *device, uint16_t index);
/* Hands an initialized queue to the device and enables it. */
void virtio_enable_queue(struct virtio_device *device, uint16_t index, struct virtqueue *queue);
void virtio_add_status(struct virtio_device *device, uint8_t bits);

#endif
