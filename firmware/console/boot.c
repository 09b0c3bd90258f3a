/* BOOT: the kernel that the emulator loaded, or a primary bootstrap from a disk (Alpha AHB III, disk
   bootstrapping). */
#include "console.h"
#include "disk.h"
#include "print.h"
#include "rtc.h"

/* Block 0 of a disk that can be booted. Its last quadword is the sum of the others. */
struct boot_block {
  uint64_t label[60];
  uint64_t count, block; /* of the bootstrap, in blocks */
  uint64_t flags, checksum;
};
_Static_assert(sizeof(struct boot_block) == BLOCK_BYTES, "boot block");

/* The region of a bootstrap, in pages: at least 256 KB of image and memory behind it, then a stack
   between two pages that are not there. */
#define MINIMUM_PAGES 32
#define SPARE_PAGES 16
#define STACK_PAGES 8
#define GUARD_PAGES 2
#define MAXIMUM_PAGES (BOOTSTRAP_MAX_PAGES - STACK_PAGES - GUARD_PAGES)
#define BOOTSTRAP_VPTB 0x200000000ul

static char last_device[DISK_NAME_BYTES];

static uint64_t sum_of(const struct boot_block *block) {
  uint64_t total = 0;
  for (const uint64_t *quad = (const uint64_t *)block; quad < &block->checksum; quad++)
    total += *quad;
  return total;
}

/* Whether the block can be believed; says what is wrong with it. */
static int is_valid(const struct boot_block *b, const struct disk *disk, const char *name) {
  uint64_t sum = sum_of(b);
  if (b->checksum == sum && b->flags == 0 && b->count && b->block && b->block < disk->blocks &&
      b->count <= disk->blocks - b->block)
    return 1;
  print("block 0 of %s is not a valid boot block: ", name);
  if (b->checksum != sum)
    print("its checksum is %lx, its quadwords add up to %lx\n", b->checksum, sum);
  else if (sum == 0 && b->count == 0)
    print("it is empty\n");
  else if (b->flags)
    print("its flags are %lx and must be 0\n", b->flags);
  else if (b->count == 0 || b->block == 0)
    print("%lu blocks at block %lu are no bootstrap\n", b->count, b->block);
  else
    print("%lu blocks at block %lu, but the disk ends at block %lu\n", b->count, b->block,
          disk->blocks);
  return 0;
}

/* Puts the bootstrap of an open disk into memory at `base`. The pages of its image, or 0. */
static unsigned load(struct disk *disk, const char *name, uint64_t base) {
  static struct boot_block block;
  if (disk_read(disk, 0, sizeof block, &block) != sizeof block) {
    print("failed to read %s: block 0\n", name);
    return 0;
  }
  if (!is_valid(&block, disk, name))
    return 0;
  print("block 0 of %s is a valid boot block\n", name);
  uint64_t most = (uint64_t)(MAXIMUM_PAGES - SPARE_PAGES) * PAGE_SIZE / BLOCK_BYTES;
  if (block.count > most) {
    print("a bootstrap of %lu blocks is too large: %lu fit\n", block.count, most);
    return 0;
  }
  uint64_t bytes = block.count * BLOCK_BYTES;
  unsigned image = (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
  unsigned pages = image + SPARE_PAGES < MINIMUM_PAGES ? MINIMUM_PAGES : image + SPARE_PAGES;
  if (base + (uint64_t)(pages + STACK_PAGES) * PAGE_SIZE > machine.memory_bytes) {
    print("a bootstrap of %lu blocks does not fit into memory\n", block.count);
    return 0;
  }
  print("reading %lu blocks from %s\n", block.count, name);
  uint64_t done = disk_read(disk, block.block, bytes, kseg(base));
  if (done != bytes) {
    print("failed to read %s: block %lu\n", name, block.block + done / BLOCK_BYTES);
    return 0;
  }
  memset((char *)kseg(base) + bytes, 0, (uint64_t)(pages + STACK_PAGES) * PAGE_SIZE - bytes);
  print("bootstrap code read in\nbase = %lx, image_start = 0, image_bytes = %lx\n", base, bytes);
  return pages;
}

/* The state of the machine that a bootstrap starts in (Alpha AHB III, bootstrapping). */
static void __attribute__((noreturn)) start_bootstrap(uint64_t base, unsigned pages) {
  print("initializing HWRPB at %lx\n", physical(&hwrpb));
  hwrpb_start(machine.memory_bytes, machine.cpus);
  hwrpb.vptb = BOOTSTRAP_VPTB;
  struct cpu_slot *slot = &hwrpb.slot[hwrpb.primary_cpu];
  slot->flags |= SLOT_BOOTSTRAP_IN_PROGRESS;
  hwrpb_update_checksum();

  slot->pcb.ptbr = page_tables_start(BOOTSTRAP_VPTB);
  print("initializing page table at %lx\n", slot->pcb.ptbr << PAGE_SHIFT);
  map_bootstrap(0, pages, base);
  map_bootstrap(pages + 1, STACK_PAGES, base + ((uint64_t)pages << PAGE_SHIFT));
  slot->pcb.ksp = BOOTSTRAP_VA + ((uint64_t)(pages + 1 + STACK_PAGES) << PAGE_SHIFT);
  slot->pcb.flags = 1;
  print("jumping to bootstrap code\n");
  switch_context(&slot->pcb, BOOTSTRAP_VA, BOOTSTRAP_VPTB, BOOTSTRAP_VA);
}

static void boot_disk(const char *device, const char *file, const char *flags) {
  if (machine.system_has_run)
    machine_start();
  struct disk *disk = disk_named(device);
  char name[DISK_NAME_BYTES];
  print_to(name, sizeof name, "%s", device);
  if (disk)
    disk_name(disk, name);
  print("(boot %s", name);
  if (*file)
    print(" -file %s", file);
  print(" -flags %s)\n", flags);

  const char *error = disk ? disk_open(disk) : "there is no such device";
  if (error) {
    print("failed to open %s: %s\n", name, error);
    return;
  }
  uint64_t base = ((uint64_t)physical(firmware_end) + PAGE_SIZE - 1) & -(uint64_t)PAGE_SIZE;
  unsigned pages = load(disk, name, base);
  disk_close(disk);
  if (!pages)
    return;
  char string[DISK_NAME_BYTES];
  disk_string(disk, string);
  memcpy(last_device, name, sizeof last_device);
  variable_set(&variables[BOOTED_DEV], string, strlen(string));
  variable_set(&variables[BOOTED_FILE], file, strlen(file));
  variable_set(&variables[BOOTED_OSFLAGS], flags, strlen(flags));
  machine.system_has_run = 1;
  start_bootstrap(base, pages);
}

/* What RTC_SHUTDOWN says over a reset. */
#define BOOT_HOST 0x42
#define BOOT_HOST_ATTENDED 0x43

/* A kernel that has run needs to be loaded again, which the emulator does at a reset. */
static void __attribute__((noreturn)) boot_host_after_reset(void) {
  rtc_write(RTC_SHUTDOWN, machine.is_attended ? BOOT_HOST_ATTENDED : BOOT_HOST);
  reset_system();
}

void boot_after_reset(void) {
  uint8_t mark = rtc_read(RTC_SHUTDOWN);
  if (mark != BOOT_HOST && mark != BOOT_HOST_ATTENDED)
    return;
  rtc_write(RTC_SHUTDOWN, 0);
  machine.is_attended = mark == BOOT_HOST_ATTENDED;
  boot(HOST_DEVICE, NULL, NULL);
}

static void boot_one(const char *device, const char *file, const char *flags) {
  if (!means(device, HOST_DEVICE))
    boot_disk(device, file ? file : variables[BOOT_FILE].value,
              flags ? flags : variables[BOOT_OSFLAGS].value);
  else if (!machine.kernel)
    print("failed to open " HOST_DEVICE ": the emulator was given no kernel\n");
  else if (file || flags)
    print("-file and -flags have no meaning for " HOST_DEVICE ": the emulator passes the command line\n");
  else if (machine.system_has_run)
    boot_host_after_reset();
  else
    start_kernel();
}

/* Takes the next of names that commas separate. What is too long is cut, and then no device. */
static int next_device(const char **list, char name[DISK_NAME_BYTES]) {
  size_t length = 0;
  while (**list == ' ' || **list == ',')
    ++*list;
  for (; **list && **list != ','; ++*list)
    if (length < DISK_NAME_BYTES - 1)
      name[length++] = **list;
  while (length && name[length - 1] == ' ')
    length--;
  name[length] = 0;
  return length > 0;
}

void boot(const char *devices, const char *file, const char *flags) {
  if (!devices)
    devices = machine.kernel ? HOST_DEVICE : variables[BOOTDEF_DEV].value;
  char name[DISK_NAME_BYTES];
  if (!next_device(&devices, name)) {
    print("no default boot device: boot DEVICE, or set bootdef_dev; \"show device\" lists them\n");
    return;
  }
  do {
    boot_one(name, file, flags);
    print("bootstrap failure\n");
  } while (next_device(&devices, name));
}

static void boot_last_device(void) {
  boot_disk(last_device, variables[BOOT_FILE].value, variables[BOOT_OSFLAGS].value);
  print("bootstrap failure\n");
  prompt();
}

void __attribute__((noreturn)) boot_again(void) {
  if (!*last_device)
    boot_host_after_reset();
  console_enter(boot_last_device);
}
