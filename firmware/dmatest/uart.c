// COM1, a 16550A that the firmware has set up; driven by polling.
#include "tsunami.h"
#include "print.h"

#define THR (COM1 + 0)
#define LSR (COM1 + 5)
#define LSR_THRE 0x20

static void put_raw(char c) {
  // A transmitter that never empties loses output rather than hanging the test.
  for (unsigned tries = 0; tries < 1000000 && !(PORT8(LSR) & LSR_THRE); tries++) continue;
  PORT8(THR) = (uint8_t)c;
}

void put_character(char c) {
  if (c == '\n') put_raw('\r');
  put_raw(c);
  memory_barrier();
}
