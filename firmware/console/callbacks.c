/* Console callback routines, as the HWRPB's CRB offers them (Alpha AHB III, console callback
   routines). */
#include "console.h"
#include "print.h"
#include "uart.h"

enum {
  GETC = 0x01,
  PUTS = 0x02,
  RESET_TERM = 0x03,
  SET_TERM_INT = 0x04,
  CLOSE = 0x11,
  SET_ENV = 0x20,
  RESET_ENV = 0x21,
  GET_ENV = 0x22,
  SAVE_ENV = 0x23,
};

/* R0<63:61> of a result. */
#define STATUS(n) ((uint64_t)(n) << 61)
#define GETC_NOTHING STATUS(4)
#define ENV_TRUNCATED STATUS(1)
#define ENV_READ_ONLY_OR_TOO_LONG STATUS(4)
#define ENV_NOT_RECOGNIZED STATUS(6)
#define FAILED STATUS(4)

struct variable variables[VARIABLES] = {
    [0x01] = {.name = "auto_action", .initial = "HALT"},
    [0x02] = {.name = "boot_dev", .initial = ""},
    [0x03] = {.name = "bootdef_dev", .initial = ""},
    [0x04] = {.name = "booted_dev", .initial = ""},
    [0x05] = {.name = "boot_file", .initial = ""},
    [0x06] = {.name = "booted_file", .initial = ""},
    [0x07] = {.name = "boot_osflags", .initial = ""},
    [0x08] = {.name = "booted_osflags", .initial = ""},
    [0x09] = {.name = "boot_reset", .initial = "OFF"},
    [0x0a] = {.name = "dump_dev", .initial = ""},
    [0x0b] = {.name = "enable_audit", .initial = "OFF"},
    [0x0c] = {.name = "license", .initial = "MU"},
    [0x0d] = {.name = "char_set", .initial = "0"},
    [0x0e] = {.name = "language", .initial = "36"},
    [0x0f] = {.name = "tty_dev", .initial = "0"},
};

static void reset_variable(struct variable *v) { memcpy(v->value, v->initial, strlen(v->initial) + 1); }

void variables_start(void) {
  for (unsigned id = 0; id < VARIABLES; id++)
    if (variables[id].name)
      reset_variable(&variables[id]);
}

static struct variable *find(uint64_t id) {
  return id < VARIABLES && variables[id].name ? &variables[id] : NULL;
}

static uint64_t copy_out(const char *text, char *buffer, uint64_t room) {
  uint64_t length = strlen(text), count = length < room ? length : room;
  memcpy(buffer, text, count);
  return count | (count < length ? ENV_TRUNCATED : 0);
}

static uint64_t environment(uint64_t function, uint64_t id, char *buffer, uint64_t length) {
  struct variable *v = find(id);
  if (function == SAVE_ENV)
    return FAILED; /* nothing survives a reset */
  if (!v)
    return ENV_NOT_RECOGNIZED;
  switch (function) {
  case GET_ENV:
    return copy_out(v->value, buffer, length);
  case RESET_ENV:
    reset_variable(v);
    return copy_out(v->value, buffer, length);
  default:
    if (length >= VARIABLE_BYTES)
      return ENV_READ_ONLY_OR_TOO_LONG;
    memcpy(v->value, buffer, length);
    v->value[length] = 0;
    return length;
  }
}

/* Never waits: R0<31:0> = the character, or status "none" (Alpha AHB III, GETC). */
static uint64_t get_character(void) {
  int byte = uart_get();
  return byte < 0 ? GETC_NOTHING : (uint64_t)byte;
}

static uint64_t put_string(const uint8_t *bytes, uint64_t length) {
  for (uint64_t i = 0; i < length; i++)
    uart_put(bytes[i]);
  return length;
}

/* There is one terminal, unit 0, and no I/O unit: OPEN, READ, WRITE and IOCTL fail. */
uint64_t crb_dispatch(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3) {
  switch (function) {
  case GETC:
    return a1 == 0 ? get_character() : FAILED;
  case PUTS:
    return a1 == 0 ? put_string((const uint8_t *)a2, a3 & 0xffffffff) : FAILED;
  case RESET_TERM:
  case SET_TERM_INT:
    return a1 == 0 ? 0 : FAILED;
  case CLOSE:
    return 0;
  case SET_ENV:
  case RESET_ENV:
  case GET_ENV:
  case SAVE_ENV:
    return environment(function, a1, (char *)a2, a3);
  default:
    return FAILED;
  }
}

/* The routines run in KSEG wherever the operating system maps their descriptors (Alpha AHB III,
   FIXUP). */
uint64_t crb_fixup(void) { return 0; }
