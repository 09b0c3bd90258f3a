#include "options.h"

#include "memory.h"
#include "print.h"

/* The parameter block of an Alpha kernel: the command line comes first. */
#define PARAMETER_BLOCK 0x6000
#define COMMAND_LINE_LENGTH 256
#define MAXIMUM_CASES 256

struct options options;
static bool has_selection, selected[MAXIMUM_CASES];
extern char _image_start[];

static bool starts_with(const char **text, const char *word) {
  const char *t = *text;
  while (*word && *t == *word) t++, word++;
  if (*word) return false;
  *text = t;
  return true;
}

static unsigned digit(char c, unsigned base) {
  unsigned value = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                   : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                   : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                          : base;
  return value < base ? value : base;
}

/* What is too large gives the largest number. */
static uint64_t number(const char **text, unsigned base) {
  uint64_t value = 0;
  for (unsigned n; (n = digit(**text, base)) < base; (*text)++)
    if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
        __builtin_add_overflow(value, (uint64_t)n, &value))
      value = ~0ul;
  return value;
}

/* Whether all of the word was understood. */
static bool parse_word(const char *word, unsigned cases) {
  if (starts_with(&word, "crc=")) {
    const char *digits = word;
    options.has_crc = true;
    options.crc = (uint32_t)number(&word, 16);
    if (word == digits || word - digits > 8) return false;
  } else if (starts_with(&word, "only=")) {
    has_selection = true;
    do {
      uint64_t n = number(&word, 10);
      if (n == 0 || n > cases || n >= MAXIMUM_CASES) return false;
      selected[n] = true;
    } while (starts_with(&word, ","));
  } else if (starts_with(&word, "quick")) {
    options.quick = true;
  } else {
    return false;
  }
  return *word == 0;
}

const char *options_setup(unsigned cases) {
  static char line[COMMAND_LINE_LENGTH];
  memcpy(line, kseg(physical(_image_start) - PARAMETER_BLOCK), sizeof line - 1);
  for (char *text = line; *text;) {
    const char *word = text;
    while (*text && *text != ' ') text++;
    while (*text == ' ') *text++ = 0;
    if (*word && !parse_word(word, cases)) return word;
  }
  return NULL;
}

bool option_selects(unsigned case_number) {
  return !has_selection || (case_number < MAXIMUM_CASES && selected[case_number]);
}
