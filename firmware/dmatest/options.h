/* The command line: only=n[,n]... runs some cases, crc=XXXXXXXX is what the whole first disk must
   have, quick skips the whole-disk cases. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
  bool quick, has_crc;
  uint32_t crc;
};
extern struct options options;

/* Reads the parameter block that the kernel loader put below the image. The first word that makes no
   sense for a test of so many cases, or null. */
const char *options_setup(unsigned cases);
bool option_selects(unsigned case_number);

#endif
