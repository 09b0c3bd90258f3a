/* Floating-point comparisons with the tables, for floats.c, rounding.c and ieee.c. */
#ifndef FLOATS_H
#define FLOATS_H

#include "expected.h"

/* The host's tables have one NaN; hardware and software may choose the sign and what it tells. */
static inline void same_double(double got, uint64_t expected, const char *what, uint64_t index) {
  uint64_t image = double_bits(got), quiet = 0x7ff8000000000000;
  same((image & quiet) == quiet ? quiet : image, expected, what, index);
}
static inline void same_float(float got, uint32_t expected, const char *what, uint64_t index) {
  uint32_t image = float_bits(got), quiet = 0x7fc00000;
  same((image & quiet) == quiet ? quiet : image, expected, what, index);
}

static inline void check_doubles(const struct double_row *rows, unsigned count, int mode) {
  for (unsigned i = 0; i < count; i++) {
    double a = double_of(rows[i].a), b = double_of(rows[i].b);
    same_double(a + b, rows[i].sum[mode], "a + b", i);
    same_double(a - b, rows[i].difference[mode], "a - b", i);
    same_double(a * b, rows[i].product[mode], "a * b", i);
    same_double(a / b, rows[i].quotient[mode], "a / b", i);
#ifdef __alpha_fix__
    same_double(__builtin_sqrt(b), rows[i].root[mode], "sqrt(b)", i);
#endif
  }
}

static inline void check_floats(const struct float_row *rows, unsigned count, int mode) {
  for (unsigned i = 0; i < count; i++) {
    float a = float_of(rows[i].a), b = float_of(rows[i].b);
    same_float(a + b, rows[i].sum[mode], "a + b", i);
    same_float(a - b, rows[i].difference[mode], "a - b", i);
    same_float(a * b, rows[i].product[mode], "a * b", i);
    same_float(a / b, rows[i].quotient[mode], "a / b", i);
#ifdef __alpha_fix__
    same_float(__builtin_sqrtf(b), rows[i].root[mode], "sqrt(b)", i);
#endif
  }
}

static inline void check_from_integers(int mode) {
  for (unsigned i = 0; i < from_integer_count; i++) {
    const struct from_integer_row *row = &from_integer[i];
    same_double((double)(int64_t)row->value, row->to_double[mode], "(double)int64", i);
    same_float((float)(int64_t)row->value, row->to_float[mode], "(float)int64", i);
  }
}

static inline void check_from_doubles(const struct from_double_row *rows, unsigned count,
                                      int mode) {
  for (unsigned i = 0; i < count; i++) {
    double value = double_of(rows[i].value);
    same_float((float)value, rows[i].to_float[mode], "(float)double", i);
    if ((rows[i].value >> 52 & 0x7ff) < 1023 + 63)
      same((int64_t)value, rows[i].to_integer, "(int64)double", i);
  }
}

static inline void check_relations(const struct relation_row *rows, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    double a = double_of(rows[i].a), b = double_of(rows[i].b);
    uint64_t expected = rows[i].relations;
    same((a == b) | (a != b) << 1 | (a < b) << 2 | (a <= b) << 3 | (a > b) << 4 | (a >= b) << 5
           | __builtin_isunordered(a, b) << 6, expected, "relations", i);
    unsigned branches = 0;
    if (a == b) branches |= 1;
    if (a != b) branches |= 2;
    if (a < b) branches |= 4;
    if (a <= b) branches |= 8;
    if (a > b) branches |= 16;
    if (a >= b) branches |= 32;
    if (__builtin_isunordered(a, b)) branches |= 64;
    same(branches, expected, "branches", i);
    double chosen = a < b ? a : b;
    same(double_bits(chosen), expected & 4 ? rows[i].a : rows[i].b, "a < b ? a : b", i);
    same(__builtin_isless(a, b), expected >> 2 & 1, "isless", i);
    same(__builtin_islessgreater(a, b), (expected & 0x14) != 0, "islessgreater", i);
  }
}
#endif
