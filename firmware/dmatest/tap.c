#include "tap.h"

#include "exit.h"
#include "pal.h"
#include "print.h"

static enum { PASSED, FAILED, SKIPPED } state;
static const char *current;
static unsigned number, counts[3];
static const char *reason;

void tap_plan(unsigned count) { print("1..%u\n", count); }

void tap_begin(const char *name) {
  current = name;
  number++;
  state = PASSED;
}

#define PRINT_COMMENT(prefix, format) \
  do {                                \
    va_list arguments;                \
    va_start(arguments, format);      \
    print("# " prefix);               \
    vprint(format, arguments);        \
    print("\n");                      \
    va_end(arguments);                \
  } while (0)

void tap_note(const char *format, ...) { PRINT_COMMENT("", format); }

void tap_fail(const char *format, ...) {
  state = FAILED;
  PRINT_COMMENT("failed: ", format);
}

void tap_skip(const char *why) {
  if (state != PASSED) return;
  state = SKIPPED;
  reason = why;
}

void tap_end(void) {
  counts[state]++;
  print("%s %u - %s", state == FAILED ? "not ok" : "ok", number, current);
  if (state == SKIPPED) print(" # SKIP %s", reason);
  print("\n");
}

static void leave(bool failed) __attribute__((noreturn));
static void leave(bool failed) {
  report_exit(failed);
  pal_halt();
}

void tap_finish(void) {
  print("# passed %u, failed %u, skipped %u\n", counts[PASSED], counts[FAILED], counts[SKIPPED]);
  leave(counts[FAILED] != 0);
}

void tap_bail_out(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print("Bail out! ");
  vprint(format, arguments);
  print("\n");
  va_end(arguments);
  leave(true);
}
