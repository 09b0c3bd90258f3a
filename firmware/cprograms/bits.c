/* Counting and moving bits and bytes: CTPOP, CTLZ, CTTZ (CIX) where the processor has them, and
   the byte instructions. */
#include "expected.h"

static void counts(void) {
  for (unsigned i = 0; i < bits_count; i++) {
    uint64_t a = bits[i].a;
    same(__builtin_popcountl(a), bits[i].population, "popcount", i);
    same(__builtin_parityl(a), bits[i].parity, "parity", i);
    same(__builtin_ffsl(a), bits[i].first, "ffs", i);
    if (a) {
      same(__builtin_clzl(a), bits[i].leading, "clz", i);
      same(__builtin_ctzl(a), bits[i].trailing, "ctz", i);
    }
    same(__builtin_bswap64(a), bits[i].swapped, "bswap", i);
    same(__builtin_bswap32(a), (uint32_t)(bits[i].swapped >> 32), "bswap32", i);
  }
}

/* Every byte instruction at every byte offset, against shifts and masks. */
static void bytes(void) {
  for (unsigned i = 0; i < integer_count; i++) {
    uint64_t a = integer_64[i].a, b = integer_64[i].b;
    uint64_t ge = 0, selected = 0;
    for (unsigned n = 0; n < 8; n++) {
      ge |= (uint64_t)((uint8_t)(a >> 8 * n) >= (uint8_t)(b >> 8 * n)) << n;
      selected |= b >> n & 1 ? 0xfful << 8 * n : 0;
    }
    same(__builtin_alpha_cmpbge(a, b), ge, "cmpbge", i);
    same(__builtin_alpha_zap(a, b), a & ~selected, "zap", i);
    same(__builtin_alpha_zapnot(a, b), a & selected, "zapnot", i);
    unsigned shift = 8 * (b & 7);
    uint128 low = (uint128)(uint32_t)a << shift, mask = (uint128)0xffffffff << shift;
    same(__builtin_alpha_extbl(a, b), a >> shift & 0xff, "extbl", i);
    same(__builtin_alpha_extwl(a, b), a >> shift & 0xffff, "extwl", i);
    same(__builtin_alpha_extll(a, b), a >> shift & 0xffffffff, "extll", i);
    same(__builtin_alpha_extql(a, b), a >> shift, "extql", i);
    same(__builtin_alpha_extqh(a, b), a << (-shift & 63), "extqh", i);
    same(__builtin_alpha_insll(a, b), low, "insll", i);
    same(__builtin_alpha_inslh(a, b), low >> 64, "inslh", i);
    same(__builtin_alpha_mskll(a, b), a & ~(uint64_t)mask, "mskll", i);
    same(__builtin_alpha_msklh(a, b), a & ~(uint64_t)(mask >> 64), "msklh", i);
    same(__builtin_alpha_umulh(a, b), (uint128)a * b >> 64, "umulh", i);
  }
}

static void extensions(void) {
  for (unsigned i = 0; i < integer_count; i++) {
    uint64_t a = integer_64[i].a;
    same((int64_t)(int8_t)a, (a & 0xff) - ((a & 0x80) << 1), "sextb", i);
    same((int64_t)(int16_t)a, (a & 0xffff) - ((a & 0x8000) << 1), "sextw", i);
    same((int64_t)(int32_t)a, (a & 0xffffffff) - ((a & 0x80000000) << 1), "sextl", i);
  }
}

void program(void) {
  test("bit counts and byte order");
  counts();
  test("byte instructions");
  bytes();
  test("sign extension");
  extensions();
}
