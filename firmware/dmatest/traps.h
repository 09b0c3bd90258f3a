/* The test guest's own PALcode entry points: expected faults are counted and survived, anything
   else ends the test with a message. */
#ifndef TRAPS_H
#define TRAPS_H

#include <stddef.h>
#include <stdint.h>

enum trap { NO_TRAP, MACHINE_CHECK, MEMORY_FAULT, INSTRUCTION_FAULT, UNALIGNED_ACCESS };

/* The arguments of the last expected trap. */
struct trap_record {
  unsigned count;
  uint64_t a0, a1, a2;
};

void traps_setup(void);

/* Until the next call, a trap of this kind is recorded and its instruction skipped. */
void trap_expect(enum trap kind);
/* What happened since trap_expect; nothing is expected any more. */
struct trap_record trap_taken(void);

/* Registers the handler of a Cchip device interrupt (bit of DRIR) and enables it in DIM0; a null
   handler disables it. */
void interrupt_attach(unsigned bit, void (*handler)(void *context), void *context);
void interrupts_detach_all(void);

/* Interrupts that no handler was attached for, and interval timer interrupts, since start. */
unsigned stray_interrupts(void);
unsigned timer_interrupts(void);

/* Loads that may trap: the result is `otherwise` when the load was skipped. R1 is listed because
   the machine-check path of some PALcode destroys it. */
#define PROBE(name, type, instruction)                                              \
  static inline type name(uint64_t address, type otherwise) {                       \
    uint64_t value = otherwise;                                                     \
    __asm__ volatile(instruction " %0, 0(%1)\n\tmb"                                 \
                     : "+&r"(value)                                                 \
                     : "r"(address)                                                 \
                     : "$1", "memory");                                             \
    return (type)value;                                                             \
  }
PROBE(probe_read8, uint8_t, "ldbu")
PROBE(probe_read32, uint32_t, "ldl")
PROBE(probe_read64, uint64_t, "ldq")

#endif
