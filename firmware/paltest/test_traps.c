/* Synchronous exceptions in kernel mode: argument registers, frame, and nothing else changed
   (Alpha AHB II-B, exceptions and interrupts). */
#include "paltest.h"

typedef void snippet(void);
snippet do_bpt, do_bugchk, do_gentrap, do_clrfen, do_unknown_privileged, do_unknown_unprivileged,
    do_reserved_opcode, do_hw_mfpr, do_addqv, do_divt, do_cpys, do_ldbu, do_ldwu, do_ldl, do_ldq, do_ldq_u,
    do_stw, do_stl, do_stq, do_locked;

/* One trap of a snippet: a1 and a2 are compared too if exact. offset: frame PC - snippet. */
struct expectation {
  const char *name;
  snippet *code;
  uint64_t kind, a0, a1, a2;
  int exact;
  unsigned offset;
};

static void expect_trap(const struct expectation *e, struct registers *before) {
  struct registers after = *before;
  uint64_t stack;
  __asm__ volatile("mov $30, %0" : "=r"(stack));
  unsigned count = trap.count;
  if (e->offset == 0)
    resume_pc = (uint64_t)e->code + 4;
  exercise(e->code, &after);
  int right = trap.count == count + 1 && trap.kind == e->kind && trap.a0 == e->a0 &&
              (!e->exact || (trap.a1 == e->a1 && trap.a2 == e->a2));
  ok(right, "%s: one trap, its entry and arguments", e->name);
  if (!right)
    print("# %u traps, entry %lu(0x%lx, 0x%lx, 0x%lx)\n", trap.count - count, trap.kind, trap.a0, trap.a1,
          trap.a2);
  right = trap.frame.pc == (uint64_t)e->code + e->offset && trap.frame.ps == 7 &&
          trap.frame.a0 == before->r[16] && trap.frame.a1 == before->r[17] &&
          trap.frame.a2 == before->r[18] && trap.sp < stack && stack - trap.sp < 1024 && trap.ps == 7;
  ok(right, "%s: frame", e->name);
  if (!right)
    print("# PS %lx, PC 0x%lx for 0x%lx, a0 0x%lx\n", trap.frame.ps, trap.frame.pc,
          (uint64_t)e->code + e->offset, trap.frame.a0);
  ok(preserved(before, &after, 0), "%s: registers preserved", e->name);
}

static void test_instruction_faults(void) {
  static const struct expectation cases[] = {
      {"BPT", do_bpt, ENTRY_if, 0, 0, 0, 0, 4},
      {"BUGCHK", do_bugchk, ENTRY_if, 1, 0, 0, 0, 4},
      {"GENTRAP", do_gentrap, ENTRY_if, 2, 0, 0, 0, 4},
      {"unknown privileged CALL_PAL", do_unknown_privileged, ENTRY_if, 4, 0, 0, 0, 4},
      {"unknown unprivileged CALL_PAL", do_unknown_unprivileged, ENTRY_if, 4, 0, 0, 0, 4},
      {"reserved opcode", do_reserved_opcode, ENTRY_if, 4, 0, 0, 0, 4},
      {"HW_MFPR outside PALmode", do_hw_mfpr, ENTRY_if, 4, 0, 0, 0, 4},
  };
  struct registers r;
  fill(&r);
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
    expect_trap(&cases[i], &r);
}

static void test_unaligned(void) {
  static uint64_t cell[2];
  cell[0] = 0x8877665544332211;
  struct registers r;
  fill(&r);
  uint64_t va = (uint64_t)cell + 1;
  r.r[4] = va;
  struct expectation cases[] = {
      {"unaligned LDWU", do_ldwu, ENTRY_una, va, 0x0c, 3, 1, 4},
      {"unaligned LDL", do_ldl, ENTRY_una, va, 0x28, 3, 1, 4},
      {"unaligned LDQ", do_ldq, ENTRY_una, va, 0x29, 3, 1, 4},
      {"unaligned STW", do_stw, ENTRY_una, va, 0x0d, 3, 1, 4},
      {"unaligned STL", do_stl, ENTRY_una, va, 0x2c, 3, 1, 4},
      {"unaligned STQ", do_stq, ENTRY_una, va, 0x2d, 3, 1, 4},
  };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
    expect_trap(&cases[i], &r);
  unsigned count = trap.count;
  struct registers after = r;
  exercise(do_ldbu, &after);
  is(after.r[3], 0x22, "LDBU is never unaligned");
  after = r;
  exercise(do_ldq_u, &after);
  is(after.r[3], cell[0], "LDQ_U is never unaligned");
  is(trap.count, count, "and neither traps");
}

static void test_arithmetic(void) {
  struct registers r, after;
  fill(&r);
  r.r[3] = 0x7fffffffffffffff;
  r.r[4] = 1;
  after = r;
  unsigned count = trap.count;
  exercise(do_addqv, &after);
  ok(trap.count == count + 1 && trap.kind == ENTRY_arith && trap.a0 == 0x40,
     "ADDQ/V overflow: entArith, IOV");
  is(trap.frame.pc, (uint64_t)do_addqv + 4, "ADDQ/V overflow: frame PC");
  ok(preserved(&r, &after, 1 << 5) && after.r[5] == 0x8000000000000000,
     "ADDQ/V overflow: result and registers");
  /* F1 = 1.0, F2 = 0 */
  __asm__ volatile("cpys $f31,$f31,$f2\n\tlda $1,1($31)\n\titoft $1,$f1\n\tcvtqt $f1,$f1" ::
                       : "$1", "$f1", "$f2");
  count = trap.count;
  fill(&after);
  exercise(do_divt, &after);
  ok(trap.count == count + 1 && trap.kind == ENTRY_arith && trap.a0 == 0x04, "DIVT by zero: entArith, DZE");
  is(trap.a1, 1ul << 35, "DIVT by zero: register mask names F3");
}

static void test_floating_disabled(void) {
  struct registers r, after;
  fill(&r);
  pal_wrfen(0);
  is(test_pcb.flags & 1, 0, "WRFEN writes the PCB");
  after = r;
  unsigned count = trap.count;
  resume_pc = (uint64_t)do_cpys + 4;
  exercise(do_cpys, &after);
  ok(trap.count == count + 1 && trap.kind == ENTRY_if && trap.a0 == 3, "FP disabled: entIF 3");
  if (platform.own_machine)
    is(trap.frame.pc, (uint64_t)do_cpys, "FP disabled: the frame's PC is the instruction");
  else
    skip("FP disabled: the frame's PC is the instruction", "this emulator stores the next one");
  pal_wrfen(1);
  is(test_pcb.flags & 1, 1, "WRFEN writes the PCB again");
  count = trap.count;
  exercise(do_cpys, &after);
  is(trap.count, count, "FP enabled: no trap");
  if (!platform.own_firmware) {
    skip("CLRFEN", "this firmware does not have it");
    return;
  }
  after = r;
  exercise(do_clrfen, &after);
  resume_pc = (uint64_t)do_cpys + 4;
  exercise(do_cpys, &after);
  ok(trap.count == count + 1 && trap.a0 == 3 && (test_pcb.flags & 1) == 0, "CLRFEN");
  pal_wrfen(1);
}

static void test_lock(void) {
  static uint64_t cell;
  struct registers r;
  fill(&r);
  r.r[4] = (uint64_t)&cell;
  exercise(do_locked, &r);
  is(r.r[3], 0, "a trap between LDQ_L and STQ_C makes the store fail");
}

void test_traps(void) {
  test_instruction_faults();
  test_unaligned();
  test_arithmetic();
  test_floating_disabled();
  test_lock();
}
