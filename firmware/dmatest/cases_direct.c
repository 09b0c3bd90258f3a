// Direct-mapped windows, double-address cycles and the hole.
#include "cases.h"
#include "memory.h"
#include "pchip.h"
#include "workload.h"

static void direct_1gb(void) {
  if (!disk_start_basic(scratch)) return;
  struct pages pages = pages_adjacent(8);
  check_read_at(pages_direct_bus(&pages), &pages, 0, 8 * PAGE_SIZE, 0);
}

const struct test_case direct_cases[] = {
    {"direct window at bus 1 GB", direct_1gb},
    {0},
};
