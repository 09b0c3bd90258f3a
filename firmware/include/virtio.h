/* What drivers of virtio-pci devices need (VIRTIO 1.2, 2.1, 2.7, 4.1, 6). */
#ifndef BREAKWATER_VIRTIO_H
#define BREAKWATER_VIRTIO_H

#include <stdint.h>

#define VIRTIO_VENDOR 0x1af4
#define VIRTIO_BLOCK_TRANSITIONAL 0x1001
#define VIRTIO_BLOCK_MODERN 0x1042

/* Device status. */
#define VIRTIO_ACKNOWLEDGE 1
#define VIRTIO_DRIVER 2
#define VIRTIO_DRIVER_OK 4
#define VIRTIO_FEATURES_OK 8
#define VIRTIO_NEEDS_RESET 64

/* Features. */
#define VIRTIO_BLK_F_RO (1ul << 5)
#define VIRTIO_BLK_F_FLUSH (1ul << 9)
#define VIRTIO_F_INDIRECT_DESC (1ul << 28)
#define VIRTIO_F_EVENT_IDX (1ul << 29)
#define VIRTIO_F_VERSION_1 (1ul << 32)
#define VIRTIO_F_ACCESS_PLATFORM (1ul << 33)

/* Vendor capabilities: what they point to, and their fields. */
enum { VIRTIO_COMMON = 1, VIRTIO_NOTIFY, VIRTIO_ISR, VIRTIO_DEVICE, VIRTIO_PCI_CFG };
#define VIRTIO_CAP_TYPE 3
#define VIRTIO_CAP_BAR 4
#define VIRTIO_CAP_OFFSET 8
#define VIRTIO_CAP_NOTIFY_MULTIPLIER 16

/* Registers of the common structure. */
#define COMMON_DEVICE_FEATURE_SELECT 0x00
#define COMMON_DEVICE_FEATURE 0x04
#define COMMON_DRIVER_FEATURE_SELECT 0x08
#define COMMON_DRIVER_FEATURE 0x0c
#define COMMON_STATUS 0x14
#define COMMON_QUEUE_SELECT 0x16
#define COMMON_QUEUE_SIZE 0x18
#define COMMON_QUEUE_ENABLE 0x1c
#define COMMON_QUEUE_NOTIFY_OFF 0x1e
#define COMMON_QUEUE_DESC 0x20
#define COMMON_QUEUE_DRIVER 0x28
#define COMMON_QUEUE_DEVICE 0x30

/* Registers of the legacy interface, without MSI-X. */
#define LEGACY_DEVICE_FEATURES 0x00
#define LEGACY_DRIVER_FEATURES 0x04
#define LEGACY_QUEUE_ADDRESS 0x08
#define LEGACY_QUEUE_SIZE 0x0c
#define LEGACY_QUEUE_SELECT 0x0e
#define LEGACY_QUEUE_NOTIFY 0x10
#define LEGACY_STATUS 0x12
#define LEGACY_ISR 0x13
#define LEGACY_CONFIG 0x14
#define LEGACY_PAGE 4096

/* Split virtqueues. */
struct virtq_descriptor {
  uint64_t address;
  uint32_t length;
  uint16_t flags, next;
};
#define VIRTQ_NEXT 1
#define VIRTQ_WRITE 2
#define VIRTQ_INDIRECT 4
struct virtq_used {
  uint32_t id, length;
};
#define VIRTQ_NO_INTERRUPT 1
#define VIRTQ_NO_NOTIFY 1

/* Block requests. */
struct virtio_blk_header {
  uint32_t type, reserved;
  uint64_t sector;
};
#define VIRTIO_BLK_IN 0
#define VIRTIO_BLK_OUT 1
#define VIRTIO_BLK_FLUSH 4
#define VIRTIO_BLK_GET_ID 8
#define VIRTIO_BLK_ID_BYTES 20
#define VIRTIO_BLK_OK 0
#define VIRTIO_BLK_IOERR 1
#define VIRTIO_BLK_UNSUPP 2
#endif
