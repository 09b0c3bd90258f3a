import AlphaISA
import SeededRandom

/// Makes programs that trap: what the other two generators make, mixed with accesses to every kind of
/// page, jumps to them, CALL_PAL, illegal words and integer overflow.
///
/// A program keeps to integer instructions or to IEEE arithmetic, whose registers have rules of their
/// own, or runs with floating point disabled.
struct SystemGenerator {
  private enum Kind { case integer, float, floatDisabled }

  private var numbers: SeededGenerator
  private var integers: DifferentialGenerator
  private var floats: DifferentialFloatGenerator

  init(seed: UInt64) {
    numbers = SeededGenerator(seed)
    integers = DifferentialGenerator(seed: numbers.next())
    floats = DifferentialFloatGenerator(seed: numbers.next())
  }

  /// Programs of one batch share the sandbox's first content.
  mutating func program(units: Int, sandboxSeed: UInt64) -> SystemProgram {
    var program = SystemProgram(seed: sandboxSeed)
    program.isUser = number(2) == 0
    program.repairs = number(2) == 0
    program.priority = program.isUser ? 0 : number(8)
    program.fpcr = numbers.next() & 0x7FFF_8000_0000_0000
    let kind: Kind = pick([.integer, .integer, .float, .floatDisabled])
    program.floatEnabled = kind != .floatDisabled
    program.registers =
      kind == .float
      ? floats.program(chunks: 0, unitsPerChunk: 0).registers
      : integers.program(chunks: 0, unitsPerChunk: 0).registers
    for _ in 0..<units { program.units.append(unit(kind, isUser: program.isUser)) }
    return program
  }

  // MARK: - Units

  private mutating func unit(_ kind: Kind, isUser: Bool) -> SystemProgram.Unit {
    switch number(100) {
    case 0..<12: .init(words: specialAccess(kind))
    case 12..<16: .init(words: specialJump(isUser: isUser))
    case 16..<20: .init(words: [overflow()])
    case 20..<24: .init(words: call(isUser: isUser))
    case 24..<27: .init(words: [illegal(isUser: isUser)])
    case 27..<29: .init(words: hidden())
    case 29..<31: .init(words: lockedPair())
    case 31..<34 where kind == .floatDisabled: .init(words: [disabled(), Encode.nop])
    case 34 where kind != .float:
      // CLRFEN, which some firmware does not have: either way the next one goes on with FEN = 1.
      .init(words: [Encode.callPAL(0xAE), disabled(), Encode.nop])
    default: ordinary(kind)
    }
  }

  /// What the other generators make. RC and RS belong to ``hidden()``.
  private mutating func ordinary(_ kind: Kind) -> SystemProgram.Unit {
    while true {
      let unit = kind == .float ? floats.unit() : integers.unit()
      let operations = unit.words.map { Decoder.operation(of: .init(rawValue: $0)) }
      if operations.contains(where: { $0 == .rc || $0 == .rs }) { continue }
      if kind == .floatDisabled, operations.contains(where: { $0?.isFloat == true }) { continue }
      return unit
    }
  }

  private mutating func specialAccess(_ kind: Kind) -> [UInt32] {
    var operations: [Operation] = [
      .ldbu, .ldwu, .ldl, .ldq, .ldqU, .stb, .stw, .stl, .stq, .stqU, .ldlL, .ldqL, .fetch, .ecb,
    ]
    if kind != .floatDisabled { operations += [.lds, .ldt, .sts, .stt] }
    let operation = pick(operations)
    let address = address()
    switch operation {
    case .fetch, .ecb: return address + [Encode.miscellaneous(operation, 31, 28)]
    default:
      let isS = kind == .float && operation == .lds
      let register =
        operation.isFloat
        ? number(8) == 0 ? 31 : isS ? 10 + number(10) : number(10)
        : number(8) == 0 && operation != .ldlL && operation != .ldqL ? 31 : number(26)
      let byteCount = operation.byteCount
      let displacement = number(6) == 0 ? number(64) : number(64) & -byteCount
      return address + [Encode.memory(operation, register, displacement, 28)]
    }
  }

  /// R28 = somewhere special: a page of the sandbox, by its address or another one; tables that are
  /// not valid or deny; addresses that are none.
  private mutating func address() -> [UInt32] {
    let inPage = number(0x400) & -8
    switch number(16) {
    case 0: return [Encode.memory(.ldah, 28, 0x2080, 31)]
    case 1: return [Encode.memory(.ldah, 28, 0x2100, 31)]
    case 2, 3:
      return [
        Encode.lda(28, pick([1, -1])), Encode.operate(.sll, 28, literal: 33 + number(2), 28),
        Encode.lda(28, inPage, 28),
      ]
    case 4:
      return [
        Encode.lda(28, pick([1, -1])), Encode.operate(.sll, 28, literal: 44 + number(20), 28),
      ]
    case 5:
      // The sandbox's first pages in KSEG.
      return [
        Encode.lda(28, -1), Encode.operate(.sll, 28, literal: 42, 28),
        Encode.memory(.ldah, 28, 0x100, 28), Encode.lda(28, inPage, 28),
      ]
    case 6:
      // The sandbox by its upper address.
      return pageAddress(number(15), inPage) + [
        Encode.lda(27, -1), Encode.operate(.sll, 27, literal: 34, 27), Encode.addq(27, 28, 28),
      ]
    default: return pageAddress(number(15), inPage)
    }
  }

  /// R28 = an offset in a page of the sandbox.
  private func pageAddress(_ page: Int, _ offset: Int) -> [UInt32] {
    let distance = (page - 1) * SystemProgram.pageByteCount + offset
    let low = Int(Int16(truncatingIfNeeded: distance))
    return [
      Encode.memory(.ldah, 28, (distance - low) >> 16, 30), Encode.lda(28, low, 28),
    ]
  }

  /// JSR to a page that holds nothing but RET, or that cannot be executed.
  private mutating func specialJump(isUser: Bool) -> [UInt32] {
    let targets: [[UInt32]] = [
      pageAddress(13, number(0x2000)), pageAddress(14, number(0x2000)),
      pageAddress(15, number(0x2000)), pageAddress(10, number(0x2000)),
      pageAddress(isUser ? 6 : 9, number(0x2000)),
      [Encode.memory(.ldah, 28, 0x2080, 31)], [Encode.memory(.ldah, 28, 0x2100, 31)],
      [Encode.lda(28, 1), Encode.operate(.sll, 28, literal: 44 + number(20), 28)],
    ]
    return pick(targets) + [
      Encode.jump(pick([.jmp, .jsr, .ret, .jsrCoroutine]), 26, 28, hint: number(0x4000))
    ]
  }

  private mutating func overflow() -> UInt32 {
    let operation = pick([.addlV, .sublV, .mullV, .addqV, .subqV, .mulqV] as [Operation])
    return number(4) == 0
      ? Encode.operate(operation, number(27), literal: number(256), number(27))
      : Encode.operate(operation, number(27), number(27), number(27))
  }

  /// Calls that return, and calls that are none. HW_RET clears the flag of RC and RS, and so do they;
  /// the peer executes some without entering PALcode.
  private mutating func call(isUser: Bool) -> [UInt32] {
    switch number(8) {
    case 0: return [Encode.callPAL(pick([0x80, 0x81]))]
    case 1: return [Encode.callPAL(0xAA)]
    case 2, 3: return [Encode.callPAL(pick([0x86, 0x9E, 0x9F]))]
    case 4 where isUser: return [Encode.callPAL(0x83)]
    case 5: return [Encode.callPAL(pick([0x40 + number(0x40), 0xC0 + number(0x1000), 0xBF, 0x92]))]
    default:
      // CFLUSH, DRAINA, RDMCES, WRVAL, RDVAL, TBI, SWPIPL, RDPS, WRUSP, RDUSP, WHAMI, and one that
      // does not exist.
      let kernel = [0x01, 0x02, 0x10, 0x31, 0x32, 0x33, 0x35, 0x36, 0x38, 0x3A, 0x3C, 0x29]
      // A call may destroy its argument (AHB II-B, PALcode instruction descriptions).
      return isUser
        ? [Encode.callPAL(number(0x40))]
        : [Encode.callPAL(pick(kernel)), Encode.operate(.bis, 31, 31, 16)]
    }
  }

  /// Reserved opcodes, opcodes of PALmode, and functions that are not assigned.
  private mutating func illegal(isUser: Bool) -> UInt32 {
    let low = UInt32(truncatingIfNeeded: numbers.next())
    switch number(3) {
    case 0: return UInt32(1 + number(7)) << 26 | low & 0x3FF_FFFF
    case 1: return UInt32(pick([0x19, 0x1B, 0x1D, 0x1E, 0x1F])) << 26 | low & 0x3FF_FFFF
    default:
      while true {
        let opcode = UInt32(pick(Self.sparseOpcodes))
        let word = opcode << 26 | UInt32(truncatingIfNeeded: numbers.next()) & 0x3FF_FFFF
        if Decoder.operation(of: .init(rawValue: word)) == nil, !SystemDeviation.executes(word) {
          return word
        }
      }
    }
  }

  private static let sparseOpcodes = [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x1C]

  /// The cycle counter, whose value is nobody's business, and the flag of RC and RS with nothing
  /// between that clears it.
  private mutating func hidden() -> [UInt32] {
    let register = number(26)
    return number(2) == 0
      ? [Encode.miscellaneous(.rpcc, register), Encode.operate(.bis, 31, 31, register)]
      : [
        Encode.miscellaneous(number(2) == 0 ? .rs : .rc), Encode.nop,
        Encode.miscellaneous(number(2) == 0 ? .rs : .rc, register),
      ]
  }

  /// The store may fault where the load did not.
  private mutating func lockedPair() -> [UInt32] {
    let isLong = number(2) == 0
    return pageAddress(pick([0, 1, 2, 3, 5, 6, 7, 8, 11, 12]), number(0x400) & -8) + [
      Encode.memory(isLong ? .ldlL : .ldqL, number(26), 0, 28),
      Encode.memory(isLong ? .stlC : .stqC, number(26), 0, 28),
    ]
  }

  /// A floating-point instruction; FTOIx are left out, see ``SystemDeviation``.
  private mutating func disabled() -> UInt32 {
    switch number(6) {
    case 0: Encode.memory(pick([.lds, .ldt, .sts, .stt]), number(10), 8 * number(16), 30)
    case 1: Encode.branch(pick([.fbeq, .fbne, .fblt]), number(10), 0)
    case 2: Encode.float(.itoft, number(10), 31, number(10))
    case 3: Encode.float(.mtFPCR, 3, 3, 3)
    case 4: Encode.float(.cpys, number(10), number(10), number(10))
    default: Encode.float(.cmpteq, number(10), number(10), 9, qualifiers: 0x80)
    }
  }

  private mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &numbers) }
  private mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[number(elements.count)]
  }
}
