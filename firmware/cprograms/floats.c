/* Floating-point arithmetic and conversions without exceptions but "inexact". */
#include "floats.h"

static void from_other_integers(void) {
  for (unsigned i = 0; i < from_integer_count; i++) {
    uint64_t value = from_integer[i].value;
    same_double((double)value, from_integer[i].unsigned_to_double, "(double)uint64", i);
    same_float((float)value, from_integer[i].unsigned_to_float, "(float)uint64", i);
    double small = (double)(int32_t)value, smaller = (double)(int16_t)value;
    same((uint64_t)(int64_t)small, (uint64_t)(int32_t)value, "int32 and back", i);
    same((uint64_t)(int64_t)smaller, (uint64_t)(int16_t)value, "int16 and back", i);
    same((uint64_t)(double)(uint32_t)value, (uint32_t)value, "uint32 and back", i);
    same((uint64_t)(float)(uint8_t)value, (uint8_t)value, "uint8 and back", i);
  }
}

static void to_other_integers(void) {
  for (unsigned i = 0; i < from_double_count; i++) {
    double value = double_of(from_double[i].value), positive = __builtin_fabs(value);
    uint64_t expected = from_double[i].to_integer;
    uint64_t magnitude = (int64_t)expected < 0 ? -expected : expected;
    same((uint64_t)positive, magnitude, "(uint64)double", i);
    same((uint64_t)(positive * 2), double_bits(value) << 1 ? (uint64_t)((int128)(positive * 2)) : 0,
         "(uint64)2 * double", i);
    if (magnitude < 1u << 31)
      same((int32_t)value, expected, "(int32)double", i);
    if (magnitude < 1u << 15)
      same((int16_t)value, expected, "(int16)double", i);
  }
}

static void wide_conversions(void) {
  for (unsigned i = 0; i < wide_double_count; i++) {
    int128 integer = wide_double[i].integer;
    same_double((double)integer, wide_double[i].to_double, "(double)int128", i);
    int128 back = (int128)double_of(wide_double[i].to_double);
    double there = (double)back;
    same_double(there, wide_double[i].to_double, "int128 and back", i);
  }
}

static void moves(void) {
  for (unsigned i = 0; i < special_doubles_count; i++) {
    uint64_t bits = special_doubles[i].a, other = special_doubles[i].b;
    double a = HIDDEN(double_of(bits)), b = HIDDEN(double_of(other));
    same(double_bits(-a), bits ^ 1ul << 63, "-a", i);
    same(double_bits(__builtin_fabs(a)), bits & ~(1ul << 63), "fabs(a)", i);
    same(double_bits(__builtin_copysign(a, b)), (bits & ~(1ul << 63)) | (other & 1ul << 63),
         "copysign(a, b)", i);
  }
  for (unsigned i = 0; i < special_floats_count; i++) {
    uint32_t bits = special_floats[i].a;
    float a = HIDDEN(float_of(bits));
    same(float_bits(-a), bits ^ 1u << 31, "-a", i);
    same(float_bits(__builtin_fabsf(a)), bits & ~(1u << 31), "fabsf(a)", i);
  }
}

/* Known numbers: Euler's by its series, pi by Machin's formula, a harmonic sum. */
static void series(void) {
  double e = 1, term = 1;
  for (int i = 1; i < 20; i++)
    e += term /= HIDDEN(i);
  double error = e - 2.718281828459045;
  SAME(__builtin_fabs(error) < 1e-15, 1);
  double fifth = 1 / HIDDEN(5.0), other = 1 / HIDDEN(239.0), a = 0, b = 0;
  for (int i = 1; i < 40; i += 2) {
    double x = 1, y = 1;
    for (int k = 0; k < i; k++)
      x *= fifth, y *= other;
    a += (i & 2 ? -x : x) / i;
    b += (i & 2 ? -y : y) / i;
  }
  double pi = 4 * (4 * a - b);
  SAME(__builtin_fabs(pi - 3.141592653589793) < 1e-15, 1);
}

void program(void) {
  test("double arithmetic");
  check_doubles(ordinary_doubles, ordinary_doubles_count, FPCR_NEAREST);
  test("float arithmetic");
  check_floats(ordinary_floats, ordinary_floats_count, FPCR_NEAREST);
  test("from integers");
  check_from_integers(FPCR_NEAREST);
  from_other_integers();
  test("to integers and to float");
  check_from_doubles(from_double, from_double_count, FPCR_NEAREST);
  to_other_integers();
  test("128-bit integers and double");
  wide_conversions();
  test("relations");
  check_relations(relations, relations_count);
  test("signs of anything, NaNs too");
  moves();
  test("series");
  series();
  test("nothing was invalid, overflowed or underflowed");
  SAME(read_fpcr() & (FPCR_INE | FPCR_UNF | FPCR_OVF | FPCR_DZE | FPCR_INV), FPCR_INE);
}
