/* User mode: the kernel stack, CALLSYS and RETSYS, what user mode may not do. */
#include "paltest.h"

extern char user_code[], user_code_end[], user_second[], user_halt[], user_kseg[], user_bpt[], kernel_sp[];

#define USER (PTE_V | PTE_KRE | PTE_KWE | PTE_URE | PTE_UWE)
#define USER_STACK (test_va(5) + PAGE_SIZE)
#define USER_GP 0x1122334455667788

static uint64_t user_address(const char *label) { return test_va(4) + (uint64_t)(label - user_code); }

static void run(const char *label, int action) {
  user_action = action;
  enter_user(user_address(label), USER_STACK, USER_GP);
  pal_swpipl(7);
}

/* After so many parts of the user code. */
static int user_frame(unsigned parts) {
  uint64_t stack = *(uint64_t *)kernel_sp;
  return trap.frame.ps == PS_USER && trap.ps == 0 && trap.frame.gp == USER_GP &&
         trap.sp == stack - FRAME_SIZE && pal_rdusp() == USER_STACK - 64 * parts;
}

static void test_callsys(void) {
  unsigned count = trap.count;
  run(user_code, USER_LEAVE);
  ok(trap.count == count + 1 && trap.kind == ENTRY_sys && trap.v0 == 1,
     "CALLSYS: entSys with the number in v0");
  ok(user_frame(1), "CALLSYS: PS, gp, stacks");
  is(trap.frame.pc, user_address(user_second), "CALLSYS: frame PC");
  is(trap.a0, 0x77, "CALLSYS: a0 stays");

  /* The handler answers the first call by RETSYS; the code goes on to the second, which tells gp. */
  user_action = USER_RETSYS;
  leave_after = trap.count + 2;
  enter_user(user_address(user_code), USER_STACK, USER_GP);
  pal_swpipl(7);
  ok(trap.kind == ENTRY_sys && trap.v0 == 2 && user_frame(2), "RETSYS: user mode goes on, a second CALLSYS");
  is(trap.a0, USER_GP, "RETSYS: gp is the user's again");
}

static void test_faults(void) {
  run(user_halt, USER_LEAVE);
  ok(trap.kind == ENTRY_if && trap.a0 == 4 && user_frame(1), "a privileged call in user mode: entIF 4");
  is(trap.frame.pc, user_address(user_halt) + 8, "its frame PC");
  ok(trap.frame.a0 == 0x111 && trap.frame.a1 == 0x111 && trap.frame.a2 == 0x111,
     "RTI gave user mode a0 to a2");
  run(user_kseg, USER_LEAVE);
  ok(trap.kind == ENTRY_mm && trap.a0 == KSEG_BASE && trap.a1 == 1 && trap.a2 == 0 && user_frame(1),
     "KSEG in user mode: ACV");
  is(trap.frame.pc, user_address(user_kseg) + 12, "its frame PC");
  run(user_bpt, USER_LEAVE);
  ok(trap.kind == ENTRY_if && trap.a0 == 0 && user_frame(1), "BPT in user mode");
  map_page(4, pages[4], USER & ~PTE_URE);
  run(user_code, USER_LEAVE);
  ok(trap.kind == ENTRY_mm && trap.a0 == test_va(4) && trap.a1 == 1 && trap.a2 == (uint64_t)-1 &&
         user_frame(0),
     "fetch from a kernel page in user mode: ACV");
}

void test_user(void) {
  memcpy(pages[4], user_code, user_code_end - user_code);
  pal_imb();
  map_page(4, pages[4], USER);
  map_page(5, pages[5], USER);
  test_callsys();
  test_faults();
}
