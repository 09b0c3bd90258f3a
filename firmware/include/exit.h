/* The emulator's exit register: a longword I/O port that tells the host how a guest ended. */
#ifndef BREAKWATER_EXIT_H
#define BREAKWATER_EXIT_H

#include "io.h"

#define EXIT_REGISTER 0x500
#define EXIT_SIGNATURE 0x574b5242 /* "BRKW"; other machines have no such port */

/* Ends the run with success (0) or failure, where the register is there; elsewhere does nothing. */
static inline void report_exit(uint32_t result) {
  if (inl(EXIT_REGISTER) == EXIT_SIGNATURE)
    outl(EXIT_REGISTER, result);
}
#endif
