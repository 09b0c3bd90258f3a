/* The address space of the programs. Entries that are not valid allow what they could: for one that
   also denies the access, architecture (ACV) and peer (TNV) disagree. */
#include "differential.h"
#include "io.h"
#include "print.h"

typedef uint64_t page_table[PAGE_SIZE / 8];
static page_table level1 __attribute__((aligned(PAGE_SIZE)));
static page_table level2 __attribute__((aligned(PAGE_SIZE)));
static page_table level3 __attribute__((aligned(PAGE_SIZE)));
static struct pcb pcb __attribute__((aligned(128)));

#define TABLE (PTE_V | PTE_KRE | PTE_KWE)
#define READ (PTE_KRE | PTE_URE)
#define WRITE (PTE_KWE | PTE_UWE)
#define ALL (PTE_V | READ | WRITE)
#define FIRST_RETURN_PAGE 13
#define RET 0x6bfa8001u /* ret $31, ($26), 1 */

static const uint16_t protection[SANDBOX_PAGES] = {
    ALL,
    ALL,
    ALL | PTE_FOR,
    ALL | PTE_FOW,
    ALL | PTE_FOE,
    READ | WRITE,
    PTE_V | PTE_KRE | PTE_KWE,
    PTE_V | READ,
    ALL | PTE_FOR | PTE_FOW | PTE_FOE,
    PTE_V | PTE_URE | PTE_UWE,
    PTE_V,
    READ | WRITE | PTE_FOR | PTE_FOW,
    PTE_V | READ | PTE_KWE,
    /* These hold nothing but RET. */
    PTE_V | READ,
    PTE_V | READ | PTE_FOE,
    READ,
};

static uint64_t pte(uint64_t pa, uint64_t bits) { return pa >> PAGE_SHIFT << PTE_PFN_SHIFT | bits; }

static void write_entries(void) {
  for (unsigned page = 0; page < SANDBOX_PAGES; page++)
    level3[page] = pte(SANDBOX_PA + page * PAGE_SIZE, protection[page]);
  for (unsigned page = 0; page < CODE_PAGES; page++)
    /* The second page is brought in when the program gets there. */
    level3[((CODE_VA - SANDBOX_VA) >> PAGE_SHIFT) + page] =
        pte(CODE_PA + page * PAGE_SIZE, PTE_V | READ | (page == 1 ? PTE_FOE : 0));
}

/* Goes from the firmware's address space to our own; the stack stays. Beside the sandbox: tables that
   are not valid, and tables that the kernel may not read. */
void sandbox_map(void) {
  unsigned directory = SANDBOX_VA >> 23 & 1023;
  for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
    level1[i] = level2[i] = level3[i] = READ | WRITE;
  level1[0] = level1[1022] = pte(physical(level2), TABLE);
  level1[2] = PTE_V;
  level2[directory] = pte(physical(level3), TABLE);
  level2[directory + 2] = PTE_V;
  write_entries();
  pcb.ptbr = physical(level1) >> PAGE_SHIFT;
  pcb.asn = 1;
  pcb.flags = 1;
  mb();
  register uint64_t a0 __asm__("$16") = physical(&pcb);
  __asm__ volatile("stq $30, 0(%1)\n\tcall_pal %2"
                   : "+r"(a0)
                   : "r"(&pcb.ksp), "i"(PAL_swpctx)
                   : "$0", "$17", "$18", "$19", "$20", "$21", PAL_CLOBBERS);
}

/* Random bits of any magnitude, floating-point numbers near one, patterns. */
static uint64_t next(uint64_t *seed) {
  *seed ^= *seed << 13;
  *seed ^= *seed >> 7;
  *seed ^= *seed << 17;
  uint64_t value = *seed * 0x2545f4914f6cdd1d;
  switch (value >> 61) {
  case 0:
    return (value & 0x800fffffffffffff) | (1023 - 32 + (value >> 52 & 63)) << 52;
  case 1:
    return value << (value >> 52 & 63);
  case 2:
    return -(value & 1);
  default:
    return value >> (*seed & 63);
  }
}

static void make_original(uint64_t seed) {
  uint64_t *original = kseg(ORIGINAL_PA);
  seed |= 1;
  for (unsigned i = 0; i < SANDBOX_PAGES * (PAGE_SIZE / 8); i++)
    original[i] = i < FIRST_RETURN_PAGE * (PAGE_SIZE / 8) ? next(&seed) : RET * 0x100000001ul;
}

void sandbox_fill(uint64_t seed) {
  static uint64_t made, made_seed;
  if (!made || seed != made_seed)
    make_original(seed);
  made = 1;
  made_seed = seed;
  memcpy(kseg(SANDBOX_PA), kseg(ORIGINAL_PA), SANDBOX_PAGES * PAGE_SIZE);
  write_entries();
  pal_tbi(-2, 0);
}

int sandbox_repair(uint64_t va, uint64_t code, uint64_t access) {
  uint64_t page = (va - SANDBOX_VA) >> PAGE_SHIFT;
  uint64_t first_code_page = (CODE_VA - SANDBOX_VA) >> PAGE_SHIFT;
  if (page >= SANDBOX_PAGES && page - first_code_page >= CODE_PAGES)
    return 0;
  switch (code) {
  case 0:
    level3[page] |= PTE_V; /* An entry that was not valid is in no translation buffer. */
    mb();
    return 1;
  case 2:
    level3[page] &= ~(uint64_t)PTE_FOR;
    break;
  case 3:
    level3[page] &= ~(uint64_t)PTE_FOE;
    break;
  case 4:
    level3[page] &= ~(uint64_t)PTE_FOW;
    break;
  default:
    return 0;
  }
  mb();
  pal_tbi(access == (uint64_t)-1 ? 1 : 2, va);
  return 1;
}
