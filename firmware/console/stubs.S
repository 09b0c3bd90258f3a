/* Assembly at the console's edges: exception entries, careful accesses, console callbacks. */
#include "pal.h"

	.set	noat
	.set	noreorder
	.text

/* Entries of exceptions. a0 to a2 are saved in the frame, gp is the console's. An exception in
   probe_read or probe_write makes it return -1. */
	.macro	CONSOLE_ENTRY entry, name
	.globl	console_entry_\entry
	.ent	console_entry_\entry
console_entry_\entry:
	.prologue 0
	lda	$19, name_\entry
	br	$31, console_entry
	.section .rodata
name_\entry: .asciz "\name"
	.text
	.end	console_entry_\entry
	.endm
	CONSOLE_ENTRY int, entInt
	CONSOLE_ENTRY arith, entArith
	CONSOLE_ENTRY mm, entMM
	CONSOLE_ENTRY if, entIF
	CONSOLE_ENTRY una, entUna
	CONSOLE_ENTRY sys, entSys

console_entry:
	ldq	$28, FRAME_PC($30)
	lda	$27, probe_begin
	subq	$28, $27, $28
	lda	$27, probe_end - probe_begin($31)
	cmpule	$28, $27, $28
	beq	$28, 1f
	lda	$27, probe_failed
	stq	$27, FRAME_PC($30)
	lda	$16, 7($31)		/* the machine check is dealt with */
	call_pal PAL_wrmces
	call_pal PAL_rti
1:	bis	$30, $30, $20
	lda	$27, console_exception
	jsr	$26, ($27)

/* int probe_read(uint64_t va, unsigned bytes, uint64_t *value) */
	.globl	probe_read
	.ent	probe_read
probe_read:
	.prologue 0
probe_begin:
	cmpeq	$17, 1, $1
	bne	$1, 1f
	cmpeq	$17, 2, $1
	bne	$1, 2f
	cmpeq	$17, 4, $1
	bne	$1, 4f
	ldq	$2, 0($16)
	br	$31, 9f
1:	ldbu	$2, 0($16)
	br	$31, 9f
2:	ldwu	$2, 0($16)
	br	$31, 9f
4:	ldl	$2, 0($16)
	zapnot	$2, 0x0f, $2
9:	mb				/* the machine check arrives here or before */
	stq	$2, 0($18)
	lda	$0, 0($31)
	ret	$31, ($26), 1
	.end	probe_read

/* int probe_write(uint64_t va, unsigned bytes, uint64_t value) */
	.globl	probe_write
	.ent	probe_write
probe_write:
	.prologue 0
	cmpeq	$17, 1, $1
	bne	$1, 1f
	cmpeq	$17, 2, $1
	bne	$1, 2f
	cmpeq	$17, 4, $1
	bne	$1, 4f
	stq	$18, 0($16)
	br	$31, 9f
1:	stb	$18, 0($16)
	br	$31, 9f
2:	stw	$18, 0($16)
	br	$31, 9f
4:	stl	$18, 0($16)
9:	mb
	lda	$0, 0($31)
probe_end:
	ret	$31, ($26), 1
	.end	probe_write

probe_failed:
	lda	$0, -1($31)
	ret	$31, ($26), 1

/* Console callbacks follow the VMS calling standard: R2 to R15 and FP (here gp) are the caller's,
   R27 is the procedure descriptor and its second quadword this code (Alpha AHB III, console
   callback routines). */
	.macro	CALLBACK name, function
	.globl	\name
	.ent	\name
\name:
	.prologue 0
	lda	$30, -80($30)
	stq	$26, 0($30)
	stq	$29, 8($30)
	stq	$2, 16($30)
	stq	$3, 24($30)
	stq	$4, 32($30)
	stq	$5, 40($30)
	stq	$6, 48($30)
	stq	$7, 56($30)
	stq	$8, 64($30)
	ldq	$27, 8($27)		/* the address of \name */
	ldgp	$29, . - \name ($27)
	lda	$27, \function
	jsr	$26, ($27)
	ldq	$26, 0($30)
	ldq	$29, 8($30)
	ldq	$2, 16($30)
	ldq	$3, 24($30)
	ldq	$4, 32($30)
	ldq	$5, 40($30)
	ldq	$6, 48($30)
	ldq	$7, 56($30)
	ldq	$8, 64($30)
	lda	$30, 80($30)
	ret	$31, ($26), 1
	.end	\name
	.endm
	CALLBACK crb_dispatch_entry, crb_dispatch
	CALLBACK crb_fixup_entry, crb_fixup
