/* The ">>> " prompt on COM1, for a machine without a kernel. */
#include "console.h"
#include "print.h"
#include "uart.h"

#define LINE_BYTES 128
#define MAX_WORDS 8

#define BACKSPACE 0x08
#define DELETE 0x7f
#define CONTROL(letter) ((letter) - '@')

static uint8_t next_byte(void) {
  int byte;
  while ((byte = uart_get()) < 0)
    wait_for_input();
  return byte;
}

/* Reads a line, edited by backspace, Ctrl-U and Ctrl-C. */
static void read_line(char line[LINE_BYTES]) {
  unsigned length = 0;
  for (;;) {
    uint8_t byte = next_byte();
    switch (byte) {
    case '\r':
    case '\n':
      line[length] = 0;
      print("\n");
      return;
    case BACKSPACE:
    case DELETE:
      if (length) {
        length--;
        print("\b \b");
      }
      break;
    case CONTROL('C'):
      print("^C\n>>> ");
      length = 0;
      break;
    case CONTROL('U'):
      for (; length; length--)
        print("\b \b");
      break;
    default:
      if (byte >= ' ' && byte < DELETE && length < LINE_BYTES - 1) {
        line[length++] = byte;
        uart_put(byte);
      }
    }
  }
}

static unsigned split(char *line, char *words[MAX_WORDS]) {
  unsigned count = 0;
  while (count < MAX_WORDS) {
    while (*line == ' ')
      line++;
    if (!*line)
      break;
    words[count++] = line;
    while (*line && *line != ' ')
      line++;
    if (*line)
      *line++ = 0;
  }
  return count;
}

/* As on every SRM console, a word may be cut short. */
static int means(const char *word, const char *full) {
  size_t length = strlen(word);
  return length && length <= strlen(full) && memcmp(word, full, length) == 0;
}

/* A hexadecimal number, with or without 0x. */
static int parse(const char *text, uint64_t *value) {
  if (text[0] == '0' && (text[1] | 0x20) == 'x')
    text += 2;
  unsigned digits = 0;
  uint64_t result = 0;
  for (; *text; text++, digits++) {
    char c = *text | 0x20;
    if (*text >= '0' && *text <= '9')
      result = result << 4 | (uint64_t)(*text - '0');
    else if (c >= 'a' && c <= 'f')
      result = result << 4 | (uint64_t)(c - 'a' + 10);
    else
      return 0;
  }
  *value = result;
  return digits >= 1 && digits <= 16;
}

/* Where and how EXAMINE and DEPOSIT access. */
struct access {
  uint64_t address, count, value;
  unsigned bytes;
  int is_virtual;
};

static uint64_t access_va(const struct access *a) {
  if (a->is_virtual)
    return a->address;
  uint64_t io = a->address >> 43 & 1;
  return KSEG_BASE + (a->address & 0xffffffffff) + (io << 40);
}

/* [-b|-w|-l|-q] [-n count] [pmem:|vmem:]address [value] */
static int parse_access(char **words, unsigned count, int with_value, struct access *a) {
  *a = (struct access){.count = 1, .bytes = 8};
  unsigned i = 0;
  for (; i < count && words[i][0] == '-'; i++) {
    switch (words[i][1]) {
    case 'b':
      a->bytes = 1;
      break;
    case 'w':
      a->bytes = 2;
      break;
    case 'l':
      a->bytes = 4;
      break;
    case 'q':
      a->bytes = 8;
      break;
    case 'n':
      if (++i >= count || !parse(words[i], &a->count) || a->count > 0x1000)
        return 0;
      break;
    default:
      return 0;
    }
  }
  if (count - i != 1u + with_value)
    return 0;
  char *address = words[i];
  if (memcmp(address, "vmem:", 5) == 0 || memcmp(address, "pmem:", 5) == 0) {
    a->is_virtual = address[0] == 'v';
    address += 5;
  }
  if (!parse(address, &a->address) || (with_value && !parse(words[i + 1], &a->value)))
    return 0;
  return (a->address & (a->bytes - 1)) == 0;
}

static void examine(char **words, unsigned count) {
  struct access a;
  if (!parse_access(words, count, 0, &a)) {
    print("examine [-b|-w|-l|-q] [-n count] [pmem:|vmem:]address: hexadecimal, aligned\n");
    return;
  }
  for (uint64_t i = 0; i < a.count; i++, a.address += a.bytes) {
    uint64_t value;
    const char *space = a.is_virtual ? "vmem" : "pmem";
    if (probe_read(access_va(&a), a.bytes, &value) < 0) {
      print("%s: %16lx  no access\n", space, a.address);
      return;
    }
    print("%s: %16lx  ", space, a.address);
    for (unsigned byte = a.bytes; byte-- > 0;)
      print("%02x", (unsigned)(value >> 8 * byte & 0xff));
    print("\n");
  }
}

static void deposit(char **words, unsigned count) {
  struct access a;
  if (!parse_access(words, count, 1, &a)) {
    print("deposit [-b|-w|-l|-q] [-n count] [pmem:|vmem:]address value: hexadecimal, aligned\n");
    return;
  }
  for (uint64_t i = 0; i < a.count; i++, a.address += a.bytes)
    if (probe_write(access_va(&a), a.bytes, a.value) < 0) {
      print("%16lx: no access\n", a.address);
      return;
    }
}

static void show_version(void) {
  print("Breakwater firmware " FIRMWARE_VERSION ", OSF/1 PALcode, HWRPB revision %lu\n", hwrpb.revision);
}

static void show_cpu(void) {
  for (unsigned cpu = 0; cpu < hwrpb.slots; cpu++)
    print("CPU %u: EV67, flags %lx%s\n", cpu, hwrpb.slot[cpu].flags,
          cpu == hwrpb.primary_cpu ? ", primary" : "");
}

static void show_memory(void) {
  uint64_t pages = 0;
  for (unsigned i = 0; i < hwrpb.memory.clusters; i++) {
    const struct memory_cluster *c = &hwrpb.memory.cluster[i];
    uint64_t start = c->start_pfn << PAGE_SHIFT, bytes = c->pages << PAGE_SHIFT;
    print("%12lx - %12lx  %s\n", start, start + bytes - 1, c->usage ? "firmware" : "free");
    pages += c->pages;
  }
  print("%lu MB\n", pages << PAGE_SHIFT >> 20);
}

static void show_variables(const char *name) {
  for (unsigned id = 0; id < VARIABLES; id++)
    if (variables[id].name && (!name || means(name, variables[id].name)))
      print("%-16s%s\n", variables[id].name, variables[id].value);
}

static void show_config(void) {
  show_version();
  print("System: %s, type %lu, variation %lx\n", hwrpb.recognition.name, hwrpb.system_type,
        hwrpb.system_variation);
  show_cpu();
  show_memory();
  pci_print();
}

static void show(char **words, unsigned count) {
  if (count != 1)
    print("show config|cpu|memory|pci|version|* or the name of a variable\n");
  else if (means(words[0], "config"))
    show_config();
  else if (means(words[0], "cpu"))
    show_cpu();
  else if (means(words[0], "memory"))
    show_memory();
  else if (means(words[0], "pci") || means(words[0], "device"))
    pci_print();
  else if (means(words[0], "version"))
    show_version();
  else
    show_variables(strcmp(words[0], "*") ? words[0] : NULL);
}

static void set(char **words, unsigned count) {
  for (unsigned id = 0; count == 2 && id < VARIABLES; id++) {
    struct variable *v = &variables[id];
    if (v->name && strcmp(words[0], v->name) == 0 && strlen(words[1]) < VARIABLE_BYTES) {
      memcpy(v->value, words[1], strlen(words[1]) + 1);
      return;
    }
  }
  print("set variable value: \"show *\" lists the variables\n");
}

static void help(void) {
  print("deposit [-b|-w|-l|-q] [-n count] [pmem:|vmem:]address value\n"
        "examine [-b|-w|-l|-q] [-n count] [pmem:|vmem:]address\n"
        "halt                                power off\n"
        "help\n"
        "reset                               start again\n"
        "set variable value\n"
        "show config|cpu|memory|pci|version  what there is\n"
        "show *|variable                     environment variables\n"
        "Numbers are hexadecimal. A kernel is started by the emulator's --kernel option.\n");
}

static void obey(char **words, unsigned count) {
  if (means(words[0], "deposit"))
    deposit(words + 1, count - 1);
  else if (means(words[0], "examine"))
    examine(words + 1, count - 1);
  else if (means(words[0], "help") || words[0][0] == '?')
    help();
  else if (means(words[0], "halt"))
    power_off();
  else if (means(words[0], "reset"))
    reset_system();
  else if (means(words[0], "show"))
    show(words + 1, count - 1);
  else if (means(words[0], "set"))
    set(words + 1, count - 1);
  else
    print("%s: no such command; \"help\" lists them\n", words[0]);
}

void __attribute__((noreturn)) prompt(void) {
  for (;;) {
    char line[LINE_BYTES];
    char *words[MAX_WORDS];
    print(">>> ");
    read_line(line);
    unsigned count = split(line, words);
    if (count)
      obey(words, count);
  }
}
