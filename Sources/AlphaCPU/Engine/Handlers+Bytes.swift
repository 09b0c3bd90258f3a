// Logic (opcode 0x11), shifts and byte manipulation (opcode 0x12).

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
