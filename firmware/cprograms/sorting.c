/* Three ways to sort the same numbers. The order's sum is the host's. */
#include "expected.h"

#define COUNT 2000
static int32_t items[COUNT], spare[COUNT];

static void fill(void) {
  uint64_t state = 7;
  for (unsigned i = 0; i < COUNT; i++)
    items[i] = (int32_t)(next_random(&state) << 1);
}

static uint64_t sum(void) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < COUNT; i++)
    sum = sum * 31 + items[i];
  return sum;
}

static int by_value(const void *a, const void *b) {
  int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return (x > y) - (x < y);
}

/* Quicksort of anything, as qsort has it. */
static void sort(void *base, unsigned count, unsigned size,
                 int (*order)(const void *, const void *)) {
  uint8_t *first = base;
  while (count > 1) {
    uint8_t *pivot = first, *low = first;
    for (uint8_t *at = first + size; at < first + count * size; at += size)
      if (order(at, pivot) < 0) {
        low += size;
        for (unsigned i = 0; i < size; i++) {
          uint8_t byte = low[i];
          low[i] = at[i];
          at[i] = byte;
        }
      }
    for (unsigned i = 0; i < size; i++) {
      uint8_t byte = low[i];
      low[i] = pivot[i];
      pivot[i] = byte;
    }
    unsigned below = (low - first) / size;
    sort(first, below, size, order);
    first = low + size;
    count -= below + 1;
  }
}

static void merge_sort(int32_t *a, int32_t *b, unsigned count) {
  if (count < 2)
    return;
  unsigned half = count / 2, i = 0, j = half, k = 0;
  merge_sort(a, b, half);
  merge_sort(a + half, b, count - half);
  while (k < count)
    b[k++] = j == count || (i < half && a[i] <= a[j]) ? a[i++] : a[j++];
  for (k = 0; k < count; k++)
    a[k] = b[k];
}

static void sift(unsigned root, unsigned count) {
  for (unsigned child; (child = 2 * root + 1) < count; root = child) {
    if (child + 1 < count && items[child + 1] > items[child])
      child++;
    if (items[root] >= items[child])
      return;
    int32_t item = items[root];
    items[root] = items[child];
    items[child] = item;
  }
}

static void heap_sort(void) {
  for (unsigned i = COUNT / 2; i--;)
    sift(i, COUNT);
  for (unsigned i = COUNT - 1; i; i--) {
    int32_t item = items[0];
    items[0] = items[i];
    items[i] = item;
    sift(0, i);
  }
}

void program(void) {
  test("quicksort by a function pointer");
  fill();
  sort(items, COUNT, sizeof *items, by_value);
  SAME(sum(), sorted_sum);
  test("merge sort");
  fill();
  merge_sort(items, spare, COUNT);
  SAME(sum(), sorted_sum);
  test("heap sort");
  fill();
  heap_sort();
  SAME(sum(), sorted_sum);
}
