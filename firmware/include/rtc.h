/* The MC146818 real-time clock and its battery-backed memory (data sheet). */
#ifndef BREAKWATER_RTC_H
#define BREAKWATER_RTC_H

#include "io.h"

#define RTC_INDEX 0x70
#define RTC_DATA 0x71
#define RTC_BYTES 128
#define RTC_REGISTER_A 0x0a
#define RTC_REGISTER_B 0x0b
#define RTC_SHUTDOWN 0x0f /* free memory in the chip; a PC says here why it resets */
#define RTC_RATE_1024HZ 0x26
#define RTC_24_HOURS 0x02

#ifndef __ASSEMBLER__
static inline uint8_t rtc_read(uint8_t index) {
  outb(RTC_INDEX, index);
  return inb(RTC_DATA);
}
static inline void rtc_write(uint8_t index, uint8_t value) {
  outb(RTC_INDEX, index);
  outb(RTC_DATA, value);
}
#endif
#endif
