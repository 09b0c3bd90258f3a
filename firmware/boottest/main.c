#include "boottest.h"

#include "exit.h"

const struct procedure *dispatch_descriptor;
unsigned failures;
static unsigned cases;

static void puts_line(const char *text, size_t length) {
  dispatch(PUTS, 0, (uint64_t)text, length, 0);
}

void say(const char *format, ...) {
  static char text[160];
  va_list arguments;
  va_start(arguments, format);
  vprint_to(text, sizeof text, format, arguments);
  va_end(arguments);
  puts_line(text, strlen(text));
  puts_line("\r\n", 2);
}

void ok(int passed, const char *name) {
  failures += !passed;
  say("%s %u - %s", passed ? "ok" : "not ok", ++cases, name);
}

void is(uint64_t got, uint64_t expected, const char *name) {
  ok(got == expected, name);
  if (got != expected)
    say("# got %lx, expected %lx", got, expected);
}

const char *variable(uint64_t id) {
  static char value[256];
  uint64_t length = dispatch(GET_ENV, id, (uint64_t)value, sizeof value - 1, 0);
  value[(int64_t)length < 0 ? 0 : length & 0xff] = 0;
  return value;
}

/* How the test ends, by the flags of `boot`: a halt, a boot request to the console, or an exception
   that nobody handles. Anything else is the test itself. */
static void end(const char *flags) {
  struct hwrpb *h = (struct hwrpb *)HWRPB_VA;
  if (strcmp(flags, "reboot") == 0)
    ((struct cpu_slot *)((char *)h + h->slot_offset))->flags |= REQUEST_COLD_BOOT << 16;
  else if (strcmp(flags, "exception") == 0)
    __asm__ volatile("call_pal %0" ::"i"(PAL_bugchk) : "memory");
  else if (strcmp(flags, "halt") != 0)
    report_exit(failures != 0);
  pal_halt();
}

void main(uint64_t ps, uint64_t sp) {
  struct hwrpb *h = (struct hwrpb *)HWRPB_VA;
  const struct console_routines *r = (const void *)((const char *)h + h->routines_offset);
  dispatch_descriptor = (const void *)r->dispatch_va;
  static char flags[64];
  print_to(flags, sizeof flags, "%s", variable(BOOTED_OSFLAGS));
  say("boottest: flags '%s', file '%s'", flags, variable(BOOTED_FILE));
  if (strcmp(flags, "test") == 0) {
    test_state(ps, sp);
    test_environment();
    test_disk("as booted");
    test_switch();
    test_disk("in its own page table");
    say("1..%u", cases);
    say(failures ? "# FAILED %u" : "# all passed", failures);
  }
  end(flags);
}
