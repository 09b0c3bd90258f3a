/* Console callbacks through the CRB (Alpha AHB III, console callback routines). */
#include "paltest.h"

#define GETC 0x01
#define PUTS 0x02
#define RESET_TERM 0x03
#define SET_ENV 0x20
#define GET_ENV 0x22
#define TTY_DEV 0x0f
#define BOOT_OSFLAGS 0x07

uint64_t call_console(const struct procedure *procedure, uint64_t function, uint64_t a1, uint64_t a2,
                      uint64_t a3);

static const struct procedure *dispatch;

static uint64_t call(uint64_t function, uint64_t a1, const void *a2, uint64_t a3) {
  return call_console(dispatch, function, a1, (uint64_t)a2, a3);
}

void test_callbacks(void) {
  const struct hwrpb *h = kseg(platform.hwrpb);
  const struct console_routines *r = (const void *)((const char *)h + h->routines_offset);
  dispatch = (const void *)r->dispatch_va;
  static const char text[] = "# this line came through PUTS\r\n";
  is(call(PUTS, 0, text, sizeof text - 1) & 0xffffffff, sizeof text - 1, "PUTS returns the count");
  is(call(RESET_TERM, 0, 0, 0) >> 61, 0, "RESET_TERM succeeds");
  ok((int64_t)call(0x30, 0, 0, 0) < 0, "an unknown function fails");
  is(call_console((const void *)r->fixup_va, 0x10000000, (uint64_t)h, 0, 0), 0, "FIXUP succeeds");
  if (!platform.own_firmware) {
    skip("GETC and the variables", "this firmware's GETC waits, and it has no variables");
    return;
  }
  is(call(GETC, 0, 0, 0) >> 61, 4, "GETC says at once that there is no character");
  char buffer[16] = "";
  is(call(GET_ENV, TTY_DEV, buffer, sizeof buffer), 1, "GET_ENV tty_dev");
  is(buffer[0], '0', "its value");
  is(call(SET_ENV, BOOT_OSFLAGS, "root=/dev/vda", 13), 13, "SET_ENV boot_osflags");
  is(call(GET_ENV, BOOT_OSFLAGS, buffer, 4), 4 | 1ul << 61, "GET_ENV truncates and says so");
  is(call(GET_ENV, BOOT_OSFLAGS, buffer, sizeof buffer), 13, "GET_ENV length");
  ok(memcmp(buffer, "root=/dev/vda", 13) == 0, "GET_ENV value");
  is(call(GET_ENV, 0x99, buffer, sizeof buffer) >> 61, 6, "GET_ENV of an unknown variable");
}
