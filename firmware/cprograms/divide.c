/* Division by shift and subtract, for the entries in machine.S. */
#include <stdint.h>

struct division {
  uint64_t quotient, remainder;
};

static struct division divide(uint64_t dividend, uint64_t divisor) {
  struct division result = {0, 0};
  for (int bit = 63; bit >= 0; bit--) {
    uint64_t carry = result.remainder >> 63;
    result.remainder = result.remainder << 1 | (dividend >> bit & 1);
    if (carry || result.remainder >= divisor) {
      result.remainder -= divisor;
      result.quotient |= 1ul << bit;
    }
  }
  return result;
}

static uint64_t magnitude(int64_t value) { return value < 0 ? -(uint64_t)value : (uint64_t)value; }

uint64_t divide_unsigned(uint64_t a, uint64_t b) { return divide(a, b).quotient; }
uint64_t remainder_unsigned(uint64_t a, uint64_t b) { return divide(a, b).remainder; }

int64_t divide_signed(int64_t a, int64_t b) {
  uint64_t quotient = divide(magnitude(a), magnitude(b)).quotient;
  return (a < 0) != (b < 0) ? -quotient : quotient;
}

int64_t remainder_signed(int64_t a, int64_t b) {
  uint64_t remainder = divide(magnitude(a), magnitude(b)).remainder;
  return a < 0 ? -remainder : remainder;
}

/* Longwords are kept sign-extended in registers, unsigned ones too. */
int64_t divide_unsigned_long(uint32_t a, uint32_t b) { return (int32_t)divide(a, b).quotient; }
int64_t remainder_unsigned_long(uint32_t a, uint32_t b) { return (int32_t)divide(a, b).remainder; }
int64_t divide_signed_long(int32_t a, int32_t b) { return (int32_t)divide_signed(a, b); }
int64_t remainder_signed_long(int32_t a, int32_t b) { return (int32_t)remainder_signed(a, b); }
