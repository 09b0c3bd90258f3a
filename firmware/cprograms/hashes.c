/* CRC-32, Adler-32, MD5 (RFC 1321) and SHA-256 (FIPS 180-4), against the host's. */
#include "expected.h"

static uint32_t crc32(const uint8_t *text, uint64_t length) {
  uint32_t crc = ~0u;
  while (length--) {
    crc ^= *text++;
    for (int bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc;
}

static uint32_t adler32(const uint8_t *text, uint64_t length) {
  uint32_t a = 1, b = 0;
  while (length--) {
    a = (a + *text++) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

static uint32_t left(uint32_t x, unsigned n) { return x << n | x >> (32 - n); }
static uint32_t right(uint32_t x, unsigned n) { return x >> n | x << (32 - n); }

/* Gives a function each block of the padded message. */
static void blocks(const uint8_t *text, uint64_t length, int big, uint32_t *state,
                   void (*block)(uint32_t *, const uint8_t *)) {
  uint64_t total = (length + 9 + 63) / 64 * 64;
  for (uint64_t at = 0; at < total; at += 64) {
    uint8_t buffer[64];
    for (unsigned i = 0; i < 64; i++) {
      uint64_t place = at + i, end = total - 8;
      buffer[i] = place < length    ? text[place]
                  : place == length ? 0x80
                  : place < end     ? 0
                                    : length * 8 >> 8 * (big ? 7 - (place - end) : place - end);
    }
    block(state, buffer);
  }
}

/* Constants by their definition: fractions of roots of primes, and of sines, in fixed point. */
static uint32_t md5_constants[64], sha_constants[64], sha_start[8];

/* The first 32 bits of the fraction of the root of n: those of the largest r with
   r^degree <= n * 2^(32 * degree). */
static uint32_t root_fraction(uint64_t n, int degree) {
  uint128 root = 0;
  for (int bit = 36; bit >= 0; bit--) {
    uint128 next = root | (uint128)1 << bit;
    uint128 power = degree == 2 ? next * next : next * next * next;
    if (power <= (uint128)n << 32 * degree)
      root = next;
  }
  return root;
}

static void constants(void) {
  unsigned count = 0;
  for (uint64_t n = 2; count < 64; n++) {
    int prime = 1;
    for (uint64_t d = 2; d * d <= n; d++)
      prime &= n % d != 0;
    if (!prime)
      continue;
    if (count < 8)
      sha_start[count] = root_fraction(n, 2);
    sha_constants[count++] = root_fraction(n, 3);
  }
  /* |sin i| by its series, at an angle brought to at most pi / 2. */
  for (int i = 1; i <= 64; i++) {
    double x = i;
    while (x > 1.5707963267948966) {
      /* pi in two pieces, the first exact when multiplied. */
      x -= 3.1415926534682512;
      x -= 1.2154199306e-10;
    }
    double term = x, sum = x;
    for (int k = 1; k < 14; k++) {
      term *= -x * x / ((2 * k) * (2 * k + 1));
      sum += term;
    }
    md5_constants[i - 1] = (uint32_t)(int64_t)(__builtin_fabs(sum) * 4294967296.0);
  }
}

static void md5_block(uint32_t *state, const uint8_t *block) {
  static const uint8_t turns[4][4] = {
    {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21},
  };
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  for (unsigned i = 0; i < 64; i++) {
    uint32_t f;
    unsigned g;
    switch (i / 16) {
    case 0: f = (b & c) | (~b & d), g = i; break;
    case 1: f = (d & b) | (~d & c), g = (5 * i + 1) % 16; break;
    case 2: f = b ^ c ^ d, g = (3 * i + 5) % 16; break;
    default: f = c ^ (b | ~d), g = 7 * i % 16;
    }
    const uint8_t *w = block + 4 * g;
    uint32_t word = w[0] | w[1] << 8 | w[2] << 16 | (uint32_t)w[3] << 24;
    uint32_t next = b + left(a + f + md5_constants[i] + word, turns[i / 16][i % 4]);
    a = d, d = c, c = b, b = next;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
}

static void sha_block(uint32_t *state, const uint8_t *block) {
  uint32_t w[64], s[8];
  for (unsigned i = 0; i < 16; i++, block += 4)
    w[i] = (uint32_t)block[0] << 24 | block[1] << 16 | block[2] << 8 | block[3];
  for (unsigned i = 16; i < 64; i++) {
    uint32_t x = w[i - 15], y = w[i - 2];
    w[i] = w[i - 16] + (right(x, 7) ^ right(x, 18) ^ x >> 3) + w[i - 7]
      + (right(y, 17) ^ right(y, 19) ^ y >> 10);
  }
  for (unsigned i = 0; i < 8; i++)
    s[i] = state[i];
  for (unsigned i = 0; i < 64; i++) {
    uint32_t e = s[4], a = s[0];
    uint32_t t1 = s[7] + (right(e, 6) ^ right(e, 11) ^ right(e, 25)) + ((e & s[5]) ^ (~e & s[6]))
      + sha_constants[i] + w[i];
    uint32_t t2 = (right(a, 2) ^ right(a, 13) ^ right(a, 22))
      + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
    for (unsigned k = 7; k; k--)
      s[k] = s[k - 1];
    s[4] += t1;
    s[0] = t1 + t2;
  }
  for (unsigned i = 0; i < 8; i++)
    state[i] += s[i];
}

void program(void) {
  test("CRC-32 and Adler-32");
  for (unsigned i = 0; i < hashes_count; i++) {
    uint64_t length = hashes[i].length;
    same(crc32(random_text, length), hashes[i].crc32, "CRC-32 by length", length);
    same(adler32(random_text, length), hashes[i].adler32, "Adler-32 by length", length);
  }
  constants();
  test("MD5");
  for (unsigned i = 0; i < hashes_count; i++) {
    uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    blocks(random_text, hashes[i].length, 0, state, md5_block);
    for (unsigned k = 0; k < 16; k++)
      same(state[k / 4] >> 8 * (k % 4) & 0xff, hashes[i].md5[k], "MD5 by length",
           hashes[i].length);
  }
  test("SHA-256");
  for (unsigned i = 0; i < hashes_count; i++) {
    uint32_t state[8];
    for (unsigned k = 0; k < 8; k++)
      state[k] = sha_start[k];
    blocks(random_text, hashes[i].length, 1, state, sha_block);
    for (unsigned k = 0; k < 32; k++)
      same(state[k / 4] >> (24 - 8 * (k % 4)) & 0xff, hashes[i].sha256[k], "SHA-256 by length",
           hashes[i].length);
  }
}
