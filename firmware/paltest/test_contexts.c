/* SWPCTX (Alpha AHB II-B, process structure). */
#include "paltest.h"

void do_rpcc(void), do_cpys(void);
uint64_t in_other_context(uint64_t pcb, void (*body)(void), uint64_t *other);

#define FULL (PTE_V | PTE_KRE | PTE_KWE)

static uint8_t other_stack[8192] __attribute__((aligned(16)));
static struct {
  uint64_t usp, unique, page, stack;
  uint32_t cycles;
  unsigned traps;
} seen;

static uint64_t load(uint64_t va) { return *(volatile uint64_t *)va; }

/* Process cycles: the counter plus its offset, 32 bits. */
static uint32_t process_cycles(void) {
  struct registers r;
  exercise(do_rpcc, &r);
  return r.r[0] + (r.r[0] >> 32);
}

static void body(void) {
  seen.usp = pal_rdusp();
  seen.unique = pal_rdunique();
  seen.page = load(test_va(0));
  seen.cycles = process_cycles();
  __asm__ volatile("mov $30, %0" : "=r"(seen.stack));
  pal_wrunique(0xbbb);
  pal_wrusp(0xccc);
  unsigned count = trap.count;
  resume_pc = (uint64_t)do_cpys + 4;
  struct registers r;
  fill(&r);
  exercise(do_cpys, &r);
  resume_pc = 0;
  seen.traps = trap.count - count;
}

static void visit(const char *name) {
  uint64_t other;
  uint64_t old = in_other_context(physical(&other_pcb), body, &other);
  ok(old == physical(&test_pcb) && other == physical(&other_pcb), "SWPCTX %s: returns the old PCB", name);
}

void test_contexts(void) {
  *(uint64_t *)pages[6] = 666;
  *(uint64_t *)pages[7] = 777;
  map_page(0, pages[6], FULL);
  map_other(pages[7], FULL);
  pal_wrusp(0x111000);
  pal_wrunique(0x222000);
  other_pcb.ksp = (uint64_t)(other_stack + sizeof other_stack);
  other_pcb.usp = 0x333000;
  other_pcb.unique = 0x444000;
  other_pcb.pcc = 0x40000000;
  other_pcb.flags = 0;
  is(load(test_va(0)), 666, "a page in one address space");
  uint32_t cycles = process_cycles();

  visit("there and back");
  ok(seen.usp == 0x333000 && seen.unique == 0x444000, "SWPCTX loads USP and UNIQUE");
  is(seen.page, 777, "SWPCTX loads PTBR: the same address, another page");
  ok(seen.stack > (uint64_t)other_stack && seen.stack <= other_pcb.ksp, "SWPCTX loads KSP");
  ok(seen.cycles - 0x40000000 < 10000000, "SWPCTX loads the process cycle counter");
  is(seen.traps, 1, "SWPCTX loads FEN");
  ok(other_pcb.usp == 0xccc && other_pcb.unique == 0xbbb, "SWPCTX saves USP and UNIQUE");
  ok(other_pcb.pcc - seen.cycles < 10000000 && other_pcb.pcc != 0x40000000, "SWPCTX saves the cycle counter");
  is(other_pcb.flags, 0, "SWPCTX does not save FEN");
  is(load(test_va(0)), 666, "back in the first address space");
  ok(pal_rdusp() == 0x111000 && pal_rdunique() == 0x222000, "and its USP and UNIQUE");
  ok(process_cycles() - cycles < 10000000, "and its cycle counter went on");

  /* The same number for other tables, and the same tables under another number. */
  other_pcb.asn = test_pcb.asn;
  visit("with the same ASN");
  is(seen.page, 777, "another PTBR under the same ASN");
  is(load(test_va(0)), 666, "and back");
  other_pcb.ptbr = test_pcb.ptbr;
  other_pcb.asn = 3;
  set_page(0, pages[7], FULL);
  visit("with the same PTBR");
  is(seen.page, 777, "a new ASN sees the page table as it is");
}
