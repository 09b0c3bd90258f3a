internal import AlphaISA

// Handlers that execute an operation and the one behind it. Both stay in the block: a fused handler
// stands in the place of the first one's, reads the operands of both and goes on behind the second.
// So nothing else knows of it, and a slow path executes the first operation alone.

private let second = DecodedOperation.size

// MARK: - Integer operates

/// A constant is added twice to the same register: LDAH and LDA of an address.
@c func addImmediateTwice(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let op2 = unsafe operation(c + second)
  let immediate = Int64(op.immediate) &+ Int64(op2.immediate)
  unsafe setRegister(s, op2.rc, register(s, op.rb) &+ UInt64(bitPattern: immediate))
  unsafe next(s, c + second, n)
}

/// Constants are added to two registers.
@c func addImmediateBoth(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let op2 = unsafe operation(c + second)
  unsafe setRegister(
    s, op.rc, register(s, op.rb) &+ UInt64(bitPattern: Int64(op.immediate)))
  unsafe setRegister(
    s, op2.rc, register(s, op2.rb) &+ UInt64(bitPattern: Int64(op2.immediate)))
  unsafe next(s, c + second, n)
}

/// Two register moves.
@c func moveBoth(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let op2 = unsafe operation(c + second)
  unsafe setRegister(s, op.rc, register(s, op.rb))
  unsafe setRegister(s, op2.rc, register(s, op2.rb))
  unsafe next(s, c + second, n)
}

/// A shift by a literal, whose result is one operand of XOR; `rb` of the XOR is the other.
@inline(__always)
private func shiftAndXor(_ s: State, _ c: Code, _ n: Int, _ shift: (UInt64, UInt64) -> UInt64) {
  let op = unsafe operation(c)
  let op2 = unsafe operation(c + second)
  let shifted = unsafe shift(register(s, op.ra), UInt64(truncatingIfNeeded: op.immediate))
  let other = unsafe register(s, op2.rb == op.rc ? op2.ra : op2.rb)
  unsafe setRegister(s, op.rc, shifted)
  unsafe setRegister(s, op2.rc, shifted ^ other)
  unsafe next(s, c + second, n)
}

@c func sllXor(_ s: State, _ c: Code, _ n: Int) { unsafe shiftAndXor(s, c, n) { $0 &<< $1 } }
@c func srlXor(_ s: State, _ c: Code, _ n: Int) { unsafe shiftAndXor(s, c, n) { $0 &>> $1 } }

// MARK: - Counting down

/// The branch is the second operation; two arms, see the plain branches.
@inline(__always)
private func branch(_ s: State, _ c: Code, _ n: Int, _ isTaken: Bool) {
  let link = unsafe c + second + DecodedOperation.size
  if isTaken {
    unsafe enter(s, link.load(as: Code.self), n)
  } else {
    unsafe enter(s, link.load(fromByteOffset: BlockLink.fallOffset, as: Code.self), n)
  }
}

@inline(__always)
private func branchUnlessZero(_ s: State, _ c: Code, _ n: Int, _ count: UInt64) {
  unsafe setRegister(s, operation(c).rc, count)
  unsafe branch(s, c, n, count != 0)
}

/// LDA, ADDQ or SUBQ of a constant, and BNE on the result.
@c func addImmediateBne(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let immediate = UInt64(bitPattern: Int64(op.immediate))
  unsafe branchUnlessZero(s, c, n, register(s, op.rb) &+ immediate)
}
/// SUBL of a literal, and BNE on the result.
@c func sublLiteralBne(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let literal = UInt64(truncatingIfNeeded: op.immediate)
  unsafe branchUnlessZero(s, c, n, IntegerSemantics.long(register(s, op.ra) &- literal))
}

// MARK: - Memory

// Two quadwords off the same base register, as in the prologue and epilogue of a function: if they
// lie in the same page one look into the TLB is enough.

/// Page and alignment of a quadword, as tags have them.
@inline(__always)
private func tag(_ va: UInt64) -> UInt64 { va & (~0x1FFF | 7) }

/// LDQ and LDQ off the same base, which the first does not load.
@c func ldqPair(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let op2 = unsafe operation(c + second)
  let va = unsafe address(s, c)
  let va2 = unsafe register(s, op.rb) &+ op2.operand
  let entry = unsafe entry(s, va).pointee
  if _fastPath(entry.readTag == tag(va) && entry.readTag == tag(va2)) {
    let value = unsafe host(entry.addend &+ va).load(as: UInt64.self)
    let value2 = unsafe host(entry.addend &+ va2).load(as: UInt64.self)
    unsafe setRegister(s, op.ra, value)
    unsafe setRegister(s, op2.ra, value2)
    unsafe next(s, c + second, n)
  } else {
    unsafe ldq(s, c, n)
  }
}

/// STQ and STQ off the same base.
@c func stqPair(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let op2 = unsafe operation(c + second)
  let va = unsafe address(s, c)
  let va2 = unsafe register(s, op.rb) &+ op2.operand
  let entry = unsafe entry(s, va).pointee
  if _fastPath(entry.writeTag == tag(va) && entry.writeTag == tag(va2)) {
    unsafe host(entry.addend &+ va).storeBytes(of: register(s, op.ra), as: UInt64.self)
    unsafe host(entry.addend &+ va2).storeBytes(of: register(s, op2.ra), as: UInt64.self)
    unsafe next(s, c + second, n)
  } else {
    unsafe stq(s, c, n)
  }
}

/// A constant is added, and LDQ: the stack pointer moves, or a pointer goes on.
@c func addImmediateLdq(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  unsafe setRegister(
    s, op.rc, register(s, op.rb) &+ UInt64(bitPattern: Int64(op.immediate)))
  unsafe load(s, c + second, n, as: UInt64.self) { $0 }
}
/// The same with STQ.
@c func addImmediateStq(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  unsafe setRegister(
    s, op.rc, register(s, op.rb) &+ UInt64(bitPattern: Int64(op.immediate)))
  unsafe store(s, c + second, n) { $0 }
}

/// LDBU and SEXTB of what it loads: a signed character.
@c func ldbuSextb(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let op2 = unsafe operation(c + second)
  let va = unsafe address(s, c)
  let entry = unsafe entry(s, va).pointee
  if _fastPath(entry.readTag == va & ~0x1FFF) {
    let value = unsafe host(entry.addend &+ va).load(as: UInt8.self)
    unsafe setRegister(s, op.ra, UInt64(value))
    unsafe setRegister(
      s, op2.rc, UInt64(bitPattern: Int64(Int8(bitPattern: value))))
    unsafe next(s, c + second, n)
  } else {
    unsafe ldbu(s, c, n)
  }
}

/// A load and a branch on what it loads: the end of a string or of a list.
@inline(__always)
private func loadAndBranch<Value: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
  _ s: State, _ c: Code, _ n: Int, as type: Value.Type, onZero: Bool, otherwise load: Handler
) {
  let op = unsafe operation(c)
  let va = unsafe address(s, c)
  let entry = unsafe entry(s, va).pointee
  let alignment = UInt64(MemoryLayout<Value>.size &- 1)
  if _fastPath(entry.readTag == va & (~0x1FFF | alignment)) {
    let value = unsafe host(entry.addend &+ va).load(as: Value.self)
    unsafe setRegister(s, op.ra, UInt64(value))
    unsafe branch(s, c, n, (value == 0) == onZero)
  } else {
    unsafe load(s, c, n)
  }
}

@c func ldbuBeq(_ s: State, _ c: Code, _ n: Int) {
  unsafe loadAndBranch(s, c, n, as: UInt8.self, onZero: true, otherwise: ldbu)
}
@c func ldbuBne(_ s: State, _ c: Code, _ n: Int) {
  unsafe loadAndBranch(s, c, n, as: UInt8.self, onZero: false, otherwise: ldbu)
}
@c func ldqBeq(_ s: State, _ c: Code, _ n: Int) {
  unsafe loadAndBranch(s, c, n, as: UInt64.self, onZero: true, otherwise: ldq)
}
@c func ldqBne(_ s: State, _ c: Code, _ n: Int) {
  unsafe loadAndBranch(s, c, n, as: UInt64.self, onZero: false, otherwise: ldq)
}

// MARK: - Which

/// The pairs of instructions that have a handler.
enum FusedHandlers {
  /// The handler for two instructions that both are decoded to one operation each.
  @unsafe static func handler(_ first: InstructionWord, _ second: InstructionWord) -> Handler? {
    guard let operation = Decoder.operation(of: first),
      let operation2 = Decoder.operation(of: second)
    else { return nil }
    switch (operation, operation2) {
    case (.sll, .xor): return unsafe shiftAndXor(first, second) ? sllXor : nil
    case (.srl, .xor): return unsafe shiftAndXor(first, second) ? srlXor : nil
    case (.subl, .bne):
      return unsafe first.isLiteral && first.rc == second.ra ? sublLiteralBne : nil
    case (.ldq, .ldq):
      let isPair = first.rb == second.rb && first.ra != first.rb && second.ra != 31
      return unsafe isPair ? ldqPair : nil
    case (.stq, .stq):
      return unsafe first.rb == second.rb ? stqPair : nil
    case (.bis, .bis): return unsafe isMove(first) && isMove(second) ? moveBoth : nil
    case (.ldbu, .beq): return unsafe first.ra == second.ra ? ldbuBeq : nil
    case (.ldbu, .bne): return unsafe first.ra == second.ra ? ldbuBne : nil
    case (.ldq, .beq): return unsafe first.ra == second.ra ? ldqBeq : nil
    case (.ldq, .bne): return unsafe first.ra == second.ra ? ldqBne : nil
    case (.ldbu, .sextb):
      let isPair = !second.isLiteral && second.rb == first.ra && second.rc != 31
      return unsafe isPair ? ldbuSextb : nil
    default:
      guard let addition = Addition(first, operation) else { return nil }
      switch operation2 {
      case .bne: return unsafe addition.destination == second.ra ? addImmediateBne : nil
      case .ldq: return unsafe second.ra != 31 ? addImmediateLdq : nil
      case .stq: return unsafe addImmediateStq
      default: break
      }
      guard let addition2 = Addition(second, operation2), addition2.destination != 31 else {
        return nil
      }
      let isSame =
        addition2.source == addition.destination && addition2.destination == addition.destination
      return unsafe isSame ? addImmediateTwice : addImmediateBoth
    }
  }

  /// Whether BIS is decoded to ``move(_:_:_:)``.
  private static func isMove(_ bis: InstructionWord) -> Bool {
    !bis.isLiteral && bis.rc != 31 && (bis.ra == 31 || bis.rb == 31 || bis.ra == bis.rb)
  }

  /// Whether a shift is by a literal and the XOR takes its result.
  private static func shiftAndXor(_ shift: InstructionWord, _ xor: InstructionWord) -> Bool {
    shift.isLiteral && !xor.isLiteral && xor.rc != 31
      && (xor.ra == shift.rc) != (xor.rb == shift.rc)
  }

  /// An instruction that is decoded to ``addImmediate(_:_:_:)`` or, from R31, to a constant, which
  /// has the same operands.
  private struct Addition {
    var source: UInt8
    var destination: UInt8

    init?(_ word: InstructionWord, _ operation: Operation) {
      switch operation {
      case .lda, .ldah:
        source = word.rb
        destination = word.ra
      case .addq where word.isLiteral, .subq where word.isLiteral:
        source = word.ra
        destination = word.rc
      default: return nil
      }
    }
  }
}
