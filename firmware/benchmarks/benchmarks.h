/* Guest programs that take time: each does one unit of work and returns a value that tells whether
   it was done right. scripts/benchmark builds them, chooses one by the kernel command line and
   knows the values. */
#ifndef BENCHMARKS_H
#define BENCHMARKS_H

#include <stdint.h>

uint64_t xorshift(void), sieve(void), fibonacci(void);
uint64_t matrix(void), bytes(void), chase(void);
uint64_t calls(void), traps(void), faults(void), syscalls(void);

/* mmu.c: an address space with a window at WINDOW_VA, as long as the pointer chase wants it. */
#define WINDOW_VA 0x20000000ul
#define WINDOW_PAGES 4096
void mmu_start(void);
/* Maps a page of the window to physical memory. */
void map_page(unsigned page, uint64_t physical_address, uint64_t bits);

/* entry.S: COUNT exceptions of a kind, each handled at once; returns how many handlers ran. */
uint64_t trap_loop(uint64_t count);
uint64_t fault_loop(uint64_t count, uint64_t va);
uint64_t syscall_loop(uint64_t count, uint64_t pc);
/* What user mode runs; fills one page. */
extern uint8_t user_page[];
void traps_start(void);
#endif
