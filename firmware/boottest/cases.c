#include "boottest.h"

#include "pci.h"
#include "tsunami.h"

#define BOOTSTRAP_VA 0x20000000ul
#define VPTB_BOOTSTRAP 0x200000000ul
#define VPTB_OWN 0xfffffffe00000000ul
#define LEVEL1 ((uint64_t *)0x200802000)
#define BLOCK 512ul
#define MANY 200ul /* blocks: more than the console moves at once */

extern char _start[];
static struct hwrpb *hwrpb(void) { return (struct hwrpb *)HWRPB_VA; }

static uint64_t sum(const void *from, const void *to) {
  uint64_t total = 0;
  for (const uint64_t *quad = from; (const void *)quad < to; quad++)
    total += *quad;
  return total;
}

static uint64_t pte(uint64_t vptb, uint64_t va) { return ((uint64_t *)vptb)[va >> PAGE_SHIFT]; }
static int is_mapped(uint64_t va) {
  return (pte(VPTB_BOOTSTRAP, va) & 0xffff) == (PTE_V | PTE_KRE | PTE_KWE);
}

void test_state(uint64_t ps, uint64_t sp) {
  struct hwrpb *h = hwrpb();
  is(ps, 7, "kernel mode, IPL 7");
  is((uint64_t)_start, BOOTSTRAP_VA, "starts at 0x20000000");
  is(h->vptb, VPTB_BOOTSTRAP, "HWRPB: VPTB 0x200000000");
  is(LEVEL1[1] & 0xffffffff, PTE_V | PTE_KRE | PTE_KWE, "the L1 table maps itself in slot 1");
  is(h->checksum, sum(h, &h->checksum), "HWRPB: checksum");
  const struct cpu_slot *slot = (const void *)((const char *)h + h->slot_offset);
  is(slot->flags & (SLOT_BOOTSTRAP_IN_PROGRESS | SLOT_AVAILABLE),
     SLOT_BOOTSTRAP_IN_PROGRESS | SLOT_AVAILABLE, "HWRPB slot: bootstrap in progress");
  is(slot->pcb.ptbr, LEVEL1[1] >> 32, "HWRPB slot: PTBR is the L1 table");
  int mapped = 1;
  for (uint64_t va = BOOTSTRAP_VA; va < BOOTSTRAP_VA + 0x40000; va += PAGE_SIZE)
    mapped &= is_mapped(va);
  ok(mapped, "256 KB are mapped");
  ok(is_mapped(sp - 8) && !is_mapped(sp), "the stack ends at a page that is not there");
  uint64_t low = sp - 8;
  while (low > BOOTSTRAP_VA && is_mapped(low))
    low -= PAGE_SIZE;
  ok(low > BOOTSTRAP_VA + 0x40000, "and begins above one");
  const struct memory_descriptors *m = (const void *)((const char *)h + h->memory_offset);
  uint64_t page = pte(VPTB_BOOTSTRAP, BOOTSTRAP_VA) >> 32;
  ok(page >= m->cluster[0].pages && m->cluster[1].usage == CLUSTER_SYSTEM, "in free memory");
  is(read64(CCHIP_DIM0), 0, "device interrupts masked");
  is(read64(PCHIP_WSBA(0)) | read64(PCHIP_WSBA(1)) | (read64(PCHIP_WSBA(2)) & WSBA_ENA), 0,
     "DMA windows off");
}

static uint64_t set(uint64_t id, const char *value, uint64_t length) {
  return dispatch(SET_ENV, id, (uint64_t)value, length, 0);
}

void test_environment(void) {
  static char text[300];
  ok(memcmp(variable(BOOTED_DEV), "SCSI 0 ", 7) == 0, "booted_dev names protocol, hose and slot");
  is(status(set(BOOTED_DEV, "x", 1)), 4, "booted_dev is read only");
  is(status(set(0x99, "x", 1)), 6, "a variable that is not there");
  is(status(set(AUTO_ACTION, text, sizeof text)), 7, "a value that is too long");
  is(set(AUTO_ACTION, "RESTART", 7), 7, "SET_ENV");
  ok(strcmp(variable(AUTO_ACTION), "RESTART") == 0, "GET_ENV gives it back");
  is(dispatch(RESET_ENV, AUTO_ACTION, (uint64_t)text, sizeof text, 0), 4, "RESET_ENV");
  ok(memcmp(text, "HALT", 4) == 0, "gives the initial value");
  is(dispatch(GET_ENV, AUTO_ACTION, (uint64_t)text, 2, 0), 2 | 1ul << 61, "GET_ENV says what it cut");
}

static unsigned slot_of_booted(void) { return variable(BOOTED_DEV)[sizeof "SCSI 0 " - 1] - '0'; }
static uint64_t open(const char *name) { return dispatch(OPEN, (uint64_t)name, strlen(name), 0, 0); }
static uint64_t transfer(uint64_t function, uint64_t channel, uint64_t bytes, void *buffer,
                         uint64_t block) {
  return dispatch(function, channel, bytes, (uint64_t)buffer, block);
}

static uint8_t first[BLOCK + 8] __attribute__((aligned(8)));
static uint8_t many[MANY * BLOCK] __attribute__((aligned(8)));

/* Disk sizes are not told, so the last block is where reading begins to fail. */
static uint64_t blocks_of(uint64_t channel) {
  uint64_t low = 1, high = 1ul << 32;
  while (high - low > 1) {
    uint64_t middle = low + (high - low) / 2;
    if ((int64_t)transfer(READ, channel, BLOCK, first, middle - 1) < 0 ||
        status(transfer(READ, channel, BLOCK, first, middle - 1)))
      high = middle;
    else
      low = middle;
  }
  return low;
}

static void test_write(uint64_t channel, uint64_t last) {
  static uint8_t saved[BLOCK], pattern[BLOCK];
  for (unsigned i = 0; i < BLOCK; i++)
    pattern[i] = i * 7;
  transfer(READ, channel, BLOCK, saved, last);
  is(transfer(WRITE, channel, BLOCK, pattern, last), BLOCK, "WRITE");
  transfer(READ, channel, BLOCK, first, last);
  ok(memcmp(first, pattern, BLOCK) == 0, "and READ gives it back");
  transfer(WRITE, channel, BLOCK, saved, last);
}

/* With a copy of the disk in the next slot, if there is one. */
static void test_two_disks(uint64_t channel) {
  char name[24];
  print_to(name, sizeof name, "SCSI 0 %u 0 0 0 0 0", slot_of_booted() + 1);
  uint64_t other = open(name);
  if ((int64_t)other < 0) {
    say("# no second disk");
    return;
  }
  ok(other != channel, "a second disk has a channel of its own");
  static uint8_t block[BLOCK];
  int same = 1;
  for (unsigned n = 0; n < 4; n++) {
    same &= transfer(READ, channel, BLOCK, first, n) == BLOCK;
    same &= transfer(READ, other, BLOCK, block, n) == BLOCK && memcmp(first, block, BLOCK) == 0;
  }
  ok(same, "and both are read in turn");
  is(dispatch(CLOSE, other, 0, 0, 0), 0, "CLOSE of the second");
  is(transfer(READ, channel, BLOCK, first, 0), BLOCK, "leaves the first open");
}

void test_disk(const char *when) {
  say("# disk, %s", when);
  ok((int64_t)open("SCSI 0 31 0 0 0 0 0") < 0, "OPEN of a device that is not there");
  uint64_t channel = open(variable(BOOTED_DEV));
  ok((int64_t)channel > 0 && channel < 256, "OPEN of booted_dev gives a channel");
  is(transfer(READ, channel, BLOCK, first, 0), BLOCK, "READ of block 0");
  is(*(uint64_t *)(first + 504), sum(first, first + 504), "is the boot block");
  uint64_t start = *(uint64_t *)(first + 488);
  is(transfer(READ, channel, BLOCK, first + 3, start), BLOCK, "READ to an unaligned address");
  ok(memcmp(first + 3, _start, 64) == 0, "is this program");
  is(transfer(READ, channel, 700, first, start), BLOCK, "READ leaves out what is no whole block");
  is(transfer(READ, channel, sizeof many, many, 0), sizeof many, "READ of many blocks");
  int same = 1;
  for (unsigned block = 0; block < MANY; block += 37) {
    transfer(READ, channel, BLOCK, first, block);
    same &= memcmp(first, many + block * BLOCK, BLOCK) == 0;
  }
  ok(same, "gives the same as one by one");
  uint64_t blocks = blocks_of(channel);
  is(transfer(READ, channel, 4 * BLOCK, many, blocks - 2), 2 * BLOCK | 1ul << 62,
     "READ over the end says so, with what there is");
  is(transfer(READ, channel, BLOCK, many, ~0ul), 1ul << 62, "READ behind the end");
  test_write(channel, blocks - 1);
  test_two_disks(channel);
  ok((int64_t)dispatch(IOCTL, channel, 1, 0, 0) < 0, "IOCTL is refused");
  is(dispatch(CLOSE, channel, 0, 0, 0), 0, "CLOSE");
  ok((int64_t)transfer(READ, channel, BLOCK, first, 0) < 0, "READ of a channel that is closed");
  ok((int64_t)dispatch(CLOSE, channel, 0, 0, 0) < 0, "CLOSE of it");
  is(pci_read16(pci_address(0, slot_of_booted(), 0), PCI_COMMAND) & PCI_COMMAND_MASTER, 0,
     "a closed disk does not master the bus");
  is(read64(PCHIP_WSBA(2)) & WSBA_ENA, 0, "and its window is shut");
}

/* As boot loaders for Linux do: to an own context, with the self-map at the end of memory. */
void test_switch(void) {
  static struct pcb pcb __attribute__((aligned(128)));
  uint64_t *level1 = LEVEL1;
  level1[1023] = level1[1];
  pcb.ptbr = level1[1] >> 32;
  pcb.flags = 1;
  uint64_t pa = (pte(VPTB_BOOTSTRAP, (uint64_t)&pcb) >> 32 << PAGE_SHIFT) |
                ((uint64_t)&pcb & (PAGE_SIZE - 1));
  is(switch_palcode(7, &pcb, pa, VPTB_OWN), 1, "SWPPAL of PALcode that is not there");
  is(switch_palcode(2, &pcb, pa, VPTB_OWN), 0, "SWPPAL to OSF/1 PALcode");
  level1[1] = 0;
  pal_tbi(-2, 0);
  is(((uint64_t *)-(uint64_t)PAGE_SIZE)[1], 0, "the page table is now at the end of memory");
}
