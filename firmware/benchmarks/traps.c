#include "benchmarks.h"
#include "io.h"
#include "pal.h"

#define COUNT 10000

void entry_if(void), entry_mm(void), entry_sys(void);

void traps_start(void) {
  pal_wrent((uint64_t)entry_if, ENTRY_if);
  pal_wrent((uint64_t)entry_mm, ENTRY_mm);
  pal_wrent((uint64_t)entry_sys, ENTRY_sys);
}

/* PALcode calls that come back at once. The peer executes the first three without PALcode. */
uint64_t calls(void) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < COUNT; i++) {
    pal_swpipl(i & 7);
    pal_wrunique(i);
    sum += pal_rdunique() + pal_swpipl(7);
    sum += pal_rdmces() & 1;
    pal_wrkgp(sum);
  }
  return sum;
}

/* GENTRAP in kernel mode, entIF, RTI. */
uint64_t traps(void) { return trap_loop(COUNT); }

/* A load from a page whose table entry is not valid, entMM, RTI behind the load. */
uint64_t faults(void) {
  map_page(WINDOW_PAGES - 1, 0, PTE_KRE);
  return fault_loop(COUNT, WINDOW_VA + (WINDOW_PAGES - 1) * (uint64_t)PAGE_SIZE);
}

/* CALLSYS in user mode, entSys, RETSYS. */
uint64_t syscalls(void) {
  map_page(WINDOW_PAGES - 2, physical(user_page), PTE_V | PTE_URE | PTE_KRE);
  return syscall_loop(COUNT, WINDOW_VA + (WINDOW_PAGES - 2) * (uint64_t)PAGE_SIZE);
}
