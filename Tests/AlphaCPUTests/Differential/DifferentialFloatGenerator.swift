import AlphaISA

/// Makes random IEEE programs in which nothing traps and nothing underflows: every instruction has
/// /S, the FPCR disables all traps, and operands are loaded values of moderate size, never results.
///
/// F0 to F5 hold T operands and F6 to F11 T results, F12 to F17 S operands and F18 to F23 S results,
/// F24 and F25 integers on their way.
struct DifferentialFloatGenerator {
  var numbers: SeededGenerator

  /// INED, UNFD, UNDZ, OVFD, DZED, INVD, DNZ; DYN is added.
  private static let control: UInt64 = 0x700F_0000_0000_0000
  private static let tOperations: [Operation] = [
    .addt, .subt, .mult, .divt, .sqrtt, .cmpteq, .cmptlt, .cmptle, .cmptun,
  ]
  private static let sOperations: [Operation] = [.adds, .subs, .muls, .divs, .sqrts]
  private static let compares: Set<Operation> = [.cmpteq, .cmptlt, .cmptle, .cmptun]

  init(seed: UInt64) { numbers = SeededGenerator(seed: seed) }

  mutating func program(chunks: Int, unitsPerChunk: Int) -> DifferentialProgram {
    var registers = (0..<63).map { _ in numbers.next() }
    for register in 0..<31 {
      registers[32 + register] = 12...23 ~= register ? sValue() : tValue()
    }
    let half = DifferentialProgram.constantCount / 2
    return DifferentialProgram(
      chunks: (0..<chunks).map { _ in (0..<unitsPerChunk).map { _ in unit() } },
      registers: registers + [Self.control | UInt64(number(4)) << 58],
      constants: (0..<half).map { _ in tValue() } + (0..<half).map { _ in sValue() },
      sandbox: [UInt64](repeating: 0, count: DifferentialProgram.sandboxByteCount / 8))
  }

  private mutating func unit() -> DifferentialProgram.Unit {
    switch number(100) {
    case 0..<25: .init(words: [load(number(6), half: 0)])
    case 25..<40: .init(words: [load(12 + number(6), half: 1)])
    case 40..<62: .init(words: [operate(pick(Self.tOperations), t(), t(), tResult())])
    case 62..<80: .init(words: [operate(pick(Self.sOperations), s(), s(), sResult())])
    case 80..<85: .init(words: [operate(.cvtts, 31, t(), sResult())])
    case 85..<88: .init(words: [Encode.float(.cvtst, 31, s(), tResult(), qualifiers: 0x680)])
    case 88..<94: .init(words: fromInteger())
    default: .init(words: toInteger())
    }
  }

  private mutating func load(_ register: Int, half: Int) -> UInt32 {
    let constant = number(DifferentialProgram.constantCount / 2)
    let index = half * DifferentialProgram.constantCount / 2 + constant
    let middle =
      Int(DifferentialProgram.sandboxOffset) + DifferentialProgram.sandboxByteCount / 2
    return Encode.memory(
      .ldt, register, Int(DifferentialProgram.constantsOffset) + 8 * index - middle, 30)
  }

  private mutating func operate(_ operation: Operation, _ fa: Int, _ fb: Int, _ fc: Int) -> UInt32 {
    // /SU or /SUI with any rounding; compares have only /SU.
    let qualifiers =
      Self.compares.contains(operation) ? 0x580 : [0x500, 0x700][number(2)] | number(4) << 6
    return Encode.float(operation, fa, fb, fc, qualifiers: qualifiers)
  }

  private mutating func fromInteger() -> [UInt32] {
    let isS = number(2) == 0
    return [
      Encode.operate(.sra, number(27), literal: number(64), 28),
      Encode.float(.itoft, 28, 31, 24),
      Encode.float(
        isS ? .cvtqs : .cvtqt, 31, 24, isS ? sResult() : tResult(),
        qualifiers: 0x700 | number(4) << 6),
    ]
  }

  /// A fraction of at most 62 bits before the point, so that the integer does not overflow.
  private mutating func toInteger() -> [UInt32] {
    [
      Encode.operate(.sra, number(27), literal: 2 + number(60), 28),
      Encode.float(.itoft, 28, 31, 24), Encode.float(.cvtqt, 31, 24, 25, qualifiers: 0x780),
      load(24, half: 0), Encode.float(.cpyse, 25, 24, 25),
      Encode.float(.cvttq, 31, 25, 25, qualifiers: [0x500, 0x700][number(2)] | number(4) << 6),
      Encode.float(.ftoit, 25, 31, number(27)),
    ]
  }

  // MARK: - Operands

  private mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &numbers) }
  private mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[number(elements.count)]
  }
  private mutating func t() -> Int { number(15) == 0 ? 31 : number(6) }
  private mutating func s() -> Int { number(15) == 0 ? 31 : 12 + number(6) }
  private mutating func tResult() -> Int { 6 + number(6) }
  private mutating func sResult() -> Int { 18 + number(6) }

  /// Zeros, infinities, and numbers whose product and quotient fit S; round and ragged fractions.
  private mutating func tValue() -> UInt64 {
    let sign = numbers.next() & 1 << 63
    switch number(16) {
    case 0: return sign
    case 1: return sign | 0x7FF << 52
    default:
      return sign | UInt64(1023 - 60 + number(120)) << 52 | fraction(bits: 52)
    }
  }

  /// The same with the precision of S.
  private mutating func sValue() -> UInt64 {
    let sign = numbers.next() & 1 << 63
    switch number(16) {
    case 0: return sign
    case 1: return sign | 0x7FF << 52
    default:
      return sign | UInt64(1023 - 60 + number(120)) << 52 | fraction(bits: 23) << 29
    }
  }

  private mutating func fraction(bits: Int) -> UInt64 {
    let all = (UInt64(1) << UInt64(bits)) - 1
    switch number(6) {
    case 0: return 0
    case 1: return all
    case 2: return 1 << UInt64(number(bits))
    case 3: return all & (numbers.next() << UInt64(number(bits)))
    default: return numbers.next() & all
    }
  }
}
