import AlphaISA
import SeededRandom

/// Makes random floating-point programs: IEEE arithmetic in every rounding mode and trap qualifier,
/// conversions, compares, moves, branches, loads and stores, and changes of the FPCR.
///
/// F0 to F9 hold anything, F10 to F19 S values, the lower half of the sandbox T values and its upper
/// half S values: an operation on S operands meets nothing else, because what it does with other
/// register images is UNPREDICTABLE.
struct DifferentialFloatGenerator {
  private var numbers: SeededGenerator

  private static let binaryT: [Operation] = [.addt, .subt, .mult, .divt]
  private static let binaryS: [Operation] = [.adds, .subs, .muls, .divs]
  private static let compares: [Operation] = [.cmptun, .cmpteq, .cmptlt, .cmptle]
  private static let copies: [Operation] = [.cpys, .cpysn, .cpyse]
  private static let moves: [Operation] = [
    .fcmoveq, .fcmovne, .fcmovlt, .fcmovge, .fcmovle, .fcmovgt,
  ]
  private static let branches: [Operation] = [.fbeq, .fbne, .fblt, .fbge, .fble, .fbgt]

  init(seed: UInt64) { numbers = SeededGenerator(seed) }

  mutating func program(chunks: Int, unitsPerChunk: Int) -> DifferentialProgram {
    let half = DifferentialProgram.sandboxByteCount / 16
    return DifferentialProgram(
      chunks: (0..<chunks).map { _ in
        [control()] + (1..<unitsPerChunk).map { _ in unit() }
      },
      registers: (0..<32).map { $0 == 27 ? 0 : tValue() }
        + (0..<32).map { Self.isS($0) ? FloatOperands.registerImage(sValue()) : tValue() },
      sandbox: (0..<half).map { _ in tValue() }
        + (0..<half).map { _ in UInt64(sValue()) << 32 | UInt64(sValue()) })
  }

  // MARK: - Units

  mutating func unit() -> DifferentialProgram.Unit {
    switch number(100) {
    case 0..<20: one(qualified(pick(Self.binaryT), any(), any(), t()))
    case 20..<36: one(qualified(pick(Self.binaryS), s(), s(), s()))
    case 36..<40:
      number(2) == 0
        ? one(qualified(.sqrtt, 31, any(), t())) : one(qualified(.sqrts, 31, s(), s()))
    case 40..<46: one(conversion())
    case 46..<54: compare()
    case 54..<66: one(load())
    case 66..<72: one(store())
    case 72..<78: one(copy())
    case 78..<83: one(conditionalMove())
    case 83..<87:
      .init(words: [Encode.branch(pick(Self.branches), any(), 0)], skips: 1 + number(4))
    case 87..<91: one(registerMove())
    case 91..<93: one(Encode.ldq(number(27), -8 * (1 + number(0x100)), 30))
    case 93:
      one(Encode.operate(pick([.addq, .subq, .sll, .xor]), number(27), number(27), number(27)))
    case 94: one(Encode.miscellaneous(number(2) == 0 ? .trapb : .excb, 31, 31))
    case 95: readControl()
    case 96: control()
    default: one(longword())
    }
  }

  private func one(_ word: UInt32) -> DifferentialProgram.Unit { .init(words: [word]) }

  private mutating func conversion() -> UInt32 {
    switch number(6) {
    case 0: qualified(.cvtts, 31, any(), s())
    case 1, 2: qualified(.cvttq, 31, any(), t())
    case 3: qualified(.cvtqs, 31, any(), s())
    case 4: qualified(.cvtqt, 31, any(), t())
    default: Encode.float(.cvtst, 31, s(), t(), qualifiers: pick([0x280, 0x680]))
    }
  }

  private mutating func longword() -> UInt32 {
    Encode.float(pick([.cvtlq, .cvtql, .cvtqlV, .cvtqlSV]), 31, any(), t())
  }

  private mutating func compare() -> DifferentialProgram.Unit {
    let destination = t()
    let word = qualified(pick(Self.compares), any(), any(), destination)
    return number(2) == 0
      ? one(word)
      : .init(words: [word, Encode.branch(pick(Self.branches), destination, 0)], skips: 1)
  }

  private mutating func load() -> UInt32 {
    number(2) == 0
      ? Encode.memory(.ldt, t(), -8 * (1 + number(0x400)), 30)
      : Encode.memory(.lds, s(), 4 * number(0x800), 30)
  }

  private mutating func store() -> UInt32 {
    number(2) == 0
      ? Encode.memory(.stt, any(), -8 * (1 + number(0x400)), 30)
      : Encode.memory(.sts, any(), 4 * number(0x800), 30)
  }

  private mutating func copy() -> UInt32 {
    number(2) == 0
      ? Encode.float(pick(Self.copies), any(), any(), t())
      : Encode.float(pick(Self.copies), s(), s(), s())
  }

  private mutating func conditionalMove() -> UInt32 {
    number(2) == 0
      ? Encode.float(pick(Self.moves), any(), any(), t())
      : Encode.float(pick(Self.moves), any(), s(), s())
  }

  private mutating func registerMove() -> UInt32 {
    switch number(4) {
    case 0: Encode.float(.ftoit, any(), 31, number(27))
    case 1: Encode.float(.ftois, any(), 31, number(27))
    case 2: Encode.float(.itoft, number(27), 31, t())
    default: Encode.float(.itofs, number(27), 31, s())
    }
  }

  /// MF_FPCR; CPYS clears SUM, which the peer does not derive.
  private mutating func readControl() -> DifferentialProgram.Unit {
    let register = number(10)
    return .init(words: [
      Encode.float(.mfFPCR, register, register, register),
      Encode.float(.cpys, 31, register, register),
    ])
  }

  /// MT_FPCR of bits 62:47; the rest is not stored.
  private mutating func control() -> DifferentialProgram.Unit {
    // INED, UNFD, UNDZ 15:13, DYN 12:11, status 10:5, OVFD, DZED, INVD 4:2, DNZ 1, DNOD 0.
    let disables = pick([0xE01C, 0xE01C, 0, number(0x1_0000) & 0xE01C])
    let status = pick([0, 0, 0x200, number(0x40) << 5])
    let bits = disables | status | number(4) << 11 | number(4)
    return .init(words: [
      Encode.lda(28, Int(Int16(truncatingIfNeeded: bits))),
      Encode.operate(.sll, 28, literal: 47, 28), Encode.float(.itoft, 28, 31, 20),
      Encode.float(.mtFPCR, 20, 20, 20),
    ])
  }

  /// An instruction in one of the combinations of qualifiers that it has; /S is the usual one.
  private mutating func qualified(
    _ operation: Operation, _ fa: Int, _ fb: Int, _ fc: Int
  ) -> UInt32 {
    let row = InstructionTable.row(of: operation)
    while true {
      let trap = pick([0, 0x100, 0x500, 0x700, 0x700])
      let qualifiers = pick([0x00, 0x40, 0x80, 0x80, 0xC0, 0xC0]) | trap
      if row.qualifiers.contains(FloatQualifiers(function: UInt16(qualifiers))) {
        return Encode.float(operation, fa, fb, fc, qualifiers: qualifiers)
      }
    }
  }

  // MARK: - Operands

  private mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &numbers) }
  private mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[number(elements.count)]
  }
  private mutating func t() -> Int { number(40) == 0 ? 31 : number(10) }
  private mutating func s() -> Int { number(40) == 0 ? 31 : 10 + number(10) }
  private mutating func any() -> Int { number(40) == 0 ? 31 : number(20) }
  private static func isS(_ register: Int) -> Bool { 10..<20 ~= register }

  /// Mostly numbers near 1, so that results are numbers too; every special case; integers.
  private mutating func tValue() -> UInt64 {
    let sign = numbers.next() & 1 << 63
    return switch number(16) {
    case 0..<8: sign | UInt64(1023 - 40 + number(80)) << 52 | fraction(52)
    case 8: sign | UInt64(number(0x800)) << 52 | fraction(52)
    case 9..<12: sign | pick(FloatOperands.t)
    case 12: sign ^ (pick(FloatOperands.t) &+ UInt64(number(5)) &- 2)
    case 13: UInt64(bitPattern: Int64(bitPattern: numbers.next()) >> Int64(number(64)))
    case 14: pick(Operands.interesting)
    default: numbers.next()
    }
  }

  private mutating func sValue() -> UInt32 {
    let sign = UInt32(truncatingIfNeeded: numbers.next()) & 1 << 31
    return switch number(16) {
    case 0..<9: sign | UInt32(127 - 20 + number(40)) << 23 | UInt32(fraction(23))
    case 9: sign | UInt32(number(0x100)) << 23 | UInt32(fraction(23))
    case 10..<13: sign | pick(FloatOperands.s)
    case 13: sign ^ (pick(FloatOperands.s) &+ UInt32(number(5)) &- 2)
    default: UInt32(truncatingIfNeeded: numbers.next())
    }
  }

  /// Random bits, or few at the upper or lower end: exact results and ties.
  private mutating func fraction(_ bits: Int) -> UInt64 {
    let all = numbers.next() >> UInt64(64 - bits)
    return switch number(4) {
    case 0: all >> UInt64(number(bits))
    case 1: all & ~0 << UInt64(number(bits)) & (1 << UInt64(bits) - 1)
    default: all
    }
  }
}
