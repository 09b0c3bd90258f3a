/* Memory and string functions at all alignments against naive ones: those of firmware/lib, those
   that the compiler puts in place, and those written with the byte instructions. */
#include <stddef.h>

#include "program.h"
#include "print.h"

#define ROOM 160
static uint8_t from[ROOM], to[ROOM], judge[ROOM];

static void fill(unsigned seed) {
  for (unsigned i = 0; i < ROOM; i++) {
    from[i] = i * 7 + seed + 1;
    to[i] = judge[i] = i * 13 + seed;
  }
}

static void agree(const char *what, uint64_t index) {
  unsigned different = 0;
  for (unsigned i = 0; i < ROOM; i++)
    different += to[i] != judge[i];
  same(different, 0, what, index);
}

static void library(void) {
  for (unsigned a = 0; a < 8; a++)
    for (unsigned b = 0; b < 8; b++)
      for (unsigned count = 0; count < 40; count++) {
        uint64_t index = a * 10000 + b * 1000 + count;
        fill(index);
        for (unsigned i = 0; i < count; i++)
          judge[b + i] = from[a + i];
        memcpy(to + HIDDEN(b), from + HIDDEN(a), HIDDEN(count));
        agree("memcpy", index);
        same(memcmp(to + b, from + a, count), 0, "memcmp", index);
        for (unsigned i = 0; i < count; i++)
          judge[b + i] = a * 31;
        memset(to + HIDDEN(b), HIDDEN(a * 31), HIDDEN(count));
        agree("memset", index);
        /* Overlapping, in both directions. */
        fill(index);
        for (unsigned i = 0; i < ROOM; i++)
          from[i] = to[i];
        for (unsigned i = 0; i < count; i++)
          judge[b + 4 + i] = from[a + 8 + i];
        memmove(to + HIDDEN(b) + 4, to + HIDDEN(a) + 8, HIDDEN(count));
        agree("memmove", index);
      }
}

/* A constant count becomes code in place. */
#define INLINE(count)                                                    \
  for (unsigned a = 0; a < 8; a++)                                       \
    for (unsigned b = 0; b < 8; b++) {                                   \
      fill(a * 8 + b);                                                   \
      for (unsigned i = 0; i < count; i++)                               \
        judge[b + i] = from[a + i], judge[80 + a + i] = 0;               \
      __builtin_memcpy(to + HIDDEN(b), from + HIDDEN(a), count);         \
      __builtin_memset(to + HIDDEN(a) + 80, 0, count);                   \
      agree("memcpy and memset of " #count, a * 8 + b);                  \
    }

static void in_place(void) {
  INLINE(1) INLINE(2) INLINE(3) INLINE(4) INLINE(5) INLINE(6) INLINE(7) INLINE(8) INLINE(9)
  INLINE(11) INLINE(12) INLINE(15) INLINE(16) INLINE(17) INLINE(23) INLINE(24) INLINE(31)
  INLINE(32) INLINE(33) INLINE(40) INLINE(48) INLINE(63) INLINE(64)
}

/* With LDQ_U, EXT, INS, MSK and CMPBGE, as a C library for this machine has them. */
static uint64_t aligned(uint64_t address) { return *(volatile uint64_t *)(address & ~7ul); }

static uint64_t load_unaligned(const void *at) {
  uint64_t address = (uint64_t)at;
  return __builtin_alpha_extql(aligned(address), address)
    | __builtin_alpha_extqh(aligned(address + 7), address);
}

static void store_unaligned(void *at, uint64_t value) {
  uint64_t address = (uint64_t)at;
  uint64_t high = (aligned(address + 7) & ~(address & 7 ? (1ul << 8 * (address & 7)) - 1 : 0))
    | __builtin_alpha_insqh(value, address);
  uint64_t low = __builtin_alpha_mskql(aligned(address), address)
    | __builtin_alpha_insql(value, address);
  if (address & 7)
    *(volatile uint64_t *)((address + 7) & ~7ul) = high;
  *(volatile uint64_t *)(address & ~7ul) = low;
}

static size_t length(const char *s) {
  uint64_t address = (uint64_t)s;
  uint64_t zeros = __builtin_alpha_cmpbge(0, aligned(address)) >> (address & 7) << (address & 7);
  while (!zeros) {
    address += 8;
    zeros = __builtin_alpha_cmpbge(0, aligned(address));
  }
  return (address & ~7ul) + __builtin_ctzl(zeros) - (uint64_t)s;
}

static int order(const char *a, const char *b) {
  for (;; a += 8, b += 8) {
    uint64_t x = load_unaligned(a), y = load_unaligned(b);
    uint64_t same_bytes = __builtin_alpha_cmpbge(0, x ^ y), ends = __builtin_alpha_cmpbge(0, x);
    uint64_t stop = (~same_bytes & 0xff) | ends;
    if (stop) {
      unsigned shift = 8 * __builtin_ctzl(stop);
      return (int)(x >> shift & 0xff) - (int)(y >> shift & 0xff);
    }
  }
}

static int naive_order(const uint8_t *a, const uint8_t *b) {
  while (*a && *a == *b)
    a++, b++;
  return *a - *b;
}

static void byte_wise(void) {
  for (unsigned a = 0; a < 8; a++)
    for (unsigned b = 0; b < 8; b++)
      for (unsigned count = 0; count < 24; count++) {
        uint64_t index = a * 10000 + b * 1000 + count;
        fill(index);
        uint64_t value = 0;
        for (unsigned i = 8; i--;)
          value = value << 8 | from[8 + a + i];
        same(load_unaligned(from + 8 + a), value, "unaligned load", index);
        store_unaligned(to + 8 + b, value);
        for (unsigned i = 0; i < 8; i++)
          judge[8 + b + i] = from[8 + a + i];
        agree("unaligned store", index);
        /* Strings that end after `count` bytes, and one byte that is different. */
        for (unsigned i = 0; i < count; i++)
          from[a + i] = to[b + i] = i % 250 + 1;
        from[a + count] = to[b + count] = 0;
        for (unsigned i = 1; i < 16; i++)
          from[a + count + i] = i, to[b + count + i] = 200 - i;
        char *s = (char *)from + HIDDEN(a), *t = (char *)to + HIDDEN(b);
        same(length(s), count, "length", index);
        same(strlen(s), count, "strlen", index);
        same(order(s, t), 0, "order", index);
        same(strcmp(s, t), 0, "strcmp", index);
        if (count) {
          t[index % count] ^= 0x85;
          int expected = naive_order(from + a, to + b);
          same(order(s, t), (int64_t)expected, "order of different strings", index);
          same(strcmp(s, t), (int64_t)expected, "strcmp of different strings", index);
        }
      }
}

void program(void) {
  test("functions of the library");
  library();
  test("copies in place");
  in_place();
  test("byte instructions");
  byte_wise();
}
