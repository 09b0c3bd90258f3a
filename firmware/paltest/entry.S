/* Kernel entry, exception entries, and the ways into and out of snippets and user mode. */
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
	bis	$30, $30, $17		/* sp and R27 as the firmware left them */
	bis	$27, $27, $18
	call_pal PAL_rdps
	bis	$0, $0, $16
	lda	$19, _start
	lda	$30, stack_top
	lda	$27, main
	jsr	$26, ($27)
	call_pal PAL_halt
	.end	_start

	.bss
	.align	4
	.skip	32768
stack_top:
	.text

/* Exception entries: every register survives, but for what the kernel wants to change. */
#define SAVED 232
	.macro	ENTRY kind, number
	.globl	entry_\kind
entry_\kind:
	lda	$30, -SAVED-8($30)
	stq	$19, 19*8($30)
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
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23, 24, 25, 26, 27, 28
	stq	$\n, \n*8($30)
	.endr
	lda	$20, SAVED+8($30)
	bis	$0, $0, $21
	lda	$27, trap_handler
	jsr	$26, ($27)
	bis	$0, $0, $16		/* USER_RESUME, USER_RETSYS or USER_LEAVE */
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
	ldq	$\n, \n*8($30)
	.endr
	lda	$30, SAVED+8($30)
	beq	$16, 1f
	subq	$16, 1, $16
	bne	$16, leave_user
	call_pal PAL_retsys
1:	call_pal PAL_rti

/* void exercise(void (*snippet)(void), struct registers *) */
	.globl	exercise
	.ent	exercise
exercise:
	.prologue 0
	lda	$30, -80($30)
	.irp	n, 9, 10, 11, 12, 13, 14, 15
	stq	$\n, \n*8-72($30)
	.endr
	stq	$26, 56($30)
	stq	$17, 64($30)
	bis	$16, $16, $27
	bis	$17, $17, $28
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 28
	ldq	$\n, \n*8($28)
	.endr
	jsr	$26, ($27)
	ldq	$27, 64($30)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 28
	stq	$\n, \n*8($27)
	.endr
	.irp	n, 9, 10, 11, 12, 13, 14, 15
	ldq	$\n, \n*8-72($30)
	.endr
	ldq	$26, 56($30)
	lda	$30, 80($30)
	ret	$31, ($26), 1
	.end	exercise

/* void enter_user(uint64_t pc, uint64_t sp, uint64_t gp) */
	.globl	enter_user
	.ent	enter_user
enter_user:
	ldgp	$29, 0($27)
	.prologue 1
	lda	$30, -80($30)
	.irp	n, 9, 10, 11, 12, 13, 14, 15
	stq	$\n, \n*8-72($30)
	.endr
	stq	$26, 56($30)
	stq	$29, 64($30)
	lda	$1, kernel_sp
	stq	$30, 0($1)
	lda	$30, -FRAME_SIZE($30)
	lda	$2, PS_USER($31)
	stq	$2, FRAME_PS($30)
	stq	$16, FRAME_PC($30)
	stq	$18, FRAME_GP($30)
	lda	$2, 0x111($31)
	stq	$2, FRAME_A0($30)
	stq	$2, FRAME_A1($30)
	stq	$2, FRAME_A2($30)
	bis	$17, $17, $16
	call_pal PAL_wrusp
	call_pal PAL_rti
	.globl	leave_user
leave_user:
	lda	$1, kernel_sp
	ldq	$30, 0($1)
	.irp	n, 9, 10, 11, 12, 13, 14, 15
	ldq	$\n, \n*8-72($30)
	.endr
	ldq	$26, 56($30)
	ldq	$29, 64($30)
	lda	$30, 80($30)
	ret	$31, ($26), 1
	.end	enter_user

	.bss
	.align	3
	.globl	kernel_sp
kernel_sp: .skip 8

/* uint64_t in_other_context(uint64_t pcb, void (*body)(void), uint64_t *other): body runs in the
   other context, on its stack. Returns what the first SWPCTX returned, *other = the second. */
	.text
	.globl	in_other_context
	.ent	in_other_context
in_other_context:
	.prologue 0
	lda	$30, -48($30)
	stq	$26, 0($30)
	stq	$9, 8($30)
	stq	$10, 16($30)
	stq	$11, 24($30)
	stq	$29, 32($30)
	bis	$17, $17, $9
	bis	$18, $18, $11
	call_pal PAL_swpctx
	bis	$0, $0, $10
	bis	$9, $9, $27
	jsr	$26, ($27)
	bis	$10, $10, $16
	call_pal PAL_swpctx
	stq	$0, 0($11)
	bis	$10, $10, $0
	ldq	$26, 0($30)
	ldq	$9, 8($30)
	ldq	$10, 16($30)
	ldq	$11, 24($30)
	ldq	$29, 32($30)
	lda	$30, 48($30)
	ret	$31, ($26), 1
	.end	in_other_context

/* uint64_t call_console(const struct procedure *, uint64_t function, uint64_t a1, a2, a3): the
   linkage of the VMS calling standard. R2 must come back: -1 if it does not. */
	.globl	call_console
	.ent	call_console
call_console:
	.prologue 0
	lda	$30, -16($30)
	stq	$26, 0($30)
	stq	$29, 8($30)
	bis	$16, $16, $27
	bis	$17, $17, $16
	bis	$18, $18, $17
	bis	$19, $19, $18
	bis	$20, $20, $19
	lda	$25, 4($31)
	lda	$2, 0x222($31)
	ldq	$28, 8($27)
	jsr	$26, ($28)
	lda	$1, 0x222($31)
	subq	$1, $2, $1
	beq	$1, 1f
	lda	$0, -1($31)
1:	ldq	$26, 0($30)
	ldq	$29, 8($30)
	lda	$30, 16($30)
	ret	$31, ($26), 1
	.end	call_console

/* A secondary CPU: R27 is what the HWRPB's CPU_restart_data says. */
	.globl	secondary_start
	.ent	secondary_start
secondary_start:
	ldgp	$29, 0($27)
	.prologue 1
	bis	$30, $30, $16
	lda	$27, secondary_main
	jsr	$26, ($27)
	call_pal PAL_halt
	.end	secondary_start
