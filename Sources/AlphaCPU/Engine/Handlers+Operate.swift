internal import AlphaISA

// Integer operates: one handler for a register as second operand and one for a literal, which lies
// in the operation itself.

/// Computes Rc from Ra and Rb.
@inline(__always)
func operate(
  _ s: State, _ c: Code, _ n: Int, _ compute: (UInt64, UInt64) -> UInt64
) {
  let op = unsafe operation(c)
  unsafe setRegister(s, op.rc, compute(register(s, op.ra), register(s, op.rb)))
  unsafe next(s, c, n)
}

/// Computes Rc from Ra and a literal.
@inline(__always)
func operateLiteral(
  _ s: State, _ c: Code, _ n: Int, _ compute: (UInt64, UInt64) -> UInt64
) {
  let op = unsafe operation(c)
  let literal = UInt64(truncatingIfNeeded: op.immediate)
  unsafe setRegister(s, op.rc, compute(register(s, op.ra), literal))
  unsafe next(s, c, n)
}

/// Integer operates that compute a value from two operands and never trap.
enum OperateHandlers {
  @unsafe static func pair(_ operation: Operation) -> HandlerPair? {
    switch operation {
    case .addl: unsafe HandlerPair(addlRegister, addlLiteral)
    case .s4addl: unsafe HandlerPair(s4addlRegister, s4addlLiteral)
    case .s8addl: unsafe HandlerPair(s8addlRegister, s8addlLiteral)
    case .subl: unsafe HandlerPair(sublRegister, sublLiteral)
    case .s4subl: unsafe HandlerPair(s4sublRegister, s4sublLiteral)
    case .s8subl: unsafe HandlerPair(s8sublRegister, s8sublLiteral)
    case .addq: unsafe HandlerPair(addqRegister, addqLiteral)
    case .s4addq: unsafe HandlerPair(s4addqRegister, s4addqLiteral)
    case .s8addq: unsafe HandlerPair(s8addqRegister, s8addqLiteral)
    case .subq: unsafe HandlerPair(subqRegister, subqLiteral)
    case .s4subq: unsafe HandlerPair(s4subqRegister, s4subqLiteral)
    case .s8subq: unsafe HandlerPair(s8subqRegister, s8subqLiteral)
    case .cmpeq: unsafe HandlerPair(cmpeqRegister, cmpeqLiteral)
    case .cmplt: unsafe HandlerPair(cmpltRegister, cmpltLiteral)
    case .cmple: unsafe HandlerPair(cmpleRegister, cmpleLiteral)
    case .cmpult: unsafe HandlerPair(cmpultRegister, cmpultLiteral)
    case .cmpule: unsafe HandlerPair(cmpuleRegister, cmpuleLiteral)
    case .cmpbge: unsafe HandlerPair(cmpbgeRegister, cmpbgeLiteral)
    case .and: unsafe HandlerPair(andRegister, andLiteral)
    case .bic: unsafe HandlerPair(bicRegister, bicLiteral)
    case .bis: unsafe HandlerPair(bisRegister, bisLiteral)
    case .ornot: unsafe HandlerPair(ornotRegister, ornotLiteral)
    case .xor: unsafe HandlerPair(xorRegister, xorLiteral)
    case .eqv: unsafe HandlerPair(eqvRegister, eqvLiteral)
    case .sll: unsafe HandlerPair(sllRegister, sllLiteral)
    case .srl: unsafe HandlerPair(srlRegister, srlLiteral)
    case .sra: unsafe HandlerPair(sraRegister, sraLiteral)
    case .zap: unsafe HandlerPair(zapRegister, zapLiteral)
    case .zapnot: unsafe HandlerPair(zapnotRegister, zapnotLiteral)
    case .extbl: unsafe HandlerPair(extblRegister, extblLiteral)
    case .extwl: unsafe HandlerPair(extwlRegister, extwlLiteral)
    case .extwh: unsafe HandlerPair(extwhRegister, extwhLiteral)
    case .extll: unsafe HandlerPair(extllRegister, extllLiteral)
    case .extlh: unsafe HandlerPair(extlhRegister, extlhLiteral)
    case .extql: unsafe HandlerPair(extqlRegister, extqlLiteral)
    case .extqh: unsafe HandlerPair(extqhRegister, extqhLiteral)
    case .insbl: unsafe HandlerPair(insblRegister, insblLiteral)
    case .inswl: unsafe HandlerPair(inswlRegister, inswlLiteral)
    case .inswh: unsafe HandlerPair(inswhRegister, inswhLiteral)
    case .insll: unsafe HandlerPair(insllRegister, insllLiteral)
    case .inslh: unsafe HandlerPair(inslhRegister, inslhLiteral)
    case .insql: unsafe HandlerPair(insqlRegister, insqlLiteral)
    case .insqh: unsafe HandlerPair(insqhRegister, insqhLiteral)
    case .mskbl: unsafe HandlerPair(mskblRegister, mskblLiteral)
    case .mskwl: unsafe HandlerPair(mskwlRegister, mskwlLiteral)
    case .mskwh: unsafe HandlerPair(mskwhRegister, mskwhLiteral)
    case .mskll: unsafe HandlerPair(mskllRegister, mskllLiteral)
    case .msklh: unsafe HandlerPair(msklhRegister, msklhLiteral)
    case .mskql: unsafe HandlerPair(mskqlRegister, mskqlLiteral)
    case .mskqh: unsafe HandlerPair(mskqhRegister, mskqhLiteral)
    case .mull: unsafe HandlerPair(mullRegister, mullLiteral)
    case .mulq: unsafe HandlerPair(mulqRegister, mulqLiteral)
    case .umulh: unsafe HandlerPair(umulhRegister, umulhLiteral)
    case .sextb: unsafe HandlerPair(sextbRegister, sextbLiteral)
    case .sextw: unsafe HandlerPair(sextwRegister, sextwLiteral)
    case .ctpop: unsafe HandlerPair(ctpopRegister)
    case .ctlz: unsafe HandlerPair(ctlzRegister)
    case .cttz: unsafe HandlerPair(cttzRegister)
    case .perr: unsafe HandlerPair(perrRegister)
    case .unpkbw: unsafe HandlerPair(unpkbwRegister)
    case .unpkbl: unsafe HandlerPair(unpkblRegister)
    case .pkwb: unsafe HandlerPair(pkwbRegister)
    case .pklb: unsafe HandlerPair(pklbRegister)
    case .minsb8: unsafe HandlerPair(minsb8Register, minsb8Literal)
    case .minsw4: unsafe HandlerPair(minsw4Register, minsw4Literal)
    case .minub8: unsafe HandlerPair(minub8Register, minub8Literal)
    case .minuw4: unsafe HandlerPair(minuw4Register, minuw4Literal)
    case .maxsb8: unsafe HandlerPair(maxsb8Register, maxsb8Literal)
    case .maxsw4: unsafe HandlerPair(maxsw4Register, maxsw4Literal)
    case .maxub8: unsafe HandlerPair(maxub8Register, maxub8Literal)
    case .maxuw4: unsafe HandlerPair(maxuw4Register, maxuw4Literal)
    default: nil
    }
  }
}
