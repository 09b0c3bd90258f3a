/* Reset of each CPU, and halts: the ways from PALcode to the console program. */
#include "frame.h"

	.set	noat
	.set	noreorder
	.section .palcode.rest, "ax"

/* gp for this file's references to the console's symbols. A link register has PALmode in bit 0. */
	.macro	LOAD_GP
	br	p7, 1f
1:	bic	p7, 3, p7
	ldgp	gp, 4(p7)
	.endm

/* Continues in kernel mode at the C function, IPL 7, on this CPU's console stack. */
	.macro	ENTER_CONSOLE function
	lda	$27, \function
	lda	p0, 7(zero)
	hw_mtpr	p0, PR_PS
	hw_mfpr	sp, PT_STACK
	hw_ret	($27)
	.endm

/* All CPUs start here. TRAP_ARG0 to 2 of CPU 0: bytes of memory, kernel entry or 0, configuration. */
	.globl	reset
reset:
	hw_mfpr	a0, PR_TRAP_ARG0
	hw_mfpr	a1, PR_TRAP_ARG1
	hw_mfpr	a2, PR_TRAP_ARG2
	hw_mtpr	a0, PT_ARG0
	hw_mtpr	a1, PT_ARG1
	hw_mtpr	a2, PT_ARG2
start:
	LOAD_GP
	lda	p0, 1(zero)
	hw_mtpr	p0, PR_FEN
	hw_mtpr	zero, PR_PCC_OFS
	hw_mtpr	zero, PR_ALARM
	hw_mtpr	zero, PR_TBIA
	hw_mtpr	zero, PT_MCES
	hw_mtpr	zero, PT_KSP
	hw_mtpr	zero, PT_ASN
	hw_mtpr	zero, PR_ASN
	hw_mtpr	zero, PT_HALTS

	CCHIP	p1
	hw_ldq/p p0, OFFSET_MISC(p1)
	and	p0, MISC_CPUID, p0
	hw_mtpr	p0, PT_CPU
	lda	p2, 1 << 4(zero)
	sll	p2, p0, p2
	hw_mtpr	p2, PT_ACK_CLOCK
	sll	p2, 4, p2
	hw_mtpr	p2, PT_ACK_IPI
	and	p0, 1, p2		/* DIR1 is at +0x40, DIR2 at +0x400, DIR3 at +0x440 */
	sll	p2, 6, p2
	addq	p1, p2, p1
	srl	p0, 1, p2
	sll	p2, 10, p2
	addq	p1, p2, p1
	lda	p1, OFFSET_DIR0(p1)
	hw_mtpr	p1, PT_DIR

	/* Console memory is in KSEG from physical 0: the low half of an address is physical. */
	lda	p1, hwrpb
	zapnot	p1, 0x0f, p1
	lda	p2, SLOT_SIZE(zero)
	mulq	p0, p2, p2
	addq	p1, p2, p1
	lda	p1, SLOT_OFFSET(p1)
	hw_mtpr	p1, PT_SLOT
	hw_mtpr	p1, PT_PCBB
	lda	p1, logout_areas
	zapnot	p1, 0x0f, p1
	lda	p2, LOGOUT_SIZE(zero)
	mulq	p0, p2, p2
	addq	p1, p2, p1
	hw_mtpr	p1, PT_LOGOUT
	hw_mfpr	p2, PR_PALBR
	hw_stq/p p2, LOGOUT_PALBR(p1)
	lda	p1, console_stacks
	addq	p0, 1, p2
	sll	p2, PAGE_SHIFT, p2
	addq	p1, p2, p1
	hw_mtpr	p1, PT_STACK

	hw_mfpr	a0, PT_ARG0
	hw_mfpr	a1, PT_ARG1
	hw_mfpr	a2, PT_ARG2
	bne	p0, 2f
	ENTER_CONSOLE console_start
2:	bis	p0, p0, a0
	ENTER_CONSOLE console_start_secondary

/* A reset of the machine loads memory again; a machine that does not restart its CPUs goes on
   here. */
	.globl	reset_machine
reset_machine:
	lda	p0, 1(zero)
	hw_mtpr	p0, PR_HALT
	br	zero, start

/* p3 = reason, p5 = entry offset or 0, p6 = PC. Records the state in the HWRPB slot and lets the
   console report it. If the record or the report faults too, less is tried, and then nothing. */
	.globl	halt_processor
halt_processor:
	hw_mfpr	p0, PT_HALTS
	addq	p0, 1, p0
	hw_mtpr	p0, PT_HALTS
	subq	p0, 2, p0
	bgt	p0, power_off_machine
	beq	p0, 8f

	hw_mfpr	p1, PT_SLOT
	hw_mfpr	p2, PT_PCBB
	hw_stq/p p2, SLOT_HALT_PCBB(p1)
	hw_stq/p p6, SLOT_HALT_PC(p1)
	hw_mfpr	p0, PR_PS
	hw_stq/p p0, SLOT_HALT_PS(p1)
	hw_mfpr	p0, PR_R25
	hw_stq/p p0, SLOT_HALT_R25(p1)
	hw_stq/p $26, SLOT_HALT_R26(p1)
	hw_stq/p $27, SLOT_HALT_R27(p1)
	hw_stq/p p3, SLOT_HALT_CODE(p1)
	rpcc	p0
	srl	p0, 32, p1
	addl	p0, p1, p0
	hw_stl/p p0, PCB_PCC(p2)
	hw_stq/p sp, PCB_KSP(p2)
	hw_mfpr	p0, PR_USP
	hw_stq/p p0, PCB_USP(p2)
	hw_mfpr	p0, PR_UNIQUE
	hw_stq/p p0, PCB_UNIQUE(p2)

8:	bis	p3, p3, a0
	bis	p5, p5, a1
	bis	p6, p6, a2
	hw_mfpr	a3, PR_TRAP_ARG0
	bis	sp, sp, a4
	bis	p7, p7, a5
	LOAD_GP
	ENTER_CONSOLE console_halted

/* The power may stay on for a while: nothing else may run. */
	.globl	power_off_machine
power_off_machine:
	hw_mtpr	zero, PR_HALT
1:	hw_mtpr	zero, PR_WAIT
	br	zero, 1b
