/* What every program here has: cases with names, results compared with what the host computed.
   A case that compares nothing unequal passes; the last case ends with the program. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdint.h>

typedef __int128 int128;
typedef unsigned __int128 uint128;

/* Each program defines this one. */
void program(void);

/* Begins a case, and ends the one before it. */
void test(const char *name);
/* Fails the case unless both are the same. The comment has the expression and the index. */
void same(uint64_t got, uint64_t expected, const char *what, uint64_t index);
#define SAME(got, expected) same((uint64_t)(got), (uint64_t)(expected), #got, 0)

/* A value the compiler knows nothing about, so that it cannot compute with it itself. */
#define HIDDEN(value)                 \
  ({                                  \
    __typeof__(value) hidden = value; \
    __asm__("" : "+m"(hidden));       \
    hidden;                           \
  })

/* The bits of floating-point numbers, in the memory formats. */
static inline uint64_t double_bits(double value) {
  union { double value; uint64_t bits; } u = {.value = value};
  return u.bits;
}
static inline double double_of(uint64_t bits) {
  union { uint64_t bits; double value; } u = {.bits = bits};
  return u.value;
}
static inline uint32_t float_bits(float value) {
  union { float value; uint32_t bits; } u = {.value = value};
  return u.bits;
}
static inline float float_of(uint32_t bits) {
  union { uint32_t bits; float value; } u = {.bits = bits};
  return u.value;
}

/* FPCR (Alpha AHB, 4.7.8). */
#define FPCR_INED (1ul << 62)
#define FPCR_DYN(mode) ((uint64_t)(mode) << 58)
#define FPCR_NEAREST 2
#define FPCR_IOV (1ul << 57)
#define FPCR_INE (1ul << 56)
#define FPCR_UNF (1ul << 55)
#define FPCR_OVF (1ul << 54)
#define FPCR_DZE (1ul << 53)
#define FPCR_INV (1ul << 52)
#define FPCR_OVFD (1ul << 51)
#define FPCR_DZED (1ul << 50)
#define FPCR_INVD (1ul << 49)

/* machine.S: here, so that no instruction of the caller is moved across. */
uint64_t read_fpcr(void);
void write_fpcr(uint64_t value);

/* How many instructions complete.c has finished for the hardware. */
extern volatile uint64_t completions;

/* The generator that the host has, too (Knuth's MMIX). */
static inline uint64_t next_random(uint64_t *state) {
  *state = *state * 6364136223846793005ul + 1442695040888963407ul;
  return *state >> 33;
}
#endif
