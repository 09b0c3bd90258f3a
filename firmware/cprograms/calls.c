/* The calling standard: variable arguments, structures by value, many arguments of both kinds,
   function pointers, nested and recursive functions, setjmp. Expected values are sums that the
   comments derive. */
#include <stdarg.h>

#include "program.h"

#define APART __attribute__((noinline, noclone))

static APART int64_t sum_integers(int count, ...) {
  va_list list;
  va_start(list, count);
  int64_t sum = 0;
  for (int i = 0; i < count; i++)
    sum += va_arg(list, int) * (i + 1);
  va_end(list);
  return sum;
}

/* i: int, l: long, d: double, p: structure of 24 bytes, s: structure of a float and a char. */
struct large { int64_t a, b, c; };
struct small { float real; char letter; };

static int64_t sum_list(const char *kinds, va_list list) {
  double sum = 0;
  for (; *kinds; kinds++)
    switch (*kinds) {
    case 'i': sum += va_arg(list, int); break;
    case 'l': sum += va_arg(list, long); break;
    case 'd': sum += va_arg(list, double); break;
    case 'p': {
      struct large large = va_arg(list, struct large);
      sum += large.a + 10 * large.b + 100 * large.c;
      break;
    }
    case 's': {
      struct small small = va_arg(list, struct small);
      sum += small.real * small.letter;
      break;
    }
    }
  return sum * 4;
}

/* Twice through a copy of the list. */
static APART int64_t sum_mixed(const char *kinds, ...) {
  va_list list, again;
  va_start(list, kinds);
  va_copy(again, list);
  int64_t first = sum_list(kinds, list), second = sum_list(kinds, again);
  va_end(again);
  va_end(list);
  return first == second ? first : -1;
}

static void variable(void) {
  SAME(sum_integers(0), 0);
  SAME(sum_integers(3, 5, -7, 9), 5 - 14 + 27);
  SAME(sum_integers(10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 385); /* sum of squares */
  SAME(sum_mixed("idl", 1, 2.25, 3l), 25);
  SAME(sum_mixed("dddddddd", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.5), 146);
  SAME(sum_mixed("ididididid", 1, .25, 2, .25, 3, .25, 4, .25, 5, .25), 65);
  struct large large = {1, 2, 3};
  struct small small = {0.5f, 'A'};
  SAME(sum_mixed("psips", large, small, -1, large, small), 4 * (321 + 321 - 1 + 65));
}

struct pair { int64_t a, b; };
struct reals { double x, y; };
struct triple { float x, y, z; };
struct array { int32_t items[13]; };

static APART struct pair swap(struct pair p) { return (struct pair){p.b, p.a}; }
static APART struct reals turn(struct reals r) { return (struct reals){-r.y, r.x}; }
static APART struct triple cross(struct triple a, struct triple b) {
  return (struct triple){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
static APART struct array reverse(struct array a) {
  for (int i = 0; i < 6; i++) {
    int32_t other = a.items[12 - i];
    a.items[12 - i] = a.items[i];
    a.items[i] = other;
  }
  return a;
}
static APART char letter(struct small s) { return s.letter + (int)s.real; }

static void structures(void) {
  struct pair pair = swap((struct pair){HIDDEN(1l), -2});
  SAME(pair.a, -2);
  SAME(pair.b, 1);
  struct reals reals = turn((struct reals){HIDDEN(3.0), 4.0});
  SAME(reals.x == -4 && reals.y == 3, 1);
  struct triple triple = cross((struct triple){HIDDEN(1.0f), 2, 3}, (struct triple){4, 5, 6});
  SAME(triple.x == -3 && triple.y == 6 && triple.z == -3, 1);
  struct array array;
  for (int i = 0; i < 13; i++)
    array.items[i] = HIDDEN(i) * 3;
  struct array reversed = reverse(array);
  for (int i = 0; i < 13; i++) {
    same(reversed.items[i], 36 - 3 * i, "reversed", i);
    same(array.items[i], 3 * i, "the caller's own", i);
  }
  SAME(letter((struct small){HIDDEN(2.0f), 'C'}), 'E');
}

/* Six arguments are in registers, the others on the stack. */
static APART double many(int8_t a, double b, uint16_t c, float d, int64_t e, double f, uint8_t g,
                         float h, int32_t i, double j, int128 k, float _Complex z) {
  return a + 2 * b + 3.0 * c + 4 * d + 5 * e + 6 * f + 7.0 * g + 8 * h + 9.0 * i + 10 * j
    + (double)(int64_t)(k >> 64) + __real__ z * __imag__ z;
}

static void arguments(void) {
  double sum = many(HIDDEN(-1), 0.5, 65535, -0.25f, -3, 1.5, 255, 0.125f, -7, 2.5, (int128)5 << 64,
                    3.0f + 2.0f * 1.0i);
  /* -1 + 1 + 196605 - 1 - 15 + 9 + 1785 + 1 - 63 + 25 + 5 + 6 */
  SAME((int64_t)sum, 198357);
}

typedef int64_t operation(int64_t, int64_t);
static int64_t plus(int64_t a, int64_t b) { return a + b; }
static int64_t minus(int64_t a, int64_t b) { return a - b; }
static int64_t times(int64_t a, int64_t b) { return a * b; }
static APART int64_t fold(operation *f, const int64_t *items, int count, int64_t start) {
  for (int i = 0; i < count; i++)
    start = f(start, items[i]);
  return start;
}

static void pointers(void) {
  static operation *const operations[] = {plus, minus, times};
  static const int64_t items[] = {1, 2, 3, 4, 5, 6};
  static const int64_t expected[] = {28, -14, 5040};
  for (int i = 0; i < 3; i++)
    same(fold(operations[HIDDEN(i)], items, 6, 7), expected[i], "fold", i);
}

static APART uint64_t ackermann(uint64_t m, uint64_t n) {
  return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}
static APART int is_odd(unsigned n);
static APART int is_even(unsigned n) { return n == 0 ? 1 : is_odd(n - 1); }
static int is_odd(unsigned n) { return n == 0 ? 0 : is_even(n - 1); }
static APART unsigned queens(unsigned columns, unsigned left, unsigned right) {
  unsigned count = columns == 255;
  for (unsigned free = ~(columns | left | right) & 255; free; free &= free - 1) {
    unsigned bit = free & -free;
    count += queens(columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return count;
}
static APART double power(double x, unsigned n) {
  return n == 0 ? 1 : n & 1 ? x * power(x, n - 1) : power(x * x, n / 2);
}
/* A stack frame of a size known only then. */
static APART uint64_t stacked(unsigned n) {
  uint64_t items[n + 1], sum = 0;
  for (unsigned i = 0; i <= n; i++)
    items[i] = i;
  uint64_t below = n ? stacked(n - 1) : 0;
  for (unsigned i = 0; i <= n; i++)
    sum += items[i];
  return sum + below;
}

static void recursion(void) {
  SAME(ackermann(2, 3), 9);
  SAME(ackermann(3, 4), 125);
  SAME(is_even(HIDDEN(100u)), 1);
  SAME(is_odd(HIDDEN(100u)), 0);
  SAME(queens(0, 0, 0), 92);
  SAME((uint64_t)power(HIDDEN(3.0), 33), 5559060566555523);
  SAME(stacked(40), 11480); /* 40 * 41 * 42 / 6 */
}

/* machine.S */
typedef uint64_t jump_buffer[18];
int64_t set_jump(jump_buffer) __attribute__((returns_twice));
void long_jump(jump_buffer, int64_t);

static jump_buffer top;
static APART void descend(int depth, double real) {
  volatile int64_t disturb[8];
  for (int i = 0; i < 8; i++)
    disturb[i] = depth + i;
  if (depth > 0)
    descend(depth - 1, real + disturb[0] * 0.5);
  else
    long_jump(top, (int64_t)real);
}

/* The compiler keeps some of these in registers that the calls preserve. */
static APART int64_t keeps(int64_t a, int64_t b, double x, double y) {
  int64_t value = set_jump(top);
  if (value == 0)
    descend(20, y);
  return value * 1000 + a * 100 + b * 10 + (int64_t)(x + y);
}

static void jumps(void) {
  SAME(keeps(HIDDEN(1l), HIDDEN(2l), HIDDEN(3.0), HIDDEN(4.0)), 109127); /* 4 + 210 / 2 = 109 */
  for (volatile int i = 1; i < 50; i++) {
    int64_t value = set_jump(top);
    if (value == 0)
      long_jump(top, i);
    same(value, i, "set_jump", i);
  }
}

void program(void) {
  test("variable arguments");
  variable();
  test("structures by value");
  structures();
  test("twelve arguments");
  arguments();
  test("function pointers");
  pointers();
  test("recursion");
  recursion();
  test("setjmp and longjmp");
  jumps();
}
