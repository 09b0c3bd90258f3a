import AlphaISA
import SeededRandom

/// Makes random programs whose every instruction the architecture defines, weighted as code is.
struct DifferentialGenerator {
  var numbers: SeededGenerator

  private static let operates = Operation.allCases.filter {
    InstructionTable.row(of: $0).format == .integerOperate
      && !InstructionTable.row(of: $0).mnemonic.hasSuffix("/v")
  }
  private static let trapping: [Operation] = [.addlV, .sublV, .mullV, .addqV, .subqV, .mulqV]
  private static let loads: [Operation] = [.ldbu, .ldwu, .ldl, .ldq, .ldqU, .lds, .ldt]
  private static let stores: [Operation] = [.stb, .stw, .stl, .stq, .stqU, .sts, .stt]
  private static let branches: [Operation] = [.beq, .bne, .blt, .bge, .ble, .bgt, .blbs, .blbc]
  private static let floatBranches: [Operation] = [.fbeq, .fbne, .fblt, .fbge, .fble, .fbgt]
  private static let compares: [Operation] = [.cmpeq, .cmplt, .cmple, .cmpult, .cmpule]
  private static let floatMoves: [Operation] = [
    .cpys, .cpysn, .cpyse, .fcmoveq, .fcmovne, .fcmovlt, .fcmovge, .fcmovle, .fcmovgt,
  ]
  private static let hints: [Operation] = [.trapb, .excb, .mb, .wmb, .fetch, .fetchM, .ecb]

  init(seed: UInt64) { numbers = SeededGenerator(seed) }

  mutating func program(chunks: Int, unitsPerChunk: Int) -> DifferentialProgram {
    DifferentialProgram(
      chunks: (0..<chunks).map { _ in (0..<unitsPerChunk).map { _ in unit() } },
      registers: (0..<64).map { $0 == 27 ? 0 : value() },
      sandbox: (0..<DifferentialProgram.sandboxByteCount / 8).map { _ in value() })
  }

  // MARK: - Units

  mutating func unit() -> DifferentialProgram.Unit {
    switch number(100) {
    case 0..<50: .init(words: [operate()])
    case 50..<54:
      .init(words: [
        Encode.memory(
          number(2) == 0 ? .lda : .ldah, destination(), number(0x1_0000) - 0x8000, source())
      ])
    case 54..<66: .init(words: [access(Self.loads)])
    case 66..<74: .init(words: [access(Self.stores)])
    case 74..<77: .init(words: indexedAccess())
    case 77..<82: .init(words: [branch()], skips: 1 + number(6))
    case 82..<86: compareAndBranch()
    case 86: .init(words: [Encode.branch(number(2) == 0 ? .br : .bsr, 26, 0)], skips: 1 + number(3))
    case 87: .init(words: jump())
    case 88: .init(words: loop())
    case 89: .init(words: lockedPair())
    case 90: .init(words: smallTrapping())
    case 91: .init(words: [hint()])
    case 92:
      .init(words: [
        Encode.float(number(2) == 0 ? .ftoit : .ftois, floatRegister(), 31, destination())
      ])
    case 93..<95:
      .init(words: [Encode.float(number(2) == 0 ? .itoft : .itofs, source(), 31, floatRegister())])
    case 95: .init(words: [Encode.float(.cvtlq, 31, floatRegister(), floatRegister())])
    default:
      .init(words: [
        Encode.float(pick(Self.floatMoves), floatRegister(), floatRegister(), floatRegister())
      ])
    }
  }

  private mutating func operate() -> UInt32 {
    let operation = pick(Self.operates)
    let hasLiteral = !InstructionTable.row(of: operation).fixed.contains(.noLiteral)
    if operation == .implver { return Encode.operate(operation, 31, literal: 1, destination()) }
    return hasLiteral && number(3) == 0
      ? Encode.operate(operation, source(), literal: number(256), destination())
      : Encode.operate(operation, source(), source(), destination())
  }

  /// A load or store in the sandbox; the first kilobyte behind R30 is used most.
  private mutating func access(_ operations: [Operation]) -> UInt32 {
    let operation = pick(operations)
    let isFloat = operation.isFloat
    return Encode.memory(
      operation, isFloat ? floatRegister() : number(8) == 0 ? 31 : destination(), offset(operation),
      30)
  }

  private mutating func offset(_ operation: Operation) -> Int {
    let offset = number(4) == 0 ? number(0x4000) - 0x2000 : number(0x400)
    let byteCount = operation.byteCount
    return operation == .ldqU || operation == .stqU ? offset : offset & -byteCount
  }

  private mutating func indexedAccess() -> [UInt32] {
    let operation = pick(number(2) == 0 ? Self.loads : Self.stores)
    return [
      Encode.operate(.and, source(), literal: 0xF8, 28), Encode.addq(28, 30, 28),
      Encode.memory(
        operation, operation.isFloat ? floatRegister() : destination(), offset(operation) / 2 & -8,
        28),
    ]
  }

  private mutating func branch() -> UInt32 {
    number(5) == 0
      ? Encode.branch(pick(Self.floatBranches), floatRegister(), 0)
      : Encode.branch(pick(Self.branches), source(), 0)
  }

  private mutating func compareAndBranch() -> DifferentialProgram.Unit {
    let register = destination()
    let compare = pick(Self.compares)
    let first =
      number(2) == 0
      ? Encode.operate(compare, source(), source(), register)
      : Encode.operate(compare, source(), literal: number(256), register)
    return .init(
      words: [first, Encode.branch(number(2) == 0 ? .beq : .bne, register, 0)],
      skips: 1 + number(4))
  }

  /// To the next unit through a register.
  private mutating func jump() -> [UInt32] {
    [
      Encode.branch(.br, 28, 0), Encode.lda(28, 8 + number(4), 28),
      Encode.jump(pick([.jmp, .jsr, .ret, .jsrCoroutine]), 26, 28, hint: number(0x4000)),
    ]
  }

  private mutating func loop() -> [UInt32] {
    let body = (0...number(5)).map { _ in number(3) == 0 ? access(Self.stores) : operate() }
    return [Encode.lda(27, 1 + number(4))] + body + [
      Encode.operate(.subq, 27, literal: 1, 27), Encode.branch(.bgt, 27, -body.count - 2),
    ]
  }

  /// The peer compares addresses and values, so both use one address and nothing lies between; it
  /// takes a load to R31 for a prefetch, where the architecture takes the reservation.
  private mutating func lockedPair() -> [UInt32] {
    let isLong = number(2) == 0
    let address = offset(.ldq)
    let store = Encode.memory(isLong ? .stlC : .stqC, destination(), address, 30)
    if number(5) == 0 { return [store] }
    return [Encode.memory(isLong ? .ldlL : .ldqL, number(27), address, 30), operate(), store]
  }

  /// Operands of 14 bits, with which nothing overflows: a trap would end the peer's program.
  private mutating func smallTrapping() -> [UInt32] {
    [
      Encode.operate(.sra, source(), literal: 50, 1),
      Encode.operate(.sra, source(), literal: 50, 2),
      Encode.operate(pick(Self.trapping), 1, 2, destination()),
    ]
  }

  private mutating func hint() -> UInt32 {
    number(4) == 0
      ? Encode.miscellaneous(number(2) == 0 ? .rs : .rc, destination())
      : Encode.miscellaneous(pick(Self.hints), 31, 30)
  }

  // MARK: - Operands

  private mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &numbers) }
  private mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[number(elements.count)]
  }
  private mutating func source() -> Int { number(12) == 0 ? 31 : number(27) }
  private mutating func destination() -> Int { number(40) == 0 ? 31 : number(27) }
  private mutating func floatRegister() -> Int { number(12) == 0 ? 31 : number(12) }

  /// Interesting values, values near them, and random ones of any magnitude.
  private mutating func value() -> UInt64 {
    switch number(4) {
    case 0: pick(Operands.interesting)
    case 1: pick(Operands.interesting) &+ UInt64(number(5)) &- 2
    default: numbers.next() >> UInt64(number(64))
    }
  }
}
