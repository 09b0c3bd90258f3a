/* From reset to the kernel or the prompt. */
#include "console.h"
#include "disk.h"
#include "print.h"
#include "tsunami.h"

char console_stacks[MAX_CPUS][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
struct machine machine;

void __attribute__((noreturn))
switch_context(const struct pcb *pcb, uint64_t pc, uint64_t vptb, uint64_t r27) {
  register uint64_t a0 __asm__("$16") = 2; /* OSF/1 PALcode: this one */
  register uint64_t a1 __asm__("$17") = pc;
  register uint64_t a2 __asm__("$18") = physical(pcb);
  register uint64_t a3 __asm__("$19") = vptb;
  register uint64_t a4 __asm__("$20") = r27;
  __asm__ volatile("call_pal %0" ::"i"(PAL_swppal), "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(a4) : "memory");
  __builtin_unreachable();
}

void machine_start(void) {
  board_start();
  pci_start();
  disks_find();
  hwrpb_start(machine.memory_bytes, machine.cpus);
}

static struct pcb console_pcb __attribute__((aligned(128)));

void __attribute__((noreturn)) console_enter(void (*function)(void)) {
  exceptions_start();
  if (machine.system_has_run)
    board_return();
  console_pcb = (struct pcb){
      .ksp = (uint64_t)console_stacks[1], .ptbr = page_tables_start(VPTB_CONSOLE), .flags = 1};
  switch_context(&console_pcb, (uint64_t)function, VPTB_CONSOLE, (uint64_t)function);
}

void __attribute__((noreturn)) start_kernel(void) {
  struct cpu_slot *slot = &hwrpb.slot[hwrpb.primary_cpu];
  slot->pcb = (struct pcb){
      .ksp = (uint64_t)console_stacks[1], .ptbr = console_pcb.ptbr, .flags = 1};
  slot->flags |= SLOT_BOOTSTRAP_IN_PROGRESS;
  machine.system_has_run = 1;
  print("Starting the kernel at 0x%lx\n", machine.kernel);
  switch_context(&slot->pcb, machine.kernel, VPTB_CONSOLE, machine.kernel);
}

/* auto_action: HALT waits for commands; BOOT and RESTART boot, as nothing of a system that could be
   restarted survives a reset. */
static void first_action(void) {
  boot_after_reset();
  if (!means(variables[AUTO_ACTION].value, "halt"))
    boot(NULL, NULL, NULL);
  prompt();
}

/* CPU 0, from PALcode. kernel = entry of a loaded kernel, or 0. */
void __attribute__((noreturn)) console_start(uint64_t memory_bytes, uint64_t kernel, uint64_t config) {
  unsigned cpus = CONFIG_CPUS(config);
  if (cpus < 1 || cpus > MAX_CPUS)
    cpus = 1;
  machine = (struct machine){.memory_bytes = memory_bytes, .kernel = kernel, .cpus = cpus};
  exceptions_start();
  machine_start();
  variables_start();
  print("\nBreakwater firmware " FIRMWARE_VERSION ", %lu MB memory, %u EV67 CPU%s\n", memory_bytes >> 20,
        cpus, cpus == 1 ? "" : "s");
  pci_print();
  console_enter(first_action);
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
  switch_context(&slot->pcb, hwrpb.cpu_restart, hwrpb.vptb, hwrpb.cpu_restart_data);
}
