/* Console callback routines, as the HWRPB's CRB offers them (Alpha AHB III, console callback
   routines). */
#include "console.h"
#include "disk.h"
#include "print.h"
#include "uart.h"

enum {
  GETC = 0x01,
  PUTS = 0x02,
  RESET_TERM = 0x03,
  SET_TERM_INT = 0x04,
  OPEN_CONSOLE = 0x07,
  CLOSE_CONSOLE = 0x08,
  OPEN = 0x10,
  CLOSE = 0x11,
  READ = 0x13,
  WRITE = 0x14,
  SET_ENV = 0x20,
  RESET_ENV = 0x21,
  GET_ENV = 0x22,
  SAVE_ENV = 0x23,
};

/* R0<63:61> of a result. */
#define STATUS(n) ((uint64_t)(n) << 61)
#define GETC_NOTHING STATUS(4)
#define ENV_TRUNCATED STATUS(1)
#define ENV_READ_ONLY STATUS(4)
#define ENV_NOT_RECOGNIZED STATUS(6)
#define ENV_TOO_LONG STATUS(7)
#define SAVE_FAILED STATUS(6)
#define FAILED STATUS(4)

/* Of READ and WRITE. */
#define TRANSFER_ERROR (1ul << 63)
#define TRANSFER_END (1ul << 62) /* end of the medium */
#define TRANSFER_COUNT 0xffffffff

static uint64_t copy_out(const char *text, char *buffer, uint64_t room) {
  uint64_t length = strlen(text), count = length < room ? length : room;
  memcpy(buffer, text, count);
  return count | (count < length ? ENV_TRUNCATED : 0);
}

static uint64_t environment(uint64_t function, uint64_t id, char *buffer, uint64_t length) {
  struct variable *variable = variable_numbered(id);
  if (function == SAVE_ENV)
    return variables_save() ? 0 : SAVE_FAILED;
  if (!variable)
    return ENV_NOT_RECOGNIZED;
  if (function == GET_ENV)
    return copy_out(variable->value, buffer, length);
  if (variable->kind == READ_ONLY)
    return ENV_READ_ONLY;
  if (function == RESET_ENV) {
    variable_reset(variable);
    return copy_out(variable->value, buffer, length);
  }
  if (length >= VARIABLE_BYTES)
    return ENV_TOO_LONG;
  variable_set(variable, buffer, length);
  return length;
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

/* R0<31:0> = channel. A disk that is open is started again, under the same number. */
static uint64_t open_device(const char *text, uint64_t length) {
  char name[DISK_NAME_BYTES];
  if (length >= sizeof name)
    return FAILED;
  memcpy(name, text, length);
  name[length] = 0;
  struct disk *disk = disk_named(name);
  return disk && !disk_open(disk) ? disk_channel(disk) : FAILED;
}

static uint64_t close_device(uint64_t channel) {
  struct disk *disk = disk_of_channel(channel);
  if (!disk)
    return FAILED;
  disk_close(disk);
  return 0;
}

/* Whole blocks: what is more of the count is left out (Alpha AHB III, READ). */
static uint64_t transfer(uint64_t function, uint64_t channel, uint64_t bytes, void *memory,
                         uint64_t block) {
  struct disk *disk = disk_of_channel(channel);
  if (!disk || (function == WRITE && disk->is_read_only))
    return TRANSFER_ERROR;
  bytes = (bytes & TRANSFER_COUNT) & -(uint64_t)BLOCK_BYTES;
  uint64_t done = function == READ ? disk_read(disk, block, bytes, memory)
                                   : disk_write(disk, block, bytes, memory);
  if (done == bytes)
    return done;
  return done | (block + done / BLOCK_BYTES >= disk->blocks ? TRANSFER_END : TRANSFER_ERROR);
}

/* There is one terminal, unit 0; the I/O units are disks. */
uint64_t crb_dispatch(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4) {
  switch (function) {
  case GETC:
    return a1 == 0 ? get_character() : FAILED;
  case PUTS:
    return a1 == 0 ? put_string((const uint8_t *)a2, a3 & 0xffffffff) : FAILED;
  case RESET_TERM:
  case SET_TERM_INT:
    return a1 == 0 ? 0 : FAILED;
  case OPEN_CONSOLE:
  case CLOSE_CONSOLE:
    return 0;
  case OPEN:
    return open_device((const char *)a1, a2);
  case CLOSE:
    return close_device(a1);
  case READ:
  case WRITE:
    return transfer(function, a1, a2, (void *)a3, a4);
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
