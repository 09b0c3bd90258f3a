/* What the cases transfer: an area of a disk that holds a known pattern, and buffers of pages that
   need not be adjacent in memory. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include "disk.h"
#include "sgmap.h"

#define AREA_SIZE 0x80000u /* bytes */

/* The disks found, and the one with the pattern area: the second, or else the first. */
extern struct disk disks[2];
extern unsigned disk_count;
extern struct disk *scratch;
extern uint64_t area_sector; /* where the area starts on the scratch disk */

/* What the area holds, and the opposite of it (for writes). */
extern uint8_t *pattern, *inverse;

/* Saves the area of the disk and fills it with the pattern (on a read-only disk: takes what is
   there as the pattern). Null, or what went wrong. */
const char *workload_setup(void);
/* Puts the saved content back, or the pattern again. */
bool workload_restore_disk(void);
bool workload_write_pattern(void);

/* A buffer: pages in the order in which the device sees them. */
#define MAXIMUM_PAGES 64
struct pages {
  unsigned count;
  uint8_t *page[MAXIMUM_PAGES];
};
struct pages pages_adjacent(unsigned count);
struct pages pages_shuffled(unsigned count);
/* Maps the buffer at a page of a scatter-gather window. */
void pages_map(const struct pages *pages, struct sgmap map, unsigned first);
/* The bus address of a buffer of adjacent pages in the basic window. */
uint64_t pages_direct_bus(const struct pages *pages);

/* Offsets count along the buffer. */
void pages_poison(const struct pages *pages);
void pages_put(const struct pages *pages, unsigned offset, unsigned length, const uint8_t *data);
/* False, with the case failed, unless the bytes are the given ones, or still poison. */
bool pages_hold(const struct pages *pages, unsigned offset, unsigned length, const uint8_t *data);
bool pages_untouched(const struct pages *pages, unsigned offset, unsigned length);

/* Reads part of the area into `length` bytes of a buffer, which the segments describe, and checks
   that they and no others arrive. `start` is in bytes, a multiple of a sector. */
bool check_read(struct disk *disk, const struct segment *segments, unsigned count,
                const struct pages *pages, unsigned offset, unsigned length, unsigned start);
/* Writes the inverse pattern from a buffer, checks through the basic window that it arrived and its
   neighbourhood is unchanged, and puts the pattern back. A read-only disk skips the case. */
bool check_write(struct disk *disk, const struct segment *segments, unsigned count,
                 const struct pages *pages, unsigned offset, unsigned length, unsigned start);
/* The same with one segment. */
bool check_read_at(uint64_t bus, const struct pages *pages, unsigned offset, unsigned length,
                   unsigned start);
bool check_write_at(uint64_t bus, const struct pages *pages, unsigned offset, unsigned length,
                    unsigned start);

/* A plain read through the basic window: the machine and the device are alive. */
bool check_alive(struct disk *disk);
/* Sets the windows and the device up again after a case broke them, then check_alive. */
bool check_recovery(struct disk *disk);

#endif
