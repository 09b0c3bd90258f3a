#include "pchip.h"

#include "traps.h"

#define WINDOWS 4

static struct {
  uint64_t wsba[WINDOWS], wsm[WINDOWS], tba[WINDOWS], pctl, perrmask;
} found;
static bool has_error_registers;

/* Traffic through a window must be at rest while its registers change; the order keeps a window
   from matching with half of its new values. */
static void program(unsigned n, uint64_t wsba, uint64_t size, uint64_t tba) {
  window_disable(n);
  WSM(n) = (size - 1) & 0xfff00000;
  TBA(n) = tba;
  mb();
  WSBA(n) = wsba;
  mb();
  (void)WSBA(n);
  sg_tlb_invalidate_all();
}

void window_set_direct(unsigned n, uint64_t base, uint64_t size, uint64_t target) {
  program(n, base | WSBA_ENA, size, target);
}

void window_set_scatter_gather(unsigned n, uint64_t base, uint64_t size, uint64_t map) {
  program(n, base | WSBA_SG | WSBA_ENA, size, map);
}

void window_set_dac(uint64_t map) {
  program(3, WSBA3_DAC | WSBA_SG | WSBA_ENA, MEGABYTE, map);
}

void window_disable(unsigned n) {
  WSBA(n) = 0;
  mb();
  (void)WSBA(n);
}

void pctl_set(uint64_t bits) {
  PCTL = PCTL | bits;
  mb();
  (void)PCTL;
}

void pctl_clear(uint64_t bits) {
  PCTL = PCTL & ~bits;
  mb();
  (void)PCTL;
}

/* TLBIV takes PCI<31:16> in bits 19:4 and PCI<39> in bit 27. */
void sg_tlb_invalidate(uint64_t bus) {
  mb();
  TLBIV = (bus & 0xffff0000) >> 12 | (bus >> 39 & 1) << 27;
  mb();
  (void)TLBIV;
}

void sg_tlb_invalidate_all(void) {
  mb();
  TLBIA = 0;
  mb();
  (void)TLBIA;
}

void pchip_save(void) {
  for (unsigned n = 0; n < WINDOWS; n++) {
    found.wsba[n] = WSBA(n);
    found.wsm[n] = WSM(n);
    found.tba[n] = TBA(n);
  }
  found.pctl = PCTL;
  found.perrmask = PERRMASK;
  PERRMASK = PERROR_SGE;
  mb();
  has_error_registers = PERRMASK == PERROR_SGE;
  PERRMASK = found.perrmask;
  mb();
}

void pchip_restore(void) {
  for (unsigned n = 0; n < WINDOWS; n++) {
    window_disable(n);
    WSM(n) = found.wsm[n];
    TBA(n) = found.tba[n];
    WSBA(n) = found.wsba[n];
  }
  PCTL = found.pctl;
  PERRMASK = found.perrmask;
  sg_tlb_invalidate_all();
}

void pchip_basic_setup(void) {
  for (unsigned n = 0; n < WINDOWS; n++) window_disable(n);
  pctl_clear(PCTL_HOLE | PCTL_MWIN);
  pci_errors_enable(0);
  window_set_direct(1, DIRECT_BUS, GIGABYTE, 0);
}

bool pchip_has_error_registers(void) { return has_error_registers; }

void pci_errors_enable(uint64_t errors) {
  PERROR = PERROR_ALL;
  MISC = MISC_NXM;
  PERRMASK = errors;
  mb();
  (void)PERRMASK;
}
