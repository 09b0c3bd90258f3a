/* What every entry to the kernel does (Alpha AHB II-B, stack frames). */
#include "hwrpb.h"
#include "ipr.h"
#include "pal.h"
#include "tsunami.h"

/* Switches to kernel mode and the kernel stack, and pushes a frame with PC p6 and the old PS.
   Uses p4 and p5. gp becomes the kernel's. */
	.macro	PUSH_FRAME
	hw_mfpr	p5, PR_PS
	and	p5, PS_USER, p4
	beq	p4, 1f
	hw_mtpr	sp, PR_USP
	hw_mfpr	sp, PT_KSP
	hw_mtpr	zero, PR_PS
1:	lda	sp, -FRAME_SIZE(sp)
	stq	p5, FRAME_PS(sp)
	stq	p6, FRAME_PC(sp)
	stq	gp, FRAME_GP(sp)
	stq	a0, FRAME_A0(sp)
	stq	a1, FRAME_A1(sp)
	stq	a2, FRAME_A2(sp)
	hw_mfpr	gp, PT_KGP
	.endm

/* Leaves PALmode for the entry point that the kernel registered with WRENT. */
	.macro	ENTER_KERNEL entry
	hw_mfpr	p4, \entry
	hw_ret	(p4)
	.endm

	.macro	CCHIP register
	lda	\register, PA_CCHIP_SHIFTED(zero)
	sll	\register, PA_CCHIP_SHIFT, \register
	.endm

	.macro	WRITE_MISC value, scratch
	CCHIP	\scratch
	hw_stq/p \value, OFFSET_MISC(\scratch)
	.endm
