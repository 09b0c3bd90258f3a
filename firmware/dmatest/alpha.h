// What the test guest uses of the Alpha architecture (Alpha Architecture Handbook): barriers, the
// KSEG mapping and OSF/1 PALcode calls.
#ifndef ALPHA_H
#define ALPHA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE 8192ul

// KSEG maps physical memory; VA<40> selects the I/O half (PA<43>).
#define KSEG_MEMORY 0xfffffc0000000000ul
#define KSEG_IO 0xfffffd0000000000ul

static inline void *memory_at(uint64_t physical) { return (void *)(KSEG_MEMORY + physical); }

static inline uint64_t physical_of(const void *address) {
  return (uint64_t)address - KSEG_MEMORY;
}

// Orders all earlier memory accesses before all later ones, on this CPU and as devices see it.
static inline void memory_barrier(void) { __asm__ volatile("mb" ::: "memory"); }

// The registers any PALcode call may destroy.
#define PAL_CLOBBERS "$1", "$22", "$23", "$24", "$25", "memory"

#define PAL_HALT 0x00
#define PAL_CSERVE 0x09
#define PAL_WRMCES 0x11
#define PAL_WRENT 0x34
#define PAL_SWPIPL 0x35
#define PAL_WTINT 0x3e

#define PAL_CALL(number, first, second)                                              \
  ({                                                                                 \
    register uint64_t v0 __asm__("$0");                                              \
    register uint64_t a0 __asm__("$16") = (first);                                   \
    register uint64_t a1 __asm__("$17") = (second);                                  \
    __asm__ volatile("call_pal %3"                                                   \
                     : "=r"(v0), "+r"(a0), "+r"(a1)                                  \
                     : "i"(number)                                                   \
                     : "$18", PAL_CLOBBERS);                                         \
    v0;                                                                              \
  })

static inline void pal_halt(void) { PAL_CALL(PAL_HALT, 0, 0); }
static inline void pal_wrmces(uint64_t value) { PAL_CALL(PAL_WRMCES, value, 0); }
static inline void pal_wrent(void (*entry)(void), uint64_t which) {
  PAL_CALL(PAL_WRENT, (uint64_t)entry, which);
}
// Sets the interrupt priority level: 0 takes every interrupt, 7 none. Returns the old level.
static inline uint64_t pal_swpipl(uint64_t level) { return PAL_CALL(PAL_SWPIPL, level, 0); }
// Sleeps until an interrupt is requested.
static inline void pal_wtint(void) { PAL_CALL(PAL_WTINT, 0, 0); }

// Nanoseconds since start, from the PALcode (CSERVE function 7).
static inline uint64_t clock_ns(void) { return PAL_CALL(PAL_CSERVE, 7, 0); }
// Asks for an interval timer interrupt after so many nanoseconds (CSERVE function 5).
static inline void alarm_after_ns(uint64_t ns) { PAL_CALL(PAL_CSERVE, 5, ns); }

#define MILLISECONDS 1000000ul

#endif
