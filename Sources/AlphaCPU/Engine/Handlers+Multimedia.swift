// Sign extension, counts and multimedia (opcode 0x1c).

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
@c func ctlzRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { _, b in UInt64(b.leadingZeroBitCount) }
}
@c func cttzRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { _, b in UInt64(b.trailingZeroBitCount) }
}
@c func perrRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { IntegerSemantics.pixelError($0, $1) }
}
@c func unpkbwRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { _, b in IntegerSemantics.unpackBytesToWords(b) }
}
@c func unpkblRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { _, b in IntegerSemantics.unpackBytesToLongs(b) }
}
@c func pkwbRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { _, b in IntegerSemantics.packWordsToBytes(b) }
}
@c func pklbRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe operate(s, c, n) { _, b in IntegerSemantics.packLongsToBytes(b) }
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
