/* Start-up and the PALcode entry points (Alpha Architecture Handbook, OSF/1 PALcode). */

#include "pal.h"

	.set	noat
	.section .text.start, "ax"
	.globl	_start
	.ent	_start
_start:
	br	$27, 1f
1:	ldgp	$29, 0($27)
	lda	$30, stack_top
	mov	$29, $16
	call_pal PAL_wrkgp		/* gp for every kernel entry below */
	jsr	$26, main
	call_pal PAL_halt	/* main does not return */
	.end	_start

/* A PAL entry finds PS, PC, gp, a0-a2 of the interrupted code in a frame at sp, its own
   arguments in a0-a2 and KGP in gp. The other registers that C may change are saved here; the
   handler gets the address of the frame as its fourth argument. */
#define SAVED 160
	.macro	pal_entry entry handler
	.text
	.align	4
	.globl	\entry
	.ent	\entry
\entry:
	lda	$30, -SAVED($30)
	stq	$0, 0($30)
	stq	$1, 8($30)
	stq	$2, 16($30)
	stq	$3, 24($30)
	stq	$4, 32($30)
	stq	$5, 40($30)
	stq	$6, 48($30)
	stq	$7, 56($30)
	stq	$8, 64($30)
	stq	$19, 72($30)
	stq	$20, 80($30)
	stq	$21, 88($30)
	stq	$22, 96($30)
	stq	$23, 104($30)
	stq	$24, 112($30)
	stq	$25, 120($30)
	stq	$26, 128($30)
	stq	$27, 136($30)
	stq	$28, 144($30)
	lda	$19, SAVED($30)
	jsr	$26, \handler
	ldq	$0, 0($30)
	ldq	$1, 8($30)
	ldq	$2, 16($30)
	ldq	$3, 24($30)
	ldq	$4, 32($30)
	ldq	$5, 40($30)
	ldq	$6, 48($30)
	ldq	$7, 56($30)
	ldq	$8, 64($30)
	ldq	$19, 72($30)
	ldq	$20, 80($30)
	ldq	$21, 88($30)
	ldq	$22, 96($30)
	ldq	$23, 104($30)
	ldq	$24, 112($30)
	ldq	$25, 120($30)
	ldq	$26, 128($30)
	ldq	$27, 136($30)
	ldq	$28, 144($30)
	lda	$30, SAVED($30)
	call_pal PAL_rti
	.end	\entry
	.endm

	pal_entry ent_int handle_interrupt
	pal_entry ent_arith handle_arithmetic_trap
	pal_entry ent_mm handle_memory_fault
	pal_entry ent_if handle_instruction_fault
	pal_entry ent_una handle_unaligned_access

	.bss
	.align	4
	.space	65536
stack_top:
	.space	64
