#ifndef BREAKWATER_GUEST_FILES_H
#define BREAKWATER_GUEST_FILES_H

#include <stddef.h>

/// A file that is part of the program.
struct guest_file {
  const char *name;
  const unsigned char *bytes;
  size_t count;
};

/// The firmware that runs unless the user names another.
extern const struct guest_file guest_file_firmware;
/// The bare-metal DMA test.
extern const struct guest_file guest_file_dmatest;
/// The disk that the DMA test reads, a compressed qcow2 image.
extern const struct guest_file guest_file_test_disk;
/// The disk that the DMA test writes.
extern const struct guest_file guest_file_scratch_disk;

#endif
