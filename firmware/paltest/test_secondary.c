/* Starting the other CPUs through the console's message buffers (Alpha AHB III, multiprocessor
   bootstrapping). */
#include "paltest.h"

void secondary_start(void);

static uint8_t stacks[MAX_CPUS][8192] __attribute__((aligned(16)));
static volatile struct {
  uint64_t starts, whami, ps, unique, stack;
} seen[MAX_CPUS];
static volatile int run;

static uint64_t now(void) { return pal_cserve(CSERVE_get_time, 0, 0); }

/* On the other CPU, from entry.S. */
void secondary_main(uint64_t stack) {
  uint64_t cpu = pal_whami() & (MAX_CPUS - 1);
  seen[cpu].whami = cpu;
  seen[cpu].ps = pal_rdps();
  seen[cpu].unique = pal_rdunique();
  seen[cpu].stack = stack;
  mb();
  seen[cpu].starts++;
  while (!run)
    ;
  pal_halt();
}

/* Whether the firmware took the message and the CPU came through secondary_main() once more. */
static int start(struct hwrpb *h, struct cpu_slot *slot, unsigned cpu) {
  slot->pcb = (struct pcb){.ksp = (uint64_t)(stacks[cpu] + sizeof stacks[cpu]),
                           .ptbr = test_pcb.ptbr,
                           .asn = test_pcb.asn,
                           .unique = 0xabc0 + cpu,
                           .flags = 1};
  h->cpu_restart = (uint64_t)secondary_start;
  h->cpu_restart_data = (uint64_t)secondary_start;
  slot->flags = (slot->flags | 0x22) & ~1ul;
  slot->ipc.receive_length = 7;
  memcpy(slot->ipc.receive, "START\r\n", 7);
  mb();
  uint64_t starts = seen[cpu].starts;
  __atomic_fetch_or(&h->receive_ready, 1ul << cpu, __ATOMIC_SEQ_CST);
  uint64_t end = now() + 500000000;
  while (seen[cpu].starts == starts && now() < end)
    ;
  mb();
  return seen[cpu].starts == starts + 1 && (slot->flags & 1);
}

static void test_cpu(struct hwrpb *h, unsigned cpu) {
  struct cpu_slot *slot = (struct cpu_slot *)((char *)h + h->slot_offset + cpu * h->slot_size);
  run = 0;
  ok(start(h, slot, cpu), "CPU %u: starts, with \"bootstrap in progress\" set", cpu);
  is(seen[cpu].whami, cpu, "WHAMI there");
  ok(seen[cpu].ps == 7 && seen[cpu].unique == 0xabc0 + cpu &&
         seen[cpu].stack == (uint64_t)(stacks[cpu] + sizeof stacks[cpu]),
     "CPU %u: IPL 7, UNIQUE and stack of its PCB", cpu);
  if (!platform.own_firmware) {
    skip("halt and another start", "HALT of any CPU ends the machine with this firmware");
    return;
  }
  run = 1;
  uint64_t end = now() + 500000000;
  while ((slot->flags & 1) && now() < end)
    ;
  ok((slot->flags & 1) == 0 && slot->halt_code == HALT_CALL_PAL,
     "CPU %u: HALT brings it back to the console", cpu);
  run = 0;
  ok(start(h, slot, cpu), "CPU %u: starts again", cpu);
}

void test_secondaries(void) {
  struct hwrpb *h = kseg(platform.hwrpb);
  if (h->slots == 1)
    skip("other CPUs", "there are none");
  for (unsigned cpu = 1; cpu < h->slots; cpu++)
    test_cpu(h, cpu);
}
