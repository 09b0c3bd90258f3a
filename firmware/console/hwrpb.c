/* Fills the hardware restart parameter block (Alpha AHB III, HWRPB). */
#include "console.h"

#include "ipr.h"
#include "print.h"

struct hwrpb hwrpb __attribute__((aligned(PAGE_SIZE)));

/* PALcode's view of a machine check, one per CPU. The 21264 areas and their order are those that
   operating systems for this board print. */
struct logout {
  uint32_t size, flags, processor_offset, system_offset, code, revision;
  uint64_t processor[(LOGOUT_SIZE - 24) / 8];
} logout_areas[MAX_CPUS];
_Static_assert(sizeof(struct logout) == LOGOUT_SIZE, "logout frame");
_Static_assert(offsetof(struct logout, code) == LOGOUT_CODE, "logout code");

#define CTB_PRINTER_PORT 2
#define CTB_DATA_LENGTH 0xf0
#define TERMINAL_SERIAL 2
#define HWRPB_REVISION 5 /* the first with dynamic system recognition */
#define PAL_REVISION (2 << 16 | 0 << 8 | 1) /* OSF/1, 0.1 */
#define ES40_MODEL 1820

static uint64_t sum(const void *from, const void *to) {
  uint64_t total = 0;
  for (const uint64_t *quad = from; (const void *)quad < to; quad++)
    total += *quad;
  return total;
}

static uint64_t offset(const void *part) { return (uint64_t)part - (uint64_t)&hwrpb; }

void hwrpb_update_checksum(void) { hwrpb.checksum = sum(&hwrpb, &hwrpb.checksum); }

static void fill_slot(unsigned cpu) {
  struct cpu_slot *slot = &hwrpb.slot[cpu];
  slot->flags = SLOT_AVAILABLE;
  slot->pal_revision = PAL_REVISION;
  slot->pal_available[2] = PAL_REVISION;
  slot->cpu_type = CPU_TYPE_EV67;
  struct logout *logout = &logout_areas[cpu];
  logout->size = LOGOUT_SIZE;
  logout->processor_offset = offsetof(struct logout, processor);
  logout->system_offset = LOGOUT_SIZE;
  slot->logout = physical(logout);
  slot->logout_length = LOGOUT_SIZE;
}

static void fill_memory(uint64_t memory_bytes) {
  uint64_t firmware_pages = physical(firmware_end) >> PAGE_SHIFT;
  uint64_t pages = memory_bytes >> PAGE_SHIFT;
  struct memory_descriptors *memory = &hwrpb.memory;
  memory->clusters = 2;
  memory->cluster[0] = (struct memory_cluster){
      .start_pfn = 0, .pages = firmware_pages, .tested_pages = firmware_pages, .usage = CLUSTER_CONSOLE};
  memory->cluster[1] = (struct memory_cluster){.start_pfn = firmware_pages,
                                               .pages = pages - firmware_pages,
                                               .tested_pages = pages - firmware_pages,
                                               .usage = CLUSTER_SYSTEM};
  memory->checksum = sum(&memory->optional_pa, memory + 1);
}

static void fill_console(void) {
  struct console_terminal *terminal = &hwrpb.terminal;
  terminal->type = CTB_PRINTER_PORT;
  terminal->length = CTB_DATA_LENGTH;
  terminal->terminal_type = TERMINAL_SERIAL;

  struct console_routines *routines = &hwrpb.routines;
  hwrpb.dispatch.code = (uint64_t)crb_dispatch_entry;
  hwrpb.fixup.code = (uint64_t)crb_fixup_entry;
  routines->dispatch_va = (uint64_t)&hwrpb.dispatch;
  routines->dispatch_pa = physical(&hwrpb.dispatch);
  routines->fixup_va = (uint64_t)&hwrpb.fixup;
  routines->fixup_pa = physical(&hwrpb.fixup);
  routines->map_entries = 1;
  routines->map_pages = 1;
  routines->map[0].va = (uint64_t)&hwrpb;
  routines->map[0].pa = physical(&hwrpb);
  routines->map[0].pages = 1;
}

void hwrpb_start(uint64_t memory_bytes, unsigned cpus) {
  memset(&hwrpb, 0, sizeof hwrpb);
  memcpy(&hwrpb.identifier, "\0\0\0BPRWH", 8);
  hwrpb.pa = physical(&hwrpb);
  hwrpb.revision = HWRPB_REVISION;
  hwrpb.size = sizeof hwrpb;
  hwrpb.primary_cpu = 0;
  hwrpb.page_size = PAGE_SIZE;
  hwrpb.pa_bits = 40;
  hwrpb.max_asn = 255;
  /* Kernels take this name as "the clock is CSERVE's alarm, and there is no SRM to call". */
  memcpy(hwrpb.serial, "QEMU", 4);
  hwrpb.system_type = SYSTEM_TYPE_TSUNAMI;
  hwrpb.system_variation = SYSTEM_VARIATION_CLIPPER;
  hwrpb.clock_frequency = CLOCK_INTERRUPTS_PER_SECOND * 4096;
  hwrpb.cycle_frequency = CYCLES_PER_SECOND;
  hwrpb.vptb = VPTB_CONSOLE;
  hwrpb.slots = cpus;
  hwrpb.slot_size = SLOT_SIZE;
  hwrpb.slot_offset = SLOT_OFFSET;
  hwrpb.terminal_size = sizeof hwrpb.terminal;
  hwrpb.terminal_offset = offset(&hwrpb.terminal);
  hwrpb.routines_offset = offset(&hwrpb.routines);
  hwrpb.memory_offset = offset(&hwrpb.memory);
  hwrpb.recognition_offset = offset(&hwrpb.recognition);
  for (unsigned cpu = 0; cpu < cpus; cpu++)
    fill_slot(cpu);
  fill_console();
  fill_memory(memory_bytes);

  static const char name[] = "Breakwater Clipper";
  struct system_recognition *recognition = &hwrpb.recognition;
  recognition->model = ES40_MODEL;
  recognition->name_offset = offsetof(struct system_recognition, name_length);
  recognition->name_length = sizeof name;
  memcpy(recognition->name, name, sizeof name);
  hwrpb_update_checksum();
}
