/* Switches, computed jumps, loops, conditional moves, atomic operations. */
#include "expected.h"

static __attribute__((noinline)) int64_t dense(int64_t value) {
  switch (value & 7) {
  case 0: return 3;
  case 1: return value * 5;
  case 2: return value ^ 0xff;
  case 3: return value + 1000;
  case 4: return value << 3;
  case 5: return ~value;
  case 6: return 77;
  default: return value / 3;
  }
}

static __attribute__((noinline)) int sparse(int value) {
  switch (value) {
  case -1000000: return 1;
  case -3: return 2;
  case 0: return 3;
  case 9: return 4;
  case 100: return 5;
  case 65536: return 6;
  case 1 << 30: return 7;
  default: return 8;
  }
}

static void switches(void) {
  uint64_t total = 0;
  for (int value = 0; value < 1000; value++)
    total = total * 3 + dense(value) + sparse(value & 1 ? value - 500 : 0);
  SAME(total, switched_sum);
}

/* A machine with five instructions: the sum of 1 to n. */
static void threaded(void) {
  static void *const code[] = {&&add, &&decrement, &&again, &&stop};
  uint64_t n = HIDDEN(1000ul), sum = 0;
  unsigned at = 0;
  goto *code[at];
add:
  sum += n;
  goto *code[++at];
decrement:
  n--;
  goto *code[++at];
again:
  at = n ? 0 : at + 1;
  goto *code[at];
stop:
  SAME(sum, 500500);
}

static void loops(void) {
  uint64_t steps = 0;
  for (uint64_t start = 1; start < 2000; start++)
    for (uint64_t value = start; value != 1; steps++)
      value = value & 1 ? 3 * value + 1 : value >> 1;
  SAME(steps, collatz_sum);
  uint64_t a = 1, b = 0; /* Fibonacci 90 */
  for (unsigned i = 0; i < HIDDEN(90u); i++) {
    uint64_t sum = a + b;
    a = b;
    b = sum;
  }
  SAME(b, 2880067194370816120);
  uint64_t x = HIDDEN(1134903170ul), y = 1836311903; /* neighbours in that row: gcd 1 */
  while (y) {
    uint64_t rest = x % y;
    x = y;
    y = rest;
  }
  SAME(x, 1);
}

static void choices(void) {
  for (unsigned i = 0; i < integer_count; i++) {
    int64_t a = integer_64[i].a, b = integer_64[i].b;
    int64_t less = -(int64_t)integer_64[i].less, uless = -(int64_t)integer_64[i].uless;
    same(a < b ? a : b, (a & less) | (b & ~less), "minimum", i);
    same((uint64_t)a < (uint64_t)b ? b : a, (b & uless) | (a & ~uless), "maximum", i);
    same(a & 1 ? b : 17, (b & -(a & 1)) | (17 & ((a & 1) - 1)), "low bit", i);
    same(a < 0 ? -a : a, (a ^ a >> 63) - (a >> 63), "magnitude", i);
    same(a == 0 ? 5 : a > 0 ? 6 : 7, a ? 6 + ((uint64_t)a >> 63) : 5, "sign", i);
  }
}

/* Loads locked and stores conditional, by the compiler. */
static void atomics(void) {
  static uint64_t quadword;
  static uint32_t longword;
  static uint8_t bytes[8];
  for (unsigned i = 1; i <= 100; i++) {
    same(__atomic_fetch_add(&quadword, i, __ATOMIC_SEQ_CST), i * (i - 1) / 2, "fetch add", i);
    __atomic_fetch_xor(&longword, i * 0x1010101, __ATOMIC_SEQ_CST);
    same(__atomic_exchange_n(&bytes[i & 7], i, __ATOMIC_SEQ_CST), i <= 8 ? 0 : i - 8,
         "exchange of a byte", i);
  }
  uint32_t folded = 0;
  for (unsigned i = 1; i <= 100; i++)
    folded ^= i * 0x1010101;
  SAME(longword, folded);
  uint64_t expected = 5050;
  SAME(__sync_bool_compare_and_swap(&quadword, 5050, 1), 1);
  SAME(__sync_bool_compare_and_swap(&quadword, 5050, 2), 0);
  SAME(__atomic_compare_exchange_n(&quadword, &expected, 3, 0, __ATOMIC_SEQ_CST, 0), 0);
  SAME(expected, 1);
}

void program(void) {
  test("switches");
  switches();
  test("computed jumps");
  threaded();
  test("loops");
  loops();
  test("choices");
  choices();
  test("atomic operations");
  atomics();
}
