/* PALcode calls that only move values (Alpha AHB II-B, PALcode instruction descriptions). */
#include "paltest.h"

void do_rdps(void), do_imb(void), do_rti(void), do_rti_done(void), do_nothing(void);
void do_cflush(void), do_draina(void), do_wrvptptr(void);

static void test_registers(void) {
  struct registers before, after;
  fill(&before);
  after = before;
  exercise(do_nothing, &after);
  ok(preserved(&before, &after, 0), "the test itself preserves registers");
  exercise(do_rdps, &after);
  ok(preserved(&before, &after, CALL_PAL_MAY_DESTROY | 1), "RDPS preserves registers");
  after = before;
  exercise(do_imb, &after);
  ok(preserved(&before, &after, CALL_PAL_MAY_DESTROY), "IMB preserves registers");
  after = before;
  exercise(do_cflush, &after);
  ok(preserved(&before, &after, CALL_PAL_MAY_DESTROY), "CFLUSH preserves registers");
  after = before;
  exercise(do_draina, &after);
  ok(preserved(&before, &after, CALL_PAL_MAY_DESTROY), "DRAINA preserves registers");
  before.r[16] = VPTB_CONSOLE;
  after = before;
  exercise(do_wrvptptr, &after);
  ok(preserved(&before, &after, CALL_PAL_MAY_DESTROY), "WRVPTPTR preserves registers");
}

static void test_ipl(void) {
  is(pal_rdps(), 7, "RDPS");
  is(pal_swpipl(6), 7, "SWPIPL returns the old level");
  is(pal_rdps(), 6, "SWPIPL sets the new one");
  is(pal_swpipl(7), 6, "SWPIPL again");
  struct registers r;
  fill(&r);
  r.r[16] = 5;
  exercise(do_rti, &r);
  is(r.r[0], 5, "RTI to kernel mode sets the IPL");
  ok(r.r[16] == 0x1a0 && r.r[17] == 0x1a1 && r.r[18] == 0x1a2, "RTI restores a0 to a2");
  pal_swpipl(7);
}

static void test_values(void) {
  pal_wrval(0x1234567887654321);
  is(pal_rdval(), 0x1234567887654321, "WRVAL and RDVAL");
  pal_wrusp(0x11fff0000);
  is(pal_rdusp(), 0x11fff0000, "WRUSP and RDUSP");
  pal_wrunique(0x8000000000000005);
  is(pal_rdunique(), 0x8000000000000005, "WRUNIQUE and RDUNIQUE");
  is(pal_whami(), 0, "WHAMI");
}

static void test_mces(void) {
  pal_wrmces(7);
  is(pal_rdmces(), 0, "WRMCES clears MIP, SCE, PCE");
  pal_wrmces(0x18);
  is(pal_rdmces(), 0x18, "WRMCES stores DPC and DSC");
  pal_wrmces(7);
  is(pal_rdmces(), 0, "WRMCES clears DPC and DSC");
}

static void test_cserve(void) {
  static uint64_t cell;
  cell = 0x123456789abcdef0;
  is(pal_cserve(CSERVE_ldqp, physical(&cell), 0), 0x123456789abcdef0, "CSERVE 1: physical load");
  pal_cserve(CSERVE_stqp, physical(&cell), 77);
  is(*(volatile uint64_t *)&cell, 77, "CSERVE 2: physical store");
  ok(pal_cserve(CSERVE_get_wall_time, 0, 0) > 1000000000ul * 86400 * 365,
     "CSERVE 3: wall time, ns since 1970");
  uint64_t before = pal_cserve(CSERVE_get_time, 0, 0);
  for (volatile int i = 0; i < 2000; i++)
    ;
  ok(pal_cserve(CSERVE_get_time, 0, 0) > before, "CSERVE 7: time goes on");
  /* Other consoles enable and disable the interrupt of a vector with these. */
  uint64_t mask = read64(CCHIP_DIM0);
  pal_cserve(52, 20, 0);
  is(read64(CCHIP_DIM0), mask, "CSERVE 52 leaves the chipset's interrupt mask alone");
  pal_cserve(53, 20, 0);
  is(read64(CCHIP_DIM0), mask, "CSERVE 53 likewise");
}

void test_calls(void) {
  test_registers();
  test_ipl();
  test_values();
  test_mces();
  test_cserve();
  if (platform.own_firmware)
    is(pal_wrperfmon(0, 0), 0, "WRPERFMON: no counters");
  else
    skip("WRPERFMON: no counters", "some firmware leaves R0 as it is");
  register uint64_t v0 __asm__("$0");
  register uint64_t a0 __asm__("$16") = 9;
  __asm__ volatile("call_pal %2"
                   : "=r"(v0), "+r"(a0)
                   : "i"(PAL_swppal)
                   : "$17", "$18", "$19", "$20", "$21", PAL_CLOBBERS);
  is(v0, 1, "SWPPAL to an unknown variant: not loaded");
}
