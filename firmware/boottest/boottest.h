/* Boot test: a primary bootstrap that checks what the console gives one, and the callbacks that it
   loads with. One TAP line per case, through PUTS. */
#ifndef BOOTTEST_H
#define BOOTTEST_H

#include "hwrpb.h"
#include "print.h"

enum {
  PUTS = 0x02,
  OPEN = 0x10,
  CLOSE = 0x11,
  IOCTL = 0x12,
  READ = 0x13,
  WRITE = 0x14,
  SET_ENV = 0x20,
  RESET_ENV = 0x21,
  GET_ENV = 0x22,
};
enum { AUTO_ACTION = 0x01, BOOTED_DEV = 0x04, BOOTED_FILE = 0x06, BOOTED_OSFLAGS = 0x08 };

extern const struct procedure *dispatch_descriptor;
uint64_t dispatch(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4);
uint64_t switch_palcode(uint64_t variant, struct pcb *pcb, uint64_t pcb_pa, uint64_t vptb);

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void ok(int passed, const char *name);
void is(uint64_t got, uint64_t expected, const char *name);
extern unsigned failures;

/* An environment variable, closed with a zero. */
const char *variable(uint64_t id);
/* R0<63:61>. */
static inline uint64_t status(uint64_t result) { return result >> 61; }

void test_state(uint64_t ps, uint64_t sp);
void test_environment(void);
void test_disk(const char *when);
void test_switch(void);
#endif
