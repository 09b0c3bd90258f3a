extension InstructionTable {
  /// Integer operate instructions.
  static let integerRows =
    arithmeticRows + logicRows + byteRows + multiplyRows + multimediaRows

  /// Arithmetic and comparison.
  private static let arithmeticRows: [InstructionRow] = [
    integer(.addl, "addl", 0x10, 0x00),
    integer(.s4addl, "s4addl", 0x10, 0x02),
    integer(.subl, "subl", 0x10, 0x09),
    integer(.s4subl, "s4subl", 0x10, 0x0b),
    integer(.cmpbge, "cmpbge", 0x10, 0x0f),
    integer(.s8addl, "s8addl", 0x10, 0x12),
    integer(.s8subl, "s8subl", 0x10, 0x1b),
    integer(.cmpult, "cmpult", 0x10, 0x1d),
    integer(.addq, "addq", 0x10, 0x20),
    integer(.s4addq, "s4addq", 0x10, 0x22),
    integer(.subq, "subq", 0x10, 0x29),
    integer(.s4subq, "s4subq", 0x10, 0x2b),
    integer(.cmpeq, "cmpeq", 0x10, 0x2d),
    integer(.s8addq, "s8addq", 0x10, 0x32),
    integer(.s8subq, "s8subq", 0x10, 0x3b),
    integer(.cmpule, "cmpule", 0x10, 0x3d),
    integer(.addlV, "addl/v", 0x10, 0x40),
    integer(.sublV, "subl/v", 0x10, 0x49),
    integer(.cmplt, "cmplt", 0x10, 0x4d),
    integer(.addqV, "addq/v", 0x10, 0x60),
    integer(.subqV, "subq/v", 0x10, 0x69),
    integer(.cmple, "cmple", 0x10, 0x6d),
  ]

  /// Logic, conditional moves, implementation queries.
  private static let logicRows: [InstructionRow] = [
    integer(.and, "and", 0x11, 0x00),
    integer(.bic, "bic", 0x11, 0x08),
    integer(.cmovlbs, "cmovlbs", 0x11, 0x14),
    integer(.cmovlbc, "cmovlbc", 0x11, 0x16),
    integer(.bis, "bis", 0x11, 0x20),
    integer(.cmoveq, "cmoveq", 0x11, 0x24),
    integer(.cmovne, "cmovne", 0x11, 0x26),
    integer(.ornot, "ornot", 0x11, 0x28),
    integer(.xor, "xor", 0x11, 0x40),
    integer(.cmovlt, "cmovlt", 0x11, 0x44),
    integer(.cmovge, "cmovge", 0x11, 0x46),
    integer(.eqv, "eqv", 0x11, 0x48),
    integer(.amask, "amask", 0x11, 0x61, .raIs31),
    integer(.cmovle, "cmovle", 0x11, 0x64),
    integer(.cmovgt, "cmovgt", 0x11, 0x66),
    integer(.implver, "implver", 0x11, 0x6c, .raIs31),
  ]

  /// Bytes within a quadword, shifts.
  private static let byteRows: [InstructionRow] = [
    integer(.mskbl, "mskbl", 0x12, 0x02),
    integer(.extbl, "extbl", 0x12, 0x06),
    integer(.insbl, "insbl", 0x12, 0x0b),
    integer(.mskwl, "mskwl", 0x12, 0x12),
    integer(.extwl, "extwl", 0x12, 0x16),
    integer(.inswl, "inswl", 0x12, 0x1b),
    integer(.mskll, "mskll", 0x12, 0x22),
    integer(.extll, "extll", 0x12, 0x26),
    integer(.insll, "insll", 0x12, 0x2b),
    integer(.zap, "zap", 0x12, 0x30),
    integer(.zapnot, "zapnot", 0x12, 0x31),
    integer(.mskql, "mskql", 0x12, 0x32),
    integer(.srl, "srl", 0x12, 0x34),
    integer(.extql, "extql", 0x12, 0x36),
    integer(.sll, "sll", 0x12, 0x39),
    integer(.insql, "insql", 0x12, 0x3b),
    integer(.sra, "sra", 0x12, 0x3c),
    integer(.mskwh, "mskwh", 0x12, 0x52),
    integer(.inswh, "inswh", 0x12, 0x57),
    integer(.extwh, "extwh", 0x12, 0x5a),
    integer(.msklh, "msklh", 0x12, 0x62),
    integer(.inslh, "inslh", 0x12, 0x67),
    integer(.extlh, "extlh", 0x12, 0x6a),
    integer(.mskqh, "mskqh", 0x12, 0x72),
    integer(.insqh, "insqh", 0x12, 0x77),
    integer(.extqh, "extqh", 0x12, 0x7a),
  ]

  /// Multiplication.
  private static let multiplyRows: [InstructionRow] = [
    integer(.mull, "mull", 0x13, 0x00),
    integer(.mulq, "mulq", 0x13, 0x20),
    integer(.umulh, "umulh", 0x13, 0x30),
    integer(.mullV, "mull/v", 0x13, 0x40),
    integer(.mulqV, "mulq/v", 0x13, 0x60),
  ]

  /// Sign extension, counting, multimedia (BWX, CIX, MVI), moves from float registers (FIX).
  private static let multimediaRows: [InstructionRow] = [
    integer(.sextb, "sextb", 0x1c, 0x00, .raIs31),
    integer(.sextw, "sextw", 0x1c, 0x01, .raIs31),
    integer(.ctpop, "ctpop", 0x1c, 0x30, [.raIs31, .noLiteral]),
    integer(.perr, "perr", 0x1c, 0x31, .noLiteral),
    integer(.ctlz, "ctlz", 0x1c, 0x32, [.raIs31, .noLiteral]),
    integer(.cttz, "cttz", 0x1c, 0x33, [.raIs31, .noLiteral]),
    integer(.unpkbw, "unpkbw", 0x1c, 0x34, [.raIs31, .noLiteral]),
    integer(.unpkbl, "unpkbl", 0x1c, 0x35, [.raIs31, .noLiteral]),
    integer(.pkwb, "pkwb", 0x1c, 0x36, [.raIs31, .noLiteral]),
    integer(.pklb, "pklb", 0x1c, 0x37, [.raIs31, .noLiteral]),
    integer(.minsb8, "minsb8", 0x1c, 0x38),
    integer(.minsw4, "minsw4", 0x1c, 0x39),
    integer(.minub8, "minub8", 0x1c, 0x3a),
    integer(.minuw4, "minuw4", 0x1c, 0x3b),
    integer(.maxub8, "maxub8", 0x1c, 0x3c),
    integer(.maxuw4, "maxuw4", 0x1c, 0x3d),
    integer(.maxsb8, "maxsb8", 0x1c, 0x3e),
    integer(.maxsw4, "maxsw4", 0x1c, 0x3f),
    moveToInteger(.ftoit, "ftoit", 0x070),
    moveToInteger(.ftois, "ftois", 0x078),
  ]

  private static func integer(
    _ operation: Operation, _ mnemonic: String, _ opcode: UInt8, _ function: UInt16,
    _ fixed: InstructionRow.FixedFields = []
  ) -> InstructionRow {
    InstructionRow(
      operation: operation, mnemonic: mnemonic, opcode: opcode, function: function,
      format: .integerOperate, fixed: fixed, qualifiers: .none, memory: .none)
  }

  /// FTOIx: a floating-point operate format among the integer opcodes.
  private static func moveToInteger(
    _ operation: Operation, _ mnemonic: String, _ function: UInt16
  ) -> InstructionRow {
    InstructionRow(
      operation: operation, mnemonic: mnemonic, opcode: 0x1c, function: function,
      format: .floatOperate, fixed: .rbIs31, qualifiers: .none, memory: .none)
  }
}
