/* The disks that the console can read: virtio block devices on PCI bus 0. */
#ifndef BREAKWATER_DISK_H
#define BREAKWATER_DISK_H

#include "pci.h"
#include "virtio.h"

#define BLOCK_BYTES 512
#define MAX_DISKS 16

struct disk {
  pci_function pci;
  /* Its registers, as KSEG addresses. `common` is the I/O region of a legacy device. */
  uint64_t common, notify, isr, config;
  uint32_t notify_multiplier;
  int is_legacy, is_open, is_read_only;
  uint16_t queue_size, next; /* of available and used entries: one request at a time */
  uint64_t blocks;
  char id[VIRTIO_BLK_ID_BYTES + 1];
};

/* virtio_block.c. A disk is reset when it is closed, so that nothing of the console's reaches memory
   any more when an operating system takes over. */

/* Forgets which disk is live: a system may have used it since. */
void disk_driver_start(void);
/* Null, or what went wrong. */
const char *disk_open(struct disk *disk);
void disk_close(struct disk *disk);
/* Moves whole blocks between an open disk and memory at any mapped address. Returns the bytes moved:
   less than asked for at an error. */
uint64_t disk_read(struct disk *disk, uint64_t block, uint64_t bytes, void *to);
uint64_t disk_write(struct disk *disk, uint64_t block, uint64_t bytes, const void *from);

/* disks.c */

/* Names what the PCI bus has: dka0, dkb0, ... in the order of slots. */
void disks_find(void);
void disks_print(void);
#define DISK_NAME_BYTES 24
/* "dka0.0.0.1.0": driver, controller, unit, bus node, channel, slot, hose. */
void disk_name(const struct disk *disk, char name[DISK_NAME_BYTES]);
/* "SCSI 0 1 0 0 0 0 0", as operating systems know a boot device: protocol, hose, slot, channel,
   remote address, unit, type, controller type. */
void disk_string(const struct disk *disk, char text[DISK_NAME_BYTES]);
/* The disk of either form of name, which may be cut after the unit number; or null. */
struct disk *disk_named(const char *name);
/* Console channels are numbers of disks, from 1. */
unsigned disk_channel(const struct disk *disk);
struct disk *disk_of_channel(uint64_t channel);
#endif
