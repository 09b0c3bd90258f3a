import AlphaCPU
import AlphaISA
import Testing

@Suite("Branches and jumps")
struct BranchTests {
  static let conditions: [(Operation, @Sendable (Int64) -> Bool)] = [
    (.beq, { $0 == 0 }), (.bne, { $0 != 0 }), (.blt, { $0 < 0 }), (.bge, { $0 >= 0 }),
    (.ble, { $0 <= 0 }), (.bgt, { $0 > 0 }), (.blbs, { $0 % 2 != 0 }), (.blbc, { $0 % 2 == 0 }),
  ]
  /// Sign and magnitude: minus zero is zero.
  static let floatConditions: [(Operation, @Sendable (UInt64) -> Bool)] = [
    (.fbeq, { $0 & ~(1 << 63) == 0 }), (.fbne, { $0 & ~(1 << 63) != 0 }),
    (.fblt, { $0 > 1 << 63 }), (.fbge, { $0 <= 1 << 63 }),
    (.fble, { $0 >= 1 << 63 || $0 == 0 }), (.fbgt, { $0 < 1 << 63 && $0 != 0 }),
  ]
  let bench: Bench

  init() throws { bench = try Bench() }

  @Test("Every condition, taken forward and backward, again once linked")
  func conditions() throws {
    for (operation, condition) in Self.conditions {
      for displacement in [3, -5, 0, -1] {
        try bench.start([Encode.branch(operation, 1, displacement)])
        for value in Operands.interesting + Operands.interesting {
          bench.cpu.pc = Bench.code
          bench.cpu[integer: 1] = value
          bench.run(1)
          let isTaken = condition(Int64(bitPattern: value))
          let expected =
            Bench.code &+ 4 &+ UInt64(bitPattern: Int64(isTaken ? 4 * displacement : 0))
          if bench.cpu.pc != expected { Issue.record("\(operation) of \(value)") }
        }
      }
    }
  }

  @Test("Floating-point branches")
  func floatConditions() throws {
    let values = Operands.interesting + [0x7FF0_0000_0000_0000, 0xFFF8_0000_0000_0000]
    for (operation, condition) in Self.floatConditions {
      try bench.start([Encode.branch(operation, 1, 7)])
      for value in values {
        bench.cpu.pc = Bench.code
        bench.cpu[float: 1] = value
        bench.run(1)
        if bench.cpu.pc != Bench.code + (condition(value) ? 32 : 4) {
          Issue.record("\(operation) of 0x\(String(value, radix: 16))")
        }
      }
    }
  }

  @Test("A compare and the branch on its flag: both effects, for every pair of the two")
  func compareAndBranch() throws {
    let compares: [Operation] = [.cmpeq, .cmplt, .cmple, .cmpult, .cmpule, .cmpbge]
    let branches: [Operation] = [.beq, .bne, .blt, .bge, .blbs, .blbc]
    let values: [UInt64] = [0, 1, 5, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, .max]
    for compare in compares {
      for branch in branches {
        let condition = try #require(Self.conditions.first { $0.0 == branch }).1
        // The flag goes to another register, to a source, or is not what is branched on.
        for (destination, tested) in [(3, 3), (1, 1), (2, 2), (3, 1), (31, 31)] {
          for isLiteral in [false, true] {
            let first =
              isLiteral
              ? Encode.operate(compare, 1, literal: 5, destination)
              : Encode.operate(compare, 1, 2, destination)
            try bench.start([first, Encode.branch(branch, tested, 2)])
            for a in values {
              for b in isLiteral ? [5] : values {
                bench.cpu.pc = Bench.code
                bench.cpu[integer: 1] = a
                bench.cpu[integer: 2] = b
                bench.cpu[integer: 3] = 77
                bench.run(2)
                var registers = [a, b, 77]
                let flag = ReferenceALU.result(compare, a, b)?.value ?? 0
                if destination != 31 { registers[destination - 1] = flag }
                let isTaken = condition(tested == 31 ? 0 : Int64(bitPattern: registers[tested - 1]))
                let actual = (1...3).map { bench.cpu[integer: $0] }
                if actual != registers || bench.cpu.pc != Bench.code + (isTaken ? 16 : 8) {
                  Issue.record("\(compare) \(branch) \(a) \(b) R\(destination) R\(tested)")
                }
              }
            }
          }
        }
      }
    }
  }

  @Test("BR and BSR link; the largest displacements reach other pages")
  func unconditional() throws {
    for (displacement, register) in [(0, 1), (-1, 2), (100_000, 26), (-16_000, 31), (1_048_575, 5)]
    {
      try bench.start([Encode.branch(.br, register, displacement)])
      bench.run(1)
      #expect(
        bench.cpu.pc == Bench.code &+ 4 &+ UInt64(bitPattern: Int64(4 * displacement)))
      #expect(bench.cpu[integer: register] == (register == 31 ? 0 : Bench.code + 4))
    }
    try bench.start([Encode.branch(.bsr, 1, -1_048_576)], at: Bench.kseg + 0xF_0000)
    bench.run(1)
    #expect(bench.cpu.pc == Bench.kseg + 0xF_0004 - 0x40_0000)
  }

  @Test("JMP, JSR, RET, JSR_COROUTINE: low bits dropped, target read before the link is written")
  func jumps() throws {
    for operation in [Operation.jmp, .jsr, .ret, .jsrCoroutine] {
      for low in 0..<4 as Range<UInt64> {
        for register in [26, 27, 31] {
          try bench.start([Encode.jump(operation, register, 27, hint: 0x1234)])
          bench.cpu[integer: 27] = Bench.code + 0x100 + low
          bench.run(1)
          #expect(bench.cpu.pc == Bench.code + 0x100)
          if register != 31 { #expect(bench.cpu[integer: register] == Bench.code + 4) }
        }
      }
    }
  }

  @Test("A jump to nowhere is the target's fault")
  func jumpToNowhere() throws {
    for (target, entry) in [
      (0x1000, Entry.memoryManagement), (1 << 60, Entry.memoryManagement),
      (Bench.kseg + 0x7000_0000, Entry.machineCheck),
    ] as [(UInt64, UInt64)] {
      try bench.start([Encode.jump(.jsr, 26, 27)])
      bench.cpu[integer: 27] = target
      bench.run(2)
      #expect(bench.entries.first?.entry == entry)
      #expect(bench.entries.first?.exceptionAddress == target)
      #expect(bench.cpu[integer: 26] == Bench.code + 4)
    }
  }

  @Test("Calls, returns and loops across pages")
  func acrossPages() throws {
    // A loop of two halves in two pages, with a call into a third.
    let end = Bench.code + 0x1FF8
    bench.store(
      [Encode.addq(1, literal: 1, 1), Encode.operate(.subq, 2, literal: 1, 2)],
      at: end & 0xFFFF_FFFF)
    let second = Bench.code + 0x2000
    bench.store(
      [
        Encode.branch(.bsr, 26, 0x800 - 1), Encode.addq(3, literal: 2, 3),
        Encode.branch(.bne, 2, -5),
      ], at: second & 0xFFFF_FFFF)
    bench.store(
      [Encode.addq(4, literal: 5, 4), Encode.jump(.ret, 31, 26)],
      at: (second + 0x2000) & 0xFFFF_FFFF)
    try bench.begin(at: end)
    bench.cpu[integer: 2] = 100
    bench.run(700)
    #expect((1...4).map { bench.cpu[integer: $0] } == [100, 0, 200, 500])
    #expect(bench.cpu.pc == second + 12)
  }
}
