/* The page tables of the console: the L1 table maps itself, the HWRPB is at its architected virtual
   address, and a bootstrap has a region of its own (Alpha AHB III, bootstrap address space).
   Everything else is used through KSEG. */
#include "console.h"
#include "print.h"

typedef uint64_t page_table[PAGE_SIZE / 8];
static page_table level1 __attribute__((aligned(PAGE_SIZE)));
static page_table level2 __attribute__((aligned(PAGE_SIZE)));
static page_table level3 __attribute__((aligned(PAGE_SIZE)));
static page_table bootstrap_level3 __attribute__((aligned(PAGE_SIZE)));

static uint64_t kernel_pte(uint64_t pa) {
  return pa >> PAGE_SHIFT << PTE_PFN_SHIFT | PTE_V | PTE_KRE | PTE_KWE;
}

uint64_t page_tables_start(uint64_t vptb) {
  memset(level1, 0, sizeof level1);
  memset(level2, 0, sizeof level2);
  memset(level3, 0, sizeof level3);
  memset(bootstrap_level3, 0, sizeof bootstrap_level3);
  level1[vptb >> 33 & 1023] = kernel_pte(physical(level1));
  level1[HWRPB_VA >> 33 & 1023] = kernel_pte(physical(level2));
  level2[HWRPB_VA >> 23 & 1023] = kernel_pte(physical(level3));
  level2[BOOTSTRAP_VA >> 23 & 1023] = kernel_pte(physical(bootstrap_level3));
  level3[HWRPB_VA >> 13 & 1023] = kernel_pte(physical(&hwrpb));
  mb();
  return physical(level1) >> PAGE_SHIFT;
}

void map_bootstrap(unsigned first, unsigned pages, uint64_t pa) {
  for (unsigned page = 0; page < pages; page++)
    bootstrap_level3[first + page] = kernel_pte(pa + ((uint64_t)page << PAGE_SHIFT));
  mb();
}
