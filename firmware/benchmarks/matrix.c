#include "benchmarks.h"

/* A double-precision matrix product whose sums are mostly inexact. */
#define SIZE 96
static double a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];

uint64_t matrix(void) {
  for (int i = 0; i < SIZE; i++)
    for (int j = 0; j < SIZE; j++) {
      a[i][j] = (i * 7 + j * 3 + 1) * 0.1;
      b[i][j] = (i * 5 - j * 11 + 2) * 0.3;
    }
  for (int i = 0; i < SIZE; i++)
    for (int j = 0; j < SIZE; j++) {
      double sum = 0;
      for (int k = 0; k < SIZE; k++)
        sum += a[i][k] * b[k][j];
      c[i][j] = sum;
    }
  uint64_t value = 0;
  for (int i = 0; i < SIZE; i++)
    for (int j = 0; j < SIZE; j++) {
      union {
        double number;
        uint64_t bits;
      } element = {c[i][j]};
      value = value * 31 + element.bits;
    }
  return value;
}
