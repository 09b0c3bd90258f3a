/* Entry of the bootstrap, and the calls that C cannot make. */
#include "pal.h"

	.set	noat
	.set	noreorder
	.section .bootstrap, "ax"
	.globl	_start
	.ent	_start
_start:
	.prologue 0
	br	$28, 1f
1:	ldgp	$29, 0($28)
	bis	$30, $30, $17
	call_pal PAL_rdps
	bis	$0, $0, $16
	lda	$27, main
	jsr	$26, ($27)
	call_pal PAL_halt
	.end	_start

/* uint64_t dispatch(uint64_t function, a1, a2, a3, a4): the linkage of the VMS calling standard. */
	.text
	.globl	dispatch
	.ent	dispatch
dispatch:
	ldgp	$29, 0($27)
	.prologue 1
	lda	$30, -16($30)
	stq	$26, 0($30)
	stq	$29, 8($30)
	lda	$25, 5($31)
	lda	$1, dispatch_descriptor
	ldq	$27, 0($1)
	ldq	$28, 8($27)
	jsr	$26, ($28)
	ldq	$26, 0($30)
	ldq	$29, 8($30)
	lda	$30, 16($30)
	ret	$31, ($26), 1
	.end	dispatch

/* uint64_t switch_palcode(uint64_t variant, struct pcb *pcb, uint64_t pcb_pa, uint64_t vptb): goes on
   here in the new context, with the old stack. Returns R0. */
	.globl	switch_palcode
	.ent	switch_palcode
switch_palcode:
	.prologue 0
	lda	$30, -80($30)
	stq	$26, 0($30)
	stq	$29, 8($30)
	.irp	n, 9, 10, 11, 12, 13, 14, 15
	stq	$\n, \n*8-56($30)
	.endr
	stq	$30, PCB_KSP($17)
	br	$17, 1f
	br	$31, 2f
1:	call_pal PAL_swppal
2:	ldq	$26, 0($30)
	ldq	$29, 8($30)
	.irp	n, 9, 10, 11, 12, 13, 14, 15
	ldq	$\n, \n*8-56($30)
	.endr
	lda	$30, 80($30)
	ret	$31, ($26), 1
	.end	switch_palcode
