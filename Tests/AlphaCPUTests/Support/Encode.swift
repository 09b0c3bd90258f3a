import AlphaISA

/// A small assembler: instruction words from an operation and its operands, in the order in which
/// the manual writes them.
enum Encode {
  /// Integer operate with a register as second operand.
  static func operate(_ operation: Operation, _ ra: Int, _ rb: Int, _ rc: Int) -> UInt32 {
    let row = InstructionTable.row(of: operation)
    let ra = row.fixed.contains(.raIs31) ? 31 : ra
    return fields(row.opcode, ra, rb) | UInt32(row.function) << 5 | UInt32(rc & 31)
  }

  /// Integer operate with an 8-bit literal as second operand.
  static func operate(_ operation: Operation, _ ra: Int, literal: Int, _ rc: Int) -> UInt32 {
    let row = InstructionTable.row(of: operation)
    let ra = row.fixed.contains(.raIs31) ? 31 : ra
    return fields(row.opcode, ra, 0) | UInt32(literal & 0xFF) << 13 | 1 << 12
      | UInt32(row.function) << 5 | UInt32(rc & 31)
  }

  /// Floating-point operate; the qualifiers are the function's bits 10:6.
  static func float(
    _ operation: Operation, _ fa: Int, _ fb: Int, _ fc: Int, qualifiers: Int = 0
  ) -> UInt32 {
    let row = InstructionTable.row(of: operation)
    let fa = row.fixed.contains(.raIs31) ? 31 : fa
    return fields(row.opcode, fa, fb) | (UInt32(row.function) | low(qualifiers, 11)) << 5
      | UInt32(fc & 31)
  }

  /// LDA, loads and stores.
  static func memory(
    _ operation: Operation, _ ra: Int, _ displacement: Int, _ rb: Int
  ) -> UInt32 {
    fields(InstructionTable.row(of: operation).opcode, ra, rb) | low(displacement, 16)
  }

  /// Branches; the displacement is in instructions from the next one.
  static func branch(_ operation: Operation, _ ra: Int, _ displacement: Int) -> UInt32 {
    fields(InstructionTable.row(of: operation).opcode, ra, 0) | low(displacement, 21)
  }

  /// JMP, JSR, RET and JSR_COROUTINE; the hint has no effect.
  static func jump(_ operation: Operation, _ ra: Int, _ rb: Int, hint: Int = 0) -> UInt32 {
    let row = InstructionTable.row(of: operation)
    return fields(row.opcode, ra, rb) | UInt32(row.function) << 14 | low(hint, 14)
  }

  /// Barriers, RPCC, RC, RS and cache hints (opcode 0x18).
  static func miscellaneous(_ operation: Operation, _ ra: Int = 31, _ rb: Int = 31) -> UInt32 {
    let row = InstructionTable.row(of: operation)
    return fields(row.opcode, ra, rb) | UInt32(row.function)
  }

  static func callPAL(_ function: Int) -> UInt32 { low(function, 26) }

  static func mfpr(_ ra: Int, _ number: Int) -> UInt32 { fields(0x19, ra, 31) | low(number, 16) }
  static func mtpr(_ rb: Int, _ number: Int) -> UInt32 { fields(0x1D, 31, rb) | low(number, 16) }
  static func hardwareReturn(_ rb: Int) -> UInt32 { fields(0x1E, 31, rb) | 0x8000 }

  static func hardwareLoad(
    type: Int, _ ra: Int, _ displacement: Int, _ rb: Int
  ) -> UInt32 {
    fields(0x1B, ra, rb) | low(type, 4) << 12 | low(displacement, 12)
  }

  static func hardwareStore(
    type: Int, _ ra: Int, _ displacement: Int, _ rb: Int
  ) -> UInt32 {
    fields(0x1F, ra, rb) | low(type, 4) << 12 | low(displacement, 12)
  }

  /// BIS R31,R31,R31.
  static let nop = operate(.bis, 31, 31, 31)
  /// CPYS F31,F31,F31.
  static let fnop = float(.cpys, 31, 31, 31)
  /// A branch to itself.
  static let stay = branch(.br, 31, -1)
  /// Opcode 1, which the architecture reserves.
  static let illegal: UInt32 = 0x0400_0000

  private static func fields(_ opcode: UInt8, _ ra: Int, _ rb: Int) -> UInt32 {
    UInt32(opcode) << 26 | low(ra, 5) << 21 | low(rb, 5) << 16
  }

  private static func low(_ value: Int, _ bits: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: value) & (1 << UInt32(bits) - 1)
  }
}

// The instructions that tests use most.
extension Encode {
  static func addq(_ ra: Int, _ rb: Int, _ rc: Int) -> UInt32 { operate(.addq, ra, rb, rc) }
  static func addq(_ ra: Int, literal: Int, _ rc: Int) -> UInt32 {
    operate(.addq, ra, literal: literal, rc)
  }
  static func lda(_ ra: Int, _ displacement: Int, _ rb: Int = 31) -> UInt32 {
    memory(.lda, ra, displacement, rb)
  }
  static func ldq(_ ra: Int, _ displacement: Int, _ rb: Int) -> UInt32 {
    memory(.ldq, ra, displacement, rb)
  }
  static func stq(_ ra: Int, _ displacement: Int, _ rb: Int) -> UInt32 {
    memory(.stq, ra, displacement, rb)
  }
  static func stl(_ ra: Int, _ displacement: Int, _ rb: Int) -> UInt32 {
    memory(.stl, ra, displacement, rb)
  }
}

extension Operation {
  /// Bytes that a load or store moves.
  var byteCount: Int {
    switch self {
    case .ldbu, .stb: 1
    case .ldwu, .stw: 2
    case .ldl, .ldlL, .lds, .ldf, .stl, .stlC, .sts, .stf: 4
    default: 8
    }
  }
}
