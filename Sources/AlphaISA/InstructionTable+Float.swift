extension InstructionTable {
  /// Floating-point operate instructions. The function of one with qualifiers is given without them.
  static let floatRows = registerRows + vaxRows + ieeeRows + anyTypeRows

  /// Moves from integer registers, square roots (FIX).
  private static let registerRows: [InstructionRow] = [
    float(.itofs, "itofs", 0x14, 0x004, .rbIs31),
    float(.itoff, "itoff", 0x14, 0x014, .rbIs31),
    float(.itoft, "itoft", 0x14, 0x024, .rbIs31),
    float(.sqrtf, "sqrtf", 0x14, 0x0a, .raIs31, qualifiers: .vax, mayTrap: true),
    float(.sqrtg, "sqrtg", 0x14, 0x2a, .raIs31, qualifiers: .vax, mayTrap: true),
    float(.sqrts, "sqrts", 0x14, 0x0b, .raIs31, qualifiers: .ieee, mayTrap: true),
    float(.sqrtt, "sqrtt", 0x14, 0x2b, .raIs31, qualifiers: .ieee, mayTrap: true),
  ]

  /// VAX F and G arithmetic; of D only the conversions.
  private static let vaxRows: [InstructionRow] = [
    float(.addf, "addf", 0x15, 0x00, qualifiers: .vax, mayTrap: true),
    float(.subf, "subf", 0x15, 0x01, qualifiers: .vax, mayTrap: true),
    float(.mulf, "mulf", 0x15, 0x02, qualifiers: .vax, mayTrap: true),
    float(.divf, "divf", 0x15, 0x03, qualifiers: .vax, mayTrap: true),
    float(.cvtdg, "cvtdg", 0x15, 0x1e, .raIs31, qualifiers: .vax, mayTrap: true),
    float(.addg, "addg", 0x15, 0x20, qualifiers: .vax, mayTrap: true),
    float(.subg, "subg", 0x15, 0x21, qualifiers: .vax, mayTrap: true),
    float(.mulg, "mulg", 0x15, 0x22, qualifiers: .vax, mayTrap: true),
    float(.divg, "divg", 0x15, 0x23, qualifiers: .vax, mayTrap: true),
    float(.cmpgeq, "cmpgeq", 0x15, 0x25, qualifiers: .vaxCompare, mayTrap: true),
    float(.cmpglt, "cmpglt", 0x15, 0x26, qualifiers: .vaxCompare, mayTrap: true),
    float(.cmpgle, "cmpgle", 0x15, 0x27, qualifiers: .vaxCompare, mayTrap: true),
    float(.cvtgf, "cvtgf", 0x15, 0x2c, .raIs31, qualifiers: .vax, mayTrap: true),
    float(.cvtgd, "cvtgd", 0x15, 0x2d, .raIs31, qualifiers: .vax, mayTrap: true),
    float(.cvtgq, "cvtgq", 0x15, 0x2f, .raIs31, qualifiers: .vax, mayTrap: true),
    float(.cvtqf, "cvtqf", 0x15, 0x3c, .raIs31, qualifiers: .vaxExact, mayTrap: true),
    float(.cvtqg, "cvtqg", 0x15, 0x3e, .raIs31, qualifiers: .vaxExact, mayTrap: true),
  ]

  /// IEEE S and T arithmetic.
  private static let ieeeRows: [InstructionRow] = [
    float(.adds, "adds", 0x16, 0x00, qualifiers: .ieee, mayTrap: true),
    float(.subs, "subs", 0x16, 0x01, qualifiers: .ieee, mayTrap: true),
    float(.muls, "muls", 0x16, 0x02, qualifiers: .ieee, mayTrap: true),
    float(.divs, "divs", 0x16, 0x03, qualifiers: .ieee, mayTrap: true),
    float(.addt, "addt", 0x16, 0x20, qualifiers: .ieee, mayTrap: true),
    float(.subt, "subt", 0x16, 0x21, qualifiers: .ieee, mayTrap: true),
    float(.mult, "mult", 0x16, 0x22, qualifiers: .ieee, mayTrap: true),
    float(.divt, "divt", 0x16, 0x23, qualifiers: .ieee, mayTrap: true),
    float(.cmptun, "cmptun", 0x16, 0x24, qualifiers: .ieeeCompare, mayTrap: true),
    float(.cmpteq, "cmpteq", 0x16, 0x25, qualifiers: .ieeeCompare, mayTrap: true),
    float(.cmptlt, "cmptlt", 0x16, 0x26, qualifiers: .ieeeCompare, mayTrap: true),
    float(.cmptle, "cmptle", 0x16, 0x27, qualifiers: .ieeeCompare, mayTrap: true),
    float(.cvtts, "cvtts", 0x16, 0x2c, .raIs31, qualifiers: .ieee, mayTrap: true),
    float(.cvttq, "cvttq", 0x16, 0x2f, .raIs31, qualifiers: .ieee, mayTrap: true),
    float(.cvtqs, "cvtqs", 0x16, 0x3c, .raIs31, qualifiers: .ieeeInexact, mayTrap: true),
    float(.cvtqt, "cvtqt", 0x16, 0x3e, .raIs31, qualifiers: .ieeeInexact, mayTrap: true),
    float(.cvtst, "cvtst", 0x16, 0x2c, .raIs31, qualifiers: .ieeeWiden, mayTrap: true),
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
    float(.cvtqlV, "cvtql/v", 0x17, 0x130, .raIs31, mayTrap: true),
    float(.cvtqlSV, "cvtql/sv", 0x17, 0x530, .raIs31, mayTrap: true),
  ]

  private static func float(
    _ operation: Operation, _ mnemonic: String, _ opcode: UInt8, _ function: UInt16,
    _ fixed: InstructionRow.FixedFields = [], qualifiers: QualifierSet = .none,
    mayTrap: Bool = false
  ) -> InstructionRow {
    InstructionRow(
      operation: operation, mnemonic: mnemonic, opcode: opcode, function: function,
      format: .floatOperate, fixed: fixed, qualifiers: qualifiers, memory: .none, byteCount: 0,
      mayTrap: mayTrap)
  }
}
