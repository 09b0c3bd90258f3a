extension InstructionTable {
  /// Barriers, jumps, branches and PALcode.
  static let controlRows = miscellaneousRows + jumpRows + branchRows + palRows

  /// Barriers, counters, cache hints.
  private static let miscellaneousRows: [InstructionRow] = [
    control(.trapb, "trapb", 0x18, 0x0000, .memoryFunction),
    control(.excb, "excb", 0x18, 0x0400, .memoryFunction),
    control(.mb, "mb", 0x18, 0x4000, .memoryFunction),
    control(.wmb, "wmb", 0x18, 0x4400, .memoryFunction),
    control(.fetch, "fetch", 0x18, 0x8000, .memoryFunction),
    control(.fetchM, "fetch_m", 0x18, 0xa000, .memoryFunction),
    control(.rpcc, "rpcc", 0x18, 0xc000, .memoryFunction),
    control(.rc, "rc", 0x18, 0xe000, .memoryFunction),
    control(.ecb, "ecb", 0x18, 0xe800, .memoryFunction),
    control(.rs, "rs", 0x18, 0xf000, .memoryFunction),
    control(.wh64, "wh64", 0x18, 0xf800, .memoryFunction),
    control(.wh64en, "wh64en", 0x18, 0xfc00, .memoryFunction),
  ]

  /// Jumps: one behaviour, four hints for the prediction stack.
  private static let jumpRows: [InstructionRow] = [
    control(.jmp, "jmp", 0x1a, 0, .jump),
    control(.jsr, "jsr", 0x1a, 1, .jump),
    control(.ret, "ret", 0x1a, 2, .jump),
    control(.jsrCoroutine, "jsr_coroutine", 0x1a, 3, .jump),
  ]

  /// Branches.
  private static let branchRows: [InstructionRow] = [
    control(.br, "br", 0x30, 0, .branch),
    control(.fbeq, "fbeq", 0x31, 0, .branch),
    control(.fblt, "fblt", 0x32, 0, .branch),
    control(.fble, "fble", 0x33, 0, .branch),
    control(.bsr, "bsr", 0x34, 0, .branch),
    control(.fbne, "fbne", 0x35, 0, .branch),
    control(.fbge, "fbge", 0x36, 0, .branch),
    control(.fbgt, "fbgt", 0x37, 0, .branch),
    control(.blbc, "blbc", 0x38, 0, .branch),
    control(.beq, "beq", 0x39, 0, .branch),
    control(.blt, "blt", 0x3a, 0, .branch),
    control(.ble, "ble", 0x3b, 0, .branch),
    control(.blbs, "blbs", 0x3c, 0, .branch),
    control(.bne, "bne", 0x3d, 0, .branch),
    control(.bge, "bge", 0x3e, 0, .branch),
    control(.bgt, "bgt", 0x3f, 0, .branch),
  ]

  /// CALL_PAL and the opcodes reserved to PALcode.
  private static let palRows: [InstructionRow] = [
    control(.callPAL, "call_pal", 0x00, 0, .pal),
    control(.hwMFPR, "hw_mfpr", 0x19, 0, .hardware),
    control(.hwLD, "hw_ld", 0x1b, 0, .hardware, .load),
    control(.hwMTPR, "hw_mtpr", 0x1d, 0, .hardware),
    control(.hwRET, "hw_ret", 0x1e, 0, .hardware),
    control(.hwST, "hw_st", 0x1f, 0, .hardware, .store),
  ]

  private static func control(
    _ operation: Operation, _ mnemonic: String, _ opcode: UInt8, _ function: UInt16,
    _ format: InstructionRow.Format, _ memory: InstructionRow.Memory = .none
  ) -> InstructionRow {
    InstructionRow(
      operation: operation, mnemonic: mnemonic, opcode: opcode, function: function,
      format: format, fixed: [], qualifiers: .none, memory: memory)
  }
}
