#include "traps.h"

#include "pal.h"
#include "registers.h"
#include "tap.h"

/* entry.S */
void ent_int(void);
void ent_arith(void);
void ent_mm(void);
void ent_if(void);
void ent_una(void);

/* The vectors of Cchip device interrupts. */
#define FIRST_VECTOR 0x900
#define VECTOR_STEP 0x10
#define LINES 64
/* More interrupts than any case asks for: the handler does not quiet the line. */
#define STORM 1000

static enum trap expected;
static struct trap_record record;
static struct {
  void (*handler)(void *);
  void *context;
} lines[LINES];
static volatile unsigned strays, ticks, storm;

void traps_setup(void) {
  pal_wrent((uint64_t)ent_int, ENTRY_int);
  pal_wrent((uint64_t)ent_arith, ENTRY_arith);
  pal_wrent((uint64_t)ent_mm, ENTRY_mm);
  pal_wrent((uint64_t)ent_if, ENTRY_if);
  pal_wrent((uint64_t)ent_una, ENTRY_una);
  DIM0 = 0;
  mb();
}

void trap_expect(enum trap kind) {
  record = (struct trap_record){0};
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  expected = kind;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

struct trap_record trap_taken(void) {
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  expected = NO_TRAP;
  return record;
}

static bool was_expected(enum trap kind, uint64_t a0, uint64_t a1, uint64_t a2) {
  if (expected != kind) return false;
  record = (struct trap_record){record.count + 1, a0, a1, a2};
  return true;
}

/* Entered with the PC behind the access. */
static void machine_check(uint64_t logout, struct exception_frame *frame) {
  pal_wrmces(7);
  MISC = MISC_NXM;
  mb();
  if (!was_expected(MACHINE_CHECK, INTERRUPT_machine_check, 0, logout))
    tap_bail_out("unexpected machine check before pc %lx", frame->pc);
}

static void device_interrupt(uint64_t vector) {
  unsigned bit = (unsigned)(vector - FIRST_VECTOR) / VECTOR_STEP;
  if (vector < FIRST_VECTOR || bit >= LINES || !lines[bit].handler) {
    strays++;
    DIM0 = bit < LINES ? DIM0 & ~(1ul << bit) : 0;
    mb();
    return;
  }
  if (++storm > STORM) tap_bail_out("interrupt line %u does not go down", bit);
  lines[bit].handler(lines[bit].context);
}

void handle_interrupt(uint64_t type, uint64_t vector, uint64_t logout,
                      struct exception_frame *frame) {
  switch (type) {
    case INTERRUPT_clock: ticks++; break;
    case INTERRUPT_machine_check: machine_check(logout, frame); break;
    case INTERRUPT_device: device_interrupt(vector); break;
    default: tap_bail_out("unexpected interrupt of type %lu", type);
  }
}

void handle_arithmetic_trap(uint64_t summary, uint64_t mask, uint64_t unused,
                            struct exception_frame *frame) {
  (void)mask, (void)unused;
  tap_bail_out("unexpected arithmetic trap %lx before pc %lx", summary, frame->pc);
}

/* Entered with the PC of the access itself. */
void handle_memory_fault(uint64_t va, uint64_t code, uint64_t access,
                         struct exception_frame *frame) {
  if (!was_expected(MEMORY_FAULT, va, code, access))
    tap_bail_out("unexpected memory fault at pc %lx, address %lx, code %lu", frame->pc, va, code);
  frame->pc += 4;
}

/* Entered with the PC behind the instruction. */
void handle_instruction_fault(uint64_t code, uint64_t a1, uint64_t a2,
                              struct exception_frame *frame) {
  if (!was_expected(INSTRUCTION_FAULT, code, a1, a2))
    tap_bail_out("unexpected instruction fault %lu before pc %lx", code, frame->pc);
}

/* Entered with the PC behind the access. */
void handle_unaligned_access(uint64_t va, uint64_t opcode, uint64_t ra,
                             struct exception_frame *frame) {
  if (!was_expected(UNALIGNED_ACCESS, va, opcode, ra))
    tap_bail_out("unexpected unaligned access before pc %lx, address %lx", frame->pc, va);
}

void interrupt_attach(unsigned bit, void (*handler)(void *), void *context) {
  lines[bit].handler = handler;
  lines[bit].context = context;
  storm = 0;
  DIM0 = handler ? DIM0 | 1ul << bit : DIM0 & ~(1ul << bit);
  mb();
  (void)DIM0;
}

void interrupts_detach_all(void) {
  DIM0 = 0;
  mb();
  (void)DIM0;
  for (unsigned bit = 0; bit < LINES; bit++) lines[bit].handler = NULL;
}

unsigned stray_interrupts(void) { return strays; }
unsigned timer_interrupts(void) { return ticks; }
