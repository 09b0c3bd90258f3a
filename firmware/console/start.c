/* From reset to the kernel or the prompt. */
#include "console.h"
#include "print.h"
#include "tsunami.h"

char console_stacks[MAX_CPUS][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

/* CPU 0, from PALcode. kernel = entry of a loaded kernel, or 0. */
void __attribute__((noreturn)) console_start(uint64_t memory_bytes, uint64_t kernel, uint64_t config) {
  unsigned cpus = CONFIG_CPUS(config);
  if (cpus < 1 || cpus > MAX_CPUS)
    cpus = 1;
  exceptions_start();
  board_start();
  variables_start();
  print("\nBreakwater firmware " FIRMWARE_VERSION ", %lu MB memory, %u EV67 CPU%s\n", memory_bytes >> 20,
        cpus, cpus == 1 ? "" : "s");
  pci_start();
  pci_print();

  hwrpb_start(memory_bytes, cpus);
  struct pcb *pcb = &hwrpb.slot[0].pcb;
  pcb->ksp = (uint64_t)console_stacks[1];
  pcb->ptbr = page_tables_start();
  pcb->flags = 1;
  void *next = kernel ? (void *)kernel : (void *)prompt;
  if (kernel)
    print("Starting the kernel at 0x%lx\n", kernel);
  hwrpb.slot[0].flags |= kernel ? SLOT_BOOTSTRAP_IN_PROGRESS : 0;

  register uint64_t a0 __asm__("$16") = 2; /* OSF/1 PALcode: this one */
  register uint64_t a1 __asm__("$17") = (uint64_t)next;
  register uint64_t a2 __asm__("$18") = physical(pcb);
  register uint64_t a3 __asm__("$19") = VPTB_CONSOLE;
  register uint64_t a4 __asm__("$20") = (uint64_t)next;
  __asm__ volatile("call_pal %0" ::"i"(PAL_swppal), "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(a4) : "memory");
  __builtin_unreachable();
}

/* Whether the operating system has sent this CPU "START" (Alpha AHB III, multiprocessor
   bootstrapping). */
static int start_requested(unsigned cpu) {
  volatile uint64_t *ready = &hwrpb.receive_ready;
  if (!(*ready & 1ul << cpu))
    return 0;
  mb();
  struct cpu_slot *slot = &hwrpb.slot[cpu];
  int start = slot->ipc.receive_length >= 5 && memcmp(slot->ipc.receive, "START", 5) == 0;
  __atomic_fetch_and(&hwrpb.receive_ready, ~(1ul << cpu), __ATOMIC_SEQ_CST);
  return start;
}

/* The other CPUs, from PALcode, at reset and after a halt. */
void __attribute__((noreturn)) console_start_secondary(uint64_t cpu) {
  exceptions_start();
  while (!start_requested(cpu)) {
    /* WTINT ends when the alarm is requested, at any IPL; the request is dropped here. */
    pal_cserve(CSERVE_set_alarm_rel, 1000000, 0);
    pal_wtint(0);
    write64(CCHIP_MISC, MISC_ITINTR(cpu));
    mb();
  }
  struct cpu_slot *slot = &hwrpb.slot[cpu];
  pal_cserve(CSERVE_set_alarm_abs, 0, 0);
  slot->flags |= SLOT_BOOTSTRAP_IN_PROGRESS;
  mb();

  register uint64_t a0 __asm__("$16") = 2;
  register uint64_t a1 __asm__("$17") = hwrpb.cpu_restart;
  register uint64_t a2 __asm__("$18") = physical(&slot->pcb);
  register uint64_t a3 __asm__("$19") = hwrpb.vptb;
  register uint64_t a4 __asm__("$20") = hwrpb.cpu_restart_data;
  __asm__ volatile("call_pal %0" ::"i"(PAL_swppal), "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(a4) : "memory");
  __builtin_unreachable();
}
