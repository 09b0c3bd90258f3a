/* What a kernel finds when it starts: its registers and the HWRPB (Alpha AHB III, HWRPB and
   bootstrapping). */
#include "paltest.h"

void test_state(uint64_t ps, uint64_t sp, uint64_t pv, uint64_t entry) {
  is(ps, 7, "entry: kernel mode, IPL 7");
  is(pv, entry, "entry: R27 is the entry point");
  ok(sp > KSEG_BASE && sp < entry && sp % 16 == 0, "entry: a stack in KSEG");
  is(read64(CCHIP_DIM0), 0, "entry: device interrupts masked");
  is(read64(PCHIP_WSBA(0)) | read64(PCHIP_WSBA(1)) | read64(PCHIP_WSBA(2)), 0, "entry: DMA windows off");
}

static uint64_t sum(const void *from, const void *to) {
  uint64_t total = 0;
  for (const uint64_t *quad = from; (const void *)quad < to; quad++)
    total += *quad;
  return total;
}

static void test_memory_descriptors(const struct hwrpb *h) {
  const struct memory_descriptors *m = (const void *)((const char *)h + h->memory_offset);
  ok(m->clusters >= 2, "HWRPB: at least two memory clusters");
  int adjacent = 1, own = 0;
  uint64_t next = 0, here = physical(&platform) >> PAGE_SHIFT;
  for (unsigned i = 0; i < m->clusters; i++) {
    const struct memory_cluster *c = &m->cluster[i];
    adjacent &= c->start_pfn == next;
    next = c->start_pfn + c->pages;
    own |= here >= c->start_pfn && here < next && (c->usage & 3) == 0;
  }
  ok(adjacent && next << PAGE_SHIFT >= 0x800000, "HWRPB: the clusters cover memory without holes");
  ok(own, "HWRPB: the kernel is in a free cluster");
  ok(physical(kseg(h->pa)) >> PAGE_SHIFT < m->cluster[0].pages, "HWRPB: the firmware's cluster holds it");
  if (platform.own_firmware)
    is(m->checksum, sum(&m->optional_pa, &m->cluster[m->clusters]), "HWRPB: MEMDSC checksum");
  else
    skip("HWRPB: MEMDSC checksum", "0 in this firmware");
}

static void test_console_blocks(const struct hwrpb *h) {
  const struct console_terminal *t = (const void *)((const char *)h + h->terminal_offset);
  is(t->terminal_type, 2, "HWRPB: the terminal is a serial line");
  const struct console_routines *r = (const void *)((const char *)h + h->routines_offset);
  const struct procedure *dispatch = (const void *)r->dispatch_va;
  ok(dispatch == kseg(r->dispatch_pa) && dispatch->code > KSEG_BASE, "HWRPB: DISPATCH descriptor in KSEG");
  ok(r->map_entries >= 1 && r->map[0].va == KSEG_BASE + r->map[0].pa &&
         r->dispatch_va - r->map[0].va < r->map[0].pages << PAGE_SHIFT,
     "HWRPB: the CRB map covers the descriptors");
}

void test_hwrpb(void) {
  const struct hwrpb *h = (const struct hwrpb *)HWRPB_VA;
  const struct hwrpb *same = kseg(h->pa);
  ok(same->pa == h->pa && same->identifier == h->identifier,
     "HWRPB: at 0x10000000 and at its physical address");
  is(h->identifier, 0x4857525042000000, "HWRPB: identifier");
  is(h->checksum, sum(h, &h->checksum), "HWRPB: checksum");
  is(h->page_size, PAGE_SIZE, "HWRPB: page size");
  is(h->max_asn, 255, "HWRPB: largest ASN");
  is(h->system_type, SYSTEM_TYPE_TSUNAMI, "HWRPB: system type");
  is(h->system_variation & 0xfc00, SYSTEM_VARIATION_CLIPPER, "HWRPB: system variation");
  ok(memcmp(h->serial, "QEMU", 5) == 0, "HWRPB: serial number string of the alarm clock's board");
  is(h->vptb, VPTB_CONSOLE, "HWRPB: VPTB");
  is(h->clock_frequency, 1024 * 4096, "HWRPB: interval clock");
  is(h->cycle_frequency, CYCLES_PER_SECOND, "HWRPB: cycle counter");
  is(h->primary_cpu, pal_whami(), "HWRPB: primary CPU is this one");
  int available = h->slots >= 1 && h->slots <= MAX_CPUS;
  for (unsigned cpu = 0; available && cpu < h->slots; cpu++) {
    const struct cpu_slot *slot = (const void *)((const char *)h + h->slot_offset + cpu * h->slot_size);
    available &= (slot->flags & SLOT_AVAILABLE) == SLOT_AVAILABLE;
    available &= (slot->cpu_type & 0xffffffff) == CPU_TYPE_EV67;
  }
  ok(available, "HWRPB: every CPU is an available EV67");
  test_memory_descriptors(h);
  test_console_blocks(h);
  /* Slot 1023 of the L1 table maps the table itself: it is the last page of the address space. */
  const uint64_t *level1 = (const uint64_t *)-(uint64_t)PAGE_SIZE;
  is(level1[1023] & 0xffffffff, PTE_V | PTE_KRE | PTE_KWE, "page table: L1 maps itself in slot 1023");
}
