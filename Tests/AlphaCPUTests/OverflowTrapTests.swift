import AlphaCPU
import AlphaISA
import Testing

@Suite("Integer overflow traps")
struct OverflowTrapTests {
  static let operations: [Operation] = [.addlV, .sublV, .mullV, .addqV, .subqV, .mulqV]

  @Test("All pairs of interesting operands: the result is written, then the trap is taken")
  func registerForms() throws {
    let bench = try Bench()
    for operation in Self.operations {
      try bench.start([Encode.operate(operation, 1, 2, 3), Encode.nop])
      for a in Operands.interesting {
        for b in Operands.interesting {
          try expect(operation, a, b, bench)
        }
      }
    }
  }

  @Test("Literal forms")
  func literalForms() throws {
    let bench = try Bench()
    for operation in Self.operations {
      for literal in [0, 1, 127, 128, 255] {
        try bench.start([Encode.operate(operation, 1, literal: literal, 3), Encode.nop])
        for a in Operands.interesting { try expect(operation, a, UInt64(literal), bench) }
      }
    }
  }

  private func expect(_ operation: Operation, _ a: UInt64, _ b: UInt64, _ bench: Bench) throws {
    try bench.begin(at: Bench.code)
    bench.cpu[integer: 1] = a
    bench.cpu[integer: 2] = b
    bench.run(1)
    let result = try #require(ReferenceALU.result(operation, a, b))
    let hasTrapped = bench.entries.map(\.entry) == [Entry.arithmetic]
    guard bench.cpu[integer: 3] == result.value, hasTrapped == result.overflow else {
      Issue.record("\(operation) of 0x\(String(a, radix: 16)) and 0x\(String(b, radix: 16))")
      return
    }
  }

  @Test("Exception summary IOV, mask of the destination, PC of the next instruction")
  func trapArguments() throws {
    let bench = try Bench()
    for (register, mask) in [(3, 1 << 3), (30, 1 << 30), (31, 1 << 31)] as [(Int, UInt64)] {
      try bench.start([Encode.nop, Encode.operate(.addqV, 1, 1, register), Encode.nop])
      bench.cpu[integer: 1] = 1 << 62
      bench.run(3)
      let entry = try #require(bench.entries.first)
      #expect(entry.entry == Entry.arithmetic)
      #expect(entry.arguments.0 == 0x40)
      #expect(entry.arguments.1 == mask)
      #expect(entry.exceptionAddress == Bench.code + 8)
      #expect(bench.cpu.pc == Bench.palBase + Entry.arithmetic)
      #expect(bench.cpu.isInPALmode)
    }
  }

  @Test("A PALmode shadow is reported by its number")
  func shadowMask() throws {
    let bench = try Bench()
    for register in [8, 14, 25] {
      try bench.start([Encode.operate(.addqV, 1, 1, register)], mode: .pal)
      bench.cpu[integer: 1] = 1 << 62
      bench.run(1)
      #expect(bench.entries.first?.arguments.1 == 1 << UInt64(register))
      #expect(bench.entries.first?.exceptionAddress == Bench.code + 5)
    }
  }
}
