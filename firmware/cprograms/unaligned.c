/* Bytes, words and packed structs at every offset. The compiler uses LDBU and STW or LDQ_U, EXT,
   INS and MSK; the judge puts bytes together by hand. */
#include "expected.h"

struct __attribute__((packed)) record {
  uint8_t byte;
  uint16_t word;
  uint32_t longword;
  uint64_t quadword;
  int16_t negative;
  double real;
  float single;
};

static uint8_t memory[128];

static void fill(void) {
  for (unsigned i = 0; i < sizeof memory; i++)
    memory[i] = i * 37 + 11;
}

static uint64_t read(unsigned at, unsigned size) {
  uint64_t value = 0;
  for (unsigned i = size; i--;)
    value = value << 8 | *(volatile uint8_t *)&memory[at + i];
  return value;
}

static void loads(void) {
  fill();
  for (unsigned at = 0; at < 64; at++) {
    const struct record *record = (const void *)(memory + HIDDEN(at));
    same(record->byte, read(at, 1), "byte", at);
    same(record->word, read(at + 1, 2), "word", at);
    same(record->longword, read(at + 3, 4), "longword", at);
    same(record->quadword, read(at + 7, 8), "quadword", at);
    same((uint16_t)record->negative, read(at + 15, 2), "negative", at);
    same((int64_t)record->negative, (read(at + 15, 2) ^ 0x8000) - 0x8000, "extended", at);
    same(double_bits(record->real), read(at + 17, 8), "real", at);
    same(float_bits(record->single), read(at + 25, 4), "single", at);
  }
}

static void stores(void) {
  for (unsigned at = 0; at < 64; at++) {
    fill();
    struct record *record = (void *)(memory + HIDDEN(at));
    record->byte = HIDDEN(0xa1);
    record->word = HIDDEN(0xb1b2);
    record->longword = HIDDEN(0xc1c2c3c4);
    record->quadword = HIDDEN(0xd1d2d3d4d5d6d7d8ul);
    record->negative = HIDDEN(-2);
    record->real = HIDDEN(1.5);
    record->single = HIDDEN(-2.0f);
    same(read(at, 1), 0xa1, "byte", at);
    same(read(at + 1, 2), 0xb1b2, "word", at);
    same(read(at + 3, 4), 0xc1c2c3c4, "longword", at);
    same(read(at + 7, 8), 0xd1d2d3d4d5d6d7d8, "quadword", at);
    same(read(at + 15, 2), 0xfffe, "negative", at);
    same(read(at + 17, 8), 0x3ff8000000000000, "real", at);
    same(read(at + 25, 4), 0xc0000000, "single", at);
    for (unsigned i = 0; i < sizeof memory; i++)
      if (i < at || i >= at + sizeof *record)
        same(memory[i], (uint8_t)(i * 37 + 11), "around", i);
  }
}

/* Read, change, write of single bytes and words beside each other. */
static void neighbours(void) {
  uint16_t *words = (uint16_t *)memory;
  fill();
  for (unsigned i = 0; i < 64; i++)
    words[HIDDEN(i)] += i * 259;
  for (unsigned i = 0; i < 128; i++)
    memory[HIDDEN(i)] ^= i;
  for (unsigned i = 0; i < 64; i++) {
    uint16_t old = (uint8_t)(2 * i * 37 + 11) | (uint8_t)((2 * i + 1) * 37 + 11) << 8;
    uint16_t expected = (old + i * 259) ^ (2 * i | (2 * i + 1) << 8);
    same(words[i], expected, "word", i);
  }
}

struct fields {
  unsigned a : 3, b : 7, c : 13;
  int d : 9;
  uint64_t e : 37;
  int64_t f : 27;
};

static void bit_fields(void) {
  for (int i = -300; i < 300; i += 7) {
    volatile struct fields fields;
    fields.a = i;
    fields.b = i * 3;
    fields.c = i * 5;
    fields.d = i % 256;
    fields.e = (uint64_t)i * 123456789;
    fields.f = (int64_t)i * 54321;
    same(fields.a, (unsigned)i & 7, "a", i);
    same(fields.b, (unsigned)(i * 3) & 127, "b", i);
    same(fields.c, (unsigned)(i * 5) & 8191, "c", i);
    same(fields.d, (int64_t)(i % 256), "d", i);
    same(fields.e, (uint64_t)i * 123456789 & 0x1ffffffffful, "e", i);
    same(fields.f, (int64_t)i * 54321, "f", i);
  }
}

void program(void) {
  test("packed loads");
  loads();
  test("packed stores leave their neighbours alone");
  stores();
  test("byte and word updates");
  neighbours();
  test("bit fields");
  bit_fields();
}
