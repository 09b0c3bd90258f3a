/* Time, from the PALcode. */
#ifndef CLOCK_H
#define CLOCK_H

#include "pal.h"

#define MILLISECONDS 1000000ul

static inline uint64_t clock_ns(void) { return pal_cserve(CSERVE_get_time, 0, 0); }
/* Asks for an interval timer interrupt after so many nanoseconds; 0 takes the wish back. */
static inline void alarm_after_ns(uint64_t ns) {
  pal_cserve(ns ? CSERVE_set_alarm_rel : CSERVE_set_alarm_abs, ns, 0);
}

#endif
