/* 128-bit arithmetic: UMULH, carries by comparison, and libgcc. */
#include "expected.h"

static void same128(uint128 got, uint128 expected, const char *what, unsigned index) {
  same(got, expected, what, index);
  same(got >> 64, expected >> 64, what, index);
}

static void linear(void) {
  for (unsigned i = 0; i < wide_count; i++) {
    uint128 a = wide[i].a, b = wide[i].b;
    same128(a + b, wide[i].sum, "a + b", i);
    same128(a - b, wide[i].difference, "a - b", i);
    same128(a * b, wide[i].product, "a * b", i);
    same((int128)a < (int128)b, wide[i].less, "signed a < b", i);
    same(a < b, wide[i].uless, "a < b", i);
    same(a >= b, !wide[i].uless, "a >= b", i);
    same128(-a, ~a + 1, "-a", i);
  }
}

static void division(void) {
  for (unsigned i = 0; i < wide_count; i++) {
    uint128 a = wide[i].a, b = wide[i].b;
    same128((int128)a / (int128)b, wide[i].quotient, "signed a / b", i);
    same128((int128)a % (int128)b, wide[i].remainder, "signed a % b", i);
    same128(a / b, wide[i].udivide, "a / b", i);
    same128(a % b, wide[i].uremainder, "a % b", i);
  }
}

static void shifts(void) {
  for (unsigned i = 0; i < wide_count; i++) {
    uint128 a = wide[i].a;
    unsigned count = wide[i].b & 127;
    same128(a << count, wide[i].left, "a << b", i);
    same128(a >> count, wide[i].right, "a >> b", i);
    same128((int128)a >> count, wide[i].arithmetic, "signed a >> b", i);
  }
}

/* 30! and 3^80, which need more than 64 bits; known numbers. */
static void powers(void) {
  uint128 factorial = 1, power = 1;
  for (unsigned i = 2; i <= 30; i++)
    factorial *= HIDDEN(i);
  for (unsigned i = 0; i < 80; i++)
    power *= HIDDEN(3u);
  char text[40];
  unsigned at = sizeof text;
  text[--at] = 0;
  for (uint128 rest = factorial; rest; rest /= 10)
    text[--at] = '0' + (unsigned)(rest % 10);
  const char *expected = "265252859812191058636308480000000";
  for (unsigned i = 0; expected[i] || text[at + i]; i++)
    SAME(text[at + i], expected[i]);
  SAME(power, 0x3cea59789c79d441ul);
  SAME(power >> 64, 0x6f32f1ef8b18a2bcul);
}

void program(void) {
  test("addition, subtraction, multiplication, order");
  linear();
  test("division");
  division();
  test("shifts");
  shifts();
  test("factorial and power");
  powers();
}
