/* Arithmetic of every width that C has, division included. */
#include "expected.h"

#define ARITHMETIC(width)                                                                       \
  static void arithmetic_##width(void) {                                                        \
    typedef int##width##_t integer;                                                             \
    typedef uint##width##_t natural;                                                            \
    for (unsigned i = 0; i < integer_count; i++) {                                              \
      const struct integer_row *row = &integer_##width[i];                                      \
      natural a = row->a, b = row->b;                                                           \
      integer x = a, y = b;                                                                     \
      unsigned shift = b & (width - 1);                                                         \
      same((natural)(a + b), row->sum, "a + b", i);                                             \
      same((natural)(a - b), row->difference, "a - b", i);                                      \
      same((natural)((uint64_t)a * b), row->product, "a * b", i);                               \
      same((natural)(x / y), row->quotient, "signed a / b", i);                                 \
      same((natural)(x % y), row->remainder, "signed a % b", i);                                \
      same((natural)(a / b), row->udivide, "a / b", i);                                         \
      same((natural)(a % b), row->uremainder, "a % b", i);                                      \
      same((natural)((uint64_t)a << shift), row->left, "a << b", i);                            \
      same((natural)(a >> shift), row->right, "a >> b", i);                                     \
      same((natural)(x >> shift), row->arithmetic, "signed a >> b", i);                         \
      natural turned = (uint64_t)a << shift | (uint64_t)a >> (-shift & (width - 1));            \
      same(turned, row->rotated, "rotated", i);                                                 \
      same(x < y, row->less, "signed a < b", i);                                                \
      same(a < b, row->uless, "a < b", i);                                                      \
    }                                                                                           \
  }
ARITHMETIC(8)
ARITHMETIC(16)
ARITHMETIC(32)
ARITHMETIC(64)

/* Divisors that the compiler knows become multiplications with UMULH and shifts. */
#define DIVIDE(divisor)                                                          \
  for (unsigned i = 0; i < integer_count; i++) {                                 \
    uint64_t a = integer_64[i].a;                                                \
    volatile uint64_t known = divisor;                                           \
    same(a / divisor, a / known, "a / " #divisor, i);                            \
    same(a % divisor, a % known, "a % " #divisor, i);                            \
    same((int64_t)a / divisor, (int64_t)a / (int64_t)known, "signed a / " #divisor, i); \
    same((uint32_t)a / divisor##u, (uint32_t)a / (uint32_t)known, "32-bit a / " #divisor, i); \
  }

static void constants(void) {
  DIVIDE(1)
  DIVIDE(3)
  DIVIDE(7)
  DIVIDE(10)
  DIVIDE(641)
  DIVIDE(4096)
  DIVIDE(1000000007)
}

/* S4ADDQ, S8SUBL and their like. */
static void scaled(void) {
  for (unsigned i = 0; i < integer_count; i++) {
    uint64_t a = integer_64[i].a, b = integer_64[i].b;
    uint32_t c = a, d = b;
    same(a * 4 + b, a + a + a + a + b, "a * 4 + b", i);
    same(a * 8 - b, (a << 3) - b, "a * 8 - b", i);
    same(a * 5, a + a + a + a + a, "a * 5", i);
    same((int64_t)(int32_t)(c * 4 - d), (int64_t)(int32_t)(c + c + c + c - d), "c * 4 - d", i);
    same((int64_t)(int32_t)(c * 8 + d), (int64_t)(int32_t)((c << 3) + d), "c * 8 + d", i);
  }
}

static void overflow(void) {
  for (unsigned i = 0; i < integer_count; i++) {
    int64_t a = integer_64[i].a, b = integer_64[i].b, result;
    uint64_t sum = integer_64[i].sum, difference = integer_64[i].difference;
    same(__builtin_add_overflow(a, b, &result), ((a ^ sum) & (b ^ sum)) >> 63, "add", i);
    same(__builtin_sub_overflow(a, b, &result), ((a ^ b) & (a ^ difference)) >> 63, "subtract", i);
    int128 product = (int128)a * b;
    same(__builtin_mul_overflow(a, b, &result), product != (int64_t)product, "multiply", i);
  }
}

void program(void) {
  test("8 bits");
  arithmetic_8();
  test("16 bits");
  arithmetic_16();
  test("32 bits");
  arithmetic_32();
  test("64 bits");
  arithmetic_64();
  test("division by constants");
  constants();
  test("scaled addition");
  scaled();
  test("checked arithmetic");
  overflow();
}
