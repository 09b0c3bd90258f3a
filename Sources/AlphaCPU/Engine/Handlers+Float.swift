internal import AlphaFloat
internal import AlphaISA

// Floating-point instructions that move bits: no rounding, no traps.

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
private func conditionalFloatMove(_ s: State, _ c: Code, _ n: Int, _ test: (Int64) -> Bool) {
  let op = unsafe operation(c)
  let taken = unsafe test(Int64(bitPattern: register(s, op.ra)))
  unsafe setRegister(s, op.rc, register(s, taken ? op.rb : op.rc))
  unsafe next(s, c, n)
}

// Sign and magnitude: minus zero counts as zero.
@c func fcmoveq(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalFloatMove(s, c, n) { $0 &<< 1 == 0 }
}
@c func fcmovne(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalFloatMove(s, c, n) { $0 &<< 1 != 0 }
}
@c func fcmovlt(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalFloatMove(s, c, n) { $0 < 0 && $0 &<< 1 != 0 }
}
@c func fcmovge(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalFloatMove(s, c, n) { $0 >= 0 || $0 &<< 1 == 0 }
}
@c func fcmovle(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalFloatMove(s, c, n) { $0 < 0 || $0 &<< 1 == 0 }
}
@c func fcmovgt(_ s: State, _ c: Code, _ n: Int) {
  unsafe conditionalFloatMove(s, c, n) { $0 > 0 }
}

@c func mfFPCR(_ s: State, _ c: Code, _ n: Int) {
  unsafe setRegister(s, operation(c).rc, FPCR(cpuState(s).pointee.fpcr).value)
  unsafe next(s, c, n)
}
@c func mtFPCR(_ s: State, _ c: Code, _ n: Int) {
  unsafe cpuState(s).pointee.fpcr = FPCR(register(s, operation(c).ra)).value
  unsafe next(s, c, n)
}

/// Floating-point instructions by operation.
enum FloatHandlers {
  @unsafe static func handler(_ operation: Operation, _ qualifiers: AlphaISA.FloatQualifiers) -> Handler? {
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
    default: nil
    }
  }
}
