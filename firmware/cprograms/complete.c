/* Software completion (Alpha AHB, 4.7.7.3): finishes the IEEE instructions that the 21264 leaves to
   software, from their operands, with integer arithmetic alone. */
#include "pal.h"
#include "program.h"

#define SIGN (1ul << 63)
#define INFINITY_BITS (0x7fful << 52)
#define FRACTION ((1ul << 52) - 1)
#define QUIET (1ul << 51)
#define CANONICAL_NAN 0xfff8000000000000ul
#define TRUE_BITS 0x4000000000000000ul
#define SUMMARY_SWC 1

enum { CHOP, MINUS, NEAREST, PLUS };
struct format {
  int precision, lowest, highest;
};
static const struct format S = {24, -126, 127}, T = {53, -1022, 1023};

/* significand / 2^127 * 2^exponent, with bit 127 set, or 0. */
struct number {
  int negative, exponent;
  uint128 significand;
};

volatile uint64_t completions;

void unexpected(struct exception_frame *, uint64_t, uint64_t) __attribute__((noreturn));

/* Shifts to the right; what falls out stays visible in bit 0. */
static uint128 shift_jam(uint128 value, int count) {
  if (count == 0)
    return value;
  if (count > 127)
    return value != 0;
  return value >> count | ((value & (((uint128)1 << count) - 1)) != 0);
}

static struct number normalize(struct number n) {
  if (!n.significand)
    return n;
  while (!(n.significand >> 127)) {
    n.significand <<= 1;
    n.exponent--;
  }
  return n;
}

/* The value of a register image that is no infinity or NaN. An S denormal is loaded with exponent
   zero and its fraction in place (AHB 4.8.3). */
static struct number unpack(uint64_t image, const struct format *format) {
  int exponent = image >> 52 & 0x7ff;
  uint64_t fraction = image & FRACTION;
  struct number n = {image >> 63, exponent - 1023, (uint128)(fraction | 1ul << 52) << 75};
  if (exponent == 0) {
    n.exponent = format->lowest;
    n.significand = (uint128)fraction << 75;
  }
  return normalize(n);
}

static uint64_t pack(struct number n, const struct format *format, int mode, uint64_t *status) {
  uint64_t sign = n.negative ? SIGN : 0;
  if (!n.significand)
    return sign;
  int tiny = n.exponent < format->lowest;
  if (tiny) {
    n.significand = shift_jam(n.significand, format->lowest - n.exponent);
    n.exponent = format->lowest;
  }
  int drop = 128 - format->precision;
  uint128 rest = n.significand & (((uint128)1 << drop) - 1), half = (uint128)1 << (drop - 1);
  uint64_t kept = n.significand >> drop;
  int up = mode == NEAREST ? rest > half || (rest == half && (kept & 1))
                           : rest && mode == (n.negative ? MINUS : PLUS);
  kept += up;
  if (kept >> format->precision) {
    kept >>= 1;
    n.exponent++;
  }
  if (rest)
    *status |= FPCR_INE | (tiny ? FPCR_UNF : 0);
  if (n.exponent > format->highest) {
    *status |= FPCR_OVF | FPCR_INE;
    if (mode == NEAREST || mode == (n.negative ? MINUS : PLUS))
      return sign | INFINITY_BITS;
    kept = (1ul << format->precision) - 1;
    n.exponent = format->highest;
  }
  uint64_t fraction = kept << (53 - format->precision);
  uint64_t exponent = fraction >> 52 ? n.exponent + 1023 : 0;
  return sign | exponent << 52 | (fraction & FRACTION);
}

static int is_infinite(uint64_t image) { return (image & ~SIGN) == INFINITY_BITS; }
static int is_nan(uint64_t image) { return (image & ~SIGN) > INFINITY_BITS; }
static int is_zero(uint64_t image) { return (image & ~SIGN) == 0; }

static uint64_t invalid(uint64_t *status) {
  *status |= FPCR_INV;
  return CANONICAL_NAN;
}

static struct number add(struct number a, struct number b, int mode) {
  if (!a.significand && !b.significand) {
    a.negative = a.negative == b.negative ? a.negative : mode == MINUS;
    return a;
  }
  if (!b.significand)
    return a;
  if (!a.significand)
    return b;
  if (a.exponent < b.exponent) {
    struct number larger = b;
    b = a;
    a = larger;
  }
  uint128 x = a.significand >> 1, y = shift_jam(b.significand >> 1, a.exponent - b.exponent);
  a.exponent++;
  if (a.negative == b.negative) {
    a.significand = x + y;
  } else if (x == y) {
    a.significand = 0;
    a.negative = mode == MINUS;
  } else {
    a.negative ^= x < y;
    a.significand = x < y ? y - x : x - y;
  }
  return normalize(a);
}

static struct number multiply(struct number a, struct number b) {
  struct number n = {a.negative ^ b.negative, a.exponent + b.exponent + 1,
                     (a.significand >> 64) * (b.significand >> 64)};
  return normalize(n);
}

static struct number divide(struct number a, struct number b) {
  uint128 dividend = a.significand >> 1, divisor = b.significand >> 64;
  uint128 quotient = dividend / divisor;
  struct number n = {a.negative ^ b.negative, a.exponent - b.exponent,
                     quotient << 64 | (dividend % divisor != 0)};
  return normalize(n);
}

static struct number square_root(struct number a) {
  /* The root of an integer of 126 or 127 bits, times an even power of 2. */
  int odd = a.exponent & 1;
  uint128 square = a.significand >> (odd ? 2 : 1), root = 0;
  for (int bit = 63; bit >= 0; bit--) {
    uint128 next = root | (uint128)1 << bit;
    if (next * next <= square)
      root = next;
  }
  struct number n = {0, (a.exponent + odd) / 2, root << 64 | (root * root != square)};
  return normalize(n);
}

static uint64_t arithmetic(int operation, uint64_t a, uint64_t b, const struct format *format,
                           int mode, uint64_t *status) {
  if (is_nan(a) || is_nan(b)) {
    if ((is_nan(a) && !(a & QUIET)) || (is_nan(b) && !(b & QUIET)))
      *status |= FPCR_INV;
    return (is_nan(b) ? b : a) | QUIET;
  }
  if (operation == 1)
    b ^= SIGN;
  uint64_t sign = (a ^ b) & SIGN;
  switch (operation) {
  case 0:
  case 1:
    if (is_infinite(a) && is_infinite(b) && sign)
      return invalid(status);
    if (is_infinite(a) || is_infinite(b))
      return is_infinite(a) ? a : b;
    return pack(add(unpack(a, format), unpack(b, format), mode), format, mode, status);
  case 2:
    if (is_infinite(a) || is_infinite(b))
      return is_zero(a) || is_zero(b) ? invalid(status) : sign | INFINITY_BITS;
    return pack(multiply(unpack(a, format), unpack(b, format)), format, mode, status);
  default:
    if (is_infinite(a) ? is_infinite(b) : is_zero(a) && is_zero(b))
      return invalid(status);
    if (is_infinite(a))
      return sign | INFINITY_BITS;
    if (is_infinite(b))
      return sign;
    if (is_zero(b)) {
      *status |= FPCR_DZE;
      return sign | INFINITY_BITS;
    }
    return pack(divide(unpack(a, format), unpack(b, format)), format, mode, status);
  }
}

static uint64_t root(uint64_t b, const struct format *format, int mode, uint64_t *status) {
  if (is_nan(b))
    return arithmetic(0, b, b, format, mode, status);
  if (is_zero(b) || (is_infinite(b) && !(b & SIGN)))
    return b;
  if (b & SIGN)
    return invalid(status);
  return pack(square_root(unpack(b, format)), format, mode, status);
}

static uint64_t convert(uint64_t b, const struct format *from, const struct format *to, int mode,
                        uint64_t *status) {
  if (is_nan(b)) {
    if (!(b & QUIET))
      *status |= FPCR_INV;
    return (b | QUIET) & (to == &S ? ~0x1ffffffful : ~0ul);
  }
  return is_infinite(b) ? b : pack(unpack(b, from), to, mode, status);
}

static uint64_t to_integer(uint64_t b, int mode, uint64_t *status) {
  if (is_nan(b) || is_infinite(b)) {
    *status |= FPCR_INV;
    return 0;
  }
  struct number n = unpack(b, &T);
  if (n.exponent > 62 && n.significand) {
    /* The low 64 bits: compiled conversions to unsigned integers count on that. */
    int shift = n.exponent - 127;
    *status |= FPCR_IOV | FPCR_INE;
    uint64_t low = shift > 63 ? 0 : shift > 0 ? n.significand << shift : n.significand >> -shift;
    return n.negative ? -low : low;
  }
  uint128 value = shift_jam(n.significand, 63 - n.exponent); /* with 64 bits of fraction */
  uint64_t kept = value >> 64, rest = value;
  if (rest)
    *status |= FPCR_INE;
  kept += mode == NEAREST ? rest > SIGN || (rest == SIGN && (kept & 1))
                          : rest && mode == (n.negative ? MINUS : PLUS);
  return n.negative ? -kept : kept;
}

static uint64_t from_integer(uint64_t b, const struct format *to, int mode, uint64_t *status) {
  int negative = b >> 63;
  struct number n = {negative, 63, (uint128)(negative ? -b : b) << 64};
  return pack(normalize(n), to, mode, status);
}

/* An integer to a longword in a register, where its bits are apart (AHB 4.8.3). */
static uint64_t to_longword(uint64_t b, uint64_t *status) {
  if ((int64_t)b != (int32_t)b)
    *status |= FPCR_IOV;
  return (b & 0xc0000000) << 32 | (b & 0x3fffffff) << 29;
}

static uint64_t compare(int kind, uint64_t a, uint64_t b, uint64_t *status) {
  if (is_nan(a) || is_nan(b)) {
    if (kind >= 2 || (is_nan(a) && !(a & QUIET)) || (is_nan(b) && !(b & QUIET)))
      *status |= FPCR_INV;
    return kind == 0 ? TRUE_BITS : 0;
  }
  int64_t x = a & SIGN ? -(int64_t)(a & ~SIGN) : (int64_t)a;
  int64_t y = b & SIGN ? -(int64_t)(b & ~SIGN) : (int64_t)b;
  int holds = kind == 0 ? 0 : kind == 1 ? x == y : kind == 2 ? x < y : x <= y;
  return holds ? TRUE_BITS : 0;
}

/* Called from entry_arith: `floating` has F0 to F30 and FPCR. */
void complete(struct exception_frame *frame, uint64_t *floating, uint64_t summary, uint64_t mask) {
  uint32_t word = *(uint32_t *)(frame->pc - 4);
  unsigned opcode = word >> 26, function = word >> 5 & 0x7ff, operation = function & 0x3f;
  unsigned fa = word >> 21 & 31, fb = word >> 16 & 31, fc = word & 31;
  uint64_t a = fa == 31 ? 0 : floating[fa], b = fb == 31 ? 0 : floating[fb];
  int mode = function >> 6 & 3;
  if (mode == 3)
    mode = floating[31] >> 58 & 3;
  uint64_t status = 0, result;

  if (!(summary & SUMMARY_SWC))
    unexpected(frame, summary, mask);
  if (opcode == 0x14 && (operation == 0x0b || operation == 0x2b))
    result = root(b, operation == 0x0b ? &S : &T, mode, &status);
  else if (opcode == 0x17 && operation == 0x30)
    result = to_longword(b, &status);
  else if (opcode != 0x16)
    unexpected(frame, summary, mask);
  else if (operation <= 0x03)
    result = arithmetic(operation, a, b, &S, mode, &status);
  else if (operation >= 0x20 && operation <= 0x23)
    result = arithmetic(operation - 0x20, a, b, &T, mode, &status);
  else if (operation >= 0x24 && operation <= 0x27)
    result = compare(operation - 0x24, a, b, &status);
  else if (function == 0x2ac || function == 0x6ac)
    result = convert(b, &S, &T, mode, &status);
  else if (operation == 0x2c)
    result = convert(b, &T, &S, mode, &status);
  else if (operation == 0x2f)
    result = to_integer(b, mode, &status);
  else if (operation == 0x3c || operation == 0x3e)
    result = from_integer(b, operation == 0x3c ? &S : &T, mode, &status);
  else
    unexpected(frame, summary, mask);
  completions++;
  if (fc != 31)
    floating[fc] = result;
  floating[31] |= status;
}
