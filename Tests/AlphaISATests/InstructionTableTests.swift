import AlphaISA
import Testing

@Suite("Instruction table")
struct InstructionTableTests {
  @Test("The rows stand in the order of Operation")
  func order() {
    #expect(InstructionTable.rows.map(\.operation) == Operation.allCases)
  }
}
