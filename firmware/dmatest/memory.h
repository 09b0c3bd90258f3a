/* Free physical memory. */
#ifndef MEMORY_H
#define MEMORY_H

#include "io.h"
#include "pal.h"
#include "print.h"

/* Finds the free memory behind the image in the memory clusters of the HWRPB. Returns null, or what
   is wrong. */
const char *memory_setup(void);

/* The first physical address past all memory. */
uint64_t memory_top(void);

/* Whole zeroed pages below bus reach of a 1 GB window, at a power-of-two alignment of at least a
   page. Ends the test when memory is exhausted. */
void *allocate_pages(unsigned count, uint64_t alignment);

/* A position in the allocator to go back to. */
uint64_t allocation_mark(void);
void allocation_release(uint64_t mark);

#endif
