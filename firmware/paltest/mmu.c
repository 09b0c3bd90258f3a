#include "paltest.h"

typedef uint64_t page_table[PAGE_SIZE / 8];
static page_table level1[2] __attribute__((aligned(PAGE_SIZE)));
static page_table level2[2] __attribute__((aligned(PAGE_SIZE)));
static page_table level3[2] __attribute__((aligned(PAGE_SIZE)));
uint8_t pages[TEST_PAGES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

/* SWPCTX needs 128-byte alignment (Alpha AHB II-B, process structure). */
struct pcb test_pcb __attribute__((aligned(128))), other_pcb __attribute__((aligned(128)));

static uint64_t pte(const void *memory, uint64_t bits) {
  return physical(memory) >> PAGE_SHIFT << PTE_PFN_SHIFT | bits;
}

uint64_t test_va(unsigned page) { return TEST_VA + page * PAGE_SIZE; }

void set_page(unsigned page, const void *memory, uint64_t bits) {
  level3[0][(TEST_VA >> 13 & 1023) + page] = pte(memory, bits);
  mb();
}

void map_page(unsigned page, const void *memory, uint64_t bits) {
  set_page(page, memory, bits);
  pal_tbi(3, test_va(page));
}

void map_other(const void *memory, uint64_t bits) {
  level3[1][TEST_VA >> 13 & 1023] = pte(memory, bits);
  mb();
}

/* Goes from the firmware's context to our own; the stack stays. */
void mmu_start(void) {
  for (unsigned space = 0; space < 2; space++) {
    uint64_t bits = PTE_V | PTE_KRE | PTE_KWE;
    level1[space][1023] = pte(level1[space], bits);
    level1[space][TEST_VA >> 33 & 1023] = pte(level2[space], bits);
    level2[space][TEST_VA >> 23 & 1023] = pte(level3[space], bits);
  }
  test_pcb.ptbr = physical(level1[0]) >> PAGE_SHIFT;
  test_pcb.asn = 1;
  test_pcb.flags = 1;
  other_pcb.ptbr = physical(level1[1]) >> PAGE_SHIFT;
  other_pcb.asn = 2;
  other_pcb.flags = 1;
  mb();
  register uint64_t a0 __asm__("$16") = physical(&test_pcb);
  __asm__ volatile("stq $30, 0(%1)\n\tcall_pal %2"
                   : "+r"(a0)
                   : "r"(&test_pcb.ksp), "i"(PAL_swpctx)
                   : "$0", "$17", "$18", "$19", "$20", "$21", PAL_CLOBBERS);
}
