#include "exit.h"
#include "paltest.h"

static unsigned cases, failures;

void ok(int passed, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  cases++;
  failures += !passed;
  print("%sok %u - ", passed ? "" : "not ", cases);
  vprint(format, arguments);
  print("\n");
  va_end(arguments);
}

void is(uint64_t got, uint64_t expected, const char *name) {
  ok(got == expected, "%s", name);
  if (got != expected)
    print("# got 0x%lx, expected 0x%lx\n", got, expected);
}

void skip(const char *name, const char *why) {
  cases++;
  print("ok %u - %s # SKIP %s\n", cases, name, why);
}

void tap_end(void) {
  print("1..%u\n", cases);
  if (failures)
    print("# %u of %u failed\n", failures, cases);
  else
    print("# all passed\n");
  report_exit(failures != 0);
}
