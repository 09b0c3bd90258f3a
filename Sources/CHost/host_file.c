#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "CHost.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int chost_punch_hole(int descriptor, int64_t offset, int64_t byte_count) {
  return fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, byte_count);
}

int chost_allocate(int descriptor, int64_t offset, int64_t byte_count) {
  return fallocate(descriptor, 0, offset, byte_count);
}

int64_t chost_seek_data(int descriptor, int64_t offset) {
  return lseek(descriptor, offset, SEEK_DATA);
}

int64_t chost_seek_hole(int descriptor, int64_t offset) {
  return lseek(descriptor, offset, SEEK_HOLE);
}

static struct flock one_byte(short type, int64_t offset) {
  struct flock lock = {0};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = offset;
  lock.l_len = 1;
  return lock;
}

int chost_lock_byte(int descriptor, int64_t offset) {
  struct flock lock = one_byte(F_RDLCK, offset);
  return fcntl(descriptor, F_OFD_SETLK, &lock);
}

int chost_unlock_byte(int descriptor, int64_t offset) {
  struct flock lock = one_byte(F_UNLCK, offset);
  return fcntl(descriptor, F_OFD_SETLK, &lock);
}

int chost_is_byte_locked(int descriptor, int64_t offset) {
  struct flock lock = one_byte(F_WRLCK, offset);
  if (fcntl(descriptor, F_OFD_GETLK, &lock) != 0) return -1;
  return lock.l_type != F_UNLCK;
}

int chost_open_unlinked(const char *directory) {
  int descriptor = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) {
    return descriptor;
  }
  // The file system has no O_TMPFILE: make a named file and remove the name.
  static const char pattern[] = "/breakwater-XXXXXX";
  size_t length = strlen(directory);
  char *path = malloc(length + sizeof pattern);
  if (!path) return -1;
  memcpy(path, directory, length);
  memcpy(path + length, pattern, sizeof pattern);
  descriptor = mkostemp(path, O_CLOEXEC);
  if (descriptor >= 0) unlink(path);
  free(path);
  return descriptor;
}
