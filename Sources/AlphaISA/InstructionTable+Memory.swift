extension InstructionTable {
  /// Loads, stores and address arithmetic.
  static let memoryRows: [InstructionRow] = [
    memory(.lda, "lda", 0x08),
    memory(.ldah, "ldah", 0x09),
    memory(.ldbu, "ldbu", 0x0a, .load, 1),
    memory(.ldqU, "ldq_u", 0x0b, .load, 8),
    memory(.ldwu, "ldwu", 0x0c, .load, 2),
    memory(.stw, "stw", 0x0d, .store, 2),
    memory(.stb, "stb", 0x0e, .store, 1),
    memory(.stqU, "stq_u", 0x0f, .store, 8),
    memory(.ldf, "ldf", 0x20, .load, 4),
    memory(.ldg, "ldg", 0x21, .load, 8),
    memory(.lds, "lds", 0x22, .load, 4),
    memory(.ldt, "ldt", 0x23, .load, 8),
    memory(.stf, "stf", 0x24, .store, 4),
    memory(.stg, "stg", 0x25, .store, 8),
    memory(.sts, "sts", 0x26, .store, 4),
    memory(.stt, "stt", 0x27, .store, 8),
    memory(.ldl, "ldl", 0x28, .load, 4),
    memory(.ldq, "ldq", 0x29, .load, 8),
    memory(.ldlL, "ldl_l", 0x2a, .load, 4),
    memory(.ldqL, "ldq_l", 0x2b, .load, 8),
    memory(.stl, "stl", 0x2c, .store, 4),
    memory(.stq, "stq", 0x2d, .store, 8),
    memory(.stlC, "stl_c", 0x2e, .store, 4),
    memory(.stqC, "stq_c", 0x2f, .store, 8),
  ]

  private static func memory(
    _ operation: Operation, _ mnemonic: String, _ opcode: UInt8,
    _ memory: InstructionRow.Memory = .none, _ byteCount: Int = 0
  ) -> InstructionRow {
    InstructionRow(
      operation: operation, mnemonic: mnemonic, opcode: opcode, function: 0, format: .memory,
      fixed: [], qualifiers: .none, memory: memory, byteCount: byteCount,
      mayTrap: memory != .none)
  }
}
