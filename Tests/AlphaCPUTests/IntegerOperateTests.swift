import AlphaCPU
import AlphaISA
import Testing

@Suite("Integer operates")
struct IntegerOperateTests {
  /// Every integer operate that always writes a result.
  static let operations = Operation.allCases.filter {
    InstructionTable.row(of: $0).format == .integerOperate
      && !InstructionTable.row(of: $0).mnemonic.hasSuffix("/v")
      && ReferenceALU.result($0, 0, 0) != nil
  }

  static let withLiteral = operations.filter {
    !InstructionTable.row(of: $0).fixed.contains(.noLiteral)
  }

  /// Puts each result in its own quadword of a table at R16.
  private static func program(_ words: [UInt32]) -> [UInt32] {
    words.enumerated().flatMap { [$1, Encode.stq(3, 8 * $0, 16)] }
  }

  private func expect(
    _ operations: [Operation], _ bench: Bench, _ a: UInt64, _ b: UInt64, _ form: String
  ) {
    for (index, operation) in operations.enumerated() {
      let value = bench.quadword(Bench.data + 8 * UInt64(index))
      let expected = ReferenceALU.result(operation, a, b)?.value
      if value != expected {
        Issue.record(
          "\(operation) \(form) of 0x\(String(a, radix: 16)) and 0x\(String(b, radix: 16))")
      }
    }
  }

  @Test("The list covers the architecture: no operate is left out")
  func operationsAreComplete() {
    #expect(Self.operations.count == 73)
    #expect(Self.withLiteral.count == 65)
  }

  @Test("Register forms, all pairs of interesting operands")
  func registerForms() throws {
    let bench = try Bench()
    let program = Self.program(Self.operations.map { Encode.operate($0, 1, 2, 3) })
    try bench.start(program)
    bench.cpu[integer: 16] = Bench.kseg + Bench.data
    for a in Operands.interesting {
      for b in Operands.interesting {
        bench.cpu.pc = Bench.code
        bench.cpu[integer: 1] = a
        bench.cpu[integer: 2] = b
        bench.run(program.count)
        expect(Self.operations, bench, a, b, "registers")
      }
    }
  }

  @Test("Literal forms, all 256 literals")
  func literalForms() throws {
    let bench = try Bench()
    try bench.start([])
    bench.cpu[integer: 16] = Bench.kseg + Bench.data
    for literal in 0..<256 {
      let program = Self.program(
        Self.withLiteral.map { Encode.operate($0, 1, literal: literal, 3) })
      bench.store(program, at: Bench.code & 0xFFFF_FFFF)
      for a in [0, 0x8000_0000_7FFF_FFFF, 0xFEDC_BA98_7654_3210, .max] as [UInt64] {
        bench.cpu.pc = Bench.code
        bench.cpu[integer: 1] = a
        bench.run(program.count)
        expect(Self.withLiteral, bench, a, UInt64(literal), "literal")
      }
    }
  }

  @Test("Byte instructions at every offset and beyond bit 2")
  func byteOffsets() throws {
    let operations = Self.operations.filter { InstructionTable.row(of: $0).opcode == 0x12 }
    let bench = try Bench()
    let program = Self.program(operations.map { Encode.operate($0, 1, 2, 3) })
    try bench.start(program)
    bench.cpu[integer: 16] = Bench.kseg + Bench.data
    for offset in (0..<8).flatMap({ [$0, $0 + 8, 0xFFFF_FFFF_FFFF_FFF8 + $0] }) as [UInt64] {
      for a in [0x0102_0304_0506_0708, 0xF1F2_F3F4_F5F6_F7F8, .max] as [UInt64] {
        bench.cpu.pc = Bench.code
        bench.cpu[integer: 1] = a
        bench.cpu[integer: 2] = offset
        bench.run(program.count)
        expect(operations, bench, a, offset, "offset")
      }
    }
  }

  @Test("High byte instructions at offset 0: EXTxH keeps, INSxH gives 0, MSKxH keeps all")
  func highBytesAtOffsetZero() throws {
    let bench = try Bench()
    let a: UInt64 = 0x8877_6655_4433_2211
    let cases: [(Operation, UInt64)] = [
      (.extwh, 0x2211), (.extlh, 0x4433_2211), (.extqh, a),
      (.inswh, 0), (.inslh, 0), (.insqh, 0), (.mskwh, a), (.msklh, a), (.mskqh, a),
    ]
    for (operation, expected) in cases {
      try bench.start([Encode.operate(operation, 1, 31, 3)])
      bench.cpu[integer: 1] = a
      bench.run(1)
      #expect(bench.cpu[integer: 3] == expected, "\(operation)")
    }
  }

  @Test("Known answers of the multimedia instructions and CMPBGE")
  func knownAnswers() throws {
    let a: UInt64 = 0x80FF_7F01_0010_20FF
    let b: UInt64 = 0x7F00_8002_0110_1F80
    let cases: [(Operation, UInt64)] = [
      (.perr, 0x01 + 0xFF + 0x01 + 0x01 + 0x01 + 0 + 0x01 + 0x7F),
      (.minub8, 0x7F00_7F01_0010_1F80), (.maxub8, 0x80FF_8002_0110_20FF),
      (.minsb8, 0x80FF_8001_0010_1F80), (.maxsb8, 0x7F00_7F02_0110_20FF),
      (.minuw4, 0x7F00_7F01_0010_1F80), (.maxuw4, 0x80FF_8002_0110_20FF),
      (.minsw4, 0x80FF_8002_0010_1F80), (.maxsw4, 0x7F00_7F01_0110_20FF),
      (.unpkbw, 0x0001_0010_001F_0080), (.unpkbl, 0x0000_001F_0000_0080),
      (.pkwb, 0x0000_0000_0002_1080), (.pklb, 0x0000_0000_0000_0280),
      (.cmpbge, 0b1100_0111),
    ]
    let bench = try Bench()
    for (operation, expected) in cases {
      try bench.start([Encode.operate(operation, 1, 2, 3)])
      bench.cpu[integer: 1] = a
      bench.cpu[integer: 2] = b
      bench.run(1)
      #expect(bench.cpu[integer: 3] == expected, "\(operation)")
    }
  }

  @Test("R31 reads as zero and drops results; the destination may be a source")
  func register31AndOverlap() throws {
    let bench = try Bench()
    try bench.start([
      Encode.addq(1, 2, 31), Encode.operate(.bis, 31, 31, 4),
      Encode.operate(.subq, 31, 1, 5), Encode.operate(.ornot, 31, 31, 6),
      Encode.addq(1, 1, 1), Encode.operate(.subq, 2, 1, 2), Encode.operate(.sll, 1, 31, 7),
    ])
    bench.cpu[integer: 1] = 5
    bench.cpu[integer: 2] = 100
    bench.cpu[integer: 4] = 99
    bench.run(7)
    #expect(bench.cpu[integer: 31] == 0)
    #expect(bench.cpu[integer: 4] == 0)
    #expect(bench.cpu[integer: 5] == UInt64(bitPattern: -5))
    #expect(bench.cpu[integer: 6] == .max)
    #expect(bench.cpu[integer: 1] == 10)
    #expect(bench.cpu[integer: 2] == 90)
    #expect(bench.cpu[integer: 7] == 10)
  }

  @Test("LDA and LDAH: sign extension, R31 as base and as destination")
  func loadAddress() throws {
    let bench = try Bench()
    try bench.run([
      Encode.lda(1, -1), Encode.memory(.ldah, 2, 0x7FFF, 31), Encode.memory(.ldah, 3, -0x8000, 31),
      Encode.memory(.ldah, 4, 1, 1), Encode.lda(5, -0x8000, 2), Encode.lda(31, 5, 1),
    ])
    #expect(bench.cpu[integer: 1] == .max)
    #expect(bench.cpu[integer: 2] == 0x7FFF_0000)
    #expect(bench.cpu[integer: 3] == 0xFFFF_FFFF_8000_0000)
    #expect(bench.cpu[integer: 4] == 0xFFFF)
    #expect(bench.cpu[integer: 5] == 0x7FFE_8000)
    #expect(bench.cpu[integer: 31] == 0)
  }

  @Test("AMASK clears BWX, FIX, CIX, MVI, precise traps and prefetch; IMPLVER is 2")
  func implementation() throws {
    let bench = try Bench()
    try bench.run([
      Encode.lda(1, -1), Encode.operate(.amask, 31, 1, 2),
      Encode.operate(.amask, 31, literal: 0xFF, 3), Encode.operate(.implver, 31, literal: 1, 4),
    ])
    #expect(bench.cpu[integer: 2] == 0xFFFF_FFFF_FFFF_ECF8)
    #expect(bench.cpu[integer: 3] == 0xF8)
    #expect(bench.cpu[integer: 4] == 2)
  }
}

@Suite("Conditional moves")
struct ConditionalMoveTests {
  static let conditions: [(Operation, @Sendable (Int64) -> Bool)] = [
    (.cmoveq, { $0 == 0 }), (.cmovne, { $0 != 0 }), (.cmovlt, { $0 < 0 }),
    (.cmovge, { $0 >= 0 }), (.cmovle, { $0 <= 0 }), (.cmovgt, { $0 > 0 }),
    (.cmovlbs, { $0 % 2 != 0 }), (.cmovlbc, { $0 % 2 == 0 }),
  ]

  @Test("Every condition and form")
  func everyCondition() throws {
    let bench = try Bench()
    for (operation, condition) in Self.conditions {
      try bench.start([
        Encode.operate(operation, 1, 2, 3), Encode.operate(operation, 1, literal: 200, 4),
        Encode.operate(operation, 1, 2, 31), Encode.operate(operation, 31, 2, 5),
      ])
      for a in Operands.interesting {
        bench.cpu.pc = Bench.code
        bench.cpu[integer: 1] = a
        bench.cpu[integer: 2] = 0xABCD
        for register in 3...5 { bench.cpu[integer: register] = 7 }
        bench.run(4)
        let isTaken = condition(Int64(bitPattern: a))
        #expect(bench.cpu[integer: 3] == (isTaken ? 0xABCD : 7), "\(operation)")
        #expect(bench.cpu[integer: 4] == (isTaken ? 200 : 7), "\(operation)")
        #expect(bench.cpu[integer: 5] == (condition(0) ? 0xABCD : 7), "\(operation)")
        #expect(bench.cpu[integer: 31] == 0)
      }
    }
  }
}
