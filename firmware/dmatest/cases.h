/* The groups of cases, in the order they run. Each ends with a case without a name. */
#ifndef CASES_H
#define CASES_H

#include "tap.h"

extern const struct test_case board_cases[];
extern const struct test_case pci_cases[];
extern const struct test_case virtio_cases[];
extern const struct test_case direct_cases[];
extern const struct test_case sg_cases[];
extern const struct test_case ring_cases[];
extern const struct test_case interrupt_cases[];
extern const struct test_case block_cases[];
extern const struct test_case fault_cases[];
extern const struct test_case whole_disk_cases[];

#endif
