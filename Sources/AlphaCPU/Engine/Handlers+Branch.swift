internal import AlphaFloat

// Instructions that end a block: branches, jumps, and the ends that the block builder makes.

@inline(__always)
private func link(_ c: Code) -> Code {
  unsafe c + DecodedOperation.size
}

@inline(__always)
private func enterTaken(_ s: State, _ c: Code, _ n: Int) {
  unsafe enter(s, link(c).load(as: Code.self), n)
}

@inline(__always)
private func enterFall(_ s: State, _ c: Code, _ n: Int) {
  unsafe enter(s, link(c).load(fromByteOffset: BlockLink.fallOffset, as: Code.self), n)
}

/// The block ends because the page does, or because it is long enough.
@c func fallThrough(_ s: State, _ c: Code, _ n: Int) { unsafe enterFall(s, c, n) }

/// BR without a link register.
@c func br(_ s: State, _ c: Code, _ n: Int) { unsafe enterTaken(s, c, n) }

/// BR and BSR with a link register: the return address is relative to the page.
@c func bsr(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  unsafe setRegister(
    s, op.rc, cpuState(s).pointee.pcPage &+ UInt64(truncatingIfNeeded: op.immediate))
  unsafe enterTaken(s, c, n)
}

/// JMP, JSR, RET and JSR_COROUTINE: the target is read before the link register is written.
@c func jsr(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let target = unsafe register(s, op.rb) & ~3
  unsafe setRegister(
    s, op.rc, cpuState(s).pointee.pcPage &+ UInt64(truncatingIfNeeded: op.immediate))
  unsafe jump(s, c, target, n)
}

/// The same without a link register.
@c func jmp(_ s: State, _ c: Code, _ n: Int) {
  let target = unsafe register(s, operation(c).rb) & ~3
  unsafe jump(s, c, target, n)
}

// MARK: - Conditional branches

// Two arms on purpose: a conditional expression would become a select and one shared jump.
@inline(__always)
private func branch(_ s: State, _ c: Code, _ n: Int, _ test: (Int64) -> Bool) {
  if unsafe test(Int64(bitPattern: register(s, operation(c).ra))) {
    unsafe enterTaken(s, c, n)
  } else {
    unsafe enterFall(s, c, n)
  }
}

@c func beq(_ s: State, _ c: Code, _ n: Int) { unsafe branch(s, c, n) { $0 == 0 } }
@c func bne(_ s: State, _ c: Code, _ n: Int) { unsafe branch(s, c, n) { $0 != 0 } }
@c func blt(_ s: State, _ c: Code, _ n: Int) { unsafe branch(s, c, n) { $0 < 0 } }
@c func bge(_ s: State, _ c: Code, _ n: Int) { unsafe branch(s, c, n) { $0 >= 0 } }
@c func ble(_ s: State, _ c: Code, _ n: Int) { unsafe branch(s, c, n) { $0 <= 0 } }
@c func bgt(_ s: State, _ c: Code, _ n: Int) { unsafe branch(s, c, n) { $0 > 0 } }
@c func blbs(_ s: State, _ c: Code, _ n: Int) { unsafe branch(s, c, n) { $0 & 1 != 0 } }
@c func blbc(_ s: State, _ c: Code, _ n: Int) { unsafe branch(s, c, n) { $0 & 1 == 0 } }

// MARK: - Floating-point branches

// Nothing traps, and minus zero counts as zero. FBGT and FBLE do just what BGT and BLE do.

@inline(__always)
private func floatBranch(_ s: State, _ c: Code, _ n: Int, _ test: (UInt64) -> Bool) {
  unsafe branch(s, c, n) { test(UInt64(bitPattern: $0)) }
}

@c func fbeq(_ s: State, _ c: Code, _ n: Int) {
  unsafe floatBranch(s, c, n) { SignBits.isZero($0) }
}
@c func fbne(_ s: State, _ c: Code, _ n: Int) {
  unsafe floatBranch(s, c, n) { !SignBits.isZero($0) }
}
@c func fblt(_ s: State, _ c: Code, _ n: Int) {
  unsafe floatBranch(s, c, n) { SignBits.isLess($0) }
}
@c func fbge(_ s: State, _ c: Code, _ n: Int) {
  unsafe floatBranch(s, c, n) { !SignBits.isLess($0) }
}

// MARK: - A compare and the branch on its result

// The flag is written as the compare would have written it; nothing else may lie between the two.
@inline(__always)
private func compareAndBranch(
  _ s: State, _ c: Code, _ n: Int, _ b: UInt64, onTrue: Bool, _ test: (UInt64, UInt64) -> Bool
) {
  let op = unsafe operation(c)
  if unsafe test(register(s, op.ra), b) == onTrue {
    unsafe setRegister(s, op.rc, onTrue ? 1 : 0)
    unsafe enterTaken(s, c, n)
  } else {
    unsafe setRegister(s, op.rc, onTrue ? 0 : 1)
    unsafe enterFall(s, c, n)
  }
}

@c func cmpeqBneRegister(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe register(s, operation(c).rb)
  unsafe compareAndBranch(s, c, n, b, onTrue: true) { $0 == $1 }
}
@c func cmpeqBneLiteral(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe UInt64(truncatingIfNeeded: operation(c).immediate)
  unsafe compareAndBranch(s, c, n, b, onTrue: true) { $0 == $1 }
}
@c func cmpeqBeqRegister(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe register(s, operation(c).rb)
  unsafe compareAndBranch(s, c, n, b, onTrue: false) { $0 == $1 }
}
@c func cmpeqBeqLiteral(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe UInt64(truncatingIfNeeded: operation(c).immediate)
  unsafe compareAndBranch(s, c, n, b, onTrue: false) { $0 == $1 }
}
@c func cmpltBneRegister(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe register(s, operation(c).rb)
  unsafe compareAndBranch(s, c, n, b, onTrue: true) { IntegerSemantics.less($0, $1) }
}
@c func cmpltBneLiteral(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe UInt64(truncatingIfNeeded: operation(c).immediate)
  unsafe compareAndBranch(s, c, n, b, onTrue: true) { IntegerSemantics.less($0, $1) }
}
@c func cmpltBeqRegister(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe register(s, operation(c).rb)
  unsafe compareAndBranch(s, c, n, b, onTrue: false) { IntegerSemantics.less($0, $1) }
}
@c func cmpltBeqLiteral(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe UInt64(truncatingIfNeeded: operation(c).immediate)
  unsafe compareAndBranch(s, c, n, b, onTrue: false) { IntegerSemantics.less($0, $1) }
}
@c func cmpleBneRegister(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe register(s, operation(c).rb)
  unsafe compareAndBranch(s, c, n, b, onTrue: true) { IntegerSemantics.lessOrEqual($0, $1) }
}
@c func cmpleBneLiteral(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe UInt64(truncatingIfNeeded: operation(c).immediate)
  unsafe compareAndBranch(s, c, n, b, onTrue: true) { IntegerSemantics.lessOrEqual($0, $1) }
}
@c func cmpleBeqRegister(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe register(s, operation(c).rb)
  unsafe compareAndBranch(s, c, n, b, onTrue: false) { IntegerSemantics.lessOrEqual($0, $1) }
}
@c func cmpleBeqLiteral(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe UInt64(truncatingIfNeeded: operation(c).immediate)
  unsafe compareAndBranch(s, c, n, b, onTrue: false) { IntegerSemantics.lessOrEqual($0, $1) }
}
@c func cmpultBneRegister(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe register(s, operation(c).rb)
  unsafe compareAndBranch(s, c, n, b, onTrue: true) { $0 < $1 }
}
@c func cmpultBneLiteral(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe UInt64(truncatingIfNeeded: operation(c).immediate)
  unsafe compareAndBranch(s, c, n, b, onTrue: true) { $0 < $1 }
}
@c func cmpultBeqRegister(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe register(s, operation(c).rb)
  unsafe compareAndBranch(s, c, n, b, onTrue: false) { $0 < $1 }
}
@c func cmpultBeqLiteral(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe UInt64(truncatingIfNeeded: operation(c).immediate)
  unsafe compareAndBranch(s, c, n, b, onTrue: false) { $0 < $1 }
}
@c func cmpuleBneRegister(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe register(s, operation(c).rb)
  unsafe compareAndBranch(s, c, n, b, onTrue: true) { $0 <= $1 }
}
@c func cmpuleBneLiteral(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe UInt64(truncatingIfNeeded: operation(c).immediate)
  unsafe compareAndBranch(s, c, n, b, onTrue: true) { $0 <= $1 }
}
@c func cmpuleBeqRegister(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe register(s, operation(c).rb)
  unsafe compareAndBranch(s, c, n, b, onTrue: false) { $0 <= $1 }
}
@c func cmpuleBeqLiteral(_ s: State, _ c: Code, _ n: Int) {
  let b = unsafe UInt64(truncatingIfNeeded: operation(c).immediate)
  unsafe compareAndBranch(s, c, n, b, onTrue: false) { $0 <= $1 }
}
