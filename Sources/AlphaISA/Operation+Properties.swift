// What disassembler and processor ask about an operation.
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
}
