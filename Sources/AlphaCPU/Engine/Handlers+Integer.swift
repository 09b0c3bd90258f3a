// Integer instructions besides the plain operates: constants, conditional moves, overflow traps,
// and the few that read the processor itself.

// MARK: - Constants and moves

/// LDA: `rc` = `rb` + immediate. Also ADDQ and SUBQ with a literal.
@c func addImmediate(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let immediate = UInt64(bitPattern: Int64(op.immediate))
  unsafe setRegister(s, op.rc, register(s, op.rb) &+ immediate)
  unsafe next(s, c, n)
}

/// A constant that is known when the block is built.
@c func loadImmediate(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  unsafe setRegister(s, op.rc, UInt64(bitPattern: Int64(op.immediate)))
  unsafe next(s, c, n)
}

/// BIS with equal or zero operands, and processor registers that are plain storage.
@c func move(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  unsafe setRegister(s, op.rc, register(s, op.rb))
  unsafe next(s, c, n)
}

/// Keeps the bits of an unsigned 32-bit mask: ZAPNOT of low bytes.
@c func andMask(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let mask = UInt64(UInt32(bitPattern: op.immediate))
  unsafe setRegister(s, op.rc, register(s, op.ra) & mask)
  unsafe next(s, c, n)
}

// MARK: - Conditional moves

@inline(__always)
private func conditionalMove(_ s: State, _ c: Code, _ n: Int, _ test: (Int64) -> Bool) {
  let op = unsafe operation(c)
  let taken = unsafe test(Int64(bitPattern: register(s, op.ra)))
  unsafe setRegister(s, op.rc, register(s, taken ? op.rb : op.rc))
  unsafe next(s, c, n)
}

@inline(__always)
private func conditionalLiteral(_ s: State, _ c: Code, _ n: Int, _ test: (Int64) -> Bool) {
  let op = unsafe operation(c)
  let literal = UInt64(truncatingIfNeeded: op.immediate)
  let taken = unsafe test(Int64(bitPattern: register(s, op.ra)))
  unsafe setRegister(s, op.rc, taken ? literal : register(s, op.rc))
  unsafe next(s, c, n)
}

@c func cmoveqRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalMove(s, c, n) { $0 == 0 }
}
@c func cmoveqLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalLiteral(s, c, n) { $0 == 0 }
}
@c func cmovneRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalMove(s, c, n) { $0 != 0 }
}
@c func cmovneLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalLiteral(s, c, n) { $0 != 0 }
}
@c func cmovltRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalMove(s, c, n) { $0 < 0 }
}
@c func cmovltLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalLiteral(s, c, n) { $0 < 0 }
}
@c func cmovgeRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalMove(s, c, n) { $0 >= 0 }
}
@c func cmovgeLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalLiteral(s, c, n) { $0 >= 0 }
}
@c func cmovleRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalMove(s, c, n) { $0 <= 0 }
}
@c func cmovleLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalLiteral(s, c, n) { $0 <= 0 }
}
@c func cmovgtRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalMove(s, c, n) { $0 > 0 }
}
@c func cmovgtLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalLiteral(s, c, n) { $0 > 0 }
}
@c func cmovlbsRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalMove(s, c, n) { $0 & 1 != 0 }
}
@c func cmovlbsLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalLiteral(s, c, n) { $0 & 1 != 0 }
}
@c func cmovlbcRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalMove(s, c, n) { $0 & 1 == 0 }
}
@c func cmovlbcLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalLiteral(s, c, n) { $0 & 1 == 0 }
}

// MARK: - Arithmetic with /V

/// Writes the result, then traps on overflow (exception summary bit 6, mask of the destination).
@inline(__always)
private func overflowing(
  _ s: State, _ c: Code, _ n: Int, _ b: UInt64, _ compute: (UInt64, UInt64) -> (UInt64, Bool)
) {
  let op = unsafe operation(c)
  let (value, overflow) = unsafe compute(register(s, op.ra), b)
  unsafe setRegister(s, op.rc, value)
  if _fastPath(!overflow) {
    unsafe next(s, c, n)
  } else {
    unsafe integerOverflow(s, c, n)
  }
}

@c @inline(never)
private func integerOverflow(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let mask = UInt64(1) &<< UInt64(RegisterIndex.number(of: op.rc))
  unsafe owner(s) { unsafe $0.trap(.arithmetic(summary: 0x40, mask: mask), at: c, left: n) }
}

@c func addlVRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe overflowing(s, c, n, register(s, operation(c).rb), IntegerSemantics.addlV)
}
@c func addlVLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe overflowing(s, c, n, operation(c).operand, IntegerSemantics.addlV)
}
@c func sublVRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe overflowing(s, c, n, register(s, operation(c).rb), IntegerSemantics.sublV)
}
@c func sublVLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe overflowing(s, c, n, operation(c).operand, IntegerSemantics.sublV)
}
@c func addqVRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe overflowing(s, c, n, register(s, operation(c).rb), IntegerSemantics.addqV)
}
@c func addqVLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe overflowing(s, c, n, operation(c).operand, IntegerSemantics.addqV)
}
@c func subqVRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe overflowing(s, c, n, register(s, operation(c).rb), IntegerSemantics.subqV)
}
@c func subqVLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe overflowing(s, c, n, operation(c).operand, IntegerSemantics.subqV)
}
@c func mullVRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe overflowing(s, c, n, register(s, operation(c).rb), IntegerSemantics.mullV)
}
@c func mullVLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe overflowing(s, c, n, operation(c).operand, IntegerSemantics.mullV)
}
@c func mulqVRegister(_ s: State, _ c: Code, _ n: Int) {
  unsafe overflowing(s, c, n, register(s, operation(c).rb), IntegerSemantics.mulqV)
}
@c func mulqVLiteral(_ s: State, _ c: Code, _ n: Int) {
  unsafe overflowing(s, c, n, operation(c).operand, IntegerSemantics.mulqV)
}

// MARK: - The processor itself

/// RPCC: bits 31:0 count at a quarter of the instruction rate (250 MHz), bits 63:32 the offset.
@c func readCycleCounter(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let cpu = unsafe cpuState(s)
  let executed = unsafe cpu.pointee.sliceBudget &- n &- Int(op.toGo)
  let time =
    unsafe cpu.pointee.instructionCount &+ cpu.pointee.timeOffset
    &+ UInt64(truncatingIfNeeded: executed)
  let offset = unsafe AlphaCPUState.load(s, .cycleCounterOffset)
  unsafe setRegister(s, op.rc, ((time &>> 2) & 0xFFFF_FFFF) | (offset &<< 32))
  unsafe next(s, c, n)
}

/// RC and RS: reads the interrupt flag and makes it the operand, 0 or 1.
@c func exchangeInterruptFlag(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  unsafe setRegister(s, op.rc, cpuState(s).pointee.interruptFlag)
  unsafe cpuState(s).pointee.interruptFlag = UInt64(truncatingIfNeeded: op.immediate)
  unsafe next(s, c, n)
}

/// The class behind the state block, for what handlers cannot do themselves.
@inline(__always)
func owner<Result>(_ s: State, _ body: (AlphaCPU) -> Result) -> Result {
  unsafe cpuState(s).pointee.owner._withUnsafeGuaranteedRef { body($0) }
}

/// AMASK: clears the bits of the features that this CPU has.
@c func maskFeatures(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  unsafe setRegister(s, op.rc, register(s, op.rb) & ~IntegerSemantics.features)
  unsafe next(s, c, n)
}
