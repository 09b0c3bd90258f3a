/// One 32-bit instruction and its fields, as the formats of the architecture cut it
/// (Alpha AHB 3.3; PALmode formats: 21264/EV67 HRM 6.4). Every field can be read from any word;
/// which of them mean something is what `Operation` says.
@frozen
public struct InstructionWord: RawRepresentable, Hashable, Sendable {
  /// The instruction as it stands in memory, little endian.
  public var rawValue: UInt32

  /// Any 32 bits are an instruction word, though not every word is an instruction.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Bits 31:26.
  @inlinable
  public var opcode: UInt8 { UInt8(truncatingIfNeeded: rawValue &>> 26) }

  /// Ra or Fa, bits 25:21.
  @inlinable
  public var ra: UInt8 { UInt8(truncatingIfNeeded: rawValue &>> 21) & 31 }

  /// Rb or Fb, bits 20:16.
  @inlinable
  public var rb: UInt8 { UInt8(truncatingIfNeeded: rawValue &>> 16) & 31 }

  /// Rc or Fc, bits 4:0.
  @inlinable
  public var rc: UInt8 { UInt8(truncatingIfNeeded: rawValue) & 31 }
}

// Operate formats.
extension InstructionWord {
  /// Bit 12 of an integer operate instruction: `literal` takes the place of Rb.
  @inlinable
  public var isLiteral: Bool { rawValue & 0x1000 != 0 }

  /// The zero-extended literal of an integer operate instruction, bits 20:13.
  @inlinable
  public var literal: UInt8 { UInt8(truncatingIfNeeded: rawValue &>> 13) }

  /// The function of a floating-point operate instruction, bits 15:5.
  @inlinable
  public var floatFunction: UInt16 { UInt16(truncatingIfNeeded: rawValue &>> 5) & 0x7ff }
}

// Memory and branch formats.
extension InstructionWord {
  /// The displacement of a load, store or LDA in bytes, bits 15:0 sign-extended. LDAH shifts it
  /// left by 16 itself.
  @inlinable
  public var memoryDisplacement: Int64 { Int64(Int16(truncatingIfNeeded: rawValue)) }

  /// The branch-prediction hint of a jump, bits 13:0. It has no architectural effect.
  @inlinable
  public var jumpHint: UInt16 { UInt16(truncatingIfNeeded: rawValue) & 0x3fff }

  /// The hint of JMP and JSR as a displacement in instructions from the updated PC, bits 13:0
  /// sign-extended.
  @inlinable
  public var jumpDisplacement: Int64 {
    Int64(Int16(truncatingIfNeeded: rawValue &<< 2) &>> 2)
  }

  /// The displacement of a branch in instructions from the updated PC, bits 20:0 sign-extended.
  @inlinable
  public var branchDisplacement: Int64 { Int64(Int32(bitPattern: rawValue &<< 11) &>> 11) }
}

// PALcode formats.
extension InstructionWord {
  /// The function of CALL_PAL, bits 25:0.
  @inlinable
  public var palFunction: UInt32 { rawValue & 0x03ff_ffff }

  /// The displacement of HW_LD and HW_ST in bytes, bits 11:0 sign-extended.
  @inlinable
  public var hardwareDisplacement: Int64 {
    Int64(Int16(truncatingIfNeeded: rawValue &<< 4) &>> 4)
  }

  /// The access type of HW_LD and HW_ST with its length in bit 0 (1: quadword), bits 15:12.
  @inlinable
  public var hardwareType: UInt8 { UInt8(truncatingIfNeeded: rawValue &>> 12) & 15 }

  /// The processor register of HW_MFPR and HW_MTPR with its scoreboard mask, bits 15:0.
  @inlinable
  public var processorRegister: UInt16 { UInt16(truncatingIfNeeded: rawValue) }
}
