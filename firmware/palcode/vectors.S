/* Reset, exception and interrupt entries of the OSF/1 PALcode.

   The firmware runs in KSEG from physical 0, and PALBR is where it is linked. The CPU adds the
   entry's offset to PALBR, sets PALmode and leaves everything else: PS, FEN and all registers but
   the shadows are the guest's. Names and rules: Alpha AHB II-B, exceptions and interrupts. */
#include "frame.h"

	.set	noat
	.set	noreorder
	.section .palcode, "ax"
	.globl	_start
_start:
	br	zero, reset

/* An entry for a synchronous event: p7 and p6 = EXC_ADDR. A fault of PALcode itself cannot be
   delivered: the stack that it writes or reads is not there, or this code is wrong. */
	.macro	TRAP_ENTRY offset
	.org	\offset
	hw_mfpr	p7, PR_EXC_ADDR
	blbs	p7, fault_in_pal_\offset
	bis	p7, p7, p6
	.endm

	.macro	INTERRUPT_ENTRY offset
	.org	\offset
	hw_mfpr	p6, PR_EXC_ADDR
	.endm

	TRAP_ENTRY 0x080		/* machine check */
	br	zero, machine_check

	INTERRUPT_ENTRY 0x100		/* interprocessor interrupt */
	hw_mfpr	p3, PT_ACK_IPI
	WRITE_MISC p3, p2
	PUSH_FRAME
	lda	p4, 6(zero)
	hw_mtpr	p4, PR_PS
	lda	a0, INTERRUPT_ipi(zero)
	lda	a1, 0(zero)
	lda	a2, 0(zero)
	ENTER_KERNEL PT_ENTINT

	INTERRUPT_ENTRY 0x180		/* interval timer or alarm */
	hw_mfpr	p3, PT_ACK_CLOCK
	WRITE_MISC p3, p2
	PUSH_FRAME
	lda	p4, 5(zero)
	hw_mtpr	p4, PR_PS
	lda	a0, INTERRUPT_clock(zero)
	lda	a1, SCB_CLOCK(zero)
	lda	a2, 0(zero)
	ENTER_KERNEL PT_ENTINT

	INTERRUPT_ENTRY 0x200		/* devices: the lowest bit of DIR wins */
	hw_mfpr	p3, PT_DIR
	hw_ldq/p p3, 0(p3)
	beq	p3, passive_release
	cttz	p3, p2
	lda	p4, -DRIR_ISA(p2)
	bge	p4, isa_or_error_interrupt
	PUSH_FRAME
	sll	p2, 4, p2
	lda	a1, SCB_DEVICE + 0x100(p2)
	br	zero, device_interrupt

	TRAP_ENTRY 0x280		/* memory management fault */
	PUSH_FRAME
	hw_mfpr	a0, PR_TRAP_ARG0
	hw_mfpr	a1, PR_TRAP_ARG1
	hw_mfpr	a2, PR_TRAP_ARG2
	ENTER_KERNEL PT_ENTMM

	TRAP_ENTRY 0x300		/* unaligned access: the frame's PC is the next instruction */
	addq	p7, 4, p6
	PUSH_FRAME
	hw_mfpr	a0, PR_TRAP_ARG0
	hw_mfpr	a1, PR_TRAP_ARG1
	hw_mfpr	a2, PR_TRAP_ARG2
	ENTER_KERNEL PT_ENTUNA

	TRAP_ENTRY 0x380		/* illegal or privileged instruction */
	br	zero, illegal_instruction

	TRAP_ENTRY 0x400		/* arithmetic trap */
	PUSH_FRAME
	hw_mfpr	a0, PR_TRAP_ARG0
	hw_mfpr	a1, PR_TRAP_ARG1
	lda	a2, 0(zero)
	ENTER_KERNEL PT_ENTARITH

	TRAP_ENTRY 0x480		/* floating point disabled */
	lda	p3, 3(zero)
	br	zero, instruction_fault

	.org	0x500
/* The interrupt went away before it was looked at: passive release. */
passive_release:
	hw_ret	(zero)

/* a1 = SCB vector. */
device_interrupt:
	lda	p4, 4(zero)
	hw_mtpr	p4, PR_PS
	lda	a0, INTERRUPT_device(zero)
	lda	a2, 0(zero)
	ENTER_KERNEL PT_ENTINT

/* p4 = bit - 55. The read of the IACK region is an acknowledge cycle: the 8259 pair answers with
   its vector (21272 HRM, PCI interrupt acknowledge). */
isa_or_error_interrupt:
	bne	p4, error_interrupt
	PUSH_FRAME
	ldah	p2, 1(zero)
	lda	p2, 0x3f(p2)		/* 0x801f8000000 >> 27 */
	sll	p2, 27, p2
	hw_ldl/p p2, 0(p2)
	and	p2, 0xff, p2
	sll	p2, 4, p2
	lda	a1, SCB_DEVICE(p2)
	br	zero, device_interrupt

/* DRIR<63:58>: the chipset reports an error. EXC_ADDR is where to go on. */
error_interrupt:
	bis	p6, p6, p7
	lda	p3, 0(zero)
	br	zero, system_machine_check

/* p6, p7 = EXC_ADDR. An access that no memory answered is skipped, as palcode-clipper does: frame
   PC = next instruction. */
	.globl	machine_check
machine_check:
	hw_mfpr	p3, PR_TRAP_ARG1
	subq	p3, MCHK_ARG_INTERRUPT, p4
	beq	p4, system_machine_check
	addq	p7, 4, p6
	lda	p2, SCB_PROCESSOR_MACHINE_CHECK(zero)
	lda	p0, MCHK_NONEXISTENT_MEMORY(zero)
	br	zero, deliver_machine_check
system_machine_check:
	lda	p3, 0(zero)
	lda	p2, SCB_SYSTEM_MACHINE_CHECK(zero)
	lda	p0, MCHK_SYSTEM_ERROR(zero)

/* p0 = code, p2 = SCB vector, p3<0> = the access was a store, p6 = PC of the frame, p7 = PC of the
   instruction. Only shadow registers are used: the guest may go on. */
	.globl	deliver_machine_check
deliver_machine_check:
	hw_mfpr	p1, PT_MCES
	blbs	p1, double_machine_check
	bis	p1, 1, p1		/* MIP, until the guest clears it by WRMCES */
	hw_mtpr	p1, PT_MCES
	hw_mfpr	p1, PT_LOGOUT
	hw_stl/p p0, LOGOUT_CODE(p1)
	and	p3, 1, p3
	hw_stq/p p3, LOGOUT_MM_STAT(p1)
	hw_stq/p p7, LOGOUT_EXC_ADDR(p1)
	PUSH_FRAME
	lda	p4, 7(zero)
	hw_mtpr	p4, PR_PS
	lda	a0, INTERRUPT_machine_check(zero)
	bis	p2, p2, a1
	lda	a2, -1(zero)		/* KSEG */
	sll	a2, 42, a2
	addq	a2, p1, a2
	ENTER_KERNEL PT_ENTINT

double_machine_check:
	lda	p3, HALT_DOUBLE_ERROR(zero)
	lda	p5, 0x080(zero)
	br	zero, halt_processor

/* p6 = EXC_ADDR: already the next instruction. */
	.globl	illegal_instruction
illegal_instruction:
	lda	p3, 4(zero)

/* p3 = entIF code, p6 = PC of the frame. */
	.globl	instruction_fault
instruction_fault:
	PUSH_FRAME
	bis	p3, p3, a0
	lda	a1, 0(zero)
	lda	a2, 0(zero)
	ENTER_KERNEL PT_ENTIF

/* p7 = PC in PALcode, p6 = PC of the guest if a frame was being written or read. */
	.macro	FAULT_IN_PAL offset, reason
fault_in_pal_\offset:
	lda	p3, \reason(zero)
	lda	p5, \offset(zero)
	br	zero, halt_processor
	.endm
	FAULT_IN_PAL 0x080, HALT_FAULT_IN_PAL
	FAULT_IN_PAL 0x280, HALT_KERNEL_STACK
	FAULT_IN_PAL 0x300, HALT_KERNEL_STACK
	FAULT_IN_PAL 0x380, HALT_FAULT_IN_PAL
	FAULT_IN_PAL 0x400, HALT_FAULT_IN_PAL
	FAULT_IN_PAL 0x480, HALT_FAULT_IN_PAL
