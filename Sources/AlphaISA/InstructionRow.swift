/// One row of `InstructionTable`: what decoder, disassembler and tracers know of an instruction.
public struct InstructionRow: Sendable {
  /// How the word is cut into fields (Alpha AHB 3.3), and where the function code is.
  public enum Format: Sendable {
    /// Ra, Rb and a 16-bit displacement.
    case memory
    /// Ra, Rb and a 16-bit function (opcode 0x18).
    case memoryFunction
    /// Ra, Rb, a 2-bit function and a 14-bit hint (opcode 0x1a).
    case jump
    /// Ra and a 21-bit displacement.
    case branch
    /// Ra, Rb or a literal, Rc and a 7-bit function.
    case integerOperate
    /// Fa, Fb, Fc and an 11-bit function.
    case floatOperate
    /// CALL_PAL: a 26-bit function.
    case pal
    /// An opcode reserved to PALcode; each cuts the word in its own way.
    case hardware
  }

  /// Fields that the instruction does not use and that must hold a fixed value.
  public struct FixedFields: OptionSet, Sendable {
    /// One bit for each rule.
    public let rawValue: UInt8
    /// Any combination of rules.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Ra, or Fa, must be register 31.
    public static let raIs31 = FixedFields(rawValue: 1)
    /// Rb, or Fb, must be register 31.
    public static let rbIs31 = FixedFields(rawValue: 2)
    /// An integer operate instruction that has no literal form.
    public static let noLiteral = FixedFields(rawValue: 4)
  }

  /// What the instruction does with memory.
  public enum Memory: Sendable {
    /// No data access; prefetches and cache hints count as none.
    case none
    /// Reads data.
    case load
    /// Writes data.
    case store
  }

  /// The operation that the row describes.
  public let operation: Operation
  /// The mnemonic in the manual's lower-case spelling, without floating-point qualifiers.
  public let mnemonic: String
  /// Bits 31:26.
  public let opcode: UInt8
  /// The function code; of a floating-point operate instruction with qualifiers bits 5:0 only.
  public let function: UInt16
  /// How the word is cut into fields.
  public let format: Format
  /// Fields that must hold a fixed value.
  public let fixed: FixedFields
  /// The floating-point qualifiers that the instruction may have.
  public let qualifiers: QualifierSet
  /// What it does with memory.
  public let memory: Memory
}
