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
