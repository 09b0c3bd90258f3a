/* PAL test: a kernel that checks every PALcode call, exception frame and interrupt, and the HWRPB,
   on any firmware for this board. One TAP line per case. */
#ifndef PALTEST_H
#define PALTEST_H

#include "hwrpb.h"
#include "print.h"
#include "tsunami.h"

/* tap.c */
void ok(int passed, const char *format, ...) __attribute__((format(printf, 2, 3)));
void skip(const char *name, const char *why);
void tap_end(void);
/* Like ok(), for a value; prints both if they differ. */
void is(uint64_t got, uint64_t expected, const char *name);

/* What runs us. Cases that another firmware or machine is known to do wrong are skipped there. */
extern struct platform {
  int own_firmware; /* Breakwater's, by the name in the HWRPB */
  int own_machine;  /* Breakwater, by a Pchip register that the other emulator lacks */
  uint64_t hwrpb;   /* its physical address */
} platform;

/* The state of all registers but R26, R27, R29 (gp) and R30 (sp). */
struct registers {
  uint64_t r[29];
};
/* Loads the registers, calls the snippet, stores the registers. */
void exercise(void (*snippet)(void), struct registers *registers);
/* Distinct values in all of them. */
void fill(struct registers *registers);
/* Whether all registers agree but those in the mask. */
int preserved(const struct registers *before, const struct registers *after, uint64_t but);
#define CALL_PAL_MAY_DESTROY (1ul << 1 | 0x3ful << 16 | 0xful << 22)

/* traps.c: the last trap. kind = WRENT selector. */
struct trap {
  unsigned count;
  uint64_t kind, a0, a1, a2, sp, ps, v0;
  struct exception_frame frame;
  uint64_t code, exc_addr, store, logout_size; /* logout frame of a machine check */
};
extern volatile struct trap trap;
/* Where the next trap returns to, once; 0 = where it came from. */
extern volatile uint64_t resume_pc;
/* What the next trap from user mode does. */
enum { USER_RESUME, USER_RETSYS, USER_LEAVE };
extern volatile int user_action;
/* The trap, by its count, that leaves user mode whatever user_action says. */
extern volatile unsigned leave_after;
void traps_start(void);
/* Runs at the user PC and stack until a trap with user_action == USER_LEAVE. */
void enter_user(uint64_t pc, uint64_t sp, uint64_t gp);

/* mmu.c: an address space with a free page at TEST_VA. */
#define TEST_VA 0x20000000ul
#define TEST_PAGES 8
extern struct pcb test_pcb, other_pcb;
void mmu_start(void);
/* Writes the page table entry; map_page() also drops the old translation. */
void set_page(unsigned page, const void *memory, uint64_t bits);
void map_page(unsigned page, const void *memory, uint64_t bits);
uint64_t test_va(unsigned page);
extern uint8_t pages[TEST_PAGES][PAGE_SIZE];
/* The other address space: the same but for the first page. */
void map_other(const void *memory, uint64_t bits);

/* The cases. */
void test_state(uint64_t ps, uint64_t sp, uint64_t pv, uint64_t entry);
void test_hwrpb(void);
void test_calls(void);
void test_traps(void);
void test_memory(void);
void test_machine_checks(void);
void test_user(void);
void test_contexts(void);
void test_time(void);
void test_interrupts(void);
void test_callbacks(void);
void test_secondaries(void);
void fatal_test(const char *name);
#endif
