/* Processor registers of the Clipper board's PALmode contract, by HW_MFPR and HW_MTPR number. */
#ifndef BREAKWATER_IPR_H
#define BREAKWATER_IPR_H

#define PR_PS 0
#define PR_FEN 1
#define PR_PCC_OFS 2
#define PR_TRAP_ARG0 3
#define PR_TRAP_ARG1 4
#define PR_TRAP_ARG2 5
#define PR_EXC_ADDR 6
#define PR_PALBR 7
#define PR_PTBR 8
#define PR_VPTPTR 9
#define PR_UNIQUE 10
#define PR_SYSVAL 11
#define PR_USP 12
#define PR_ASN 13 /* <63> reads as one where the CPU tags translations with <7:0> */
#define PR_R25 39
#define PR_VMTIME 249
#define PR_WALLTIME 250
#define PR_ALARM 251
#define PR_HALT 252
#define PR_WAIT 253
#define PR_TBIS 254
#define PR_TBIA 255

/* What this PALcode keeps in the scratch registers PT0 to PT23 (40 to 63) of each CPU. */
#define PT_ENTINT 40
#define PT_ENTARITH 41
#define PT_ENTMM 42
#define PT_ENTIF 43
#define PT_ENTUNA 44
#define PT_ENTSYS 45
#define PT_MCES 46
#define PT_KSP 47
#define PT_KGP 48
#define PT_PCBB 49
#define PT_ASN 50
#define PT_CPU 51
#define PT_DIR 52       /* physical address of this CPU's DIRn */
#define PT_ACK_CLOCK 53 /* what acknowledges this CPU's clock in MISC */
#define PT_ACK_IPI 54
#define PT_LOGOUT 55 /* physical address of this CPU's logout area */
#define PT_SLOT 56   /* physical address of this CPU's HWRPB slot */
#define PT_STACK 57  /* top of this CPU's console stack */
#define PT_HALTS 58  /* halts since a kernel was started: 2 means that halting failed */
#define PT_ARG0 59   /* TRAP_ARG0 to 2 as they were at reset */
#define PT_ARG1 60
#define PT_ARG2 61

/* Registers 8 to 14 and 25 are shadows in PALmode (21264 HRM, PALshadow registers). */
#define p0 $8
#define p1 $9
#define p2 $10
#define p3 $11
#define p4 $12
#define p5 $13
#define p6 $14
#define p7 $25
#define v0 $0
#define a0 $16
#define a1 $17
#define a2 $18
#define a3 $19
#define a4 $20
#define a5 $21
#define gp $29
#define sp $30
#define zero $31

/* Cchip and interrupt acknowledge, as physical addresses. */
#define PA_CCHIP_SHIFTED 0x400d /* 0x801a0000000 >> 29 */
#define PA_CCHIP_SHIFT 29
#define OFFSET_MISC 0x080
#define OFFSET_DIR0 0x280

/* Codes and layout of machine checks. */
#define LOGOUT_SIZE 0x90
#define LOGOUT_CODE 0x10
#define LOGOUT_MM_STAT 0x50
#define LOGOUT_EXC_ADDR 0x58
#define LOGOUT_PALBR 0x78
#define MCHK_SYSTEM_ERROR 0x202
#define MCHK_NONEXISTENT_MEMORY 0x207
#define MCHK_PAL_BUGCHECK 0x90
#define SCB_SYSTEM_MACHINE_CHECK 0x660
#define SCB_PROCESSOR_MACHINE_CHECK 0x670
#define SCB_CLOCK 0x600
#define SCB_DEVICE 0x800
/* TRAP_ARG1 of the machine check entry: a load or fetch, a store, or the error interrupt (IRQ_H<0>). */
#define MCHK_ARG_INTERRUPT 2

/* CSERVE for our console only. */
#define CSERVE_power_off 0x42570001
#define CSERVE_reset 0x42570002
#endif
