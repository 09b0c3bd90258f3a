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

/* board.c */
void board_start(void);
void wait_for_input(void);

/* pci.c */
void pci_start(void);
void pci_print(void);

/* hwrpb.c */
void hwrpb_start(uint64_t memory_bytes, unsigned cpus);
void hwrpb_update_checksum(void);

/* memory.c: page tables; the L1 table's page frame number. */
uint64_t page_tables_start(void);

/* callbacks.c: the variables of the console, by their numbers (Alpha AHB III, environment
   variables). */
#define VARIABLE_BYTES 64
struct variable {
  const char *name, *initial;
  char value[VARIABLE_BYTES];
};
#define VARIABLES 16
extern struct variable variables[VARIABLES];
void variables_start(void);

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

/* prompt.c */
void __attribute__((noreturn)) prompt(void);
#endif
