/* What GCC may call in a freestanding program (GCC manual, 2.1), and two string functions.
   Compiled with -fno-tree-loop-distribute-patterns, so that they do not become calls to themselves. */
#include <stdint.h>

#include "print.h"

/* Quadwords at a time when both ends allow it: firmware time is boot time. */
#define QUADS(a, b, count) ((((uint64_t)(a) | (uint64_t)(b) | (count)) & 7) == 0)

void *memcpy(void *to, const void *from, size_t count) {
  if (QUADS(to, from, count)) {
    for (size_t i = 0; i < count / 8; i++)
      ((uint64_t *)to)[i] = ((const uint64_t *)from)[i];
  } else {
    for (size_t i = 0; i < count; i++)
      ((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
  }
  return to;
}

void *memmove(void *to, const void *from, size_t count) {
  if ((uint64_t)to <= (uint64_t)from)
    return memcpy(to, from, count);
  while (count--)
    ((uint8_t *)to)[count] = ((const uint8_t *)from)[count];
  return to;
}

void *memset(void *to, int byte, size_t count) {
  if (QUADS(to, 0, count)) {
    for (size_t i = 0; i < count / 8; i++)
      ((uint64_t *)to)[i] = (uint8_t)byte * 0x0101010101010101ul;
  } else {
    for (size_t i = 0; i < count; i++)
      ((uint8_t *)to)[i] = byte;
  }
  return to;
}

int memcmp(const void *a, const void *b, size_t count) {
  for (size_t i = 0; i < count; i++) {
    int difference = ((const uint8_t *)a)[i] - ((const uint8_t *)b)[i];
    if (difference)
      return difference;
  }
  return 0;
}

size_t strlen(const char *s) {
  size_t count = 0;
  while (s[count])
    count++;
  return count;
}

int strcmp(const char *a, const char *b) {
  while (*a && *a == *b)
    a++, b++;
  return (uint8_t)*a - (uint8_t)*b;
}
