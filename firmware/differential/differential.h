/* Differential tester: a kernel that runs random programs, in kernel and in user mode, and tells what
   they did. The initial RAM disk is the batch of programs; the answer to each is one line on COM1. */
#ifndef DIFFERENTIAL_H
#define DIFFERENTIAL_H

#include "pal.h"

/* What an exception leaves for handle(), by byte offset: R0 to R30 as the program sees them, then F0
   to F30 and FPCR, then the arguments of the entry. R29 of the entries is the address of this. */
#define STATE_R(n) (8 * (n))
#define STATE_F(n) (256 + 8 * (n))
#define STATE_FPCR 504
#define STATE_KIND 512
#define STATE_ARGUMENT(n) (520 + 8 * (n))
#define STATE_FRAME 544
#define STATE_FEN 552 /* what the program shall go on with */
/* The kernel's own, kept over a program. */
#define STATE_KERNEL_SP 560
#define STATE_KERNEL_GP 568

#ifndef __ASSEMBLER__
#include <stdint.h>

struct state {
  uint64_t r[32], f[31], fpcr;
  uint64_t kind, argument[3];
  struct exception_frame *frame;
  uint64_t fen, kernel_sp, kernel_gp;
};
extern struct state state;

/* The batch. A program is padded to whole quadwords; the next one follows. */
struct batch {
  uint64_t magic; /* BATCH_MAGIC */
  uint64_t count;
  uint64_t verbose;
};
#define BATCH_MAGIC 0x48435441424b5242 /* "BRKBATCH" */

struct program {
  uint64_t flags, seed, fpcr, words;
  uint64_t r[32], f[32];
  uint32_t code[];
};
#define PROGRAM_USER 1
#define PROGRAM_FEN 2
/* A fault that an operating system can repair (FOR, FOW, FOE, an entry that is not valid, FEN) is
   repaired, and the instruction executed again. Otherwise it is skipped. */
#define PROGRAM_REPAIRS 4
#define PROGRAM_IPL(flags) ((flags) >> 4 & 7)
/* Exceptions after which a program is ended. */
#define MAXIMUM_TRAPS 200

/* The address space: the sandbox, whose pages differ in protection, and the code behind it. */
#define SANDBOX_VA 0x20000000ul
#define SANDBOX_PA 0x1000000ul
#define SANDBOX_PAGES 16
#define ORIGINAL_PA 0x1200000ul
#define CODE_VA 0x20100000ul
#define CODE_PA 0x1100000ul
#define CODE_PAGES 4
/* The program begins near the end of a page, so that most cross into the next. */
#define CODE_START 0x1e00ul

void sandbox_map(void);
/* Memory and page table as every program finds them; the copy at ORIGINAL_PA tells what it changed. */
void sandbox_fill(uint64_t seed);
/* Makes the page of a fault accessible; 0 if that is not what an operating system would do. */
int sandbox_repair(uint64_t va, uint64_t code, uint64_t access);

/* The exception entries, and their handler; what it answers goes to entry.S. */
void entry_int(void), entry_arith(void), entry_mm(void), entry_if(void), entry_una(void), entry_sys(void);
enum { GO_ON, LEAVE };
int handle(void);
/* Runs the program whose registers are in `state` until handle() leaves it. sp: where its frame is. */
void run(struct exception_frame *frame);
extern char frame_stack_top[];
#endif
#endif
