// Calls of the host that Swift's Glibc module leaves out because they need _GNU_SOURCE.
#ifndef CHOST_H
#define CHOST_H

#include <stdint.h>

/// fallocate(2) with FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE. 0, or -1 with errno.
int chost_punch_hole(int descriptor, int64_t offset, int64_t byte_count);

/// fallocate(2) with no mode: the range takes space and the file grows to its end. 0, or -1 with
/// errno.
int chost_allocate(int descriptor, int64_t offset, int64_t byte_count);

/// lseek(2) with SEEK_DATA. -1 with errno ENXIO when no data follows.
int64_t chost_seek_data(int descriptor, int64_t offset);

/// lseek(2) with SEEK_HOLE. The end of the file counts as a hole.
int64_t chost_seek_hole(int descriptor, int64_t offset);

/// Takes a shared open-file-description lock on one byte (fcntl F_OFD_SETLK). 0, or -1 with errno.
int chost_lock_byte(int descriptor, int64_t offset);

/// Drops the lock on one byte. 0, or -1 with errno.
int chost_unlock_byte(int descriptor, int64_t offset);

/// Whether another open file description holds a lock on the byte (F_OFD_GETLK for an exclusive
/// lock): 1 yes, 0 no, -1 with errno.
int chost_is_byte_locked(int descriptor, int64_t offset);

/// open(2) with O_TMPFILE: an unlinked file in a directory. A descriptor, or -1 with errno.
int chost_open_unlinked(const char *directory);

#endif
