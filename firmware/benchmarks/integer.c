#include "benchmarks.h"

/* One long chain of dependent shifts and exclusive-ors (Marsaglia's 64-bit xorshift). */
uint64_t xorshift(void) {
  uint64_t x = 88172645463325252ul;
  for (unsigned i = 0; i < 1 << 22; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
  }
  return x;
}

/* Counts the primes below 2^23 in 8 MiB of bytes: byte stores with growing strides. */
#define LIMIT (1u << 23)
static uint8_t composite[LIMIT];

uint64_t sieve(void) {
  for (unsigned i = 0; i < LIMIT; i++)
    composite[i] = 0;
  uint64_t count = 0;
  for (unsigned i = 2; i < LIMIT; i++) {
    if (composite[i])
      continue;
    count++;
    for (uint64_t multiple = (uint64_t)i * i; multiple < LIMIT; multiple += i)
      composite[multiple] = 1;
  }
  return count;
}

/* Recursive calls. A weak function might be another program's, so that each call goes through the
   global offset table and each return reloads the global pointer; and none becomes a loop. */
__attribute__((weak, noinline, optimize("no-optimize-sibling-calls")))
uint64_t fibonacci_of(uint64_t n) {
  return n < 2 ? n : fibonacci_of(n - 1) + fibonacci_of(n - 2);
}

uint64_t fibonacci(void) { return fibonacci_of(27); }
