#include "benchmarks.h"
#include "print.h"

/* Strings: fill, fold case, copy to odd addresses, measure, compare, and hash what was copied in
   unaligned quadwords. */
#define LENGTH 65536
static char text[LENGTH + 1], copy[LENGTH + 16];

struct unaligned {
  uint64_t value;
} __attribute__((packed));

uint64_t bytes(void) {
  uint32_t seed = 1;
  for (unsigned i = 0; i < LENGTH; i++) {
    seed = seed * 1103515245 + 12345;
    text[i] = 'A' + (seed >> 16) % 32;
  }
  text[LENGTH] = 0;
  for (char *c = text; *c; c++)
    if (*c >= 'A' && *c <= 'Z')
      *c += 'a' - 'A';
  uint64_t hash = 14695981039346656037ul;
  for (unsigned offset = 1; offset < 8; offset += 3) {
    memcpy(copy + offset, text, LENGTH + 1);
    hash += strlen(copy + offset) + (uint64_t)strcmp(copy + offset, text);
    for (unsigned i = 0; i < LENGTH; i += 8)
      hash = (hash ^ ((const struct unaligned *)(copy + offset + i))->value) * 1099511628211ul;
  }
  return hash;
}
