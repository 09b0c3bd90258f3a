/* The page tables of the console: the L1 table maps itself, and the HWRPB is at its architected
   virtual address (Alpha AHB III, bootstrap address space). Everything else is used through KSEG. */
#include "console.h"

typedef uint64_t page_table[PAGE_SIZE / 8];
static page_table level1 __attribute__((aligned(PAGE_SIZE)));
static page_table level2 __attribute__((aligned(PAGE_SIZE)));
static page_table level3 __attribute__((aligned(PAGE_SIZE)));

static uint64_t pfn(const void *page) { return physical(page) >> PAGE_SHIFT; }

static uint64_t kernel_pte(const void *page) {
  return pfn(page) << PTE_PFN_SHIFT | PTE_V | PTE_KRE | PTE_KWE;
}

uint64_t page_tables_start(void) {
  level1[VPTB_CONSOLE >> 33 & 1023] = kernel_pte(level1);
  level1[HWRPB_VA >> 33 & 1023] = kernel_pte(level2);
  level2[HWRPB_VA >> 23 & 1023] = kernel_pte(level3);
  level3[HWRPB_VA >> 13 & 1023] = kernel_pte(&hwrpb);
  mb();
  return pfn(level1);
}
