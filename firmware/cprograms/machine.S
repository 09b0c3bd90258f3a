/* Kernel entry, exception entries, FPCR, setjmp, and the division that compiled code calls. */
#include "pal.h"

	.set	noat
	.set	noreorder
	.arch	ev67
	.text
	.globl	_start
	.ent	_start
_start:
	.prologue 0
	br	$28, 1f
1:	ldgp	$29, 0($28)
	lda	$30, stack_top
	lda	$27, start
	jsr	$26, ($27)
	call_pal PAL_halt
	.end	_start

#define EACH_INTEGER 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
  19, 20, 21, 22, 23, 24, 25, 26, 27, 28
#define EACH_FLOAT 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, \
  22, 23, 24, 25, 26, 27, 28, 29, 30
/* Compiled code expects every register back: R0 to R28 and F0 to F30 are saved, with FPCR in the
   place of F31. R16 to R18 are in the frame. */
#define SAVED 512
	.globl	entry_arith
entry_arith:
	lda	$30, -SAVED($30)
	.irp	n, EACH_INTEGER
	stq	$\n, \n*8($30)
	.endr
	.irp	n, EACH_FLOAT
	stt	$f\n, 256+\n*8($30)
	.endr
	excb
	mf_fpcr	$f0
	excb
	stt	$f0, 256+31*8($30)
	br	$28, 1f
1:	ldgp	$29, 0($28)
	bis	$16, $16, $18
	lda	$16, SAVED($30)
	bis	$17, $17, $19
	lda	$17, 256($30)
	lda	$27, complete
	jsr	$26, ($27)
	ldt	$f0, 256+31*8($30)
	excb
	mt_fpcr	$f0
	excb
	.irp	n, EACH_FLOAT
	ldt	$f\n, 256+\n*8($30)
	.endr
	.irp	n, EACH_INTEGER
	ldq	$\n, \n*8($30)
	.endr
	lda	$30, SAVED($30)
	call_pal PAL_rti

	.globl	entry_other
entry_other:
	br	$28, 1f
1:	ldgp	$29, 0($28)
	bis	$17, $17, $18
	bis	$16, $16, $17
	bis	$30, $30, $16
	lda	$27, unexpected
	jsr	$26, ($27)

	.globl	read_fpcr
	.ent	read_fpcr
read_fpcr:
	.prologue 0
	excb
	mf_fpcr	$f0
	excb
	ftoit	$f0, $0
	ret	$31, ($26), 1
	.end	read_fpcr

	.globl	write_fpcr
	.ent	write_fpcr
write_fpcr:
	.prologue 0
	itoft	$16, $f0
	excb
	mt_fpcr	$f0
	excb
	ret	$31, ($26), 1
	.end	write_fpcr

/* What the calling standard preserves: R9 to R15, R26, R29, R30, F2 to F9. */
	.globl	set_jump
	.ent	set_jump
set_jump:
	.prologue 0
	.irp	n, 9, 10, 11, 12, 13, 14, 15
	stq	$\n, (\n-9)*8($16)
	.endr
	stq	$26, 56($16)
	stq	$29, 64($16)
	stq	$30, 72($16)
	.irp	n, 2, 3, 4, 5, 6, 7, 8, 9
	stt	$f\n, 80+(\n-2)*8($16)
	.endr
	bis	$31, $31, $0
	ret	$31, ($26), 1
	.end	set_jump

	.globl	long_jump
	.ent	long_jump
long_jump:
	.prologue 0
	.irp	n, 9, 10, 11, 12, 13, 14, 15
	ldq	$\n, (\n-9)*8($16)
	.endr
	ldq	$26, 56($16)
	ldq	$29, 64($16)
	ldq	$30, 72($16)
	.irp	n, 2, 3, 4, 5, 6, 7, 8, 9
	ldt	$f\n, 80+(\n-2)*8($16)
	.endr
	bis	$17, $17, $0
	ret	$31, ($26), 1
	.end	long_jump

/* Alpha has no divide instruction; GCC calls these with operands in R24 and R25, result in R27,
   return address in R23, and all other registers but R28 preserved (GCC, alpha.md: divmod). */
	.macro	DIVISION name, function
	.globl	\name
\name:
	lda	$30, -256($30)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 29
	stq	$\n, \n*8($30)
	.endr
	br	$28, 1f
1:	ldgp	$29, 0($28)
	bis	$24, $24, $16
	bis	$25, $25, $17
	lda	$27, \function
	jsr	$26, ($27)
	bis	$0, $0, $27
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 29
	ldq	$\n, \n*8($30)
	.endr
	lda	$30, 256($30)
	ret	$31, ($23), 1
	.endm
	DIVISION __divqu, divide_unsigned
	DIVISION __remqu, remainder_unsigned
	DIVISION __divq, divide_signed
	DIVISION __remq, remainder_signed
	DIVISION __divlu, divide_unsigned_long
	DIVISION __remlu, remainder_unsigned_long
	DIVISION __divl, divide_signed_long
	DIVISION __reml, remainder_signed_long

	.bss
	.align	4
	.skip	65536
stack_top:
