#include "benchmarks.h"
#include "io.h"
#include "pal.h"

#define ENTRIES 1024
static uint64_t level1[ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static uint64_t level2[ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static uint64_t level3[WINDOW_PAGES] __attribute__((aligned(PAGE_SIZE)));

/* SWPCTX needs 128-byte alignment (Alpha AHB II-B, process structure). */
static struct pcb pcb __attribute__((aligned(128)));

static uint64_t pte(uint64_t physical_address, uint64_t bits) {
  return physical_address >> PAGE_SHIFT << PTE_PFN_SHIFT | bits;
}

void map_page(unsigned page, uint64_t physical_address, uint64_t bits) {
  level3[page] = pte(physical_address, bits);
}

/* Goes from the firmware's context to our own; the stack stays. */
void mmu_start(void) {
  uint64_t bits = PTE_V | PTE_KRE | PTE_KWE;
  level1[WINDOW_VA >> 33 & 1023] = pte(physical(level2), bits);
  for (unsigned table = 0; table < WINDOW_PAGES / ENTRIES; table++)
    level2[(WINDOW_VA >> 23 & 1023) + table] = pte(physical(level3 + table * ENTRIES), bits);
  pcb.ptbr = physical(level1) >> PAGE_SHIFT;
  pcb.flags = 1;
  mb();
  register uint64_t a0 __asm__("$16") = physical(&pcb);
  __asm__ volatile("stq $30, 0(%1)\n\tcall_pal %2"
                   : "+r"(a0)
                   : "r"(&pcb.ksp), "i"(PAL_swpctx)
                   : "$0", "$17", "$18", "$19", "$20", "$21", PAL_CLOBBERS);
}
