// Longword and quadword arithmetic and compares (opcode 0x10), multiplication (opcode 0x13).

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
