internal import AlphaFloat
internal import AlphaISA

// Floating-point instructions. First those that move bits: no rounding, no traps.

@inline(__always)
private func floatOperate(
  _ s: State, _ c: Code, _ n: Int, _ compute: (UInt64, UInt64) -> UInt64
) {
  let op = unsafe operation(c)
  unsafe setRegister(s, op.rc, compute(register(s, op.ra), register(s, op.rb)))
  unsafe next(s, c, n)
}

@c func cpys(_ s: State, _ c: Code, _ n: Int) {
  unsafe floatOperate(s, c, n) { SignBits.copySign($0, $1) }
}
@c func cpysn(_ s: State, _ c: Code, _ n: Int) {
  unsafe floatOperate(s, c, n) { SignBits.copySignNegated($0, $1) }
}
@c func cpyse(_ s: State, _ c: Code, _ n: Int) {
  unsafe floatOperate(s, c, n) { SignBits.copySignAndExponent($0, $1) }
}

/// FTOIT and ITOFT: the 64 bits as they are.
@c func copyA(_ s: State, _ c: Code, _ n: Int) {
  unsafe floatOperate(s, c, n) { a, _ in a }
}
@c func ftois(_ s: State, _ c: Code, _ n: Int) {
  unsafe floatOperate(s, c, n) { a, _ in
    IntegerSemantics.long(UInt64(MemoryImage.storeS(a)))
  }
}
@c func itofs(_ s: State, _ c: Code, _ n: Int) {
  unsafe floatOperate(s, c, n) { a, _ in MemoryImage.loadS(UInt32(truncatingIfNeeded: a)) }
}
@c func itoff(_ s: State, _ c: Code, _ n: Int) {
  unsafe floatOperate(s, c, n) { a, _ in MemoryImage.moveF(UInt32(truncatingIfNeeded: a)) }
}

@inline(__always)
private func conditionalFloatMove(_ s: State, _ c: Code, _ n: Int, _ test: (UInt64) -> Bool) {
  let op = unsafe operation(c)
  let taken = unsafe test(register(s, op.ra))
  unsafe setRegister(s, op.rc, register(s, taken ? op.rb : op.rc))
  unsafe next(s, c, n)
}

@c func fcmoveq(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalFloatMove(s, c, n) { SignBits.isZero($0) }
}
@c func fcmovne(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalFloatMove(s, c, n) { !SignBits.isZero($0) }
}
@c func fcmovlt(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalFloatMove(s, c, n) { SignBits.isLess($0) }
}
@c func fcmovge(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalFloatMove(s, c, n) { !SignBits.isLess($0) }
}
@c func fcmovle(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalFloatMove(s, c, n) { SignBits.isLessOrEqual($0) }
}
@c func fcmovgt(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalFloatMove(s, c, n) { !SignBits.isLessOrEqual($0) }
}

@c func mfFPCR(_ s: State, _ c: Code, _ n: Int) {
  unsafe setRegister(s, operation(c).rc, FPCR(cpuState(s).pointee.fpcr).value)
  unsafe next(s, c, n)
}
@c func mtFPCR(_ s: State, _ c: Code, _ n: Int) {
  unsafe cpuState(s).pointee.fpcr = FPCR(register(s, operation(c).ra)).value
  unsafe next(s, c, n)
}

// MARK: - Arithmetic

// The host's floating-point unit answers when operands and result are ordinary, rounding is to
// nearest, and the inexact exception needs no attention; all else is the exact path's.

@c func cvtlq(_ s: State, _ c: Code, _ n: Int) {
  unsafe floatOperate(s, c, n) { _, b in LongwordImage.toQuadword(b) }
}

@inline(__always)
private func arithmetic(
  _ s: State, _ c: Code, _ n: Int, _ compute: (UInt64, UInt64, Bool) -> UInt64?
) {
  let op = unsafe operation(c)
  let fpcr = unsafe FPCR(cpuState(s).pointee.fpcr)
  let ignoresInexact = fpcr.ignoresInexact(
    TrapQualifiers(function: FloatUnit.function(op.operand)))
  if let bits = unsafe compute(register(s, op.ra), register(s, op.rb), ignoresInexact) {
    unsafe setRegister(s, op.rc, bits)
    unsafe next(s, c, n)
  } else {
    unsafe exactFloat(s, c, n)
  }
}

/// Any arithmetic operation, exactly. The operand is the selector.
@c @inline(never)
func exactFloat(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let cpu = unsafe cpuState(s)
  var fpcr = unsafe FPCR(cpu.pointee.fpcr)
  guard
    let result = unsafe FloatUnit.execute(
      op.operand, register(s, op.ra), register(s, op.rb), fpcr)
  else { return unsafe illegalOpcode(s, c, n) }
  fpcr.record(result.status)
  unsafe cpu.pointee.fpcr = fpcr.value
  if result.isWritten { unsafe setRegister(s, op.rc, result.bits) }
  if _fastPath(result.traps.isEmpty) {
    unsafe next(s, c, n)
  } else {
    let mask = UInt64(1) &<< UInt64(32 &+ RegisterIndex.number(of: op.rc))
    unsafe owner(s) {
      unsafe $0.trap(
        .arithmetic(summary: UInt64(result.traps.rawValue), mask: mask), at: c, left: n)
    }
  }
}

@c func adds(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { HostFloat.addS($0, $1, allowInexact: $2) }
}
@c func subs(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { HostFloat.subtractS($0, $1, allowInexact: $2) }
}
@c func muls(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { HostFloat.multiplyS($0, $1, allowInexact: $2) }
}
@c func divs(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { HostFloat.divideS($0, $1, allowInexact: $2) }
}
@c func addt(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { HostFloat.addT($0, $1, allowInexact: $2) }
}
@c func subt(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { HostFloat.subtractT($0, $1, allowInexact: $2) }
}
@c func mult(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { HostFloat.multiplyT($0, $1, allowInexact: $2) }
}
@c func divt(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { HostFloat.divideT($0, $1, allowInexact: $2) }
}
/// SQRTS and SQRTT. As two handlers that differ in whom they
/// call they would be merged into one that calls through a pointer.
@c func squareRoot(_ s: State, _ c: Code, _ n: Int) {
  let isT = unsafe FloatUnit.isSquareRootT(operation(c).operand)
  unsafe arithmetic(s, c, n) { _, b, ignore in
    isT
      ? HostFloat.squareRootT(b, allowInexact: ignore)
      : HostFloat.squareRootS(b, allowInexact: ignore)
  }
}
@c func cvtts(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { _, b, ignore in HostFloat.convertTtoS(b, allowInexact: ignore) }
}
@c func cvtqt(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { _, b, ignore in HostFloat.convertQtoT(b, allowInexact: ignore) }
}
@c func cvtqs(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { _, b, ignore in HostFloat.convertQtoS(b, allowInexact: ignore) }
}
@c func cvttq(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { _, b, ignore in HostFloat.convertTtoQ(b, allowInexact: ignore) }
}
@c func cvttqChopped(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { _, b, ignore in HostFloat.convertTtoQChopped(b, allowInexact: ignore)
  }
}
@c func cvtst(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { _, b, _ in HostFloat.convertStoT(b) }
}
@c func cmptun(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { a, b, _ in HostFloat.compareUnordered(a, b) }
}
@c func cmpteq(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { a, b, _ in HostFloat.compareEqual(a, b) }
}
@c func cmptlt(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { a, b, _ in HostFloat.compareLess(a, b) }
}
@c func cmptle(_ s: State, _ c: Code, _ n: Int) {
  unsafe arithmetic(s, c, n) { a, b, _ in HostFloat.compareLessOrEqual(a, b) }
}

/// Floating-point instructions by operation.
enum FloatHandlers {
  @unsafe static func handler(_ operation: Operation, _ qualifiers: FloatQualifiers)
    -> Handler
  {
    switch operation {
    case .cpys: unsafe cpys
    case .cpysn: unsafe cpysn
    case .cpyse: unsafe cpyse
    case .ftoit, .itoft: unsafe copyA
    case .ftois: unsafe ftois
    case .itofs: unsafe itofs
    case .itoff: unsafe itoff
    case .fcmoveq: unsafe fcmoveq
    case .fcmovne: unsafe fcmovne
    case .fcmovlt: unsafe fcmovlt
    case .fcmovge: unsafe fcmovge
    case .fcmovle: unsafe fcmovle
    case .fcmovgt: unsafe fcmovgt
    case .mfFPCR: unsafe mfFPCR
    case .mtFPCR: unsafe mtFPCR
    case .cvtlq: unsafe cvtlq
    case .cmptun: unsafe cmptun
    case .cmpteq: unsafe cmpteq
    case .cmptlt: unsafe cmptlt
    case .cmptle: unsafe cmptle
    case .cvtst: unsafe cvtst
    case .cvttq where qualifiers.rounding == .chopped: unsafe cvttqChopped
    default: qualifiers.rounding == .nearest ? unsafe nearest(operation) : unsafe exactFloat
    }
  }

  /// Operations that the host can do in its own rounding mode.
  @unsafe private static func nearest(_ operation: Operation) -> Handler {
    switch operation {
    case .adds: unsafe adds
    case .subs: unsafe subs
    case .muls: unsafe muls
    case .divs: unsafe divs
    case .addt: unsafe addt
    case .subt: unsafe subt
    case .mult: unsafe mult
    case .divt: unsafe divt
    case .sqrts, .sqrtt: unsafe squareRoot
    case .cvtts: unsafe cvtts
    case .cvtqt: unsafe cvtqt
    case .cvtqs: unsafe cvtqs
    case .cvttq: unsafe cvttq
    default: unsafe exactFloat
    }
  }
}
