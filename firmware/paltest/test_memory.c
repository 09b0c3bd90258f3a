/* Page tables, memory management faults, TBI (Alpha AHB II-B, memory management). */
#include "paltest.h"

void do_ldq(void), do_stq(void), do_jump(void);

enum { FETCH = -1, READ = 0, WRITE = 1 };
enum { TNV, ACV, FOR, FOE, FOW };
#define FULL (PTE_V | PTE_KRE | PTE_KWE)
#define NO_FAULT ~0ul
/* An entry that is neither valid nor permits anything: both are right (Alpha AHB II-B, memory
   management faults). */
#define TNV_OR_ACV ~1ul

/* Page 1 begins with RET R31,(R26), so that a fetch from it comes back. */
#define RET_R26 0x6bfa8001u

static void access(const char *name, uint64_t va, int how, uint64_t code) {
  struct registers r;
  fill(&r);
  r.r[4] = va;
  void (*snippet)(void) = how == FETCH ? do_jump : how == READ ? do_ldq : do_stq;
  unsigned count = trap.count;
  resume_pc = (uint64_t)(how == FETCH ? do_ldq : snippet) + 8; /* its RET */
  exercise(snippet, &r);
  resume_pc = 0;
  if (code == NO_FAULT) {
    is(trap.count, count, name);
    return;
  }
  uint64_t pc = how == FETCH ? va : (uint64_t)snippet;
  int code_right = trap.a1 == code || (code == TNV_OR_ACV && trap.a1 <= ACV);
  int right = trap.count == count + 1 && trap.kind == ENTRY_mm && trap.a0 == va && code_right &&
              trap.a2 == (uint64_t)how && trap.frame.pc == pc;
  ok(right, "%s", name);
  if (!right)
    print("# %u traps, entry %lu(0x%lx, %lu, %ld), PC 0x%lx\n", trap.count - count, trap.kind, trap.a0,
          trap.a1, trap.a2, trap.frame.pc);
}

static void test_faults(void) {
  uint64_t va = test_va(1);
  uint64_t memory = (uint64_t)pages[1];
  *(uint32_t *)memory = RET_R26;
  pal_imb();
  map_page(1, pages[1], FULL);
  access("read of a mapped page", va, READ, NO_FAULT);
  access("write of a mapped page", va, WRITE, NO_FAULT);
  *(uint32_t *)memory = RET_R26;
  pal_imb();
  access("fetch from a mapped page", va, FETCH, NO_FAULT);
  map_page(1, pages[1], 0);
  access("invalid PTE, read", va, READ, TNV_OR_ACV);
  map_page(1, pages[1], FULL & ~PTE_V);
  access("TNV, read", va, READ, TNV);
  access("TNV, write", va, WRITE, TNV);
  access("TNV, fetch", va, FETCH, TNV);
  access("TNV in level 1", 0x40000000000 >> 2, READ, TNV_OR_ACV);
  map_page(1, pages[1], PTE_V | PTE_URE | PTE_UWE);
  access("ACV, read", va, READ, ACV);
  access("ACV, write", va, WRITE, ACV);
  access("ACV, fetch", va, FETCH, ACV);
  map_page(1, pages[1], PTE_V | PTE_KRE);
  access("read of a read-only page", va, READ, NO_FAULT);
  access("ACV, write of a read-only page", va, WRITE, ACV);
  map_page(1, pages[1], FULL | PTE_FOR);
  access("fault on read", va, READ, FOR);
  access("FOR does not stop a write", va, WRITE, NO_FAULT);
  map_page(1, pages[1], FULL | PTE_FOW);
  access("fault on write", va, WRITE, FOW);
  access("FOW does not stop a read", va, READ, NO_FAULT);
  map_page(1, pages[1], FULL | PTE_FOE);
  access("fault on execute", va, FETCH, FOE);
  access("FOE does not stop a read", va, READ, NO_FAULT);
  access("an address that is not sign-extended", 0x0000800000000000, READ, ACV);
}

static uint64_t load(uint64_t va) { return *(volatile uint64_t *)va; }

static void test_tbi(void) {
  *(uint64_t *)pages[2] = 222;
  *(uint64_t *)pages[3] = 333;
  map_page(2, pages[2], FULL);
  is(load(test_va(2)), 222, "a page");
  map_page(2, pages[3], FULL);
  is(load(test_va(2)), 333, "TBI 3 (TBIS) drops its old translation");
  static const struct {
    uint64_t type;
    const char *name;
  } types[] = {{2, "TBI 2 (TBISD)"}, {(uint64_t)-1, "TBI -1 (TBIAP)"}, {(uint64_t)-2, "TBI -2 (TBIA)"}};
  for (unsigned i = 0; i < 3; i++) {
    const void *memory = i % 2 ? pages[3] : pages[2];
    load(test_va(2));
    set_page(2, memory, FULL);
    pal_tbi(types[i].type, test_va(2));
    is(load(test_va(2)), i % 2 ? 333 : 222, types[i].name);
  }
}

void test_memory(void) {
  test_faults();
  test_tbi();
}
