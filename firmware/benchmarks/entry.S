/* Kernel entry, and loops of exceptions. In the loops R2 counts down what is to do and R3 counts up
   what the handlers have seen. */
#include "pal.h"

	.set	noat
	.set	noreorder
	.text
	.globl	_start
	.ent	_start
_start:
	.prologue 0
	br	$28, 1f
1:	ldgp	$29, 0($28)
	lda	$30, stack_top
	lda	$27, main
	jsr	$26, ($27)
	call_pal PAL_halt
	.end	_start

/* GENTRAP; or BPT, with which user mode ends. */
	.globl	entry_if
entry_if:
	beq	$16, leave_user
	addq	$3, 1, $3
	call_pal PAL_rti

	.globl	entry_mm
entry_mm:
	ldq	$1, FRAME_PC($30)
	addq	$3, 1, $3
	addq	$1, 4, $1
	stq	$1, FRAME_PC($30)
	call_pal PAL_rti

	.globl	entry_sys
entry_sys:
	addq	$3, 1, $3
	call_pal PAL_retsys

	.globl	trap_loop
	.ent	trap_loop
trap_loop:
	.prologue 0
	bis	$16, $16, $2
	bis	$31, $31, $3
1:	call_pal PAL_gentrap
	subq	$2, 1, $2
	bne	$2, 1b
	bis	$3, $3, $0
	ret	$31, ($26), 1
	.end	trap_loop

	.globl	fault_loop
	.ent	fault_loop
fault_loop:
	.prologue 0
	bis	$16, $16, $2
	bis	$31, $31, $3
1:	ldq	$0, 0($17)
	subq	$2, 1, $2
	bne	$2, 1b
	bis	$3, $3, $0
	ret	$31, ($26), 1
	.end	fault_loop

/* User mode needs no registers kept but these: it changes R2 and R3 alone. */
	.globl	syscall_loop
	.ent	syscall_loop
syscall_loop:
	ldgp	$29, 0($27)
	.prologue 1
	bis	$16, $16, $2
	bis	$31, $31, $3
	lda	$1, kernel_sp
	stq	$30, 0($1)
	lda	$30, -FRAME_SIZE($30)
	lda	$1, PS_USER($31)
	stq	$1, FRAME_PS($30)
	stq	$17, FRAME_PC($30)
	stq	$29, FRAME_GP($30)
	stq	$16, FRAME_A0($30)
	stq	$17, FRAME_A1($30)
	stq	$18, FRAME_A2($30)
	call_pal PAL_rti
leave_user:
	br	$28, 1f
1:	ldgp	$29, 0($28)
	lda	$1, kernel_sp
	ldq	$30, 0($1)
	bis	$3, $3, $0
	ret	$31, ($26), 1
	.end	syscall_loop

	.align	13
	.globl	user_page
user_page:
	call_pal PAL_callsys
	subq	$2, 1, $2
	bne	$2, user_page
	call_pal PAL_bpt
	.align	13

	.bss
	.align	4
kernel_sp:
	.skip	8
	.skip	32768
	.align	4
stack_top:
