/* The processor's traps and the chipset registers that the other cases rely on. */
#include "cases.h"
#include "clock.h"
#include "memory.h"
#include "pchip.h"
#include "traps.h"

/* Code of a memory management fault: 0 translation not valid, 1 access violation. */
#define MM_ACCESS_VIOLATION 1

static void memory_fault(void) {
  uint64_t nowhere = 0x7ff0000000ul; /* no console maps anything there */
  trap_expect(MEMORY_FAULT);
  uint64_t value = probe_read64(nowhere, 0x1234);
  struct trap_record trap = trap_taken();
  REQUIRE(trap.count == 1, "%u memory faults, not 1", trap.count);
  REQUIRE(trap.a0 == nowhere && trap.a1 <= MM_ACCESS_VIOLATION && trap.a2 == 0,
          "address %lx code %lu access %lu", trap.a0, trap.a1, trap.a2);
  REQUIRE(value == 0x1234, "the faulting load wrote its register");
}

static void unaligned_access(void) {
  uint8_t *page = allocate_pages(1, PAGE_SIZE);
  trap_expect(UNALIGNED_ACCESS);
  probe_read64((uint64_t)page + 3, 0);
  struct trap_record trap = trap_taken();
  REQUIRE(trap.count == 1, "%u unaligned traps, not 1", trap.count);
  /* LDQ is opcode 0x29. */
  REQUIRE(trap.a0 == (uint64_t)page + 3 && trap.a1 == 0x29, "address %lx opcode %lx", trap.a0,
          trap.a1);
}

static void breakpoint(void) {
  trap_expect(INSTRUCTION_FAULT);
  __asm__ volatile("call_pal %0" ::"i"(PAL_bpt) : "memory");
  struct trap_record trap = trap_taken();
  REQUIRE(trap.count == 1 && trap.a0 == 0, "%u traps, code %lu", trap.count, trap.a0);
}

static void machine_check(void) {
  uint64_t beyond = KSEG_BASE + MEMORY_LIMIT;
  trap_expect(MACHINE_CHECK);
  probe_read64(beyond, 0);
  struct trap_record trap = trap_taken();
  REQUIRE(trap.count == 1, "%u machine checks, not 1", trap.count);
  trap_expect(MACHINE_CHECK);
  probe_read64(beyond, 0);
  trap = trap_taken();
  REQUIRE(trap.count == 1, "the second load took %u machine checks, not 1", trap.count);
}

static void clock_and_timer(void) {
  unsigned before = timer_interrupts();
  uint64_t start = clock_ns();
  alarm_after_ns(1 * MILLISECONDS);
  pal_swpipl(0);
  while (timer_interrupts() == before && clock_ns() < start + 1000 * MILLISECONDS) pal_wtint(0);
  pal_swpipl(7);
  uint64_t elapsed = clock_ns() - start;
  REQUIRE(timer_interrupts() != before, "no interval timer interrupt within a second");
  REQUIRE(elapsed >= 1 * MILLISECONDS, "the alarm came after %lu ns", elapsed);
}

/* 21272 HRM, Pchip registers: what a write of all ones leaves. */
static void window_registers(void) {
  for (unsigned n = 0; n < 4; n++) {
    /* The mask first, and the window off in between: nothing may match while this goes on. */
    WSM(n) = ~0ul;
    TBA(n) = ~0ul;
    WSBA(n) = ~WSBA_ENA;
    mb();
    uint64_t wsba = WSBA(n), wsm = WSM(n), tba = TBA(n);
    WSBA(n) = 0;
    WSM(n) = 0;
    TBA(n) = 0;
    mb();
    uint64_t expected = n == 3 ? 0x80fff00002ul : 0xfff00002ul;
    REQUIRE(wsba == expected, "WSBA%u reads %lx, not %lx", n, wsba, expected);
    REQUIRE(wsm == 0xfff00000ul, "WSM%u reads %lx", n, wsm);
    REQUIRE(tba == 0x7fffffc00ul, "TBA%u reads %lx", n, tba);
    expected = n == 3 ? WSBA_SG : 0;
    REQUIRE(WSBA(n) == expected && WSM(n) == 0 && TBA(n) == 0,
            "window %u does not clear: WSBA %lx WSM %lx TBA %lx", n, WSBA(n), WSM(n), TBA(n));
  }
}

static void pctl_bits(void) {
  uint64_t before = PCTL;
  pctl_set(PCTL_HOLE | PCTL_MWIN);
  uint64_t both = PCTL;
  pctl_clear(PCTL_HOLE);
  uint64_t mwin = PCTL;
  pctl_clear(PCTL_MWIN);
  REQUIRE(both == (before | PCTL_HOLE | PCTL_MWIN), "PCTL reads %lx after setting %lx", both,
          before | PCTL_HOLE | PCTL_MWIN);
  REQUIRE(mwin == (before | PCTL_MWIN), "PCTL reads %lx without HOLE", mwin);
  REQUIRE(PCTL == before, "PCTL reads %lx, not %lx as before", PCTL, before);
}

static void perror_registers(void) {
  if (!pchip_has_error_registers()) SKIP("the chipset has no PCI error registers");
  /* A masked error cannot be set, not even by PERRSET. */
  PERRSET = PERROR_SGE;
  mb();
  REQUIRE((PERROR & PERROR_ALL) == 0, "a masked error was set: PERROR %lx", PERROR);
  pci_errors_enable(PERROR_SGE);
  PERRSET = PERROR_SGE;
  mb();
  REQUIRE(PERROR & PERROR_SGE, "PERRSET sets nothing: PERROR %lx", PERROR);
  REQUIRE(DRIR >> DRIR_PCHIP0_ERROR & 1, "PERROR does not reach DRIR<62>: %lx", DRIR);
  PERROR = PERROR_SGE;
  mb();
  REQUIRE((PERROR & PERROR_ALL) == 0, "PERROR does not clear: %lx", PERROR);
  REQUIRE(!(DRIR >> DRIR_PCHIP0_ERROR & 1), "DRIR<62> stays: %lx", DRIR);
}

const struct test_case board_cases[] = {
    {"a load from an unmapped address reaches entMM", memory_fault},
    {"an unaligned load reaches entUna", unaligned_access},
    {"a breakpoint reaches entIF", breakpoint},
    {"a load beyond memory is a machine check, twice", machine_check},
    {"the alarm interrupts and the clock runs", clock_and_timer},
    {"window registers hold their defined bits", window_registers},
    {"PCTL.HOLE and PCTL.MWIN hold", pctl_bits},
    {"PERRMASK, PERRSET and PERROR", perror_registers},
    {0},
};
