/// What an instruction does: one case for each instruction of the EV67, named as its mnemonic.
/// A suffix that makes a different integer instruction is part of the name (`addlV` is ADDL/V);
/// the qualifiers of floating-point arithmetic are not, they are `FloatQualifiers`.
///
/// The raw value is the instruction's row in `InstructionTable`.
@frozen
public enum Operation: UInt8, CaseIterable, Sendable {
  // Memory format: addresses and bytes (opcodes 0x08 to 0x0f).
  case lda, ldah, ldbu, ldqU, ldwu, stw, stb, stqU
  // Memory format: floating-point loads and stores (0x20 to 0x27).
  case ldf, ldg, lds, ldt, stf, stg, sts, stt
  // Memory format: integer loads and stores (0x28 to 0x2f).
  case ldl, ldq, ldlL, ldqL, stl, stq, stlC, stqC

  // Integer arithmetic (0x10).
  case addl, s4addl, subl, s4subl, cmpbge, s8addl, s8subl, cmpult
  case addq, s4addq, subq, s4subq, cmpeq, s8addq, s8subq, cmpule
  case addlV, sublV, cmplt, addqV, subqV, cmple
  // Logic, conditional moves, implementation queries (0x11).
  case and, bic, cmovlbs, cmovlbc, bis, cmoveq, cmovne, ornot
  case xor, cmovlt, cmovge, eqv, amask, cmovle, cmovgt, implver
  // Bytes and shifts (0x12).
  case mskbl, extbl, insbl, mskwl, extwl, inswl, mskll, extll, insll
  case zap, zapnot, mskql, srl, extql, sll, insql, sra
  case mskwh, inswh, extwh, msklh, inslh, extlh, mskqh, insqh, extqh
  // Multiplication (0x13).
  case mull, mulq, umulh, mullV, mulqV
  // Sign extension, counting, multimedia, float to integer register (0x1c).
  case sextb, sextw, ctpop, perr, ctlz, cttz, unpkbw, unpkbl, pkwb, pklb
  case minsb8, minsw4, minub8, minuw4, maxub8, maxuw4, maxsb8, maxsw4
  case ftoit, ftois

  // Integer to float register, square root (0x14).
  case itofs, itoff, itoft, sqrtf, sqrtg, sqrts, sqrtt
  // VAX floating point (0x15).
  case addf, subf, mulf, divf, cvtdg, addg, subg, mulg, divg
  case cmpgeq, cmpglt, cmpgle, cvtgf, cvtgd, cvtgq, cvtqf, cvtqg
  // IEEE floating point (0x16).
  case adds, subs, muls, divs, addt, subt, mult, divt
  case cmptun, cmpteq, cmptlt, cmptle, cvtts, cvttq, cvtqs, cvtqt, cvtst
  // Floating point of any data type (0x17).
  case cvtlq, cpys, cpysn, cpyse, mtFPCR, mfFPCR
  case fcmoveq, fcmovne, fcmovlt, fcmovge, fcmovle, fcmovgt
  case cvtql, cvtqlV, cvtqlSV

  // Barriers, counters, cache hints (0x18).
  case trapb, excb, mb, wmb, fetch, fetchM, rpcc, rc, ecb, rs, wh64, wh64en
  // Jumps (0x1a).
  case jmp, jsr, ret, jsrCoroutine
  // Branches (0x30 to 0x3f).
  case br, fbeq, fblt, fble, bsr, fbne, fbge, fbgt
  case blbc, beq, blt, ble, blbs, bne, bge, bgt

  // PALcode (0x00, 0x19, 0x1b, 0x1d, 0x1e, 0x1f).
  case callPAL, hwMFPR, hwLD, hwMTPR, hwRET, hwST
}
