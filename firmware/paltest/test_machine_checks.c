/* Machine checks of accesses that no memory answers (Alpha AHB II-B, machine checks). */
#include "paltest.h"

void do_ldq(void), do_stq(void), do_callsys(void);

#define NO_MEMORY (KSEG_BASE + MEMORY_LIMIT)

#define PROCESSOR_MACHINE_CHECK 0x670

static void check(const char *name, void (*snippet)(void), uint64_t code, uint64_t store) {
  struct registers before, after;
  fill(&before);
  before.r[4] = NO_MEMORY;
  after = before;
  unsigned count = trap.count;
  exercise(snippet, &after);
  ok(trap.count == count + 1 && trap.kind == ENTRY_int && trap.a0 == INTERRUPT_machine_check &&
         trap.ps == 7,
     "%s: one machine check at IPL 7", name);
  is(trap.frame.pc, (uint64_t)snippet + 4, "frame PC is the next instruction");
  is(trap.logout_size, 0x90, "logout frame size");
  is(trap.exc_addr, (uint64_t)snippet, "logout frame EXC_ADDR");
  if (!platform.own_firmware) {
    skip("vector, code, MCES<MIP> and registers",
         "this firmware stores no code, sets no MIP and destroys R1");
    return;
  }
  ok(trap.a1 == PROCESSOR_MACHINE_CHECK && trap.code == code && trap.store == store,
     "vector, code and direction");
  is(pal_rdmces(), 1, "MCES<MIP> is set");
  pal_wrmces(7);
  ok(preserved(&before, &after, 1 << 3), "registers preserved");
}

void test_machine_checks(void) {
  check("load from nowhere", do_ldq, 0x207, 0);
  check("store to nowhere", do_stq, 0x207, 1);
  if (platform.own_firmware)
    check("CALLSYS from kernel mode", do_callsys, 0x90, 0);
}
