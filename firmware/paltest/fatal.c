/* Ends that the firmware must report in one line. The loader's command line "!name" chooses one. */
#include "exit.h"
#include "paltest.h"

void do_bpt(void), do_ldq(void), do_stq(void);

#define NO_MEMORY (KSEG_BASE + MEMORY_LIMIT)

static void use_stack(uint64_t stack) {
  __asm__ volatile("mov %0, $30\n\tcall_pal 0x80" ::"r"(stack) : "memory");
}

static uint64_t load(uint64_t va) { return *(volatile uint64_t *)va; }

/* entInt that touches nowhere again, before MCES<MIP> is cleared. */
static void second_machine_check(void) { load(NO_MEMORY); }

void fatal_test(const char *name) {
  print("# fatal test: %s\n", name);
  if (strcmp(name, "no-entry") == 0)
    do_bpt();
  else if (strcmp(name, "stack-unmapped") == 0)
    use_stack(0x30000000);
  else if (strcmp(name, "stack-unaligned") == 0)
    use_stack(KSEG_BASE + 0x400003);
  else if (strcmp(name, "stack-no-memory") == 0)
    use_stack(NO_MEMORY);
  else if (strcmp(name, "pcb-no-memory") == 0)
    pal_swpctx(NO_MEMORY - KSEG_BASE);
  else if (strcmp(name, "double-machine-check") == 0) {
    pal_wrent((uint64_t)second_machine_check, ENTRY_int);
    load(NO_MEMORY);
  } else if (strcmp(name, "restart") == 0) {
    struct hwrpb *h = kseg(*(uint64_t *)HWRPB_VA);
    ((struct cpu_slot *)((char *)h + h->slot_offset))->flags |= 2 << 16;
    pal_halt();
  }
  print("# still here: no such test, or it failed\n");
  report_exit(2);
  pal_halt();
}
