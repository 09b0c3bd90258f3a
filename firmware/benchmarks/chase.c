#include "benchmarks.h"
#include "io.h"
#include "pal.h"

/* A chain through 4096 pages, one node in each, mapped by real page tables in another order than
   that of memory: every step is a new page. */
struct node {
  struct node *next;
  uint64_t number;
};

/* Physical memory that neither the firmware nor this image uses. */
#define MEMORY 0x4000000ul

/* Full-period linear congruences (Hull and Dobell): each visits all pages before it repeats. */
static unsigned following(unsigned page) { return (page * 1229 + 331) % WINDOW_PAGES; }
static unsigned frame(unsigned page) { return (page * 2741 + 1) % WINDOW_PAGES; }

static struct node *node(unsigned page) {
  return (struct node *)(WINDOW_VA + page * (uint64_t)PAGE_SIZE + page * 320 % PAGE_SIZE);
}

uint64_t chase(void) {
  static int built;
  if (!built) {
    for (unsigned page = 0; page < WINDOW_PAGES; page++)
      map_page(page, MEMORY + frame(page) * (uint64_t)PAGE_SIZE, PTE_V | PTE_KRE | PTE_KWE);
    mb();
    pal_tbi((uint64_t)-2, 0);
    for (unsigned page = 0; page < WINDOW_PAGES; page++)
      *node(page) = (struct node){node(following(page)), page};
    built = 1;
  }
  uint64_t sum = 0;
  struct node *at = node(0);
  for (unsigned i = 0; i < 16 * WINDOW_PAGES; i++) {
    sum = sum * 3 + at->number;
    at = at->next;
  }
  return sum;
}
