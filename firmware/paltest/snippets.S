/* Single instructions that trap, each between labels. */
#include "pal.h"

	.set	noat
	.set	noreorder
	.text
	.macro	SNIPPET name, instruction:vararg
	.globl	\name
	.globl	\name\()_at
\name:
\name\()_at:
	\instruction
	trapb
	ret	$31, ($26), 1
	.endm
	SNIPPET	do_nothing, bis $31, $31, $31
	SNIPPET	do_bpt, call_pal PAL_bpt
	SNIPPET	do_bugchk, call_pal PAL_bugchk
	SNIPPET	do_gentrap, call_pal PAL_gentrap
	SNIPPET	do_callsys, call_pal PAL_callsys
	SNIPPET	do_clrfen, call_pal PAL_clrfen
	SNIPPET	do_unknown_privileged, call_pal 0x04
	SNIPPET	do_unknown_unprivileged, call_pal 0xbf
	SNIPPET	do_reserved_opcode, .long 0x07 << 26
	SNIPPET	do_hw_mfpr, .long 0x67ff0000	/* PALmode instruction outside PALmode */
	SNIPPET	do_addqv, addq/v $3, $4, $5
	SNIPPET	do_divt, divt $f1, $f2, $f3
	SNIPPET	do_cpys, cpys $f1, $f1, $f2
	SNIPPET	do_ldbu, ldbu $3, 0($4)
	SNIPPET	do_ldwu, ldwu $3, 0($4)
	SNIPPET	do_ldl, ldl $3, 0($4)
	SNIPPET	do_ldq, ldq $3, 0($4)
	SNIPPET	do_ldq_u, ldq_u $3, 0($4)
	SNIPPET	do_stw, stw $3, 0($4)
	SNIPPET	do_stl, stl $3, 0($4)
	SNIPPET	do_stq, stq $3, 0($4)
	SNIPPET	do_jump, jmp $31, ($4), 0
	SNIPPET	do_wtint, call_pal PAL_wtint
	SNIPPET	do_rdps, call_pal PAL_rdps
	SNIPPET	do_imb, call_pal PAL_imb
	SNIPPET	do_cflush, call_pal PAL_cflush
	SNIPPET	do_draina, call_pal PAL_draina
	SNIPPET	do_wrvptptr, call_pal PAL_wrvptptr

/* A locked sequence with a PALcode return in it: R3 = whether the store was done. */
	.globl	do_locked
do_locked:
	ldq_l	$3, 0($4)
	call_pal PAL_bpt
	stq_c	$3, 0($4)
	ret	$31, ($26), 1

	.globl	do_rpcc
do_rpcc:
	rpcc	$0
	ret	$31, ($26), 1

/* RTI to do_rti_done + 3 with IPL in a0: low PC bits are dropped, the frame's a0 to a2 are loaded. */
	.globl	do_rti
do_rti:
	br	$1, 1f
1:	lda	$1, do_rti_done - 1b + 3($1)
	lda	$30, -FRAME_SIZE($30)
	stq	$16, FRAME_PS($30)
	stq	$1, FRAME_PC($30)
	stq	$29, FRAME_GP($30)
	lda	$1, 0x1a0($31)
	stq	$1, FRAME_A0($30)
	lda	$1, 0x1a1($31)
	stq	$1, FRAME_A1($30)
	lda	$1, 0x1a2($31)
	stq	$1, FRAME_A2($30)
	call_pal PAL_rti
	.globl	do_rti_done
do_rti_done:
	call_pal PAL_rdps
	ret	$31, ($26), 1

/* Copied to a user page. Each part moves the stack pointer, so that the kernel can see it saved, and
   ends in a trap: two CALLSYS, which tell their number, a0 and gp, and what user mode may not do. */
	.macro	USER_PART name
	.globl	\name
\name:
	lda	$30, -64($30)
	.endm
	USER_PART user_code
	lda	$0, 1($31)
	lda	$16, 0x77($31)
	call_pal PAL_callsys
	USER_PART user_second
	lda	$0, 2($31)
	bis	$29, $29, $16
	call_pal PAL_callsys
	USER_PART user_halt
	call_pal PAL_halt
	USER_PART user_kseg
	lda	$4, -1($31)
	sll	$4, 42, $4
	ldq	$3, 0($4)
	USER_PART user_bpt
	call_pal PAL_bpt
	.globl	user_code_end
user_code_end:
