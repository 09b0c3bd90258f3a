import AlphaCPU
import AlphaISA
import Testing

@Suite("Loads and stores")
struct LoadStoreTests {
  static let pattern: UInt64 = 0xF1E2_D3C4_B5A6_9788

  @Test("Each load's width and extension, first through the slow path, then through the fast one")
  func loads() throws {
    let bench = try Bench()
    bench.setQuadword(Self.pattern, at: Bench.data)
    let cases: [(Operation, Int, UInt64)] = [
      (.ldbu, 0, 0x88), (.ldbu, 7, 0xF1), (.ldwu, 0, 0x9788), (.ldwu, 6, 0xF1E2),
      (.ldl, 0, 0xFFFF_FFFF_B5A6_9788), (.ldl, 4, 0xFFFF_FFFF_F1E2_D3C4), (.ldq, 0, Self.pattern),
      (.ldqU, 0, Self.pattern), (.ldqU, 5, Self.pattern), (.ldqU, 7, Self.pattern),
    ]
    for (operation, offset, expected) in cases {
      try bench.start([
        Encode.memory(operation, 1, offset, 16), Encode.memory(operation, 2, offset, 16),
      ])
      bench.cpu[integer: 16] = Bench.kseg + Bench.data
      bench.run(2)
      #expect(bench.cpu[integer: 1] == expected, "\(operation) at \(offset)")
      #expect(bench.cpu[integer: 2] == expected, "\(operation) at \(offset), again")
    }
  }

  @Test("Each store's width; the bytes beside it stay")
  func stores() throws {
    let bench = try Bench()
    let cases: [(Operation, Int, UInt64)] = [
      (.stb, 0, 0xFFFF_FFFF_FFFF_FF88), (.stb, 7, 0x88FF_FFFF_FFFF_FFFF),
      (.stw, 0, 0xFFFF_FFFF_FFFF_9788), (.stw, 6, 0x9788_FFFF_FFFF_FFFF),
      (.stl, 0, 0xFFFF_FFFF_B5A6_9788), (.stl, 4, 0xB5A6_9788_FFFF_FFFF),
      (.stq, 0, Self.pattern), (.stqU, 3, Self.pattern),
    ]
    for (operation, offset, expected) in cases {
      bench.setQuadword(.max, at: Bench.data)
      bench.setQuadword(.max, at: Bench.data + 8)
      try bench.start([
        Encode.memory(operation, 1, offset, 16), Encode.memory(operation, 1, 8 + offset, 16),
      ])
      bench.cpu[integer: 1] = Self.pattern
      bench.cpu[integer: 16] = Bench.kseg + Bench.data
      bench.run(2)
      #expect(bench.quadword(Bench.data) == expected, "\(operation) at \(offset)")
      #expect(bench.quadword(Bench.data + 8) == expected, "\(operation) at \(offset), again")
    }
  }

  @Test("Displacements are signed; R31 is a base and a source of zero")
  func addressing() throws {
    let bench = try Bench()
    bench.setQuadword(1, at: Bench.data - 0x8000)
    bench.setQuadword(2, at: Bench.data + 0x7FF8)
    try bench.start([
      Encode.ldq(1, -0x8000, 16), Encode.ldq(2, 0x7FF8, 16), Encode.stq(31, 0x7FF8, 16),
      Encode.ldq(16, 0, 16),
    ])
    bench.cpu[integer: 16] = Bench.kseg + Bench.data
    bench.setQuadword(3, at: Bench.data)
    bench.run(4)
    #expect(bench.cpu[integer: 1] == 1)
    #expect(bench.cpu[integer: 2] == 2)
    #expect(bench.quadword(Bench.data + 0x7FF8) == 0)
    #expect(bench.cpu[integer: 16] == 3)
  }

  @Test("A load to R31 is a prefetch: nothing is accessed and nothing traps")
  func prefetch() throws {
    let bench = try Bench()
    let loads: [Operation] = [.ldbu, .ldwu, .ldl, .ldq, .ldqU, .lds, .ldt, .ldf, .ldg]
    for operation in loads {
      try bench.start([Encode.memory(operation, 31, 1, 16), Encode.nop])
      bench.cpu[integer: 16] = Bench.deviceVirtual
      bench.run(2)
      #expect(bench.entries.isEmpty)
      #expect(bench.cpu.pc == Bench.code + 8)
    }
    #expect(bench.bus.accesses.isEmpty)
  }

  @Test("A device sees PC and time of the access itself, in the middle of a block")
  func placeOfAnAccess() throws {
    for word in [Encode.ldq(1, 0, 16), Encode.stq(1, 0, 16)] {
      let bench = try Bench()
      var places: [[UInt64]] = []
      bench.bus.registers[Bench.device] = 0
      let note = { [cpu = bench.cpu] (_: UInt64) in places.append([cpu.pc, cpu.instructionCount]) }
      (bench.bus.didRead, bench.bus.didWrite) = (note, note)
      try bench.start([Encode.nop, Encode.lda(2, 1), word, word, Encode.stay])
      bench.cpu[integer: 16] = Bench.deviceVirtual
      bench.run(5)
      #expect(places == [[Bench.code + 8, 3], [Bench.code + 12, 4]])
      #expect(bench.cpu.pc == Bench.code + 16)
    }
  }

  @Test("Cache hints and barriers do nothing, whatever address they are given")
  func hints() throws {
    let bench = try Bench()
    let hints: [Operation] = [
      .trapb, .excb, .mb, .wmb, .fetch, .fetchM, .ecb, .wh64, .wh64en,
    ]
    bench.setQuadword(7, at: Bench.data)
    for base in [Bench.kseg + Bench.data, Bench.deviceVirtual, 0x10, 1 << 50] {
      try bench.start(hints.map { Encode.miscellaneous($0, 31, 16) })
      bench.cpu[integer: 16] = base
      let before = bench.cpu.save()
      bench.run(hints.count)
      var after = bench.cpu.save()
      #expect(after.pc == before.pc + 4 * UInt64(hints.count))
      after.pc = before.pc
      after.instructionCount = before.instructionCount
      #expect(after == before)
    }
    #expect(bench.quadword(Bench.data) == 7)
    #expect(bench.bus.accesses.isEmpty)
  }

  @Test("S format: exponents are widened by LDS and narrowed by STS")
  func floatMemoryFormats() throws {
    let bench = try Bench()
    let cases: [(UInt64, UInt64)] = [
      (0x3F80_0000, 0x3FF0_0000_0000_0000), (0xC000_0000, 0xC000_0000_0000_0000),
      (0x7F80_0000, 0x7FF0_0000_0000_0000), (0x0000_0001, 0x0000_0000_2000_0000),
    ]
    for (image, register) in cases {
      bench.setQuadword(image, at: Bench.data)
      try bench.start([
        Encode.memory(.lds, 1, 0, 16), Encode.memory(.sts, 1, 8, 16),
        Encode.memory(.stt, 1, 16, 16), Encode.memory(.ldt, 2, 16, 16),
      ])
      bench.cpu[integer: 16] = Bench.kseg + Bench.data
      bench.run(4)
      #expect(bench.cpu[float: 1] == register)
      #expect(bench.cpu[float: 2] == register)
      #expect(bench.quadword(Bench.data + 8) & 0xFFFF_FFFF == image)
      #expect(bench.quadword(Bench.data + 16) == register)
    }
  }

  @Test("VAX formats: F and G words are swapped on their way")
  func vaxMemoryFormats() throws {
    let bench = try Bench()
    bench.setQuadword(0x0000_4080, at: Bench.data)  // F: 1.0
    bench.setQuadword(0x4444_3333_2222_4010, at: Bench.data + 8)  // G: 1.0 and a fraction
    try bench.start([
      Encode.memory(.ldf, 1, 0, 16), Encode.memory(.ldg, 2, 8, 16),
      Encode.memory(.stf, 1, 16, 16), Encode.memory(.stg, 2, 24, 16),
    ])
    bench.cpu[integer: 16] = Bench.kseg + Bench.data
    bench.run(4)
    #expect(bench.cpu[float: 1] == 0x4010_0000_0000_0000)
    #expect(bench.cpu[float: 2] == 0x4010_2222_3333_4444)
    #expect(bench.quadword(Bench.data + 16) & 0xFFFF_FFFF == 0x0000_4080)
    #expect(bench.quadword(Bench.data + 24) == 0x4444_3333_2222_4010)
  }
}

@Suite("Unaligned accesses")
struct UnalignedTests {
  static let operations: [(Operation, UInt64, Int)] = [
    (.ldwu, 0x0C, 2), (.stw, 0x0D, 2), (.ldl, 0x28, 4), (.stl, 0x2C, 4), (.ldq, 0x29, 8),
    (.stq, 0x2D, 8), (.ldlL, 0x2A, 4), (.ldqL, 0x2B, 8), (.stlC, 0x2E, 4), (.stqC, 0x2F, 8),
    (.lds, 0x22, 4), (.ldt, 0x23, 8), (.sts, 0x26, 4), (.stt, 0x27, 8), (.ldf, 0x20, 4),
    (.ldg, 0x21, 8), (.stf, 0x24, 4), (.stg, 0x25, 8),
  ]

  @Test("The trap names address, opcode and register, and the PC of the access itself")
  func trapArguments() throws {
    let bench = try Bench()
    for (operation, opcode, width) in Self.operations {
      for offset in 1..<width {
        try bench.start([Encode.nop, Encode.memory(operation, 5, offset, 16), Encode.nop])
        bench.cpu[integer: 16] = Bench.kseg + Bench.data
        bench.run(3)
        let entry = try #require(bench.entries.first, "\(operation)")
        #expect(entry.entry == Entry.unaligned)
        #expect(entry.arguments.0 == Bench.kseg + Bench.data + UInt64(offset))
        #expect(entry.arguments.1 == opcode)
        #expect(entry.arguments.2 == 5)
        #expect(entry.exceptionAddress == Bench.code + 4)
      }
    }
  }

  @Test("It comes before every fault: no translation, no access, no such address, no memory")
  func precedence() throws {
    let bench = try Bench()
    let addresses =
      [
        0x1000, 1 << 50, Bench.kseg + 0x7000_0000, Bench.deviceVirtual, 0x8000_0000_0000_0000,
      ] as [UInt64]
    for (operation, _, _) in Self.operations {
      for address in addresses {
        try bench.start([Encode.memory(operation, 5, 1, 16)])
        bench.cpu[integer: 16] = address
        bench.run(1)
        #expect(bench.entries.map(\.entry) == [Entry.unaligned], "\(operation)")
      }
    }
    #expect(bench.bus.accesses.isEmpty)
  }

  @Test("An aligned access that was fast does not make an unaligned one pass")
  func afterFastAccess() throws {
    let bench = try Bench()
    try bench.start([Encode.ldq(1, 0, 16), Encode.ldq(1, 0, 16), Encode.ldq(1, 4, 16)])
    bench.cpu[integer: 16] = Bench.kseg + Bench.data
    bench.run(3)
    #expect(bench.entries.map(\.entry) == [Entry.unaligned])
    #expect(bench.cpu.instructionCount == 3)
  }
}
