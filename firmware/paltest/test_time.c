/* The alarm clock and WTINT. */
#include "paltest.h"

#define MICROSECOND 1000ul

static uint64_t now(void) { return pal_cserve(CSERVE_get_time, 0, 0); }

/* Waits for a trap, at most 50 ms. */
static int trapped(unsigned count) {
  uint64_t end = now() + 50000 * MICROSECOND;
  while (trap.count == count && now() < end)
    ;
  return trap.count > count;
}

static int is_clock(unsigned level) {
  return trap.kind == ENTRY_int && trap.a0 == INTERRUPT_clock && trap.ps == 5 && trap.frame.ps == level;
}

void test_time(void) {
  unsigned count = trap.count;
  pal_swpipl(0);
  pal_cserve(CSERVE_set_alarm_rel, 200 * MICROSECOND, 0);
  ok(trapped(count) && is_clock(0), "CSERVE 5: the alarm interrupts at IPL 0, the handler runs at 5");
  is(trap.count, count + 1, "it interrupts once");
  uint64_t target = now() + 300 * MICROSECOND;
  pal_cserve(CSERVE_set_alarm_abs, target, 0);
  is(pal_cserve(CSERVE_get_alarm, 0, 0), target, "CSERVE 4 reads what CSERVE 6 set");
  ok(trapped(count + 1) && is_clock(0) && now() >= target, "CSERVE 6: an alarm at an absolute time");
  pal_cserve(CSERVE_set_alarm_rel, 200 * MICROSECOND, 0);
  pal_cserve(CSERVE_set_alarm_abs, 0, 0);
  count = trap.count;
  uint64_t end = now() + 400 * MICROSECOND;
  while (now() < end)
    ;
  is(trap.count, count, "CSERVE 6 with 0 cancels");

  pal_swpipl(7);
  uint64_t before = now();
  pal_cserve(CSERVE_set_alarm_rel, 500 * MICROSECOND, 0);
  pal_wtint(0);
  ok(now() - before >= 500 * MICROSECOND, "WTINT sleeps until the alarm, at IPL 7");
  is(trap.count, count, "which stays pending there");
  pal_swpipl(5);
  is(trap.count, count, "and at IPL 5");
  pal_swpipl(4);
  ok(trap.count == count + 1 && is_clock(4), "and is taken before the instruction after SWPIPL 4");
  pal_swpipl(7);
}
