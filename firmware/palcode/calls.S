/* The CALL_PAL entries: 64 bytes each, at 0x1000 (privileged) and 0x2000 (unprivileged) from PALBR.
   EXC_ADDR is the instruction after the call. Semantics: Alpha AHB II-B, PALcode instruction
   descriptions. */
#include "frame.h"

	.set	noat
	.set	noreorder
	.section .palcode.calls, "ax"
calls:
	.macro	PRIVILEGED function
	.org	64 * (\function)
	.endm
	.macro	UNPRIVILEGED function
	.org	0x1000 + 64 * ((\function) - 0x80)
	.endm
	.macro	NOT_A_CALL functions:vararg
	.irp	function, \functions
	.if	\function < 0x80
	PRIVILEGED \function
	.else
	UNPRIVILEGED \function
	.endif
	hw_mfpr	p6, PR_EXC_ADDR
	br	zero, illegal_instruction
	.endr
	.endm

	PRIVILEGED PAL_halt
	hw_mfpr	p6, PR_EXC_ADDR
	lda	p3, HALT_CALL_PAL(zero)
	lda	p5, 0(zero)
	br	zero, halt_processor

	PRIVILEGED PAL_cflush		/* caches are coherent with everything */
	hw_ret	(zero)

	PRIVILEGED PAL_draina		/* no abort is ever late */
	hw_ret	(zero)

	NOT_A_CALL 0x03, 0x04, 0x05, 0x06, 0x07, 0x08

	PRIVILEGED PAL_cserve
	br	zero, cserve

	PRIVILEGED PAL_swppal
	br	zero, swppal

	NOT_A_CALL 0x0b, 0x0c

	PRIVILEGED PAL_wripir
	lda	p0, 1(zero)
	and	a0, MAX_CPUS - 1, p1
	lda	p1, 12(p1)		/* MISC<IPREQ> */
	sll	p0, p1, p0
	WRITE_MISC p0, p2
	hw_ret	(zero)

	NOT_A_CALL 0x0e, 0x0f

	PRIVILEGED PAL_rdmces
	hw_mfpr	v0, PT_MCES
	hw_ret	(zero)

	PRIVILEGED PAL_wrmces		/* <2:0> write one to clear, <4:3> stored */
	hw_mfpr	p0, PT_MCES
	and	a0, 0x07, p1
	bic	p0, p1, p0
	and	p0, 0x07, p0
	and	a0, 0x18, p1
	bis	p0, p1, p0
	hw_mtpr	p0, PT_MCES
	hw_ret	(zero)

	NOT_A_CALL 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e
	NOT_A_CALL 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a

	PRIVILEGED PAL_wrfen
	and	a0, 1, p0
	hw_mtpr	p0, PR_FEN
	hw_mfpr	p1, PT_PCBB
	hw_stl/p p0, PCB_FLAGS(p1)
	hw_ret	(zero)

	NOT_A_CALL 0x2c

	PRIVILEGED PAL_wrvptptr
	hw_mtpr	a0, PR_VPTPTR
	hw_ret	(zero)

	NOT_A_CALL 0x2e, 0x2f

	PRIVILEGED PAL_swpctx
	br	zero, swpctx

	PRIVILEGED PAL_wrval
	hw_mtpr	a0, PR_SYSVAL
	hw_ret	(zero)

	PRIVILEGED PAL_rdval
	hw_mfpr	v0, PR_SYSVAL
	hw_ret	(zero)

	PRIVILEGED PAL_tbi		/* both buffers at once; -1 (this process only) as -2 (all) */
	blt	a0, 1f
	hw_mtpr	a1, PR_TBIS
	hw_ret	(zero)
1:	hw_mtpr	zero, PR_TBIA
	hw_ret	(zero)

	PRIVILEGED PAL_wrent
	br	zero, wrent

	PRIVILEGED PAL_swpipl
	hw_mfpr	v0, PR_PS
	and	v0, PS_IPL, v0
	and	a0, PS_IPL, p0
	hw_mtpr	p0, PR_PS
	hw_ret	(zero)

	PRIVILEGED PAL_rdps
	hw_mfpr	v0, PR_PS
	hw_ret	(zero)

	PRIVILEGED PAL_wrkgp
	hw_mtpr	a0, PT_KGP
	hw_ret	(zero)

	PRIVILEGED PAL_wrusp
	hw_mtpr	a0, PR_USP
	hw_ret	(zero)

	PRIVILEGED PAL_wrperfmon	/* no counters: not supported */
	lda	v0, 0(zero)
	hw_ret	(zero)

	PRIVILEGED PAL_rdusp
	hw_mfpr	v0, PR_USP
	hw_ret	(zero)

	NOT_A_CALL 0x3b

	PRIVILEGED PAL_whami
	hw_mfpr	v0, PT_CPU
	hw_ret	(zero)

/* p6 is for the message if the stack is not there. a0 to a2 are not part of a CALLSYS frame. */
	PRIVILEGED PAL_retsys
	hw_mfpr	p6, PR_EXC_ADDR
	ldq	p5, FRAME_PC(sp)
	ldq	gp, FRAME_GP(sp)
	lda	sp, FRAME_SIZE(sp)
	hw_mtpr	sp, PT_KSP
	hw_mfpr	sp, PR_USP
	lda	p4, PS_USER(zero)
	hw_mtpr	p4, PR_PS
	bic	p5, 3, p5
	hw_ret	(p5)

	PRIVILEGED PAL_wtint		/* sleeps at any IPL; no clock tick is ever skipped */
	hw_mtpr	zero, PR_WAIT
	lda	v0, 0(zero)
	hw_ret	(zero)

	PRIVILEGED PAL_rti
	hw_mfpr	p6, PR_EXC_ADDR
	ldq	p5, FRAME_PS(sp)
	ldq	p4, FRAME_PC(sp)
	ldq	gp, FRAME_GP(sp)
	ldq	a0, FRAME_A0(sp)
	ldq	a1, FRAME_A1(sp)
	ldq	a2, FRAME_A2(sp)
	lda	sp, FRAME_SIZE(sp)
	bic	p4, 3, p4
	and	p5, PS_USER, p3
	bne	p3, rti_to_user
	and	p5, PS_IPL, p5
	hw_mtpr	p5, PR_PS
	hw_ret	(p4)

	UNPRIVILEGED PAL_bpt
	hw_mfpr	p6, PR_EXC_ADDR
	lda	p3, 0(zero)
	br	zero, instruction_fault

	UNPRIVILEGED PAL_bugchk
	hw_mfpr	p6, PR_EXC_ADDR
	lda	p3, 1(zero)
	br	zero, instruction_fault

	NOT_A_CALL 0x82

/* The frame's a0 to a2 are not written: the arguments stay in their registers (Alpha AHB II-B,
   CALLSYS). */
	UNPRIVILEGED PAL_callsys
	hw_mfpr	p6, PR_EXC_ADDR
	hw_mfpr	p5, PR_PS
	and	p5, PS_USER, p4
	beq	p4, callsys_from_kernel
	hw_mtpr	sp, PR_USP
	hw_mfpr	sp, PT_KSP
	hw_mtpr	zero, PR_PS
	lda	sp, -FRAME_SIZE(sp)
	stq	p5, FRAME_PS(sp)
	stq	p6, FRAME_PC(sp)
	stq	gp, FRAME_GP(sp)
	hw_mfpr	gp, PT_KGP
	ENTER_KERNEL PT_ENTSYS

	NOT_A_CALL 0x84, 0x85

	UNPRIVILEGED PAL_imb		/* the CPU acts on the call itself */
	mb
	hw_ret	(zero)

	NOT_A_CALL 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x92, 0x93
	NOT_A_CALL 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d

	UNPRIVILEGED PAL_rdunique
	hw_mfpr	v0, PR_UNIQUE
	hw_ret	(zero)

	UNPRIVILEGED PAL_wrunique
	hw_mtpr	a0, PR_UNIQUE
	hw_ret	(zero)

	NOT_A_CALL 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9

	UNPRIVILEGED PAL_gentrap	/* the trap's code stays in a0 of the frame */
	hw_mfpr	p6, PR_EXC_ADDR
	lda	p3, 2(zero)
	br	zero, instruction_fault

	NOT_A_CALL 0xab, 0xac, 0xad

	UNPRIVILEGED PAL_clrfen
	hw_mtpr	zero, PR_FEN
	hw_mfpr	p1, PT_PCBB
	hw_stl/p zero, PCB_FLAGS(p1)
	hw_ret	(zero)

	NOT_A_CALL 0xaf, 0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb
	NOT_A_CALL 0xbc, 0xbd, 0xbe, 0xbf
	.org	0x2000

	.section .palcode.rest, "ax"
rti_to_user:
	hw_mtpr	sp, PT_KSP
	hw_mfpr	sp, PR_USP
	lda	p5, PS_USER(zero)
	hw_mtpr	p5, PR_PS
	hw_ret	(p4)

/* An operating system that calls itself is broken: PALcode reports a machine check (Alpha AHB II-B,
   CALLSYS). */
callsys_from_kernel:
	subq	p6, 4, p7
	lda	p0, MCHK_PAL_BUGCHECK(zero)
	lda	p2, SCB_PROCESSOR_MACHINE_CHECK(zero)
	lda	p3, 0(zero)
	br	zero, deliver_machine_check

wrent:
	bic	a0, 3, a0
	.irp	entry, PT_ENTINT, PT_ENTARITH, PT_ENTMM, PT_ENTIF, PT_ENTUNA, PT_ENTSYS
	bne	a1, 1f
	hw_mtpr	a0, \entry
1:	subq	a1, 1, a1
	.endr
	hw_ret	(zero)

/* Saves the context in the old PCB and loads the new one (Alpha AHB II-B, SWPCTX). FEN needs no
   saving: WRFEN writes it through. */
swpctx:
	hw_mfpr	v0, PT_PCBB
	rpcc	p1
	srl	p1, 32, p2
	addl	p1, p2, p2
	hw_stl/p p2, PCB_PCC(v0)
	hw_stq/p sp, PCB_KSP(v0)
	hw_mfpr	p2, PR_USP
	hw_stq/p p2, PCB_USP(v0)
	hw_mfpr	p2, PR_UNIQUE
	hw_stq/p p2, PCB_UNIQUE(v0)

/* Translations belong to an address space number. They go with another page table for the same number,
   and with every switch where the CPU does not know the number. */
	hw_mfpr	p3, PT_ASN
	hw_ldl/p p4, PCB_ASN(a0)
	hw_mfpr	p5, PR_PTBR
	hw_ldq/p p6, PCB_PTBR(a0)
	sll	p6, PAGE_SHIFT, p6
	hw_mtpr	p4, PT_ASN
	hw_mtpr	p6, PR_PTBR
	subq	p3, p4, p3
	subq	p5, p6, p5
	beq	p3, 1f
	hw_mtpr	p4, PR_ASN
	hw_mfpr	p3, PR_ASN
	blt	p3, load_context
	br	zero, 2f
1:	beq	p5, load_context
2:	hw_mtpr	zero, PR_TBIA
/* a0 = physical address of the PCB, p1 = RPCC. */
load_context:
	hw_mtpr	a0, PT_PCBB
	hw_ldl/p p2, PCB_PCC(a0)
	subl	p2, p1, p2
	hw_mtpr	p2, PR_PCC_OFS
	hw_ldq/p sp, PCB_KSP(a0)
	hw_ldq/p p2, PCB_USP(a0)
	hw_mtpr	p2, PR_USP
	hw_ldq/p p2, PCB_UNIQUE(a0)
	hw_mtpr	p2, PR_UNIQUE
	hw_ldl/p p2, PCB_FLAGS(a0)
	and	p2, 1, p2
	hw_mtpr	p2, PR_FEN
	hw_ret	(zero)

/* This PALcode is the only one: variant 2, OSF/1 (Alpha AHB III, SWPPAL). a1 = PC, a2 = physical
   address of the PCB, a3 = VPTPTR, a4 = what R27 shall be. The new context starts at IPL 7; R0 = 0
   says that the switch succeeded. */
swppal:
	cmpeq	a0, 2, p0
	beq	p0, 1f
	bic	a1, 3, a1
	hw_mtpr	a1, PR_EXC_ADDR
	hw_mtpr	a3, PR_VPTPTR
	lda	p0, 7(zero)
	hw_mtpr	p0, PR_PS
	hw_mtpr	zero, PT_HALTS
	bis	a2, a2, a0
	bis	a1, a1, $26
	bis	a4, a4, $27
	lda	v0, 0(zero)
	hw_ldl/p p4, PCB_ASN(a0)
	hw_mtpr	p4, PT_ASN
	hw_mtpr	p4, PR_ASN
	hw_ldq/p p6, PCB_PTBR(a0)
	sll	p6, PAGE_SHIFT, p6
	hw_mtpr	p6, PR_PTBR
	hw_mtpr	zero, PR_TBIA
	rpcc	p1
	br	zero, load_context
1:	lda	v0, 1(zero)		/* not loaded */
	hw_ret	(zero)

/* v0 = result, 0 for a function that is not there. */
cserve:
	.macro	SERVE function
	subq	a0, \function, p0
	bne	p0, 1f
	.endm
	.macro	DONE
	hw_ret	(zero)
1:
	.endm
	lda	v0, 0(zero)
	SERVE	CSERVE_get_time
	hw_mfpr	v0, PR_VMTIME
	DONE
	SERVE	CSERVE_set_alarm_rel
	hw_mfpr	p0, PR_VMTIME
	addq	p0, a1, p0
	hw_mtpr	p0, PR_ALARM
	DONE
	SERVE	CSERVE_set_alarm_abs
	hw_mtpr	a1, PR_ALARM
	DONE
	SERVE	CSERVE_get_alarm
	hw_mfpr	v0, PR_ALARM
	DONE
	SERVE	CSERVE_get_wall_time
	hw_mfpr	v0, PR_WALLTIME
	DONE
	SERVE	CSERVE_ldqp
	hw_ldq/p v0, 0(a1)
	DONE
	SERVE	CSERVE_stqp
	hw_stq/p a2, 0(a1)
	DONE
	ldah	p0, CSERVE_power_off >> 16(zero)
	subq	a0, p0, p0
	subq	p0, CSERVE_power_off & 0xffff, p1
	beq	p1, power_off_machine
	subq	p0, CSERVE_reset & 0xffff, p1
	beq	p1, reset_machine
	hw_ret	(zero)
