import AlphaCPU
import AlphaISA
import SeededRandom
import Testing

/// Pairs of instructions that one handler executes must do what the two do one by one.
@Suite("Fused pairs")
struct FusedPairTests {
  /// Few registers, so that operands are often the same; R31 among them.
  private static let registers = [1, 2, 3, 16, 31]

  private typealias Pair = @Sendable (inout SeededGenerator) -> [UInt32]

  private static func register(_ generator: inout SeededGenerator) -> Int {
    registers.randomElement(using: &generator) ?? 1
  }

  /// An addition of a constant, in one of its four forms.
  private static func addition(
    _ generator: inout SeededGenerator, _ source: Int, _ destination: Int
  ) -> UInt32 {
    let displacement = Int.random(in: -0x8000...0x7FFF, using: &generator)
    let literal = displacement & 0xFF
    return switch Int.random(in: 0..<4, using: &generator) {
    case 0: Encode.memory(.lda, destination, displacement, source)
    case 1: Encode.memory(.ldah, destination, displacement, source)
    case 2: Encode.operate(.addq, source, literal: literal, destination)
    default: Encode.operate(.subq, source, literal: literal, destination)
    }
  }

  private static let pairs: [(name: String, make: Pair)] = [
    (
      "addition, addition",
      { g in
        let (a, b) = (register(&g), register(&g))
        return [addition(&g, a, b), addition(&g, register(&g), register(&g))]
      }
    ),
    (
      "LDAH, LDA",
      { g in
        let (a, b) = (register(&g), register(&g))
        return [Encode.memory(.ldah, b, -0x8000, a), Encode.memory(.lda, b, -0x8000, b)]
      }
    ),
    (
      "addition, BNE",
      { g in
        let a = register(&g)
        return [addition(&g, register(&g), a), Encode.branch(.bne, a, 1)]
      }
    ),
    (
      "SUBL, BNE",
      { g in
        let a = register(&g)
        return [
          Encode.operate(.subl, register(&g), literal: 1, a), Encode.branch(.bne, a, 1),
        ]
      }
    ),
    (
      "move, move",
      { g in
        (0..<2).map { _ in
          let a = register(&g)
          return Encode.operate(
            .bis, [31, a, register(&g)].randomElement(using: &g) ?? a, a, register(&g))
        }
      }
    ),
    ("addition, LDQ", { g in [addition(&g, 16, 16)] + memory(.ldq, &g).suffix(1) }),
    ("addition, STQ", { g in [addition(&g, register(&g), 2)] + memory(.stq, &g).suffix(1) }),
    ("SLL, XOR", { g in shift(.sll, &g) }),
    ("SRL, XOR", { g in shift(.srl, &g) }),
    ("LDQ, LDQ", { g in memory(.ldq, &g) }),
    ("STQ, STQ", { g in memory(.stq, &g) }),
    ("LDBU, branch", { g in loadAndBranch(.ldbu, &g) }),
    ("LDQ, branch", { g in loadAndBranch(.ldq, &g) }),
    (
      "LDBU, SEXTB",
      { g in
        let a = register(&g)
        return [
          Encode.memory(.ldbu, a, Int.random(in: 0..<32, using: &g), 16),
          Encode.operate(.sextb, 31, Bool.random(using: &g) ? a : 2, register(&g)),
        ]
      }
    ),
  ]

  private static func shift(_ operation: Operation, _ generator: inout SeededGenerator) -> [UInt32]
  {
    let distance = Int.random(in: 0..<256, using: &generator)
    let shifted = register(&generator)
    let xor =
      Bool.random(using: &generator)
      ? Encode.operate(.xor, shifted, register(&generator), register(&generator))
      : Encode.operate(.xor, register(&generator), shifted, register(&generator))
    return [Encode.operate(operation, register(&generator), literal: distance, shifted), xor]
  }

  private static func loadAndBranch(
    _ operation: Operation, _ generator: inout SeededGenerator
  ) -> [UInt32] {
    let loaded = register(&generator)
    let branch: Operation = Bool.random(using: &generator) ? .beq : .bne
    let displacement = Int.random(in: -64...8, using: &generator)
    return [
      Encode.memory(operation, loaded, displacement & (operation == .ldq ? -8 : -1), 16),
      Encode.branch(branch, Bool.random(using: &generator) ? loaded : 2, 1),
    ]
  }

  /// Mostly aligned; R16 lies where the displacements reach into the next page.
  private static func memory(
    _ operation: Operation, _ generator: inout SeededGenerator
  ) -> [UInt32] {
    (0..<2).map { _ in
      let displacement = Int.random(in: -4...4, using: &generator) * 8
      let isUnaligned = Int.random(in: 0..<8, using: &generator) == 0
      return Encode.memory(
        operation, register(&generator), displacement + (isUnaligned ? 1 : 0), 16)
    }
  }

  @Test("A pair ends in the state of two single steps: results, traps, memory, count")
  func equivalence() throws {
    for (name, make) in Self.pairs {
      var generator = SeededGenerator(1)
      for round in 0..<100 {
        let program =
          make(&generator)
          + [Encode.addq(4, literal: 1, 4), Encode.addq(5, literal: 1, 5), Encode.stay]
        let values = (0..<31).map { _ in
          Operands.interesting.randomElement(using: &generator) ?? 0
        }
        // The end of a page, or of memory.
        let base: UInt64 = round % 3 == 0 ? 1 << 20 : Bench.data + 0x2000
        let outcomes = try [false, true].map { isSingleStepping in
          let bench = try Bench()
          bench.cpu.isSingleStepping = isSingleStepping
          for quadword in 0..<16 as Range<UInt64> {
            bench.setQuadword(
              Operands.interesting[Int(quadword)] &* 0x9E37_79B9_7F4A_7C15,
              at: base - 128 + quadword * (base == 1 << 20 ? 8 : 16))
          }
          try bench.start(program)
          for (register, value) in values.enumerated() { bench.cpu[integer: register] = value }
          bench.cpu[integer: 16] = Bench.kseg + base
          bench.run(4)
          // Once more, now that the TLB knows the pages.
          if bench.entries.isEmpty {
            bench.cpu.pc = Bench.code
            bench.cpu[integer: 16] = Bench.kseg + base
            bench.run(4)
          }
          return (bench.cpu.save(), bench.contents(base - 128, 128), bench.entries.map(\.entry))
        }
        #expect(outcomes[0].0 == outcomes[1].0, "\(name), round \(round)")
        #expect(outcomes[0].1 == outcomes[1].1, "\(name), round \(round)")
        #expect(outcomes[0].2 == outcomes[1].2, "\(name), round \(round)")
      }
    }
  }
}
