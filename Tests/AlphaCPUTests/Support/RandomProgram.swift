import AlphaISA
import SeededRandom

/// Random programs of valid integer instructions, for comparing the engine with itself.
///
/// R16 addresses data, R17 the program's own page, R18 user data; nothing else of a program's
/// behaviour is bounded: it may loop, trap, jump into the middle and overwrite itself.
struct RandomProgram {
  var generator: SeededGenerator
  let count: Int

  private static let operates = Operation.allCases.filter {
    InstructionTable.row(of: $0).format == .integerOperate
  }
  private static let loads: [Operation] = [.ldbu, .ldwu, .ldl, .ldq, .ldqU, .ldlL, .ldqL]
  private static let stores: [Operation] = [.stb, .stw, .stl, .stq, .stqU, .stlC, .stqC]
  private static let branches: [Operation] = [
    .beq, .bne, .blt, .bge, .ble, .bgt, .blbs, .blbc, .br, .bsr,
  ]
  private static let compares: [Operation] = [.cmpeq, .cmplt, .cmple, .cmpult, .cmpule]

  init(seed: UInt64, count: Int) {
    generator = SeededGenerator(seed)
    self.count = count
  }

  mutating func words() -> [UInt32] {
    var words: [UInt32] = []
    while words.count < count { words += instruction(at: words.count) }
    return Array(words.prefix(count))
  }

  private mutating func instruction(at index: Int) -> [UInt32] {
    switch number(100) {
    case 0..<50: return [operate()]
    case 50..<56:
      return [Encode.memory(number(2) == 0 ? .lda : .ldah, destination(), displacement(), source())]
    case 56..<66:
      let load = Self.loads[number(Self.loads.count)]
      return [Encode.memory(load, destination(), offset(load), base())]
    case 66..<76:
      let store = Self.stores[number(Self.stores.count)]
      return [Encode.memory(store, source(), offset(store), base())]
    case 76..<84:
      return [
        Encode.branch(Self.branches[number(Self.branches.count)], destination(), target(index))
      ]
    case 84..<90:
      let register = destination()
      let compare = Encode.operate(
        Self.compares[number(Self.compares.count)], source(), source(), register)
      return [compare, Encode.branch(number(2) == 0 ? .beq : .bne, register, target(index + 1))]
    case 90..<93:
      // To a computed place in the program.
      return [
        Encode.operate(.and, source(), literal: 0xFC, 19), Encode.addq(19, 17, 19),
        Encode.jump(.jsr, destination(), 19),
      ]
    case 93..<95: return [Encode.callPAL(number(2) == 0 ? 0x83 : number(0x100))]
    case 95: return [Encode.miscellaneous(.rpcc, destination())]
    case 96: return [Encode.miscellaneous(number(2) == 0 ? .rs : .rc, destination())]
    case 97: return [Encode.miscellaneous(.mb)]
    case 98: return [Encode.float(number(2) == 0 ? .itoft : .itofs, source(), 31, number(32))]
    default: return [Encode.float(number(2) == 0 ? .ftoit : .ftois, number(32), 31, destination())]
    }
  }

  private mutating func operate() -> UInt32 {
    let operation = Self.operates[number(Self.operates.count)]
    let hasLiteral = !InstructionTable.row(of: operation).fixed.contains(.noLiteral)
    return hasLiteral && number(3) == 0
      ? Encode.operate(operation, source(), literal: number(256), destination())
      : Encode.operate(operation, source(), source(), destination())
  }

  private mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }
  private mutating func displacement() -> Int { number(0x1_0000) - 0x8000 }

  /// Few registers, so that values meet; R31 and the shadowed ones among them.
  private mutating func source() -> Int {
    [0, 1, 2, 3, 4, 5, 8, 9, 25, 31][number(10)]
  }
  private mutating func destination() -> Int { source() }
  private mutating func base() -> Int { [16, 16, 16, 17, 18][number(5)] }

  /// Mostly aligned, within a page; the program's first words among them.
  private mutating func offset(_ operation: Operation) -> Int {
    let byteCount = operation.byteCount
    let offset = number(number(2) == 0 ? 256 : 0x1000)
    return number(20) == 0 ? offset : offset & -byteCount
  }

  private mutating func target(_ index: Int) -> Int {
    number(30) == 0 ? number(4096) - 2048 : number(count) - index
  }
}
