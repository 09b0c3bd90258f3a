/* A driver for virtio block devices that polls (VIRTIO 1.2, 4.1 and 5.2): modern, transitional and
   legacy. One request at a time, through one buffer and one queue in the console's memory: so of the
   disks that are open one is live, and the others are started again when they are used. */
#include "console.h"
#include "disk.h"
#include "print.h"
#include "tsunami.h"

#define BUFFER_BLOCKS 128
#define MAX_QUEUE 1024
#define MODERN_QUEUE 4
#define SECONDS 1000000000ul
#define REQUEST_TIMEOUT (5 * SECONDS)
#define MAX_CAPABILITIES 48

/* Everything that the device reads and writes. The queue has the legacy layout, which suits a modern
   device too (2.7.2). */
static struct {
  uint8_t queue[32768];
  uint8_t data[BUFFER_BLOCKS * BLOCK_BYTES];
  struct virtio_blk_header header;
  volatile uint8_t status;
} dma __attribute__((aligned(LEGACY_PAGE)));

static struct disk *live;

void disk_driver_start(void) { live = NULL; }

/* Window 2 shows the first 8 MB of memory, where the console is, at the same bus addresses: so they
   are right for devices behind the windows and for devices that take physical addresses. It is open
   while the device works; an operating system that calls the console finds its own again. */
#define CONSOLE_WINDOW 2
#define CONSOLE_WINDOW_MASK 0x700000
struct window {
  uint64_t base, mask, translated;
};

static void set_window(struct window window) {
  write64(PCHIP_WSBA(CONSOLE_WINDOW), 0);
  mb();
  write64(PCHIP_WSM(CONSOLE_WINDOW), window.mask);
  write64(PCHIP_TBA(CONSOLE_WINDOW), window.translated);
  mb();
  write64(PCHIP_WSBA(CONSOLE_WINDOW), window.base);
  mb();
  (void)read64(PCHIP_WSBA(CONSOLE_WINDOW));
}

/* What was there before. */
static struct window open_window(void) {
  struct window found = {read64(PCHIP_WSBA(CONSOLE_WINDOW)), read64(PCHIP_WSM(CONSOLE_WINDOW)),
                         read64(PCHIP_TBA(CONSOLE_WINDOW))};
  set_window((struct window){WSBA_ENA, CONSOLE_WINDOW_MASK, 0});
  return found;
}

/* The KSEG address of what a base address register points to, 0 if it has no place. */
static uint64_t bar_address(pci_function f, unsigned bar) {
  uint32_t low = pci_read32(f, PCI_BAR(bar));
  if (low & PCI_BAR_IO)
    return low & ~3u ? PCI_IO_BASE + (low & ~3u) : 0;
  uint64_t high = (low & PCI_BAR_TYPE) == PCI_BAR_64BIT ? pci_read32(f, PCI_BAR(bar + 1)) : 0;
  return high == 0 && low & ~15u ? PCI_MEMORY_BASE + (low & ~15u) : 0;
}

/* The structures of the modern interface (4.1.4); the first of a kind counts. */
static int find_modern(struct disk *disk) {
  pci_function f = disk->pci;
  uint64_t found[VIRTIO_PCI_CFG] = {0};
  if (!(pci_read16(f, PCI_STATUS) & PCI_STATUS_CAPABILITIES))
    return 0;
  uint8_t at = pci_read8(f, PCI_CAPABILITIES) & ~3;
  for (unsigned n = 0; at && n < MAX_CAPABILITIES; n++, at = pci_read8(f, at + 1) & ~3) {
    unsigned type = pci_read8(f, at + VIRTIO_CAP_TYPE), bar = pci_read8(f, at + VIRTIO_CAP_BAR);
    if (pci_read8(f, at) != PCI_CAPABILITY_VENDOR || type == 0 || type >= VIRTIO_PCI_CFG ||
        bar > 5 || found[type])
      continue;
    uint64_t base = bar_address(f, bar);
    found[type] = base ? base + pci_read32(f, at + VIRTIO_CAP_OFFSET) : 0;
    if (type == VIRTIO_NOTIFY)
      disk->notify_multiplier = pci_read32(f, at + VIRTIO_CAP_NOTIFY_MULTIPLIER);
  }
  disk->common = found[VIRTIO_COMMON];
  disk->notify = found[VIRTIO_NOTIFY];
  disk->isr = found[VIRTIO_ISR];
  disk->config = found[VIRTIO_DEVICE];
  return disk->common && disk->notify && disk->isr && disk->config;
}

/* The legacy interface is one I/O region (4.1.4.10). */
static int find_legacy(struct disk *disk) {
  uint64_t base = bar_address(disk->pci, 0);
  if (pci_read16(disk->pci, PCI_DEVICE_ID) != VIRTIO_BLOCK_TRANSITIONAL || !base)
    return 0;
  disk->common = base;
  disk->notify = base + LEGACY_QUEUE_NOTIFY;
  disk->isr = base + LEGACY_ISR;
  disk->config = base + LEGACY_CONFIG;
  return 1;
}

static uint64_t status_register(const struct disk *disk) {
  return disk->common + (disk->is_legacy ? LEGACY_STATUS : COMMON_STATUS);
}
static uint8_t status(const struct disk *disk) { return read8(status_register(disk)); }
static void set_status(const struct disk *disk, uint8_t value) {
  write8(status_register(disk), value);
  mb();
}

static int reset(const struct disk *disk) {
  set_status(disk, 0);
  uint64_t deadline = pal_cserve(CSERVE_get_time, 0, 0) + SECONDS;
  while (status(disk) != 0)
    if (pal_cserve(CSERVE_get_time, 0, 0) > deadline)
      return 0;
  return 1;
}

static uint64_t features_word(const struct disk *disk, uint32_t word) {
  write32(disk->common + COMMON_DEVICE_FEATURE_SELECT, word);
  mb();
  return (uint64_t)read32(disk->common + COMMON_DEVICE_FEATURE) << 32 * word;
}

static void accept_word(const struct disk *disk, uint32_t word, uint64_t features) {
  write32(disk->common + COMMON_DRIVER_FEATURE_SELECT, word);
  mb();
  write32(disk->common + COMMON_DRIVER_FEATURE, (uint32_t)(features >> 32 * word));
  mb();
}

/* Whether the device agrees (3.1.1). It gets bus addresses if it can take them. */
static int negotiate(struct disk *disk) {
  set_status(disk, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
  if (disk->is_legacy) {
    disk->is_read_only = (read32(disk->common + LEGACY_DEVICE_FEATURES) & VIRTIO_BLK_F_RO) != 0;
    write32(disk->common + LEGACY_DRIVER_FEATURES, 0);
    mb();
    return 1;
  }
  uint64_t offered = features_word(disk, 0) | features_word(disk, 1);
  disk->is_read_only = (offered & VIRTIO_BLK_F_RO) != 0;
  uint64_t accepted = offered & (VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM);
  accept_word(disk, 0, accepted);
  accept_word(disk, 1, accepted);
  set_status(disk, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
  return accepted & VIRTIO_F_VERSION_1 && status(disk) & VIRTIO_FEATURES_OK;
}

static volatile struct virtq_descriptor *descriptors(void) { return (void *)dma.queue; }
/* flags, idx, ring. */
static volatile uint16_t *available(const struct disk *disk) {
  return (void *)(dma.queue + sizeof(struct virtq_descriptor) * disk->queue_size);
}
static uint64_t used_offset(const struct disk *disk) {
  uint64_t end = sizeof(struct virtq_descriptor) * disk->queue_size + 2 * (3u + disk->queue_size);
  return (end + LEGACY_PAGE - 1) & -(uint64_t)LEGACY_PAGE;
}
static volatile uint16_t *used(const struct disk *disk) {
  return (void *)(dma.queue + used_offset(disk));
}

static void write_address(uint64_t at, const volatile void *memory) {
  write32(at, (uint32_t)physical(memory));
  write32(at + 4, (uint32_t)(physical(memory) >> 32));
}

/* Hands queue 0 over. A legacy device says how large it is; a modern one is told. */
static int start_queue(struct disk *disk) {
  uint64_t common = disk->common;
  write16(common + (disk->is_legacy ? LEGACY_QUEUE_SELECT : COMMON_QUEUE_SELECT), 0);
  mb();
  uint16_t size = read16(common + (disk->is_legacy ? LEGACY_QUEUE_SIZE : COMMON_QUEUE_SIZE));
  if (!disk->is_legacy && size > MODERN_QUEUE)
    size = MODERN_QUEUE;
  if (size < MODERN_QUEUE || size > MAX_QUEUE)
    return 0;
  disk->queue_size = size;
  disk->next = 0;
  memset(dma.queue, 0, sizeof dma.queue);
  available(disk)[0] = VIRTQ_NO_INTERRUPT;
  mb();
  if (disk->is_legacy) {
    write32(common + LEGACY_QUEUE_ADDRESS, physical(dma.queue) / LEGACY_PAGE);
    mb();
    return 1;
  }
  write16(common + COMMON_QUEUE_SIZE, size);
  write_address(common + COMMON_QUEUE_DESC, descriptors());
  write_address(common + COMMON_QUEUE_DRIVER, available(disk));
  write_address(common + COMMON_QUEUE_DEVICE, used(disk));
  mb();
  write16(common + COMMON_QUEUE_ENABLE, 1);
  mb();
  disk->notify += (uint64_t)read16(common + COMMON_QUEUE_NOTIFY_OFF) * disk->notify_multiplier;
  return 1;
}

static void switch_mastering(const struct disk *disk, int on) {
  uint16_t command = pci_read16(disk->pci, PCI_COMMAND);
  pci_write16(disk->pci, PCI_COMMAND,
              on ? command | PCI_COMMAND_MASTER : command & ~PCI_COMMAND_MASTER);
}

static void stop(struct disk *disk) {
  if (disk->common)
    reset(disk);
  switch_mastering(disk, 0);
  if (live == disk)
    live = NULL;
}

static const char *try_start(struct disk *disk) {
  disk->is_legacy = 0;
  if (!find_modern(disk)) {
    disk->is_legacy = 1;
    disk->common = 0;
    if (!find_legacy(disk))
      return "the device has no virtio interface that this console knows";
  }
  switch_mastering(disk, 1);
  if (!reset(disk))
    return "the device does not reset";
  if (!negotiate(disk))
    return "the device refuses the features";
  if (!start_queue(disk))
    return "the device has no queue of a usable size";
  disk->blocks = read32(disk->config) | (uint64_t)read32(disk->config + 4) << 32;
  set_status(disk, status(disk) | VIRTIO_DRIVER_OK);
  return NULL;
}

/* Makes the disk the live one, through DRIVER_OK (3.1.1). The window is open. */
static const char *start(struct disk *disk) {
  if (live == disk)
    return NULL;
  if (live)
    stop(live);
  const char *error = try_start(disk);
  if (error)
    stop(disk);
  else
    live = disk;
  return error;
}

static void describe(unsigned n, const volatile void *memory, uint32_t length, uint16_t flags) {
  descriptors()[n] = (struct virtq_descriptor){physical(memory), length, flags, n + 1};
}

/* One request to its end; the data is in dma.data. The window is open. */
static int request_live(struct disk *disk, uint32_t type, uint64_t sector, uint32_t bytes) {
  dma.header = (struct virtio_blk_header){.type = type, .sector = sector};
  dma.status = 0xff;
  describe(0, &dma.header, sizeof dma.header, VIRTQ_NEXT);
  describe(1, dma.data, bytes, VIRTQ_NEXT | (type == VIRTIO_BLK_OUT ? 0 : VIRTQ_WRITE));
  describe(2, &dma.status, 1, VIRTQ_WRITE);
  available(disk)[2 + (disk->next & (disk->queue_size - 1))] = 0;
  mb();
  available(disk)[1] = ++disk->next;
  mb();
  write16(disk->notify, 0);
  mb();
  uint64_t deadline = pal_cserve(CSERVE_get_time, 0, 0) + REQUEST_TIMEOUT;
  int done = 0;
  while (!done && pal_cserve(CSERVE_get_time, 0, 0) < deadline && !(status(disk) & VIRTIO_NEEDS_RESET))
    done = used(disk)[1] == disk->next;
  mb();
  (void)read8(disk->isr);
  if (!done)
    stop(disk); /* it must not write later */
  return done && dma.status == VIRTIO_BLK_OK;
}

static int request(struct disk *disk, uint32_t type, uint64_t sector, uint32_t bytes) {
  struct window found = open_window();
  int succeeded = !start(disk) && request_live(disk, type, sector, bytes);
  set_window(found);
  return succeeded;
}

void disk_close(struct disk *disk) {
  if (live == disk)
    stop(disk);
  disk->is_open = 0;
}

const char *disk_open(struct disk *disk) {
  struct window found = open_window();
  if (live == disk)
    stop(disk);
  const char *error = start(disk);
  if (!error) {
    disk->is_open = 1;
    memset(disk->id, 0, sizeof disk->id);
    if (request_live(disk, VIRTIO_BLK_GET_ID, 0, VIRTIO_BLK_ID_BYTES))
      memcpy(disk->id, dma.data, VIRTIO_BLK_ID_BYTES);
    if (live != disk) {
      error = "the device does not answer";
      disk_close(disk);
    }
  }
  set_window(found);
  return error;
}

/* How much of a transfer the next request does, 0 at the end of the disk. */
static uint64_t piece(const struct disk *disk, uint64_t block, uint64_t bytes) {
  uint64_t blocks = bytes / BLOCK_BYTES;
  if (block >= disk->blocks)
    return 0;
  if (blocks > disk->blocks - block)
    blocks = disk->blocks - block;
  return (blocks < BUFFER_BLOCKS ? blocks : BUFFER_BLOCKS) * BLOCK_BYTES;
}

uint64_t disk_read(struct disk *disk, uint64_t block, uint64_t bytes, void *to) {
  uint64_t done = 0, count;
  while ((count = piece(disk, block, bytes - done))) {
    if (!request(disk, VIRTIO_BLK_IN, block, count))
      break;
    memcpy((char *)to + done, dma.data, count);
    done += count;
    block += count / BLOCK_BYTES;
  }
  return done;
}

uint64_t disk_write(struct disk *disk, uint64_t block, uint64_t bytes, const void *from) {
  uint64_t done = 0, count;
  while ((count = piece(disk, block, bytes - done))) {
    memcpy(dma.data, (const char *)from + done, count);
    if (!request(disk, VIRTIO_BLK_OUT, block, count))
      break;
    done += count;
    block += count / BLOCK_BYTES;
  }
  return done;
}
