/// Finds the operation of an instruction word.
public enum Decoder {
  /// The operation, or nil where the processor raises OPCDEC whatever its mode: a reserved
  /// opcode, a function code that is not assigned, or an unused field without its fixed value.
  /// Whether the mode allows CALL_PAL's function or a HW_ opcode is the processor's to say.
  public static func operation(of word: InstructionWord) -> Operation? {
    guard let operation = candidates[Int(word.opcode) << 11 | Int(word.floatFunction)] else {
      return nil
    }
    let pattern = patterns[Int(operation.rawValue)]
    return word.rawValue & pattern.mask == pattern.match ? operation : nil
  }

  /// The only operation that a word with this opcode (index bits 16:11) and these bits 15:5
  /// (index bits 10:0) can have. No format has function bits elsewhere, except opcode 0x18, whose
  /// bits 4:0 are left to the pattern.
  private static let candidates: [Operation?] = {
    var candidates = [Operation?](repeating: nil, count: 64 << 11)
    for row in InstructionTable.rows {
      for function in row.functions {
        candidates[Int(row.opcode) << 11 | function] = row.operation
      }
    }
    return candidates
  }()

  /// The bits that a word must have besides its function, by raw value of the operation.
  private static let patterns: [BitPattern] = InstructionTable.rows.map(\.fixedBits)
}

/// A word fits if `word & mask == match`.
struct BitPattern: Sendable {
  var mask: UInt32 = 0
  var match: UInt32 = 0

  mutating func require(_ value: UInt32, in field: UInt32) {
    mask |= field
    match |= value
  }
}

extension InstructionRow {
  /// The values that bits 15:5 of a word may have.
  fileprivate var functions: [Int] {
    switch format {
    case .memory, .branch, .pal, .hardware: Array(0..<0x800)
    case .memoryFunction: [Int(function) >> 5]
    case .jump: (0..<0x800).filter { $0 >> 9 == Int(function) }
    case .integerOperate: (0..<0x800).filter { $0 & 0x7f == Int(function) }
    case .floatOperate where qualifiers == .none: [Int(function)]
    case .floatOperate:
      (0..<0x800).filter {
        $0 & 0x3f == Int(function)
          && qualifiers.contains(FloatQualifiers(function: UInt16($0)))
      }
    }
  }

  /// The unused fields with their fixed values.
  fileprivate var fixedBits: BitPattern {
    var bits = BitPattern()
    if format == .memoryFunction { bits.require(0, in: 0x1f) }
    if fixed.contains(.raIs31) { bits.require(31 << 21, in: 31 << 21) }
    if fixed.contains(.rbIs31) { bits.require(31 << 16, in: 31 << 16) }
    if fixed.contains(.noLiteral) { bits.require(0, in: 1 << 12) }
    return bits
  }
}
