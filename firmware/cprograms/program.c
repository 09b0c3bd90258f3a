/* The frame of every program: set-up, the Test Anything Protocol, and the end. */
#include "program.h"

#include "exit.h"
#include "pal.h"
#include "print.h"

static const char *current;
static unsigned number, failures, different;

extern char entry_arith[], entry_other[];

static void end_case(void) {
  if (!current)
    return;
  print("%s %u - %s\n", different ? "not ok" : "ok", number, current);
  failures += different != 0;
}

void test(const char *name) {
  end_case();
  current = name;
  number++;
  different = 0;
}

void same(uint64_t got, uint64_t expected, const char *what, uint64_t index) {
  if (got != expected && different++ < 4)
    print("# %s, %lu: got %lx, expected %lx\n", what, index, got, expected);
}

void __attribute__((noreturn)) finish(void) {
  end_case();
  print("1..%u\n", number);
  report_exit(failures != 0);
  pal_halt();
}

/* An exception that no program causes on purpose. */
void __attribute__((noreturn)) unexpected(struct exception_frame *frame, uint64_t a0, uint64_t a1) {
  print("Bail out! exception at %lx, a0 %lx, a1 %lx\n", frame->pc, a0, a1);
  report_exit(1);
  pal_halt();
}

void start(void) {
  pal_wrfen(1);
  write_fpcr(FPCR_DYN(FPCR_NEAREST));
  for (unsigned entry = ENTRY_int; entry <= ENTRY_sys; entry++)
    pal_wrent((uint64_t)(entry == ENTRY_arith ? entry_arith : entry_other), entry);
  program();
  finish();
}
