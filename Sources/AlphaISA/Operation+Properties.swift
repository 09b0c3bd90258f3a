// What tracers and the processor ask about an operation.
extension Operation {
  /// Whether the instruction needs FEN = 1: it works on floating-point registers or the FPCR.
  public var isFloat: Bool {
    switch self {
    case .ldf, .ldg, .lds, .ldt, .stf, .stg, .sts, .stt, .ftoit, .ftois,
      .fbeq, .fblt, .fble, .fbne, .fbge, .fbgt:
      true
    default:
      // Opcodes 0x14 to 0x17.
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
