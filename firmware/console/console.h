/* The console program: what its files share. */
#ifndef BREAKWATER_CONSOLE_H
#define BREAKWATER_CONSOLE_H

#include "hwrpb.h"
#include "pci.h"

#define FIRMWARE_VERSION "0.1"

/* TRAP_ARG2 of CPU 0 at reset. */
#define CONFIG_CPUS(config) ((config) & 0x3f)

extern struct hwrpb hwrpb;
extern char firmware_end[];

/* start.c */
extern struct machine {
  uint64_t memory_bytes;
  uint64_t kernel; /* entry of the kernel that the emulator loaded, or 0 */
  unsigned cpus;
  int system_has_run; /* memory and devices are no longer as after a reset */
  int is_attended;    /* somebody typed `boot`: a halt returns to the prompt */
} machine;
/* Devices and HWRPB as after a reset, whatever an operating system did to them. */
void machine_start(void);
/* Runs the function in the console's own address space, at IPL 7. */
void __attribute__((noreturn)) console_enter(void (*function)(void));
void __attribute__((noreturn)) start_kernel(void);
/* SWPPAL (Alpha AHB III): a new context, in OSF/1 PALcode. */
void __attribute__((noreturn))
switch_context(const struct pcb *pcb, uint64_t pc, uint64_t vptb, uint64_t r27);

/* board.c */
void board_start(void);
void board_return(void);
void wait_for_input(void);

/* pci.c: what is on bus 0. */
#define MAX_FUNCTIONS 64
extern pci_function pci_functions[MAX_FUNCTIONS];
extern unsigned pci_function_count;
void pci_start(void);
void pci_print(void);

/* hwrpb.c */
void hwrpb_start(uint64_t memory_bytes, unsigned cpus);
void hwrpb_update_checksum(void);

/* memory.c: page tables. The L1 table maps itself where `vptb` says; its page frame number. */
uint64_t page_tables_start(uint64_t vptb);
#define BOOTSTRAP_VA 0x20000000ul
#define BOOTSTRAP_MAX_PAGES 1024
/* Maps pages from `first` on in the bootstrap's region. */
void map_bootstrap(unsigned first, unsigned pages, uint64_t pa);

/* environment.c: the variables of the console, by their numbers (Alpha AHB III, environment
   variables). */
#define VARIABLE_BYTES 256
struct variable {
  const char *name, *initial;
  enum { ORDINARY, NONVOLATILE, READ_ONLY } kind;
  int is_set; /* not the initial value */
  char value[VARIABLE_BYTES];
};
enum {
  AUTO_ACTION = 0x01,
  BOOT_DEV,
  BOOTDEF_DEV,
  BOOTED_DEV,
  BOOT_FILE,
  BOOTED_FILE,
  BOOT_OSFLAGS,
  BOOTED_OSFLAGS,
  VARIABLES = 0x10
};
extern struct variable variables[VARIABLES];
void variables_start(void);
/* Zero, if the variable does not exist. */
struct variable *variable_numbered(uint64_t id);
struct variable *variable_named(const char *name);
/* `length` is below VARIABLE_BYTES. */
void variable_set(struct variable *variable, const char *value, size_t length);
void variable_reset(struct variable *variable);
/* Keeps the nonvolatile variables over a reset. Whether there was room. */
int variables_save(void);

/* boot.c: tries each of the devices, separated by commas; returns only if all fail, and has said why.
   Null: the emulator's kernel if there is one, or what the environment says. */
#define HOST_DEVICE "host"
void boot(const char *devices, const char *file, const char *flags);
/* Boots the emulator's kernel if the reset was made for that, whatever auto_action says. */
void boot_after_reset(void);
/* From the same device again, with the flags and file of the environment. */
void __attribute__((noreturn)) boot_again(void);

/* stubs.S: the entries that CRB and WRENT name, and accesses that may machine-check. */
void crb_dispatch_entry(void);
void crb_fixup_entry(void);
void console_entry_int(void);
void console_entry_arith(void);
void console_entry_mm(void);
void console_entry_if(void);
void console_entry_una(void);
void console_entry_sys(void);
int probe_read(uint64_t va, unsigned bytes, uint64_t *value);
int probe_write(uint64_t va, unsigned bytes, uint64_t value);

/* halt.c */
void exceptions_start(void);
void __attribute__((noreturn)) power_off(void);
void __attribute__((noreturn)) reset_system(void);

/* line.c */
#define LINE_BYTES 256
/* Prints the prompt and reads a line, edited as on a VT100; remembers it. */
void read_line(const char *prompt, char line[LINE_BYTES]);

/* examine.c: EXAMINE and DEPOSIT. */
void examine(char **words, unsigned count);
void deposit(char **words, unsigned count);

/* prompt.c */
/* As on every SRM console, a word may be cut short, and case does not matter. */
int means(const char *word, const char *full);
void __attribute__((noreturn)) prompt(void);
#endif
