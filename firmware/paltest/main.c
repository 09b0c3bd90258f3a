#include "paltest.h"
#include "uart.h"

struct platform platform;

/* The loader's parameters: a command line, 0x6000 below the image's first 64 KB boundary. */
#define PARAMETERS ((const char *)(KSEG_BASE + 0x310000 - 0x6000))

static void find_platform(void) {
  const struct hwrpb *h = (const struct hwrpb *)HWRPB_VA;
  if (h->revision >= 5 && h->recognition_offset) {
    const struct system_recognition *r = (const void *)((const char *)h + h->recognition_offset);
    const char *name = (const char *)r + r->name_offset + 8;
    platform.own_firmware = memcmp(name, "Breakwater", 10) == 0;
  }
  platform.hwrpb = h->pa;
  uint64_t mask = read64(PCHIP_PERRMASK);
  write64(PCHIP_PERRMASK, 0x010);
  mb();
  platform.own_machine = read64(PCHIP_PERRMASK) == 0x010;
  write64(PCHIP_PERRMASK, mask);
  mb();
}

void main(uint64_t ps, uint64_t sp, uint64_t pv, uint64_t entry) {
  find_platform();
  if (strlen(PARAMETERS) && PARAMETERS[0] == '!')
    fatal_test(PARAMETERS + 1);
  print("TAP version 13\n# firmware: %s, machine: %s\n", platform.own_firmware ? "Breakwater" : "other",
        platform.own_machine ? "Breakwater" : "other");
  test_state(ps, sp, pv, entry);
  test_hwrpb();
  traps_start();
  mmu_start();
  test_calls();
  test_traps();
  test_memory();
  test_machine_checks();
  test_user();
  test_contexts();
  test_time();
  test_interrupts();
  test_callbacks();
  test_secondaries();
  tap_end();
  pal_halt();
}
