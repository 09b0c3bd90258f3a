/* Test Anything Protocol: one line per case on the console. */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>

/* One case. It fails or skips by saying so; a case that says nothing passed. */
struct test_case {
  const char *name;
  void (*run)(void);
};

void tap_plan(unsigned count);
/* Announces the case that the calls below belong to. */
void tap_begin(const char *name);
void tap_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void tap_skip(const char *reason);
/* A comment line. */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints the line of the case. */
void tap_end(void);
/* Prints the totals, writes the exit register and halts. */
void tap_finish(void) __attribute__((noreturn));
/* Gives the whole test up. */
void tap_bail_out(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Ends a case as failed unless the condition holds. */
#define REQUIRE(condition, ...)  \
  do {                           \
    if (!(condition)) {          \
      tap_fail(__VA_ARGS__);     \
      return;                    \
    }                            \
  } while (0)

/* Ends a case as not applicable. */
#define SKIP(reason)    \
  do {                  \
    tap_skip(reason);   \
    return;             \
  } while (0)

#endif
