/* VAX F and G arithmetic. This GCC crashes on -mfloat-vax, so the instructions are written out. */
#include "expected.h"

/* The instruction on register images. */
#define TWO(instruction, a, b)                                                                    \
  ({                                                                                              \
    double result;                                                                                \
    __asm__(instruction " %1,%2,%0" : "=&f"(result) : "f"(double_of(a)), "f"(double_of(b)));      \
    double_bits(result);                                                                          \
  })
#define ONE(instruction, b)                                                     \
  ({                                                                            \
    double result;                                                              \
    __asm__(instruction " %1,%0" : "=&f"(result) : "f"(double_of(b)));          \
    double_bits(result);                                                        \
  })

__asm__(".arch ev67");

#define ARITHMETIC(f)                                                       \
  for (unsigned i = 0; i < vax_##f##_count; i++) {                          \
    const struct vax_row *row = &vax_##f[i];                                \
    uint64_t a = row->a, b = row->b, magnitude = b & ~(1ul << 63);          \
    same(TWO("add" #f "/c", a, b), row->sum[0], "a + b chopped", i);        \
    same(TWO("add" #f, a, b), row->sum[1], "a + b", i);                     \
    same(TWO("sub" #f "/c", a, b), row->difference[0], "a - b chopped", i); \
    same(TWO("sub" #f, a, b), row->difference[1], "a - b", i);              \
    same(TWO("mul" #f "/c", a, b), row->product[0], "a * b chopped", i);    \
    same(TWO("mul" #f, a, b), row->product[1], "a * b", i);                 \
    same(TWO("div" #f "/c", a, b), row->quotient[0], "a / b chopped", i);   \
    same(TWO("div" #f, a, b), row->quotient[1], "a / b", i);                \
    same(ONE("sqrt" #f "/c", magnitude), row->root[0], "root chopped", i);  \
    same(ONE("sqrt" #f, magnitude), row->root[1], "root", i);               \
  }

static void compare(void) {
  for (unsigned i = 0; i < vax_g_count; i++) {
    uint64_t a = vax_g[i].a, b = vax_g[i].b;
    same(TWO("cmpglt", a, b) != 0, vax_g[i].less, "a < b", i);
    same(TWO("cmpgle", b, a) != 0, !vax_g[i].less, "b <= a", i);
    same(TWO("cmpgeq", a, b) != 0, a == b, "a = b", i);
  }
}

static void convert(void) {
  for (unsigned i = 0; i < vax_g_count; i++) {
    same(ONE("cvtgf/c", vax_g[i].a), vax_g[i].converted[0], "G to F chopped", i);
    same(ONE("cvtgf", vax_g[i].a), vax_g[i].converted[1], "G to F", i);
  }
  for (int64_t i = -1000; i < 1000; i++) {
    uint64_t image = ONE("cvtqg", i);
    same(ONE("cvtgq/c", image), i, "to G and back", i);
  }
  SAME(ONE("cvtqg", 1), 0x4010000000000000);
  SAME(ONE("cvtqf", -1), 0xc010000000000000);
}

/* Memory has the words in the other order (AHB 2.2.5). */
static void memory(void) {
  volatile uint64_t g = 0x5678123489ab4010;
  volatile uint32_t f = 0x12344080, copy;
  volatile uint64_t back;
  double image;
  __asm__ volatile("ldg %0,%1" : "=f"(image) : "m"(g));
  SAME(double_bits(image), 0x401089ab12345678);
  __asm__ volatile("stg %1,%0" : "=m"(back) : "f"(image));
  SAME(back, 0x5678123489ab4010);
  __asm__ volatile("ldf %0,%1" : "=f"(image) : "m"(f));
  SAME(double_bits(image), 0x4010024680000000);
  __asm__ volatile("stf %1,%0" : "=m"(copy) : "f"(image));
  SAME(copy, 0x12344080);
}

void program(void) {
  test("F arithmetic");
  ARITHMETIC(f)
  test("G arithmetic");
  ARITHMETIC(g)
  test("compare");
  compare();
  test("convert");
  convert();
  test("memory formats");
  memory();
}
