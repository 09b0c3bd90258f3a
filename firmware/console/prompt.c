/* The ">>> " prompt on COM1. */
#include "console.h"
#include "disk.h"
#include "print.h"

#define MAX_WORDS 16

static char lower(char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; }

int means(const char *word, const char *full) {
  if (!*word)
    return 0;
  for (; *word; word++, full++)
    if (lower(*word) != lower(*full))
      return 0;
  return 1;
}

/* Cuts the line at spaces that are not between double quotes. The words there are, or -1 if a quote
   does not end. */
static int split(char *line, char *words[MAX_WORDS]) {
  int count = 0;
  while (count < MAX_WORDS) {
    while (*line == ' ')
      line++;
    if (!*line)
      break;
    char end = *line == '"' ? '"' : ' ';
    if (end == '"')
      line++;
    words[count++] = line;
    while (*line && *line != end)
      line++;
    if (*line)
      *line++ = 0;
    else if (end == '"')
      return -1;
  }
  return count;
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

static void show_devices(void) {
  if (machine.kernel)
    print("%-20sthe emulator's kernel, entry %lx\n", HOST_DEVICE, machine.kernel);
  disks_print();
}

static int show_variables(const char *name) {
  int found = 0;
  for (unsigned id = 0; id < VARIABLES; id++)
    if (variables[id].name && (!name || means(name, variables[id].name))) {
      print("%-16s%s\n", variables[id].name, variables[id].value);
      found = 1;
    }
  return found;
}

static void show_config(void) {
  show_version();
  print("System: %s, type %lu, variation %lx\n", hwrpb.recognition.name, hwrpb.system_type,
        hwrpb.system_variation);
  show_cpu();
  show_memory();
  pci_print();
  show_devices();
}

static void show_all_variables(void) { show_variables(NULL); }

static void show(char **words, unsigned count) {
  static const struct {
    const char *name;
    void (*function)(void);
  } subjects[] = {{"config", show_config}, {"cpu", show_cpu},         {"device", show_devices},
                  {"memory", show_memory}, {"pci", pci_print},        {"version", show_version},
                  {"*", show_all_variables}};
  if (count != 1) {
    print("show config|cpu|device|memory|pci|version|* or the name of a variable\n");
    return;
  }
  for (unsigned i = 0; i < sizeof subjects / sizeof *subjects; i++)
    if (means(words[0], subjects[i].name)) {
      subjects[i].function();
      return;
    }
  if (!show_variables(words[0]))
    print("%s: no such variable; \"show *\" lists them\n", words[0]);
}

static int is_action(const char *value) {
  return strcmp(value, "BOOT") == 0 || strcmp(value, "HALT") == 0 || strcmp(value, "RESTART") == 0;
}

/* set variable value, or: set -default variable */
static void set(char **words, unsigned count) {
  int is_reset = count && words[0][0] == '-' && means(words[0] + 1, "default");
  if (is_reset)
    words++, count--;
  if (count != (is_reset ? 1u : 2u)) {
    print("set variable value, with double quotes around spaces; or set -default variable\n");
    return;
  }
  struct variable *variable = variable_named(words[0]);
  if (!variable) {
    print("%s: no such variable; \"show *\" lists them\n", words[0]);
    return;
  }
  if (variable->kind == READ_ONLY) {
    print("%s: only the console sets it\n", variable->name);
    return;
  }
  if (variable == &variables[AUTO_ACTION] && !is_reset) {
    for (char *c = words[1]; *c; c++)
      *c = *c >= 'a' && *c <= 'z' ? *c & ~0x20 : *c;
    if (!is_action(words[1])) {
      print("auto_action is BOOT, HALT or RESTART\n");
      return;
    }
  }
  if (is_reset)
    variable_reset(variable);
  else
    variable_set(variable, words[1], strlen(words[1]));
  if (!variables_save())
    print("the nonvolatile memory is full: %s will be lost at a reset\n", variable->name);
}

/* boot [-file FILE] [-flags FLAGS] [device] */
static void boot_command(char **words, unsigned count) {
  const char *device = NULL, *file = NULL, *flags = NULL;
  for (unsigned i = 0; i < count; i++) {
    const char *word = words[i];
    int has_file = word[0] == '-' && strlen(word) > 2 && means(word + 1, "file");
    int has_flags = word[0] == '-' && strlen(word) > 2 && means(word + 1, "flags");
    if ((has_file || has_flags) && i + 1 < count) {
      *(has_file ? &file : &flags) = words[++i];
    } else if (word[0] == '-' || device) {
      print("boot [-file file] [-flags flags] [device]\n");
      return;
    } else {
      device = word;
    }
  }
  machine.is_attended = 1;
  boot(device, file, flags);
}

static void power(char **words, unsigned count) {
  if (count == 1 && means(words[0], "off"))
    power_off();
  print("power off\n");
}

static void halt(char **words, unsigned count) {
  (void)words, (void)count;
  power_off();
}

static void initialize(char **words, unsigned count) {
  (void)words, (void)count;
  reset_system();
}

static void help(char **words, unsigned count);

static const struct {
  const char *name;
  void (*function)(char **words, unsigned count);
  const char *arguments, *text;
} commands[] = {
    {"boot", boot_command, "[-file F] [-flags F] [device]", "start a system from a disk or the host"},
    {"deposit", deposit, "[-b|-w|-l|-q] [-n N] [pmem:|vmem:]address value", "write memory"},
    {"examine", examine, "[-b|-w|-l|-q] [-n N] [pmem:|vmem:]address", "show memory"},
    {"halt", halt, "", "power off"},
    {"help", help, "", "this list"},
    {"initialize", initialize, "", "reset and start again"},
    {"power", power, "off", "power off"},
    {"reset", initialize, "", "reset and start again"},
    {"set", set, "[-default] variable [value]", "set an environment variable"},
    {"show", show, "config|cpu|device|memory|pci|version|*|variable", "what there is"},
};
#define COMMANDS (sizeof commands / sizeof *commands)

static void help(char **words, unsigned count) {
  (void)words, (void)count;
  for (unsigned i = 0; i < COMMANDS; i++)
    print("%-11s%-50s%s\n", commands[i].name, commands[i].arguments, commands[i].text);
  print("Commands can be cut short. Addresses and values are hexadecimal.\n"
        "Arrow keys recall lines; Ctrl-U and Ctrl-C drop one.\n");
}

static void obey(char **words, unsigned count) {
  const char *name = words[0][0] == '?' ? "help" : words[0];
  for (unsigned i = 0; i < COMMANDS; i++)
    if (means(name, commands[i].name)) {
      commands[i].function(words + 1, count - 1);
      return;
    }
  print("%s: no such command; \"help\" lists them\n", words[0]);
}

void __attribute__((noreturn)) prompt(void) {
  for (;;) {
    char line[LINE_BYTES];
    char *words[MAX_WORDS];
    read_line(">>> ", line);
    int count = split(line, words);
    if (count < 0)
      print("a double quote does not end\n");
    else if (count)
      obey(words, count);
  }
}
