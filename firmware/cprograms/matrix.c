/* Products of matrices. The host computes the same in doubles of its own. */
#include "expected.h"

#define SIZE 40
static double a[SIZE][SIZE], b[SIZE][SIZE];
static float c[SIZE][SIZE], d[SIZE][SIZE];

void program(void) {
  for (int i = 0; i < SIZE; i++)
    for (int j = 0; j < SIZE; j++) {
      c[i][j] = a[i][j] = (i * 7 + j * 3 + 1) * 0.1;
      d[i][j] = b[i][j] = (i * 5 - j * 11 + 2) * 0.3;
    }
  uint64_t sum = 0, single_sum = 0;
  for (int i = 0; i < SIZE; i++)
    for (int j = 0; j < SIZE; j++) {
      double total = 0;
      float single = 0;
      for (int k = 0; k < SIZE; k++) {
        total += a[i][k] * b[k][j];
        single += c[i][k] * d[k][j];
      }
      sum = sum * 31 + double_bits(total);
      single_sum = single_sum * 31 + float_bits(single);
    }
  test("double");
  SAME(sum, matrix_sum);
  test("float");
  SAME(single_sum, matrix_single_sum);
}
