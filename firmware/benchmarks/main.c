/* The kernel command line is "NAME COUNT". The host times what happens between the lines "begin" and
   "end". "end" shows the value of the last unit, whether all units agreed, and the guest's time,
   which on Breakwater's virtual clock is the number of instructions. */
#include "benchmarks.h"
#include "pal.h"
#include "print.h"
#include "uart.h"

/* The loader's parameters: a command line, 0x6000 below the image's first 64 KB boundary. */
#define COMMAND_LINE ((const char *)(KSEG_BASE + 0x310000 - 0x6000))

static const struct benchmark {
  const char *name;
  uint64_t (*run)(void);
} benchmarks[] = {
  {"xorshift", xorshift}, {"sieve", sieve}, {"fibonacci", fibonacci}, {"matrix", matrix},
  {"bytes", bytes},       {"chase", chase}, {"calls", calls},         {"traps", traps},
  {"faults", faults},     {"syscalls", syscalls},
};

static void run(const struct benchmark *benchmark, uint64_t count) {
  uint64_t value = benchmark->run(); /* the first unit also warms up */
  int same = 1;
  print("benchmark: begin\n");
  uint64_t started = pal_cserve(CSERVE_get_time, 0, 0);
  for (uint64_t i = 0; i < count; i++)
    same &= benchmark->run() == value;
  uint64_t ended = pal_cserve(CSERVE_get_time, 0, 0);
  print("benchmark: end 0x%lx %s %lu\n", value, same ? "same" : "different", ended - started);
  /* The host reads the process's CPU time before it lets it go. */
  while (uart_get() < 0)
    ;
}

void main(void) {
  const char *argument = COMMAND_LINE;
  size_t length = 0;
  while (argument[length] && argument[length] != ' ')
    length++;
  uint64_t count = 0;
  for (const char *digit = argument + length; *digit; digit++)
    if (*digit >= '0' && *digit <= '9')
      count = count * 10 + *digit - '0';
  mmu_start();
  traps_start();
  for (unsigned i = 0; i < sizeof benchmarks / sizeof *benchmarks; i++)
    if (strlen(benchmarks[i].name) == length && memcmp(benchmarks[i].name, argument, length) == 0)
      run(&benchmarks[i], count);
  pal_halt();
}
