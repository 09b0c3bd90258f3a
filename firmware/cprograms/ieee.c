/* All of IEEE 754: denormals, infinities, NaNs and the status, with software completion of what the
   hardware does not do. For -mieee, and -mieee-with-inexact, where every rounding traps. */
#include "floats.h"

#define STATUS (FPCR_INE | FPCR_UNF | FPCR_OVF | FPCR_DZE | FPCR_INV)

static void everything(void) {
  check_doubles(special_doubles, special_doubles_count, FPCR_NEAREST);
  check_floats(special_floats, special_floats_count, FPCR_NEAREST);
  check_from_doubles(special_from_double, special_from_double_count, FPCR_NEAREST);
  check_relations(special_relations, special_relations_count);
}

static void widen(void) {
  for (unsigned i = 0; i < special_floats_count; i++) {
    uint32_t bits = special_floats[i].a;
    int nan = (bits & 0x7fffffff) > 0x7f800000;
    /* Every float is a double. */
    double value = HIDDEN((double)HIDDEN(float_of(bits)));
    same_float((float)value, nan ? 0x7fc00000 : bits, "float to double and back", i);
    if ((bits & 0x7fffffff) == 1)
      same(double_bits(value), (uint64_t)(bits >> 31) << 63 | 0x36a0000000000000, "2^-149", i);
  }
}

/* Status of single operations, from a clean FPCR. */
#define RAISES(expression, expected)                      \
  do {                                                    \
    write_fpcr(fpcr);                                     \
    (void)HIDDEN(expression);                             \
    same(read_fpcr() & STATUS, expected, #expression, 0); \
  } while (0)

static void inexact(uint64_t fpcr) {
  double one = HIDDEN(1.0), three = HIDDEN(3.0);
  float single = HIDDEN(0.1f);
  RAISES(one / three, FPCR_INE);
  RAISES(single * single, FPCR_INE);
  RAISES(__builtin_sqrt(three), FPCR_INE);
  write_fpcr(FPCR_DYN(FPCR_NEAREST));
}

static void status(uint64_t fpcr) {
  double zero = HIDDEN(0.0), one = HIDDEN(1.0), three = HIDDEN(3.0);
  double largest = HIDDEN(__DBL_MAX__), smallest = HIDDEN(__DBL_MIN__);
  double infinity = HIDDEN(__builtin_inf()), nan = HIDDEN(__builtin_nan(""));
  float single = HIDDEN(1e38f);
  RAISES(one + three, 0);
  RAISES(one / zero, FPCR_DZE);
  RAISES(infinity / zero, 0);
  RAISES(zero / zero, FPCR_INV);
  RAISES(infinity - infinity, FPCR_INV);
  RAISES(zero * infinity, FPCR_INV);
  RAISES(largest * three, FPCR_OVF | FPCR_INE);
  RAISES(single * 100, FPCR_OVF | FPCR_INE);
  RAISES((float)largest, FPCR_OVF | FPCR_INE);
  RAISES(smallest / three, FPCR_UNF | FPCR_INE);
  RAISES((float)smallest, FPCR_UNF | FPCR_INE);
  RAISES(__builtin_sqrt(-one), FPCR_INV);
  RAISES(nan + one, 0);
  RAISES(nan == one, 0);
  RAISES(nan < one, FPCR_INV);
  write_fpcr(FPCR_DYN(FPCR_NEAREST));
}

/* Halving down to nothing and doubling up to infinity. */
static void ladders(void) {
  double value = HIDDEN(1.0);
  unsigned steps = 0;
  while (value > 0) {
    value *= 0.5;
    steps++;
  }
  SAME(steps, 1075);
  float single = HIDDEN(1.0f);
  for (steps = 0; single > 0; steps++)
    single *= 0.5f;
  SAME(steps, 150);
  value = HIDDEN(1.0);
  for (steps = 0; value < __builtin_inf(); steps++)
    value += value;
  SAME(steps, 1024);
}

/* The compiler takes care that no result replaces an operand; other compilers did not. */
static void in_place(void) {
#define IN_PLACE(instruction, a, b, expected)                                    \
  do {                                                                           \
    double result = double_of(a);                                                \
    __asm__ volatile(instruction " %0,%1,%0" : "+f"(result) : "f"(double_of(b))); \
    same(double_bits(result), expected, instruction, 0);                         \
  } while (0)
  IN_PLACE("mult/su", 0x0010000000000000, 0x3fe0000000000000, 0x0008000000000000);
  IN_PLACE("mult/su", 0x0010000000000001, 0x3fe0000000000000, 0x0008000000000000);
  IN_PLACE("addt/su", 0x7fefffffffffffff, 0x7fefffffffffffff, 0x7ff0000000000000);
  IN_PLACE("subt/su", 0x0010000000000003, 0x0010000000000001, 0x0000000000000002);
  IN_PLACE("divt/su", 0x0000000000000001, 0x4000000000000000, 0x0000000000000000);
  IN_PLACE("divt/su", 0x3ff0000000000000, 0x0000000000000000, 0x7ff0000000000000);
  IN_PLACE("addt/sui", 0x3ff0000000000000, 0x3ca8000000000000, 0x3ff0000000000001);
}

void program(void) {
  uint64_t before = completions;
  test("special values, every exception traps");
  everything();
  widen();
  test("ladders, every exception traps");
  ladders();
  test("results in the place of operands, every exception traps");
  in_place();
  test("inexact is recorded");
  inexact(FPCR_DYN(FPCR_NEAREST));
  test("status, every exception traps");
  status(FPCR_DYN(FPCR_NEAREST));
  test("software completion was needed");
  SAME(completions - before > 1000, 1);
  uint64_t disables = FPCR_DYN(FPCR_NEAREST) | FPCR_INVD | FPCR_DZED | FPCR_OVFD | FPCR_INED;
  test("special values, traps disabled");
  write_fpcr(disables);
  everything();
  widen();
  ladders();
  test("inexact is recorded, traps disabled");
  inexact(disables);
  test("status, traps disabled");
  status(disables);
}
