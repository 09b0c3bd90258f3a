internal import AlphaISA

// Integer operates: one handler for a register as second operand and one for a literal, which lies
// in the operation itself.

@inline(__always)
private func operate(
  _ s: State, _ c: Code, _ n: Int, _ compute: (UInt64, UInt64) -> UInt64
) {
  let op = unsafe operation(c)
  unsafe setRegister(s, op.rc, compute(register(s, op.ra), register(s, op.rb)))
  unsafe next(s, c, n)
}

@inline(__always)
private func operateLiteral(
  _ s: State, _ c: Code, _ n: Int, _ compute: (UInt64, UInt64) -> UInt64
) {
  let op = unsafe operation(c)
  let literal = UInt64(truncatingIfNeeded: op.immediate)
  unsafe setRegister(s, op.rc, compute(register(s, op.ra), literal))
  unsafe next(s, c, n)
}

// MARK: - Longword and quadword arithmetic (opcode 0x10)

@c func addlRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.long($0 &+ $1) }
}
@c func addlLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.long($0 &+ $1) }
}
@c func s4addlRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.long($0 &* 4 &+ $1) }
}
@c func s4addlLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.long($0 &* 4 &+ $1) }
}
@c func s8addlRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.long($0 &* 8 &+ $1) }
}
@c func s8addlLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.long($0 &* 8 &+ $1) }
}
@c func sublRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.long($0 &- $1) }
}
@c func sublLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.long($0 &- $1) }
}
@c func s4sublRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.long($0 &* 4 &- $1) }
}
@c func s4sublLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.long($0 &* 4 &- $1) }
}
@c func s8sublRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.long($0 &* 8 &- $1) }
}
@c func s8sublLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.long($0 &* 8 &- $1) }
}
@c func addqRegister(_ s: State, _ c: Code, _ n: Int) { unsafe operate(s, c, n) { $0 &+ $1 } }
@c func addqLiteral(_ s: State, _ c: Code, _ n: Int) { unsafe operateLiteral(s, c, n) { $0 &+ $1 } }
@c func s4addqRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { $0 &* 4 &+ $1 }
}
@c func s4addqLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { $0 &* 4 &+ $1 }
}
@c func s8addqRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { $0 &* 8 &+ $1 }
}
@c func s8addqLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { $0 &* 8 &+ $1 }
}
@c func subqRegister(_ s: State, _ c: Code, _ n: Int) { unsafe operate(s, c, n) { $0 &- $1 } }
@c func subqLiteral(_ s: State, _ c: Code, _ n: Int) { unsafe operateLiteral(s, c, n) { $0 &- $1 } }
@c func s4subqRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { $0 &* 4 &- $1 }
}
@c func s4subqLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { $0 &* 4 &- $1 }
}
@c func s8subqRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { $0 &* 8 &- $1 }
}
@c func s8subqLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { $0 &* 8 &- $1 }
}
@c func cmpeqRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.flag($0 == $1) }
}
@c func cmpeqLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.flag($0 == $1) }
}
@c func cmpltRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.flag(IntegerSemantics.less($0, $1)) }
}
@c func cmpltLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.flag(IntegerSemantics.less($0, $1)) }
}
@c func cmpleRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.flag(IntegerSemantics.lessOrEqual($0, $1)) }
}
@c func cmpleLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.flag(IntegerSemantics.lessOrEqual($0, $1)) }
}
@c func cmpultRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.flag($0 < $1) }
}
@c func cmpultLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.flag($0 < $1) }
}
@c func cmpuleRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.flag($0 <= $1) }
}
@c func cmpuleLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.flag($0 <= $1) }
}
@c func cmpbgeRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.compareBytes($0, $1) }
}
@c func cmpbgeLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.compareBytes($0, $1) }
}

// MARK: - Logic (opcode 0x11)

@c func andRegister(_ s: State, _ c: Code, _ n: Int) { unsafe operate(s, c, n) { $0 & $1 } }
@c func andLiteral(_ s: State, _ c: Code, _ n: Int) { unsafe operateLiteral(s, c, n) { $0 & $1 } }
@c func bicRegister(_ s: State, _ c: Code, _ n: Int) { unsafe operate(s, c, n) { $0 & ~$1 } }
@c func bicLiteral(_ s: State, _ c: Code, _ n: Int) { unsafe operateLiteral(s, c, n) { $0 & ~$1 } }
@c func bisRegister(_ s: State, _ c: Code, _ n: Int) { unsafe operate(s, c, n) { $0 | $1 } }
@c func bisLiteral(_ s: State, _ c: Code, _ n: Int) { unsafe operateLiteral(s, c, n) { $0 | $1 } }
@c func ornotRegister(_ s: State, _ c: Code, _ n: Int) { unsafe operate(s, c, n) { $0 | ~$1 } }
@c func ornotLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { $0 | ~$1 }
}
@c func xorRegister(_ s: State, _ c: Code, _ n: Int) { unsafe operate(s, c, n) { $0 ^ $1 } }
@c func xorLiteral(_ s: State, _ c: Code, _ n: Int) { unsafe operateLiteral(s, c, n) { $0 ^ $1 } }
@c func eqvRegister(_ s: State, _ c: Code, _ n: Int) { unsafe operate(s, c, n) { $0 ^ ~$1 } }
@c func eqvLiteral(_ s: State, _ c: Code, _ n: Int) { unsafe operateLiteral(s, c, n) { $0 ^ ~$1 } }

// MARK: - Shifts and bytes (opcode 0x12)

@c func sllRegister(_ s: State, _ c: Code, _ n: Int) { unsafe operate(s, c, n) { $0 &<< $1 } }
@c func sllLiteral(_ s: State, _ c: Code, _ n: Int) { unsafe operateLiteral(s, c, n) { $0 &<< $1 } }
@c func srlRegister(_ s: State, _ c: Code, _ n: Int) { unsafe operate(s, c, n) { $0 &>> $1 } }
@c func srlLiteral(_ s: State, _ c: Code, _ n: Int) { unsafe operateLiteral(s, c, n) { $0 &>> $1 } }
@c func sraRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { UInt64(bitPattern: Int64(bitPattern: $0) &>> Int64(bitPattern: $1)) }
}
@c func sraLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) {
    UInt64(bitPattern: Int64(bitPattern: $0) &>> Int64(bitPattern: $1))
  }
}
@c func zapRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.zap($0, $1) }
}
@c func zapLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.zap($0, $1) }
}
@c func zapnotRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.zapnot($0, $1) }
}
@c func zapnotLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.zapnot($0, $1) }
}
@c func extblRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.extractLow($0, $1, 1) }
}
@c func extblLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.extractLow($0, $1, 1) }
}
@c func extwlRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.extractLow($0, $1, 2) }
}
@c func extwlLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.extractLow($0, $1, 2) }
}
@c func extwhRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.extractHigh($0, $1, 2) }
}
@c func extwhLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.extractHigh($0, $1, 2) }
}
@c func extllRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.extractLow($0, $1, 4) }
}
@c func extllLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.extractLow($0, $1, 4) }
}
@c func extlhRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.extractHigh($0, $1, 4) }
}
@c func extlhLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.extractHigh($0, $1, 4) }
}
@c func extqlRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.extractLow($0, $1, 8) }
}
@c func extqlLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.extractLow($0, $1, 8) }
}
@c func extqhRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.extractHigh($0, $1, 8) }
}
@c func extqhLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.extractHigh($0, $1, 8) }
}
@c func insblRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.insertLow($0, $1, 1) }
}
@c func insblLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.insertLow($0, $1, 1) }
}
@c func inswlRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.insertLow($0, $1, 2) }
}
@c func inswlLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.insertLow($0, $1, 2) }
}
@c func inswhRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.insertHigh($0, $1, 2) }
}
@c func inswhLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.insertHigh($0, $1, 2) }
}
@c func insllRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.insertLow($0, $1, 4) }
}
@c func insllLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.insertLow($0, $1, 4) }
}
@c func inslhRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.insertHigh($0, $1, 4) }
}
@c func inslhLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.insertHigh($0, $1, 4) }
}
@c func insqlRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.insertLow($0, $1, 8) }
}
@c func insqlLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.insertLow($0, $1, 8) }
}
@c func insqhRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.insertHigh($0, $1, 8) }
}
@c func insqhLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.insertHigh($0, $1, 8) }
}
@c func mskblRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.maskLow($0, $1, 1) }
}
@c func mskblLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.maskLow($0, $1, 1) }
}
@c func mskwlRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.maskLow($0, $1, 2) }
}
@c func mskwlLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.maskLow($0, $1, 2) }
}
@c func mskwhRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.maskHigh($0, $1, 2) }
}
@c func mskwhLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.maskHigh($0, $1, 2) }
}
@c func mskllRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.maskLow($0, $1, 4) }
}
@c func mskllLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.maskLow($0, $1, 4) }
}
@c func msklhRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.maskHigh($0, $1, 4) }
}
@c func msklhLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.maskHigh($0, $1, 4) }
}
@c func mskqlRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.maskLow($0, $1, 8) }
}
@c func mskqlLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.maskLow($0, $1, 8) }
}
@c func mskqhRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.maskHigh($0, $1, 8) }
}
@c func mskqhLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.maskHigh($0, $1, 8) }
}

// MARK: - Multiplication (opcode 0x13)

@c func mullRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.long($0 &* $1) }
}
@c func mullLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.long($0 &* $1) }
}
@c func mulqRegister(_ s: State, _ c: Code, _ n: Int) { unsafe operate(s, c, n) { $0 &* $1 } }
@c func mulqLiteral(_ s: State, _ c: Code, _ n: Int) { unsafe operateLiteral(s, c, n) { $0 &* $1 } }
@c func umulhRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { $0.multipliedFullWidth(by: $1).high }
}
@c func umulhLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { $0.multipliedFullWidth(by: $1).high }
}

// MARK: - Sign extension, counts, multimedia (opcode 0x1c)

@c func sextbRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { _, b in UInt64(bitPattern: Int64(Int8(truncatingIfNeeded: b))) }
}
@c func sextbLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { _, b in UInt64(bitPattern: Int64(Int8(truncatingIfNeeded: b))) }
}
@c func sextwRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { _, b in UInt64(bitPattern: Int64(Int16(truncatingIfNeeded: b))) }
}
@c func sextwLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { _, b in UInt64(bitPattern: Int64(Int16(truncatingIfNeeded: b))) }
}
@c func ctpopRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { _, b in UInt64(b.nonzeroBitCount) }
}
@c func ctpopLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { _, b in UInt64(b.nonzeroBitCount) }
}
@c func ctlzRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { _, b in UInt64(b.leadingZeroBitCount) }
}
@c func ctlzLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { _, b in UInt64(b.leadingZeroBitCount) }
}
@c func cttzRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { _, b in UInt64(b.trailingZeroBitCount) }
}
@c func cttzLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { _, b in UInt64(b.trailingZeroBitCount) }
}
@c func perrRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.pixelError($0, $1) }
}
@c func perrLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { IntegerSemantics.pixelError($0, $1) }
}
@c func unpkbwRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { _, b in IntegerSemantics.unpackBytesToWords(b) }
}
@c func unpkbwLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { _, b in IntegerSemantics.unpackBytesToWords(b) }
}
@c func unpkblRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { _, b in IntegerSemantics.unpackBytesToLongs(b) }
}
@c func unpkblLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { _, b in IntegerSemantics.unpackBytesToLongs(b) }
}
@c func pkwbRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { _, b in IntegerSemantics.packWordsToBytes(b) }
}
@c func pkwbLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { _, b in IntegerSemantics.packWordsToBytes(b) }
}
@c func pklbRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { _, b in IntegerSemantics.packLongsToBytes(b) }
}
@c func pklbLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) { _, b in IntegerSemantics.packLongsToBytes(b) }
}
@c func minsb8Register(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.lanes($0, $1, width: 8, signed: true) { min($0, $1) } }
}
@c func minsb8Literal(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) {
    IntegerSemantics.lanes($0, $1, width: 8, signed: true) { min($0, $1) }
  }
}
@c func minsw4Register(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) {
    IntegerSemantics.lanes($0, $1, width: 16, signed: true) { min($0, $1) }
  }
}
@c func minsw4Literal(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) {
    IntegerSemantics.lanes($0, $1, width: 16, signed: true) { min($0, $1) }
  }
}
@c func minub8Register(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) {
    IntegerSemantics.lanes($0, $1, width: 8, signed: false) { min($0, $1) }
  }
}
@c func minub8Literal(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) {
    IntegerSemantics.lanes($0, $1, width: 8, signed: false) { min($0, $1) }
  }
}
@c func minuw4Register(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) {
    IntegerSemantics.lanes($0, $1, width: 16, signed: false) { min($0, $1) }
  }
}
@c func minuw4Literal(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) {
    IntegerSemantics.lanes($0, $1, width: 16, signed: false) { min($0, $1) }
  }
}
@c func maxsb8Register(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.lanes($0, $1, width: 8, signed: true) { max($0, $1) } }
}
@c func maxsb8Literal(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) {
    IntegerSemantics.lanes($0, $1, width: 8, signed: true) { max($0, $1) }
  }
}
@c func maxsw4Register(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) {
    IntegerSemantics.lanes($0, $1, width: 16, signed: true) { max($0, $1) }
  }
}
@c func maxsw4Literal(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) {
    IntegerSemantics.lanes($0, $1, width: 16, signed: true) { max($0, $1) }
  }
}
@c func maxub8Register(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) {
    IntegerSemantics.lanes($0, $1, width: 8, signed: false) { max($0, $1) }
  }
}
@c func maxub8Literal(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) {
    IntegerSemantics.lanes($0, $1, width: 8, signed: false) { max($0, $1) }
  }
}
@c func maxuw4Register(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) {
    IntegerSemantics.lanes($0, $1, width: 16, signed: false) { max($0, $1) }
  }
}
@c func maxuw4Literal(_ s: State, _ c: Code, _ n: Int) {
  unsafe operateLiteral(s, c, n) {
    IntegerSemantics.lanes($0, $1, width: 16, signed: false) { max($0, $1) }
  }
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
    case .ctpop: unsafe HandlerPair(ctpopRegister, ctpopLiteral)
    case .ctlz: unsafe HandlerPair(ctlzRegister, ctlzLiteral)
    case .cttz: unsafe HandlerPair(cttzRegister, cttzLiteral)
    case .perr: unsafe HandlerPair(perrRegister, perrLiteral)
    case .unpkbw: unsafe HandlerPair(unpkbwRegister, unpkbwLiteral)
    case .unpkbl: unsafe HandlerPair(unpkblRegister, unpkblLiteral)
    case .pkwb: unsafe HandlerPair(pkwbRegister, pkwbLiteral)
    case .pklb: unsafe HandlerPair(pklbRegister, pklbLiteral)
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
