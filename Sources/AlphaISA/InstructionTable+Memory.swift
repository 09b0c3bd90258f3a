extension InstructionTable {
  /// Loads, stores and address arithmetic.
  static let memoryRows: [InstructionRow] = [
    memory(.lda, "lda", 0x08),
    memory(.ldah, "ldah", 0x09),
    memory(.ldbu, "ldbu", 0x0a, .load),
    memory(.ldqU, "ldq_u", 0x0b, .load),
    memory(.ldwu, "ldwu", 0x0c, .load),
    memory(.stw, "stw", 0x0d, .store),
    memory(.stb, "stb", 0x0e, .store),
    memory(.stqU, "stq_u", 0x0f, .store),
    memory(.ldf, "ldf", 0x20, .load),
    memory(.ldg, "ldg", 0x21, .load),
    memory(.lds, "lds", 0x22, .load),
    memory(.ldt, "ldt", 0x23, .load),
    memory(.stf, "stf", 0x24, .store),
    memory(.stg, "stg", 0x25, .store),
    memory(.sts, "sts", 0x26, .store),
    memory(.stt, "stt", 0x27, .store),
    memory(.ldl, "ldl", 0x28, .load),
    memory(.ldq, "ldq", 0x29, .load),
    memory(.ldlL, "ldl_l", 0x2a, .load),
    memory(.ldqL, "ldq_l", 0x2b, .load),
    memory(.stl, "stl", 0x2c, .store),
    memory(.stq, "stq", 0x2d, .store),
    memory(.stlC, "stl_c", 0x2e, .store),
    memory(.stqC, "stq_c", 0x2f, .store),
  ]

  private static func memory(
    _ operation: Operation, _ mnemonic: String, _ opcode: UInt8,
    _ memory: InstructionRow.Memory = .none
  ) -> InstructionRow {
    InstructionRow(
      operation: operation, mnemonic: mnemonic, opcode: opcode, function: 0, format: .memory,
      fixed: [], qualifiers: .none, memory: memory)
  }
}
