/* Dynamic rounding: the same code in each mode of FPCR<DYN>. For -mfp-rounding-mode=d. */
#include "floats.h"

static const char *const names[] = {
  "chopped", "to minus infinity", "to nearest", "to plus infinity",
};

void program(void) {
  for (unsigned mode = 0; mode < 4; mode++) {
    test(names[mode]);
    write_fpcr(FPCR_DYN(mode));
    same(read_fpcr() >> 58 & 3, mode, "FPCR<DYN>", mode);
    check_doubles(ordinary_doubles, ordinary_doubles_count, mode);
    check_floats(ordinary_floats, ordinary_floats_count, mode);
    check_from_integers(mode);
    check_from_doubles(from_double, from_double_count, mode);
  }
  write_fpcr(FPCR_DYN(FPCR_NEAREST));
}
