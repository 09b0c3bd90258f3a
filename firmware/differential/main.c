#include "differential.h"
#include "io.h"
#include "print.h"

struct state state;
static const struct program *program;
static unsigned traps, verbose;
static uint64_t hash;

/* The loader's parameters, 0x6000 below the image's first 64 KB boundary. */
#define PARAMETERS (KSEG_BASE + 0x310000 - 0x6000)

static void add(uint64_t value) {
  hash = (hash ^ value) * 0x100000001b3;
  hash ^= hash >> 29;
}

static void log_word(const char *name, uint64_t value) {
  if (verbose)
    print("%s %lx\n", name, value);
  add(value);
}

static void log_words(const char *name, const uint64_t *values, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    if (verbose)
      print("%s%u %lx\n", name, i, values[i]);
    add(values[i]);
  }
}

/* The words that the program has changed. */
static void log_memory(void) {
  const uint64_t *memory = kseg(SANDBOX_PA), *original = kseg(ORIGINAL_PA);
  for (unsigned i = 0; i < SANDBOX_PAGES * PAGE_SIZE / 8; i++) {
    if (memory[i] == original[i])
      continue;
    if (verbose)
      print("m%x %lx\n", i * 8, memory[i]);
    add(i);
    add(memory[i]);
  }
}

/* FPCR<SUM> and what is reserved: the peer keeps them as they are written. */
#define FPCR_COMPARED (0xfffful << 47)
#define PC_END (CODE_VA + CODE_START + 4 * (program->words - 1))
/* BIS R31,R31,R31 follows each floating-point instruction that a program expects to be disabled: the
   peer's frame names it, and not the instruction. */
#define NOP 0x47ff041fu

static uint32_t instruction(uint64_t pc) {
  uint64_t offset = pc - CODE_VA;
  return offset < CODE_PAGES * PAGE_SIZE ? ((const uint32_t *)kseg(CODE_PA))[offset / 4] : 0;
}

/* The destination of an instruction, as the exception summary's register mask names it. */
static uint64_t destination(uint32_t word) {
  return 1ul << ((word & 31) + (word >> 26 == 0x10 || word >> 26 == 0x13 ? 0 : 32));
}

static void log_arguments(const struct exception_frame *frame) {
  const uint64_t *a = state.argument;
  switch (state.kind) {
  case ENTRY_int:
  case ENTRY_if:
    log_word("a0", a[0]); /* The others are UNPREDICTABLE (Alpha AHB II-B, exceptions). */
    break;
  case ENTRY_arith:
    log_word("a0", a[0]);
    /* The peer gives no mask for integer overflow and for operands that trap. */
    log_word("a1", a[1] ? a[1] : destination(instruction(frame->pc - 4)));
    break;
  case ENTRY_mm:
  case ENTRY_una:
    log_words("a", a, 3);
    break;
  }
}

static void log_state(void) {
  state.fpcr &= FPCR_COMPARED;
  log_words("r", state.r, 31);
  log_words("f", state.f, 31);
  log_word("fpcr", state.fpcr);
}

int handle(void) {
  struct exception_frame *frame = state.frame;
  state.r[30] = frame->ps & PS_USER ? pal_rdusp() : (uint64_t)(frame + 1);
  int ends = state.kind == ENTRY_if && state.argument[0] == 1 && frame->pc == PC_END + 4;
  int disabled = state.kind == ENTRY_if && state.argument[0] == 3;
  if (disabled && instruction(frame->pc) == NOP)
    frame->pc -= 4;
  log_word("entry", state.kind);
  log_word("pc", frame->pc);
  log_word("ps", frame->ps);
  log_word("newps", pal_rdps());
  log_arguments(frame);
  log_state();
  if (ends || state.kind == ENTRY_int || ++traps == MAXIMUM_TRAPS)
    return LEAVE;
  int repairs = (program->flags & PROGRAM_REPAIRS) != 0;
  if (disabled) {
    if (repairs)
      state.fen = 1;
    else
      frame->pc += 4;
  } else if (state.kind == ENTRY_mm) {
    uint64_t va = state.argument[0], access = state.argument[2];
    if ((repairs || va - CODE_VA < CODE_PAGES * PAGE_SIZE) &&
        sandbox_repair(va, state.argument[1], access))
      ;
    else if (access == (uint64_t)-1)
      frame->pc = state.r[26]; /* Only JSR goes to such pages. */
    else
      frame->pc += 4;
  }
  return GO_ON;
}

/* Runs a program and prints the hash of all that it did. */
static void exercise(void) {
  sandbox_fill(program->seed);
  uint32_t *code = kseg(CODE_PA + CODE_START);
  memcpy(code, program->code, program->words * 4);
  pal_imb();
  memcpy(state.r, program->r, sizeof state.r);
  memcpy(state.f, program->f, sizeof state.f);
  state.fpcr = program->fpcr;
  state.fen = (program->flags & PROGRAM_FEN) != 0;
  traps = 0;
  hash = 0xcbf29ce484222325;
  int user = program->flags & PROGRAM_USER;
  /* A program in kernel mode has its frames in the sandbox, which are compared as memory. */
  uint64_t sp = user ? (uint64_t)frame_stack_top : SANDBOX_VA + PAGE_SIZE;
  struct exception_frame *frame = (struct exception_frame *)sp - 1;
  frame->ps = user ? PS_USER : PROGRAM_IPL(program->flags);
  frame->pc = CODE_VA + CODE_START;
  frame->gp = program->r[29];
  frame->a0 = program->r[16];
  frame->a1 = program->r[17];
  frame->a2 = program->r[18];
  pal_wrusp(SANDBOX_VA + PAGE_SIZE);
  pal_wrunique(0);
  pal_wrval(0);
  run(frame);
  pal_swpipl(7);
  log_memory();
  print("hash %lx\n", hash);
}

void main(void) {
  sandbox_map();
  pal_wrkgp((uint64_t)&state);
  pal_wrent((uint64_t)entry_int, ENTRY_int);
  pal_wrent((uint64_t)entry_arith, ENTRY_arith);
  pal_wrent((uint64_t)entry_mm, ENTRY_mm);
  pal_wrent((uint64_t)entry_if, ENTRY_if);
  pal_wrent((uint64_t)entry_una, ENTRY_una);
  pal_wrent((uint64_t)entry_sys, ENTRY_sys);
  const struct batch *batch = *(const struct batch **)(PARAMETERS + 0x100);
  if (!batch || batch->magic != BATCH_MAGIC) {
    print("differential: the initial RAM disk is no batch of programs\n");
    pal_halt();
  }
  verbose = batch->verbose;
  program = (const struct program *)(batch + 1);
  for (uint64_t i = 0; i < batch->count; i++) {
    exercise();
    program = (const struct program *)(program->code + program->words + (program->words & 1));
  }
  print("end\n");
  pal_halt();
}
