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

  @Test("Loads and stores say how many bytes they move")
  func memory() {
    let loads: [(Operation, Int)] = [
      (.ldbu, 1), (.ldwu, 2), (.ldl, 4), (.ldlL, 4), (.ldf, 4), (.lds, 4),
      (.ldq, 8), (.ldqL, 8), (.ldqU, 8), (.ldg, 8), (.ldt, 8),
    ]
    let stores: [(Operation, Int)] = [
      (.stb, 1), (.stw, 2), (.stl, 4), (.stlC, 4), (.stf, 4), (.sts, 4),
      (.stq, 8), (.stqC, 8), (.stqU, 8), (.stg, 8), (.stt, 8),
    ]
    for (list, memory) in [(loads, .load), (stores, .store)]
      as [([(Operation, Int)], InstructionRow.Memory)]
    {
      for (operation, count) in list {
        let row = InstructionTable.row(of: operation)
        #expect(row.memory == memory && row.byteCount == count, "\(operation)")
      }
    }
    // HW_LD and HW_ST have their length in the word.
    let accesses = InstructionTable.rows.filter { $0.memory != .none }
    #expect(accesses.count == loads.count + stores.count + 2)
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

  @Test("What may trap: memory accesses, /V, arithmetic with qualifiers, PALcode")
  func mayTrap() {
    for operation in [
      .ldq, .stb, .addlV, .mulqV, .addt, .sqrtg, .cvtqt, .cvtqlSV, .callPAL, .hwRET,
    ]
      as [Operation]
    {
      #expect(InstructionTable.row(of: operation).mayTrap, "\(operation)")
    }
    for operation in [
      .lda, .ldah, .addl, .mulq, .cpys, .ftoit, .itofs, .cvtql, .cvtqg, .br, .mb, .jsr,
    ]
      as [Operation]
    {
      #expect(!InstructionTable.row(of: operation).mayTrap, "\(operation)")
    }
  }
}
