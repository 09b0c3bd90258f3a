/* The environment variables of the console (Alpha AHB III, environment variables). Nonvolatile ones
   are kept in the memory of the real-time clock chip, which no reset clears. */
#include "console.h"
#include "print.h"
#include "rtc.h"

struct variable variables[VARIABLES] = {
    [AUTO_ACTION] = {.name = "auto_action", .initial = "HALT", .kind = NONVOLATILE},
    [BOOT_DEV] = {.name = "boot_dev", .initial = "", .kind = READ_ONLY},
    [BOOTDEF_DEV] = {.name = "bootdef_dev", .initial = "", .kind = NONVOLATILE},
    [BOOTED_DEV] = {.name = "booted_dev", .initial = "", .kind = READ_ONLY},
    [BOOT_FILE] = {.name = "boot_file", .initial = "", .kind = NONVOLATILE},
    [BOOTED_FILE] = {.name = "booted_file", .initial = "", .kind = READ_ONLY},
    [BOOT_OSFLAGS] = {.name = "boot_osflags", .initial = "", .kind = NONVOLATILE},
    [BOOTED_OSFLAGS] = {.name = "booted_osflags", .initial = "", .kind = READ_ONLY},
    [0x09] = {.name = "boot_reset", .initial = "OFF", .kind = READ_ONLY},
    [0x0a] = {.name = "dump_dev", .initial = "", .kind = NONVOLATILE},
    [0x0b] = {.name = "enable_audit", .initial = "OFF", .kind = NONVOLATILE},
    [0x0c] = {.name = "license", .initial = "MU", .kind = READ_ONLY},
    [0x0d] = {.name = "char_set", .initial = "0", .kind = NONVOLATILE},
    [0x0e] = {.name = "language", .initial = "36", .kind = NONVOLATILE},
    [0x0f] = {.name = "tty_dev", .initial = "0", .kind = READ_ONLY},
};

struct variable *variable_numbered(uint64_t id) {
  return id < VARIABLES && variables[id].name ? &variables[id] : NULL;
}

struct variable *variable_named(const char *name) {
  for (unsigned id = 0; id < VARIABLES; id++)
    if (variables[id].name && strlen(name) == strlen(variables[id].name) &&
        means(name, variables[id].name))
      return &variables[id];
  return NULL;
}

void variable_set(struct variable *variable, const char *value, size_t length) {
  memcpy(variable->value, value, length);
  variable->value[length] = 0;
  variable->is_set = 1;
}

void variable_reset(struct variable *variable) {
  variable_set(variable, variable->initial, strlen(variable->initial));
  variable->is_set = 0;
}

/* The chip's memory but for the bytes that have a meaning on PCs: diagnosis and shutdown first, the
   century in the middle. */
#define NVRAM_FIRST 0x10
#define NVRAM_HOLE 0x32
#define NVRAM_HOLE_END 0x38
#define NVRAM_BYTES (RTC_BYTES - NVRAM_FIRST - (NVRAM_HOLE_END - NVRAM_HOLE))
#define NVRAM_MAGIC 0x57

/* Magic, sum of the rest, then for each variable its number, its value and a zero; 0 at the end. */
struct nvram {
  uint8_t magic, sum;
  char text[NVRAM_BYTES - 2];
};

static uint8_t nvram_index(unsigned at) {
  unsigned index = NVRAM_FIRST + at;
  return index < NVRAM_HOLE ? index : index + NVRAM_HOLE_END - NVRAM_HOLE;
}

static uint8_t sum(const struct nvram *nvram) {
  uint8_t total = 1;
  for (unsigned i = 0; i < sizeof nvram->text; i++)
    total += nvram->text[i];
  return total;
}

static void nvram_read(struct nvram *nvram) {
  for (unsigned i = 0; i < sizeof *nvram; i++)
    ((uint8_t *)nvram)[i] = rtc_read(nvram_index(i));
}

static void load(void) {
  struct nvram nvram;
  if (rtc_read(nvram_index(0)) != NVRAM_MAGIC)
    return;
  nvram_read(&nvram);
  if (nvram.sum != sum(&nvram))
    return;
  nvram.text[sizeof nvram.text - 1] = 0;
  for (unsigned at = 0; at < sizeof nvram.text - 1 && nvram.text[at];) {
    struct variable *variable = variable_numbered(nvram.text[at++]);
    size_t length = strlen(nvram.text + at);
    if (variable && variable->kind == NONVOLATILE)
      variable_set(variable, nvram.text + at, length);
    at += length + 1;
  }
}

int variables_save(void) {
  struct nvram nvram = {.magic = NVRAM_MAGIC};
  unsigned at = 0;
  for (unsigned id = 0; id < VARIABLES; id++) {
    const struct variable *variable = &variables[id];
    if (!variable->is_set || variable->kind != NONVOLATILE)
      continue;
    size_t length = strlen(variable->value) + 1;
    if (at + 1 + length + 1 > sizeof nvram.text)
      return 0;
    nvram.text[at++] = id;
    memcpy(nvram.text + at, variable->value, length);
    at += length;
  }
  nvram.sum = sum(&nvram);
  for (unsigned i = 0; i < sizeof nvram; i++)
    rtc_write(nvram_index(i), ((uint8_t *)&nvram)[i]);
  return 1;
}

void variables_start(void) {
  if (machine.kernel)
    variables[AUTO_ACTION].initial = "BOOT";
  for (unsigned id = 0; id < VARIABLES; id++)
    if (variables[id].name)
      variable_reset(&variables[id]);
  load();
}
