extension InstructionTable {
  /// Floating-point operate instructions. The function of one with qualifiers is given without them.
  static let floatRows = registerRows + vaxRows + ieeeRows + anyTypeRows

  /// Moves from integer registers, square roots (FIX).
  private static let registerRows: [InstructionRow] = [
    float(.itofs, "itofs", 0x14, 0x004, .rbIs31),
    float(.itoff, "itoff", 0x14, 0x014, .rbIs31),
    float(.itoft, "itoft", 0x14, 0x024, .rbIs31),
    float(.sqrtf, "sqrtf", 0x14, 0x0a, .raIs31, qualifiers: .vax),
    float(.sqrtg, "sqrtg", 0x14, 0x2a, .raIs31, qualifiers: .vax),
    float(.sqrts, "sqrts", 0x14, 0x0b, .raIs31, qualifiers: .ieee),
    float(.sqrtt, "sqrtt", 0x14, 0x2b, .raIs31, qualifiers: .ieee),
  ]

  /// VAX F and G arithmetic; of D only the conversions.
  private static let vaxRows: [InstructionRow] = [
    float(.addf, "addf", 0x15, 0x00, qualifiers: .vax),
    float(.subf, "subf", 0x15, 0x01, qualifiers: .vax),
    float(.mulf, "mulf", 0x15, 0x02, qualifiers: .vax),
    float(.divf, "divf", 0x15, 0x03, qualifiers: .vax),
    float(.cvtdg, "cvtdg", 0x15, 0x1e, .raIs31, qualifiers: .vax),
    float(.addg, "addg", 0x15, 0x20, qualifiers: .vax),
    float(.subg, "subg", 0x15, 0x21, qualifiers: .vax),
    float(.mulg, "mulg", 0x15, 0x22, qualifiers: .vax),
    float(.divg, "divg", 0x15, 0x23, qualifiers: .vax),
    float(.cmpgeq, "cmpgeq", 0x15, 0x25, qualifiers: .vaxCompare),
    float(.cmpglt, "cmpglt", 0x15, 0x26, qualifiers: .vaxCompare),
    float(.cmpgle, "cmpgle", 0x15, 0x27, qualifiers: .vaxCompare),
    float(.cvtgf, "cvtgf", 0x15, 0x2c, .raIs31, qualifiers: .vax),
    float(.cvtgd, "cvtgd", 0x15, 0x2d, .raIs31, qualifiers: .vax),
    float(.cvtgq, "cvtgq", 0x15, 0x2f, .raIs31, qualifiers: .vax),
    float(.cvtqf, "cvtqf", 0x15, 0x3c, .raIs31, qualifiers: .vaxFromInteger),
    float(.cvtqg, "cvtqg", 0x15, 0x3e, .raIs31, qualifiers: .vaxFromInteger),
  ]

  /// IEEE S and T arithmetic.
  private static let ieeeRows: [InstructionRow] = [
    float(.adds, "adds", 0x16, 0x00, qualifiers: .ieee),
    float(.subs, "subs", 0x16, 0x01, qualifiers: .ieee),
    float(.muls, "muls", 0x16, 0x02, qualifiers: .ieee),
    float(.divs, "divs", 0x16, 0x03, qualifiers: .ieee),
    float(.addt, "addt", 0x16, 0x20, qualifiers: .ieee),
    float(.subt, "subt", 0x16, 0x21, qualifiers: .ieee),
    float(.mult, "mult", 0x16, 0x22, qualifiers: .ieee),
    float(.divt, "divt", 0x16, 0x23, qualifiers: .ieee),
    float(.cmptun, "cmptun", 0x16, 0x24, qualifiers: .ieeeCompare),
    float(.cmpteq, "cmpteq", 0x16, 0x25, qualifiers: .ieeeCompare),
    float(.cmptlt, "cmptlt", 0x16, 0x26, qualifiers: .ieeeCompare),
    float(.cmptle, "cmptle", 0x16, 0x27, qualifiers: .ieeeCompare),
    float(.cvtts, "cvtts", 0x16, 0x2c, .raIs31, qualifiers: .ieee),
    float(.cvttq, "cvttq", 0x16, 0x2f, .raIs31, qualifiers: .ieee),
    float(.cvtqs, "cvtqs", 0x16, 0x3c, .raIs31, qualifiers: .ieeeFromInteger),
    float(.cvtqt, "cvtqt", 0x16, 0x3e, .raIs31, qualifiers: .ieeeFromInteger),
    float(.cvtst, "cvtst", 0x16, 0x2c, .raIs31, qualifiers: .cvtst),
  ]

  /// Operations on any data type.
  private static let anyTypeRows: [InstructionRow] = [
    float(.cvtlq, "cvtlq", 0x17, 0x010, .raIs31),
    float(.cpys, "cpys", 0x17, 0x020),
    float(.cpysn, "cpysn", 0x17, 0x021),
    float(.cpyse, "cpyse", 0x17, 0x022),
    float(.mtFPCR, "mt_fpcr", 0x17, 0x024),
    float(.mfFPCR, "mf_fpcr", 0x17, 0x025),
    float(.fcmoveq, "fcmoveq", 0x17, 0x02a),
    float(.fcmovne, "fcmovne", 0x17, 0x02b),
    float(.fcmovlt, "fcmovlt", 0x17, 0x02c),
    float(.fcmovge, "fcmovge", 0x17, 0x02d),
    float(.fcmovle, "fcmovle", 0x17, 0x02e),
    float(.fcmovgt, "fcmovgt", 0x17, 0x02f),
    float(.cvtql, "cvtql", 0x17, 0x030, .raIs31),
    float(.cvtqlV, "cvtql/v", 0x17, 0x130, .raIs31),
    float(.cvtqlSV, "cvtql/sv", 0x17, 0x530, .raIs31),
  ]

  private static func float(
    _ operation: Operation, _ mnemonic: String, _ opcode: UInt8, _ function: UInt16,
    _ fixed: InstructionRow.FixedFields = [], qualifiers: QualifierSet = .none
  ) -> InstructionRow {
    InstructionRow(
      operation: operation, mnemonic: mnemonic, opcode: opcode, function: function,
      format: .floatOperate, fixed: fixed, qualifiers: qualifiers, memory: .none)
  }
}
