import AlphaISA
import Testing

@Suite("Instruction table")
struct InstructionTableTests {
  @Test("The rows stand in the order of Operation")
  func order() {
    #expect(InstructionTable.rows.map(\.operation) == Operation.allCases)
  }

  @Test("Mnemonics are unique")
  func mnemonics() {
    #expect(Set(InstructionTable.rows.map(\.mnemonic)).count == Operation.allCases.count)
  }

  @Test("Rows say what they do with memory")
  func memory() {
    let loads: [Operation] = [
      .ldbu, .ldwu, .ldl, .ldlL, .ldf, .lds, .ldq, .ldqL, .ldqU, .ldg, .ldt, .hwLD,
    ]
    let stores: [Operation] = [
      .stb, .stw, .stl, .stlC, .stf, .sts, .stq, .stqC, .stqU, .stg, .stt, .hwST,
    ]
    for row in InstructionTable.rows {
      let expected: InstructionRow.Memory =
        loads.contains(row.operation) ? .load : stores.contains(row.operation) ? .store : .none
      #expect(row.memory == expected, "\(row.mnemonic)")
    }
  }

  @Test("FEN disables what names a floating-point register")
  func isFloat() {
    for row in InstructionTable.rows {
      let expected =
        switch row.opcode {
        case 0x14...0x17, 0x20...0x27, 0x31...0x33, 0x35...0x37: true
        case 0x1c: row.function == 0x70 || row.function == 0x78
        default: false
        }
      #expect(row.operation.isFloat == expected, "\(row.mnemonic)")
    }
  }
}
