#include "paltest.h"

volatile struct trap trap;
volatile uint64_t resume_pc;
volatile int user_action;
volatile unsigned leave_after;

void entry_int(void), entry_arith(void), entry_mm(void), entry_if(void), entry_una(void), entry_sys(void);

/* From entry.S; the result says how to return. */
int trap_handler(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t kind, struct exception_frame *frame,
                 uint64_t v0) {
  trap.count++;
  trap.kind = kind;
  trap.a0 = a0;
  trap.a1 = a1;
  trap.a2 = a2;
  trap.sp = (uint64_t)frame;
  trap.v0 = v0;
  trap.frame = *frame;
  trap.ps = pal_rdps();
  if (kind == ENTRY_int && a0 == INTERRUPT_machine_check) {
    trap.logout_size = *(uint32_t *)a2;
    trap.code = *(uint32_t *)(a2 + 0x10);
    trap.store = *(uint64_t *)(a2 + 0x50);
    trap.exc_addr = *(uint64_t *)(a2 + 0x58);
  }
  if (kind == ENTRY_int && a0 == INTERRUPT_device) {
    write64(CCHIP_DIM0, 0);
    mb();
  }
  if (resume_pc) {
    frame->pc = resume_pc;
    resume_pc = 0;
  }
  if (!(frame->ps & PS_USER))
    return USER_RESUME;
  return trap.count == leave_after ? USER_LEAVE : user_action;
}

void traps_start(void) {
  uint64_t gp;
  __asm__ volatile("mov $29, %0" : "=r"(gp));
  pal_wrkgp(gp);
  pal_wrent((uint64_t)entry_int, ENTRY_int);
  pal_wrent((uint64_t)entry_arith, ENTRY_arith);
  pal_wrent((uint64_t)entry_mm, ENTRY_mm);
  pal_wrent((uint64_t)entry_if, ENTRY_if);
  pal_wrent((uint64_t)entry_una, ENTRY_una);
  pal_wrent((uint64_t)entry_sys, ENTRY_sys);
}

void fill(struct registers *registers) {
  for (unsigned i = 0; i < 29; i++)
    registers->r[i] = 0x1000000000000001ul * (i + 1) + 0x0000f00d00000000ul;
}

int preserved(const struct registers *before, const struct registers *after, uint64_t but) {
  int same = 1;
  for (unsigned i = 0; i < 29; i++)
    if (i != 26 && i != 27 && !(but >> i & 1) && before->r[i] != after->r[i]) {
      print("# R%u was 0x%lx, is 0x%lx\n", i, before->r[i], after->r[i]);
      same = 0;
    }
  return same;
}
