/* The hardware restart parameter block and its parts (Alpha AHB III, HWRPB). */
#ifndef BREAKWATER_HWRPB_H
#define BREAKWATER_HWRPB_H

#define HWRPB_VA 0x10000000ul
#define MAX_CPUS 4
#define SLOT_OFFSET 0x180
#define SLOT_SIZE 0x280

/* Where a halt is recorded in a per-CPU slot. */
#define SLOT_FLAGS 0x80
#define SLOT_HALT_PCBB 0xe8
#define SLOT_HALT_PC 0xf0
#define SLOT_HALT_PS 0xf8
#define SLOT_HALT_R25 0x100
#define SLOT_HALT_R26 0x108
#define SLOT_HALT_R27 0x110
#define SLOT_HALT_CODE 0x118

/* Reasons for a halt (Alpha AHB III, per-CPU slot, halt code). */
#define HALT_KERNEL_STACK 2
#define HALT_CALL_PAL 5
#define HALT_DOUBLE_ERROR 6
#define HALT_FAULT_IN_PAL 7

#define SLOT_BOOTSTRAP_IN_PROGRESS 0x001
#define SLOT_AVAILABLE 0x1cc /* present, available, PALcode valid, its memory valid, loaded */
#define SLOT_HALT_REQUEST(flags) (((flags) >> 16) & 0xff)
#define REQUEST_COLD_BOOT 2
#define REQUEST_WARM_BOOT 3

#define CPU_TYPE_EV67 11
#define SYSTEM_TYPE_TSUNAMI 34
#define SYSTEM_VARIATION_CLIPPER (5 << 10)
#define VPTB_CONSOLE 0xfffffffe00000000ul
#define CYCLES_PER_SECOND 250000000
#define CLOCK_INTERRUPTS_PER_SECOND 1024

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

#include "pal.h"

struct cpu_slot {
  struct pcb pcb;
  uint64_t flags;
  uint64_t pal_memory_length, pal_scratch_length, pal_memory, pal_scratch;
  uint64_t pal_revision, cpu_type, cpu_variation, cpu_revision;
  char serial[16];
  uint64_t logout, logout_length;
  uint64_t halt_pcbb, halt_pc, halt_ps, halt_r25, halt_r26, halt_r27, halt_code;
  uint64_t software;
  struct {
    uint32_t receive_length, transmit_length;
    char receive[80], transmit[80];
  } ipc;
  uint64_t pal_available[16];
  uint64_t compatibility, log, log_length, cache;
  uint64_t unused[2];
};

struct console_terminal {
  uint64_t type, id, reserved, length, device_ipl, tx_vector, rx_vector, terminal_type;
  uint64_t device_data[26];
};

struct console_routines {
  uint64_t dispatch_va, dispatch_pa, fixup_va, fixup_pa;
  uint64_t map_entries, map_pages;
  struct {
    uint64_t va, pa, pages;
  } map[1];
};

/* A procedure descriptor of the VMS calling standard: its code address is the second quadword. */
struct procedure {
  uint64_t kind, code;
};

struct memory_cluster {
  uint64_t start_pfn, pages, tested_pages, bitmap_va, bitmap_pa, bitmap_checksum, usage;
};
#define CLUSTER_CONSOLE 1
#define CLUSTER_SYSTEM 0

struct memory_descriptors {
  uint64_t checksum, optional_pa, clusters;
  struct memory_cluster cluster[2];
};

/* Dynamic system recognition: the model number and where its name is. */
struct system_recognition {
  uint64_t model, lurt_offset, name_offset, name_length;
  char name[32];
};

struct hwrpb {
  uint64_t pa;
  uint64_t identifier;
  uint64_t revision, size, primary_cpu, page_size;
  uint32_t pa_bits, extended_va;
  uint64_t max_asn;
  char serial[16];
  uint64_t system_type, system_variation, system_revision;
  uint64_t clock_frequency; /* 4096 times the interrupts per second */
  uint64_t cycle_frequency, vptb, reserved, tb_hint_offset;
  uint64_t slots, slot_size, slot_offset;
  uint64_t terminals, terminal_size, terminal_offset;
  uint64_t routines_offset, memory_offset, configuration_offset, fru_offset;
  uint64_t save_terminal, save_terminal_data, restore_terminal, restore_terminal_data;
  uint64_t cpu_restart, cpu_restart_data;
  uint64_t reserved_os;
  uint64_t reserved_hardware, checksum;
  uint64_t receive_ready, transmit_ready;
  uint64_t recognition_offset;
  uint64_t unused[8];
  struct cpu_slot slot[MAX_CPUS];
  struct console_terminal terminal;
  struct console_routines routines;
  struct procedure dispatch, fixup;
  struct memory_descriptors memory;
  struct system_recognition recognition;
};

_Static_assert(offsetof(struct hwrpb, serial) == 0x40, "SSN");
_Static_assert(offsetof(struct hwrpb, vptb) == 0x78, "VPTB");
_Static_assert(offsetof(struct hwrpb, slots) == 0x90, "slots");
_Static_assert(offsetof(struct hwrpb, cpu_restart) == 0x100, "restart");
_Static_assert(offsetof(struct hwrpb, checksum) == 0x120, "checksum");
_Static_assert(offsetof(struct hwrpb, receive_ready) == 0x128, "RXRDY");
_Static_assert(offsetof(struct hwrpb, slot) == SLOT_OFFSET, "slot offset");
_Static_assert(sizeof(struct cpu_slot) == SLOT_SIZE, "slot size");
_Static_assert(offsetof(struct cpu_slot, flags) == SLOT_FLAGS, "slot flags");
_Static_assert(offsetof(struct cpu_slot, halt_pcbb) == SLOT_HALT_PCBB, "halt PCBB");
_Static_assert(offsetof(struct cpu_slot, halt_code) == SLOT_HALT_CODE, "halt code");
_Static_assert(offsetof(struct cpu_slot, ipc) == 0x128, "IPC buffer");
_Static_assert(offsetof(struct cpu_slot, pal_available) == 0x1d0, "PAL revisions");
_Static_assert(offsetof(struct console_terminal, terminal_type) == 0x38, "terminal type");
_Static_assert(sizeof(struct console_terminal) == 0x110, "CTB");
#endif
#endif
