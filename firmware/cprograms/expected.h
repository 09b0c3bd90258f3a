/* What the host computes for the programs: expected.py writes the tables. Operands come from there,
   too, so that the compiler cannot compute with them. */
#ifndef EXPECTED_H
#define EXPECTED_H

#include "program.h"

/* Columns are as wide as the operands and zero-extended. */
struct integer_row {
  uint64_t a, b, sum, difference, product, quotient, remainder, udivide, uremainder;
  uint64_t left, right, arithmetic, rotated, less, uless;
};
extern const struct integer_row integer_8[], integer_16[], integer_32[], integer_64[];
extern const unsigned integer_count;

struct wide_row {
  uint128 a, b, sum, difference, product, quotient, remainder, udivide, uremainder;
  uint128 left, right, arithmetic;
  uint64_t less, uless;
};
extern const struct wide_row wide[];
extern const unsigned wide_count;

struct bits_row {
  uint64_t a, population, leading, trailing, parity, first, swapped;
};
extern const struct bits_row bits[];
extern const unsigned bits_count;

/* Results by rounding mode, as in FPCR<DYN>. A NaN means any quiet NaN. */
struct double_row {
  uint64_t a, b, sum[4], difference[4], product[4], quotient[4], root[4];
};
struct float_row {
  uint32_t a, b, sum[4], difference[4], product[4], quotient[4], root[4];
};
/* Ordinary operands and results; then all kinds. */
extern const struct double_row ordinary_doubles[], special_doubles[];
extern const struct float_row ordinary_floats[], special_floats[];
extern const unsigned ordinary_doubles_count, special_doubles_count;
extern const unsigned ordinary_floats_count, special_floats_count;

/* Conversions of integers by rounding mode. */
struct from_integer_row {
  uint64_t value, to_double[4], unsigned_to_double;
  uint32_t to_float[4], unsigned_to_float;
};
extern const struct from_integer_row from_integer[];
extern const unsigned from_integer_count;

/* Conversions of a double, cut off to integers. */
struct from_double_row {
  uint64_t value, to_integer;
  uint32_t to_float[4];
};
extern const struct from_double_row from_double[], special_from_double[];
extern const unsigned from_double_count, special_from_double_count;

/* __int128 and double. */
struct wide_double_row {
  uint128 integer;
  uint64_t to_double;
};
extern const struct wide_double_row wide_double[];
extern const unsigned wide_double_count;

/* Relations of two doubles: bit 0 ==, 1 !=, 2 <, 3 <=, 4 >, 5 >=, 6 unordered. */
struct relation_row {
  uint64_t a, b, relations;
};
extern const struct relation_row relations[], special_relations[];
extern const unsigned relations_count, special_relations_count;

/* Hashes of the first bytes of random_text. */
struct hash_row {
  uint64_t length;
  uint32_t crc32, adler32;
  uint8_t md5[16], sha256[32];
};
extern const uint8_t random_text[];
extern const struct hash_row hashes[];
extern const unsigned hashes_count;

/* lz.c: the packed form of the text of each length. */
struct packed_row {
  uint64_t length, packed_length, crc32;
};
extern const uint8_t repetitive_text[];
extern const struct packed_row packed[];
extern const unsigned packed_count;

/* matrix.c, sorting.c and control.c: one number each. */
extern const uint64_t matrix_sum, matrix_single_sum, sorted_sum, switched_sum, collatz_sum;

/* VAX operations on register images: sums to quotients, the root of b's magnitude, by /C and the
   normal rounding; a < b; the conversions of a between F and G. */
struct vax_row {
  uint64_t a, b, sum[2], difference[2], product[2], quotient[2], root[2], less, converted[2];
};
extern const struct vax_row vax_f[], vax_g[];
extern const unsigned vax_f_count, vax_g_count;
#endif
