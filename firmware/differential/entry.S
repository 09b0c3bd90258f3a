/* Kernel entry, exception entries, and the way into a program and back. */
#include "differential.h"

	.set	noat
	.set	noreorder
	.text
	.globl	_start
	.ent	_start
_start:
	.prologue 0
	br	$28, 1f
1:	ldgp	$29, 0($28)
	lda	$30, main_stack_top
	lda	$27, main
	jsr	$26, ($27)
	call_pal PAL_halt
	.end	_start

	.bss
	.align	4
	.skip	16384
main_stack_top:
	.skip	16384
handler_stack_top:
	.skip	8192
	.globl	frame_stack_top
frame_stack_top:
	.text

/* R29 is the state, by WRKGP. The program's R16 to R18 and R29 are in the frame. */
	.macro	ENTRY kind, number
	.globl	entry_\kind
entry_\kind:
	stq	$19, STATE_R(19)($29)
	lda	$19, \number($31)
	br	$31, entry_common
	.endm
	ENTRY	int, ENTRY_int
	ENTRY	arith, ENTRY_arith
	ENTRY	mm, ENTRY_mm
	ENTRY	if, ENTRY_if
	ENTRY	una, ENTRY_una
	ENTRY	sys, ENTRY_sys

entry_common:
	stq	$19, STATE_KIND($29)
	stq	$16, STATE_ARGUMENT(0)($29)
	stq	$17, STATE_ARGUMENT(1)($29)
	stq	$18, STATE_ARGUMENT(2)($29)
	stq	$30, STATE_FRAME($29)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23, 24, 25, 26, 27, 28
	stq	$\n, STATE_R(\n)($29)
	.endr
	.irp	n, 16, 17, 18
	ldq	$1, FRAME_A0 + 8 * (\n - 16)($30)
	stq	$1, STATE_R(\n)($29)
	.endr
	ldq	$1, FRAME_GP($30)
	stq	$1, STATE_R(29)($29)
	bis	$29, $29, $9
	lda	$16, 1($31)
	call_pal PAL_wrfen
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	stt	$f\n, STATE_F(\n)($9)
	.endr
	mf_fpcr	$f0
	stt	$f0, STATE_FPCR($9)
	ldt	$f0, STATE_F(0)($9)
	ldq	$29, STATE_KERNEL_GP($9)
	lda	$30, handler_stack_top
	lda	$27, handle
	jsr	$26, ($27)
	bne	$0, leave
	ldq	$16, STATE_FEN($9)
	call_pal PAL_wrfen
	bis	$9, $9, $29
	ldq	$30, STATE_FRAME($29)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
	ldq	$\n, STATE_R(\n)($29)
	.endr
	call_pal PAL_rti

/* void run(struct exception_frame *): loads the registers and goes to where the frame says. */
	.globl	run
	.ent	run
run:
	ldgp	$29, 0($27)
	.prologue 1
	lda	$30, -64($30)
	.irp	n, 9, 10, 11, 12, 13, 14, 15
	stq	$\n, \n*8-72($30)
	.endr
	stq	$26, 56($30)
	lda	$9, state
	stq	$30, STATE_KERNEL_SP($9)
	stq	$29, STATE_KERNEL_GP($9)
	bis	$16, $16, $10
	lda	$16, 1($31)
	call_pal PAL_wrfen
	ldt	$f0, STATE_FPCR($9)
	mt_fpcr	$f0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	ldt	$f\n, STATE_F(\n)($9)
	.endr
	ldq	$16, STATE_FEN($9)
	call_pal PAL_wrfen
	bis	$9, $9, $29
	bis	$10, $10, $30
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
	ldq	$\n, STATE_R(\n)($29)
	.endr
	call_pal PAL_rti

leave:
	ldq	$30, STATE_KERNEL_SP($9)
	.irp	n, 9, 10, 11, 12, 13, 14, 15
	ldq	$\n, \n*8-72($30)
	.endr
	ldq	$26, 56($30)
	lda	$30, 64($30)
	ret	$31, ($26), 1
	.end	run
