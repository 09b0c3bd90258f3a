import AlphaISA
import Testing

/// Field by field; registers that the test does not name are R31.
private func decode(
  opcode: UInt8, ra: UInt32 = 31, rb: UInt32 = 31, low: UInt32
) -> Operation? {
  Decoder.operation(
    of: InstructionWord(rawValue: UInt32(opcode) << 26 | ra << 21 | rb << 16 | low))
}

@Suite("Decoder")
struct DecoderTests {
  @Test("Opcodes without function field decode whatever the other bits are")
  func wholeOpcodes() {
    for (opcode, operation) in AssignedFunctions.opcodes {
      for low: UInt32 in [0, 0xffff, 0x5555, 0xaaaa] {
        #expect(decode(opcode: opcode, low: low) == operation)
        #expect(decode(opcode: opcode, ra: 3, rb: 7, low: low) == operation)
      }
    }
  }

  @Test("Opcodes 01 to 07 are reserved")
  func reservedOpcodes() {
    for opcode: UInt8 in 0x01...0x07 {
      for function: UInt32 in 0...0x7ff {
        #expect(decode(opcode: opcode, low: function << 5) == nil)
      }
    }
  }

  @Test("Integer operate functions, and no others", arguments: AssignedFunctions.integer.keys)
  func integerFunctions(opcode: UInt8) throws {
    let assigned = try #require(AssignedFunctions.integer[opcode])
    let operations = Dictionary(uniqueKeysWithValues: assigned)
    for function: UInt8 in 0...0x7f {
      let operation = decode(opcode: opcode, low: UInt32(function) << 5)
      if opcode == 0x1c, function == 0x70 || function == 0x78 { continue }  // FTOIx
      #expect(operation == operations[function], "function \(function)")
    }
  }

  @Test(
    "Floating-point operate functions, and no others",
    arguments: [0x14, 0x15, 0x16, 0x17] as [UInt8])
  func floatFunctions(opcode: UInt8) throws {
    var operations: [UInt16: Operation] = [:]
    for (operation, functions) in try #require(AssignedFunctions.float[opcode]) {
      for function in functions { operations[function] = operation }
    }
    for function: UInt16 in 0...0x7ff {
      let operation = decode(opcode: opcode, low: UInt32(function) << 5)
      #expect(operation == operations[function], "function \(function)")
    }
  }

  @Test("Opcode 18 compares all 16 bits of its function")
  func miscellaneous() {
    let operations = Dictionary(uniqueKeysWithValues: AssignedFunctions.miscellaneous)
    for function in UInt16.min...UInt16.max {
      if decode(opcode: 0x18, low: UInt32(function)) != operations[function] {
        Issue.record("function \(function)")
      }
    }
  }

  @Test("Jumps decode by bits 15:14 alone")
  func jumps() {
    for (function, operation) in AssignedFunctions.jumps {
      for hint: UInt32 in [0, 1, 0x2000, 0x3fff] {
        #expect(
          decode(opcode: 0x1a, ra: 26, rb: 27, low: UInt32(function) << 14 | hint) == operation)
      }
    }
  }

  @Test("Every operation is in the independent tables")
  func complete() {
    var operations = Set(AssignedFunctions.opcodes.map(\.1))
    operations.formUnion(AssignedFunctions.integer.values.joined().map(\.1))
    operations.formUnion(AssignedFunctions.float.values.joined().map(\.0))
    operations.formUnion(AssignedFunctions.miscellaneous.map(\.1))
    operations.formUnion(AssignedFunctions.jumps.map(\.1))
    #expect(operations == Set(Operation.allCases))
  }

  @Test("Integer operations with one source require Ra = R31")
  func unusedRa() {
    for (opcode, function) in [
      (0x11, 0x61), (0x11, 0x6c), (0x1c, 0x00), (0x1c, 0x01), (0x1c, 0x30), (0x1c, 0x32),
      (0x1c, 0x33), (0x1c, 0x34), (0x1c, 0x35), (0x1c, 0x36), (0x1c, 0x37),
    ] as [(UInt8, UInt32)] {
      #expect(decode(opcode: opcode, low: function << 5) != nil)
      #expect(decode(opcode: opcode, ra: 30, low: function << 5) == nil)
    }
  }

  @Test("Floating-point operations with one source require the other to be F31")
  func unusedFloatSource() {
    // SQRTT, CVTTQ, CVTQT, CVTST, CVTGQ, CVTLQ, CVTQL/V: Fa.
    for (opcode, function) in [
      (0x14, 0x0ab), (0x16, 0x0af), (0x16, 0x0be), (0x16, 0x2ac), (0x15, 0x0af), (0x17, 0x010),
      (0x17, 0x130),
    ] as [(UInt8, UInt32)] {
      #expect(decode(opcode: opcode, rb: 1, low: function << 5) != nil)
      #expect(decode(opcode: opcode, ra: 1, low: function << 5) == nil)
    }
    // ITOFT, FTOIT: Fb.
    for (opcode, function) in [(0x14, 0x024), (0x1c, 0x070)] as [(UInt8, UInt32)] {
      #expect(decode(opcode: opcode, ra: 1, low: function << 5) != nil)
      #expect(decode(opcode: opcode, rb: 1, low: function << 5) == nil)
    }
  }

  @Test("Literals: SEXTB, MINUB8 and ADDQ have a form with one, CTPOP, PERR and FTOIT do not")
  func literals() {
    #expect(decode(opcode: 0x1c, low: 0x1000) == .sextb)
    #expect(decode(opcode: 0x1c, low: 0x1000 | 0x3a << 5) == .minub8)
    #expect(decode(opcode: 0x10, low: 0x1000 | 0x20 << 5) == .addq)
    #expect(decode(opcode: 0x1c, low: 0x1000 | 0x30 << 5) == nil)
    #expect(decode(opcode: 0x1c, low: 0x1000 | 0x31 << 5) == nil)
    #expect(decode(opcode: 0x1c, low: 0x1000 | 0x70 << 5) == nil)
  }
}
