/* Ends: HALT of a kernel, faults of PALcode, exceptions that nobody asked for. */
#include "console.h"

#include "exit.h"
#include "ipr.h"
#include "print.h"

void __attribute__((noreturn)) console_start_secondary(uint64_t cpu);

void __attribute__((noreturn)) power_off(void) {
  pal_cserve(CSERVE_power_off, 0, 0);
  __builtin_unreachable();
}

void __attribute__((noreturn)) reset_system(void) {
  pal_cserve(CSERVE_reset, 0, 0);
  __builtin_unreachable();
}

/* An end that nobody asked for. */
static void __attribute__((noreturn)) fail(void) {
  if (machine.is_attended && pal_whami() == hwrpb.primary_cpu)
    console_enter(prompt);
  report_exit(1);
  power_off();
}

static const char *entry_name(uint64_t vector) {
  switch (vector) {
  case 0x080:
    return "machine check";
  case 0x280:
    return "memory management fault";
  case 0x300:
    return "unaligned access";
  case 0x380:
    return "illegal instruction";
  case 0x400:
    return "arithmetic trap";
  case 0x480:
    return "floating point disabled";
  default:
    return "fault";
  }
}

/* From PALcode, on the console stack of the CPU. sp, va: of the fault, if it was one. */
void __attribute__((noreturn))
console_halted(uint64_t reason, uint64_t vector, uint64_t pc, uint64_t va, uint64_t sp, uint64_t pal_pc) {
  uint64_t cpu = pal_whami();
  switch (reason) {
  case HALT_KERNEL_STACK:
    print("\nCPU %lu: kernel stack not valid: %s at 0x%lx, stack pointer 0x%lx, PC 0x%lx\n", cpu,
          entry_name(vector), va, sp, pc);
    fail();
  case HALT_DOUBLE_ERROR:
    print("\nCPU %lu: second machine check before MCES<MIP> was cleared, PC 0x%lx\n", cpu, pc);
    fail();
  case HALT_FAULT_IN_PAL:
    print("\nCPU %lu: %s in PALcode at 0x%lx, address 0x%lx, stack pointer 0x%lx\n", cpu,
          entry_name(vector), pal_pc, va, sp);
    fail();
  }
  struct cpu_slot *slot = &hwrpb.slot[cpu & (MAX_CPUS - 1)];
  slot->flags &= ~(uint64_t)SLOT_BOOTSTRAP_IN_PROGRESS;
  /* A halted secondary waits to be started again; only the primary speaks for the machine. */
  if (cpu != hwrpb.primary_cpu)
    console_start_secondary(cpu);
  unsigned request = SLOT_HALT_REQUEST(slot->flags);
  if (request == REQUEST_COLD_BOOT || request == REQUEST_WARM_BOOT)
    boot_again();
  /* Power-off and halt are the same request. */
  if (!machine.is_attended)
    power_off();
  print("\nhalted CPU %lu\n\nhalt code = %lu\nHALT instruction executed\nPC = %lx\n", cpu, reason, pc);
  console_enter(prompt);
}

/* From stubs.S: an exception while the console's own entries were registered. */
void __attribute__((noreturn))
console_exception(uint64_t a0, uint64_t a1, uint64_t a2, const char *entry, struct exception_frame *frame) {
  print("\nException before a kernel took over: %s(0x%lx, 0x%lx, 0x%lx), PC 0x%lx, PS %lx\n", entry, a0,
        a1, a2, frame->pc, frame->ps);
  fail();
}

/* A kernel starts with these entries, so that what it does wrong before WRENT is one clear line. */
void exceptions_start(void) {
  uint64_t gp;
  __asm__ volatile("mov $29, %0" : "=r"(gp));
  pal_wrkgp(gp);
  pal_wrent((uint64_t)console_entry_int, ENTRY_int);
  pal_wrent((uint64_t)console_entry_arith, ENTRY_arith);
  pal_wrent((uint64_t)console_entry_mm, ENTRY_mm);
  pal_wrent((uint64_t)console_entry_if, ENTRY_if);
  pal_wrent((uint64_t)console_entry_una, ENTRY_una);
  pal_wrent((uint64_t)console_entry_sys, ENTRY_sys);
}
