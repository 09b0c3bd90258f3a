/* The names of disks. Each virtio device is a controller with one unit: dka0, dkb0, ... */
#include "console.h"
#include "disk.h"
#include "print.h"

static struct disk disks[MAX_DISKS];
static unsigned disk_count;

void disks_find(void) {
  disk_driver_start();
  disk_count = 0;
  for (unsigned i = 0; i < pci_function_count && disk_count < MAX_DISKS; i++) {
    pci_function f = pci_functions[i];
    uint16_t device = pci_read16(f, PCI_DEVICE_ID);
    if (pci_read16(f, PCI_VENDOR_ID) == VIRTIO_VENDOR &&
        (device == VIRTIO_BLOCK_TRANSITIONAL || device == VIRTIO_BLOCK_MODERN))
      disks[disk_count++] = (struct disk){.pci = f};
  }
}

unsigned disk_channel(const struct disk *disk) { return disk - disks + 1; }

struct disk *disk_of_channel(uint64_t channel) {
  return channel >= 1 && channel <= disk_count && disks[channel - 1].is_open ? &disks[channel - 1]
                                                                              : NULL;
}

void disk_name(const struct disk *disk, char name[DISK_NAME_BYTES]) {
  print_to(name, DISK_NAME_BYTES, "dk%c0.0.0.%u.0", (int)('a' + (disk - disks)), pci_device(disk->pci));
}

void disk_string(const struct disk *disk, char text[DISK_NAME_BYTES]) {
  print_to(text, DISK_NAME_BYTES, "SCSI 0 %u 0 0 0 0 0", pci_device(disk->pci));
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; }

/* Whether `name` is `full` or `full` cut before a separator. */
static int is_prefix(const char *name, const char *full, char separator, size_t least) {
  size_t length = strlen(name);
  if (length < least || length > strlen(full) || (full[length] && full[length] != separator))
    return 0;
  for (size_t i = 0; i < length; i++)
    if (lower(name[i]) != lower(full[i]))
      return 0;
  return 1;
}

struct disk *disk_named(const char *name) {
  for (unsigned i = 0; i < disk_count; i++) {
    char text[DISK_NAME_BYTES];
    disk_name(&disks[i], text);
    if (is_prefix(name, text, '.', sizeof "dka0" - 1))
      return &disks[i];
    disk_string(&disks[i], text);
    if (is_prefix(name, text, ' ', sizeof "SCSI 0 1" - 1))
      return &disks[i];
  }
  return NULL;
}

void disks_print(void) {
  for (unsigned i = 0; i < disk_count; i++) {
    struct disk *disk = &disks[i];
    char name[DISK_NAME_BYTES];
    disk_name(disk, name);
    print("%-20sDK%c0  ", name, (int)('A' + i));
    const char *error = disk_open(disk);
    if (error) {
      print("%s\n", error);
      continue;
    }
    print("%7lu.%lu MB  virtio-blk%s%s  %s\n", disk->blocks >> 11, (disk->blocks & 2047) * 10 >> 11,
          disk->is_legacy ? ", legacy" : "", disk->is_read_only ? ", read only" : "", disk->id);
    disk_close(disk);
  }
}
