/// Every instruction of the EV67 (Alpha AHB appendix C; opcodes reserved to PALcode: 21264/EV67
/// HRM 6.4). The rows stand in the order of `Operation`.
public enum InstructionTable {
  /// All rows.
  public static let rows: [InstructionRow] =
    memoryRows + integerRows + floatRows + controlRows

  /// The row of an operation.
  public static func row(of operation: Operation) -> InstructionRow {
    rows[Int(operation.rawValue)]
  }
}

extension Operation {
  /// Whether the instruction is disabled by FEN = 0: it names a floating-point register.
  public var isFloat: Bool {
    switch self {
    case .ldf, .ldg, .lds, .ldt, .stf, .stg, .sts, .stt, .ftoit, .ftois,
      .fbeq, .fblt, .fble, .fbne, .fbge, .fbgt:
      true
    default:
      (Operation.itofs.rawValue...Operation.cvtqlSV.rawValue).contains(rawValue)
    }
  }

  /// The mnemonic in the manual's lower-case spelling, without floating-point qualifiers.
  public var mnemonic: String { InstructionTable.row(of: self).mnemonic }

  /// The access that the instruction makes to memory, or nil: prefetches and cache hints make
  /// none. The word is needed because HW_LD and HW_ST have their length in it.
  public func memoryAccess(in word: InstructionWord) -> MemoryAccess? {
    let row = InstructionTable.row(of: self)
    let byteCount = row.format == .hardware ? Int(word.hardwareType & 1 + 1) * 4 : row.byteCount
    return switch row.memory {
    case .none: nil
    case .load: .load(byteCount: byteCount)
    case .store: .store(byteCount: byteCount)
    }
  }
}

/// A data access of an instruction.
public enum MemoryAccess: Hashable, Sendable {
  /// Reads this many bytes.
  case load(byteCount: Int)
  /// Writes this many bytes.
  case store(byteCount: Int)
}
