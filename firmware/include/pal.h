/* OSF/1 PALcode calls (Alpha AHB II-B, PALcode instruction descriptions) and the layouts they share
   with their callers. */
#ifndef BREAKWATER_PAL_H
#define BREAKWATER_PAL_H

/* Privileged. */
#define PAL_halt 0x00
#define PAL_cflush 0x01
#define PAL_draina 0x02
#define PAL_cserve 0x09
#define PAL_swppal 0x0a
#define PAL_wripir 0x0d
#define PAL_rdmces 0x10
#define PAL_wrmces 0x11
#define PAL_wrfen 0x2b
#define PAL_wrvptptr 0x2d
#define PAL_swpctx 0x30
#define PAL_wrval 0x31
#define PAL_rdval 0x32
#define PAL_tbi 0x33
#define PAL_wrent 0x34
#define PAL_swpipl 0x35
#define PAL_rdps 0x36
#define PAL_wrkgp 0x37
#define PAL_wrusp 0x38
#define PAL_wrperfmon 0x39
#define PAL_rdusp 0x3a
#define PAL_whami 0x3c
#define PAL_retsys 0x3d
#define PAL_wtint 0x3e
#define PAL_rti 0x3f
/* Unprivileged. */
#define PAL_bpt 0x80
#define PAL_bugchk 0x81
#define PAL_callsys 0x83
#define PAL_imb 0x86
#define PAL_rdunique 0x9e
#define PAL_wrunique 0x9f
#define PAL_gentrap 0xaa
#define PAL_clrfen 0xae

/* CSERVE functions of the Clipper board. Times are nanoseconds. */
#define CSERVE_ldqp 1
#define CSERVE_stqp 2
#define CSERVE_get_wall_time 3
#define CSERVE_get_alarm 4
#define CSERVE_set_alarm_rel 5
#define CSERVE_set_alarm_abs 6
#define CSERVE_get_time 7

/* WRENT selectors. */
#define ENTRY_int 0
#define ENTRY_arith 1
#define ENTRY_mm 2
#define ENTRY_if 3
#define ENTRY_una 4
#define ENTRY_sys 5

/* entInt a0. */
#define INTERRUPT_ipi 0
#define INTERRUPT_clock 1
#define INTERRUPT_machine_check 2
#define INTERRUPT_device 3

#define PS_IPL 0x7
#define PS_USER 0x8

/* The stack frame of every entry to the kernel (Alpha AHB II-B, stack frames). */
#define FRAME_PS 0
#define FRAME_PC 8
#define FRAME_GP 16
#define FRAME_A0 24
#define FRAME_A1 32
#define FRAME_A2 40
#define FRAME_SIZE 48

/* The privileged context block; SWPCTX and SWPPAL take its physical address. */
#define PCB_KSP 0x00
#define PCB_USP 0x08
#define PCB_PTBR 0x10
#define PCB_PCC 0x18
#define PCB_ASN 0x1c
#define PCB_UNIQUE 0x20
#define PCB_FLAGS 0x28
#define PCB_SIZE 0x80

/* Page table entries (Alpha AHB II-B, page table entries). 8 KB pages, three levels of 1024 entries. */
#define PTE_V 0x0001
#define PTE_FOR 0x0002
#define PTE_FOW 0x0004
#define PTE_FOE 0x0008
#define PTE_ASM 0x0010
#define PTE_KRE 0x0100
#define PTE_URE 0x0200
#define PTE_KWE 0x1000
#define PTE_UWE 0x2000
#define PTE_PFN_SHIFT 32
#define PAGE_SHIFT 13
#define PAGE_SIZE (1 << PAGE_SHIFT)

#ifndef __ASSEMBLER__
#include <stdint.h>

struct exception_frame {
  uint64_t ps, pc, gp, a0, a1, a2;
};

struct pcb {
  uint64_t ksp, usp, ptbr;
  uint32_t pcc, asn;
  uint64_t unique, flags, reserved[10];
};

/* Calls may destroy t0, t8 to t11 and their arguments (Alpha AHB II-B, PALcode instruction
   descriptions). */
#define PAL_CLOBBERS "$1", "$22", "$23", "$24", "$25", "memory"

#define PAL_CALL0(name)                                                               \
  static inline uint64_t pal_##name(void) {                                           \
    register uint64_t v0 __asm__("$0");                                               \
    __asm__ volatile("call_pal %1" : "=r"(v0) : "i"(PAL_##name)                        \
                     : "$16", "$17", "$18", "$19", "$20", "$21", PAL_CLOBBERS);        \
    return v0;                                                                        \
  }
#define PAL_CALL1(name)                                                               \
  static inline uint64_t pal_##name(uint64_t arg0) {                                  \
    register uint64_t v0 __asm__("$0");                                               \
    register uint64_t a0 __asm__("$16") = arg0;                                       \
    __asm__ volatile("call_pal %2" : "=r"(v0), "+r"(a0) : "i"(PAL_##name)              \
                     : "$17", "$18", "$19", "$20", "$21", PAL_CLOBBERS);               \
    return v0;                                                                        \
  }
#define PAL_CALL2(name)                                                               \
  static inline uint64_t pal_##name(uint64_t arg0, uint64_t arg1) {                   \
    register uint64_t v0 __asm__("$0");                                               \
    register uint64_t a0 __asm__("$16") = arg0;                                       \
    register uint64_t a1 __asm__("$17") = arg1;                                       \
    __asm__ volatile("call_pal %3" : "=r"(v0), "+r"(a0), "+r"(a1) : "i"(PAL_##name)    \
                     : "$18", "$19", "$20", "$21", PAL_CLOBBERS);                      \
    return v0;                                                                        \
  }
#define PAL_CALL3(name)                                                               \
  static inline uint64_t pal_##name(uint64_t arg0, uint64_t arg1, uint64_t arg2) {    \
    register uint64_t v0 __asm__("$0");                                               \
    register uint64_t a0 __asm__("$16") = arg0;                                       \
    register uint64_t a1 __asm__("$17") = arg1;                                       \
    register uint64_t a2 __asm__("$18") = arg2;                                       \
    __asm__ volatile("call_pal %4" : "=r"(v0), "+r"(a0), "+r"(a1), "+r"(a2)            \
                     : "i"(PAL_##name) : "$19", "$20", "$21", PAL_CLOBBERS);           \
    return v0;                                                                        \
  }

PAL_CALL0(draina)
PAL_CALL0(imb)
PAL_CALL0(rdmces)
PAL_CALL0(rdps)
PAL_CALL0(rdunique)
PAL_CALL0(rdusp)
PAL_CALL0(rdval)
PAL_CALL0(whami)
PAL_CALL0(clrfen)
PAL_CALL1(cflush)
PAL_CALL1(swpctx)
PAL_CALL1(swpipl)
PAL_CALL1(wrfen)
PAL_CALL1(wripir)
PAL_CALL1(wrkgp)
PAL_CALL1(wrmces)
PAL_CALL1(wrunique)
PAL_CALL1(wrusp)
PAL_CALL1(wrval)
PAL_CALL1(wrvptptr)
PAL_CALL1(wtint)
PAL_CALL2(tbi)
PAL_CALL2(wrent)
PAL_CALL2(wrperfmon)
PAL_CALL3(cserve)

/* Ends the machine, or returns to the console that the firmware offers. */
static inline void __attribute__((noreturn)) pal_halt(void) {
  __asm__ volatile("call_pal %0" ::"i"(PAL_halt) : "memory");
  __builtin_unreachable();
}
#endif
#endif
