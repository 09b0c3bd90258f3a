import AlphaISA

/// What the integer operates compute, written a second time from the manual's definitions (Alpha
/// AHB chapter 4) with byte arrays and 128-bit integers, so that it shares no trick with the engine.
enum ReferenceALU {
  struct Result: Equatable {
    var value: UInt64
    var overflow = false
  }

  /// The result, or nil for instructions that are no plain operates.
  static func result(_ operation: Operation, _ a: UInt64, _ b: UInt64) -> Result? {
    arithmetic(operation, a, b) ?? comparison(operation, a, b) ?? logic(operation, a, b)
      ?? bytes(operation, a, b) ?? counting(operation, b) ?? multimedia(operation, a, b)
  }

  // MARK: - Arithmetic

  private static func arithmetic(_ operation: Operation, _ a: UInt64, _ b: UInt64) -> Result? {
    let (x, y) = (Int128(Int64(bitPattern: a)), Int128(Int64(bitPattern: b)))
    let (xl, yl) = (Int128(longword(a)), Int128(longword(b)))
    return switch operation {
    case .addl, .addlV: long(xl + yl)
    case .subl, .sublV: long(xl - yl)
    case .s4addl: long(4 * xl + yl)
    case .s8addl: long(8 * xl + yl)
    case .s4subl: long(4 * xl - yl)
    case .s8subl: long(8 * xl - yl)
    case .mull, .mullV: long(xl * yl)
    case .addq, .addqV: quad(x + y)
    case .subq, .subqV: quad(x - y)
    case .s4addq: quad(4 * x + y)
    case .s8addq: quad(8 * x + y)
    case .s4subq: quad(4 * x - y)
    case .s8subq: quad(8 * x - y)
    case .mulq, .mulqV: quad(x * y)
    case .umulh: Result(value: UInt64((UInt128(a) * UInt128(b)) >> 64))
    default: nil
    }
  }

  private static func longword(_ value: UInt64) -> Int32 { Int32(truncatingIfNeeded: value) }

  private static func long(_ exact: Int128) -> Result {
    let wrapped = Int32(truncatingIfNeeded: exact)
    return Result(
      value: UInt64(bitPattern: Int64(wrapped)), overflow: Int128(wrapped) != exact)
  }

  private static func quad(_ exact: Int128) -> Result {
    let wrapped = Int64(truncatingIfNeeded: exact)
    return Result(value: UInt64(bitPattern: wrapped), overflow: Int128(wrapped) != exact)
  }

  // MARK: - Comparisons and logic

  private static func comparison(_ operation: Operation, _ a: UInt64, _ b: UInt64) -> Result? {
    let (x, y) = (Int64(bitPattern: a), Int64(bitPattern: b))
    let isTrue: Bool
    switch operation {
    case .cmpeq: isTrue = a == b
    case .cmplt: isTrue = x < y
    case .cmple: isTrue = x < y || x == y
    case .cmpult: isTrue = a < b
    case .cmpule: isTrue = a < b || a == b
    default: return nil
    }
    return Result(value: isTrue ? 1 : 0)
  }

  private static func logic(_ operation: Operation, _ a: UInt64, _ b: UInt64) -> Result? {
    let value: UInt64
    switch operation {
    case .and: value = a & b
    case .bic: value = a & (.max - b)
    case .bis: value = a | b
    case .ornot: value = a | (.max - b)
    case .xor: value = (a | b) - (a & b)
    case .eqv: value = .max - ((a | b) - (a & b))
    case .sll: value = (0..<b % 64).reduce(a) { value, _ in value &+ value }
    case .srl: value = (0..<b % 64).reduce(a) { value, _ in value / 2 }
    case .sra: value = UInt64(bitPattern: Int64(bitPattern: a) >> Int64(b % 64))
    case .amask: value = b & (.max - 0x1307)
    case .implver: value = 2
    default: return nil
    }
    return Result(value: value)
  }

  // MARK: - Bytes

  /// The bytes of a quadword from the lowest.
  static func split(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }

  /// The quadword of at most eight bytes.
  static func join(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
  }

  private static func bytes(_ operation: Operation, _ a: UInt64, _ b: UInt64) -> Result? {
    let (left, right, offset) = (split(a), split(b), Int(b % 8))
    let value: UInt64
    switch operation {
    case .cmpbge:
      value = (0..<8).reduce(0) { left[$1] >= right[$1] ? $0 + 1 << UInt64($1) : $0 }
    case .zap: value = join((0..<8).map { b >> UInt64($0) & 1 == 1 ? 0 : left[$0] })
    case .zapnot: value = join((0..<8).map { b >> UInt64($0) & 1 == 1 ? left[$0] : 0 })
    case .extbl, .extwl, .extll, .extql:
      value = join((left + Array(repeating: 0, count: 8))[offset..<offset + width(operation)])
    case .extwh, .extlh, .extqh:
      // The quadword lies `offset` bytes before the end of the field's first quadword.
      let shifted = offset == 0 ? left : Array(repeating: 0, count: 8 - offset) + left
      value = join(shifted[0..<width(operation)])
    case .insbl, .inswl, .insll, .insql: value = join(inserted(operation, left, offset)[0..<8])
    case .inswh, .inslh, .insqh: value = join(inserted(operation, left, offset)[8..<16])
    case .mskbl, .mskwl, .mskll, .mskql: value = join(masked(operation, left + left, offset)[0..<8])
    case .mskwh, .msklh, .mskqh: value = join(masked(operation, left + left, offset)[8..<16])
    default: return nil
    }
    return Result(value: value)
  }

  private static func width(_ operation: Operation) -> Int {
    switch operation {
    case .extbl, .insbl, .mskbl: 1
    case .extwl, .extwh, .inswl, .inswh, .mskwl, .mskwh: 2
    case .extll, .extlh, .insll, .inslh, .mskll, .msklh: 4
    default: 8
    }
  }

  /// Sixteen bytes with the field at `offset`.
  private static func inserted(_ operation: Operation, _ field: [UInt8], _ offset: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 16)
    for index in 0..<width(operation) { bytes[offset + index] = field[index] }
    return bytes
  }

  /// Sixteen bytes with a hole at `offset`.
  private static func masked(_ operation: Operation, _ from: [UInt8], _ offset: Int) -> [UInt8] {
    var bytes = from
    for index in 0..<width(operation) { bytes[offset + index] = 0 }
    return bytes
  }

  // MARK: - Counting and multimedia

  private static func counting(_ operation: Operation, _ b: UInt64) -> Result? {
    let bits = (0..<64).map { b >> UInt64($0) & 1 }
    let value: UInt64
    switch operation {
    case .ctpop: value = bits.reduce(0, +)
    case .ctlz: value = UInt64(bits.reversed().prefix { $0 == 0 }.count)
    case .cttz: value = UInt64(bits.prefix { $0 == 0 }.count)
    case .sextb: value = b % 256 < 128 ? b % 256 : b % 256 &- 256
    case .sextw: value = b % 65536 < 32768 ? b % 65536 : b % 65536 &- 65536
    default: return nil
    }
    return Result(value: value)
  }

  private static func multimedia(_ operation: Operation, _ a: UInt64, _ b: UInt64) -> Result? {
    let (left, right) = (split(a), split(b))
    let value: UInt64
    switch operation {
    case .perr:
      value = zip(left, right).reduce(0) { $0 + UInt64(max($1.0, $1.1) - min($1.0, $1.1)) }
    case .unpkbw: value = join([right[0], 0, right[1], 0, right[2], 0, right[3], 0])
    case .unpkbl: value = join([right[0], 0, 0, 0, right[1], 0, 0, 0])
    case .pkwb: value = join([right[0], right[2], right[4], right[6]])
    case .pklb: value = join([right[0], right[4]])
    case .minub8: value = join(zip(left, right).map { min($0, $1) })
    case .maxub8: value = join(zip(left, right).map { max($0, $1) })
    case .minsb8:
      value = join(zip(left, right).map { Int8(bitPattern: $0) < Int8(bitPattern: $1) ? $0 : $1 })
    case .maxsb8:
      value = join(zip(left, right).map { Int8(bitPattern: $0) < Int8(bitPattern: $1) ? $1 : $0 })
    case .minuw4: value = words(a, b) { $0 < $1 ? $0 : $1 }
    case .maxuw4: value = words(a, b) { $0 < $1 ? $1 : $0 }
    case .minsw4: value = words(a, b) { Int16(bitPattern: $0) < Int16(bitPattern: $1) ? $0 : $1 }
    case .maxsw4: value = words(a, b) { Int16(bitPattern: $0) < Int16(bitPattern: $1) ? $1 : $0 }
    default: return nil
    }
    return Result(value: value)
  }

  private static func words(
    _ a: UInt64, _ b: UInt64, _ choose: (UInt16, UInt16) -> UInt16
  ) -> UInt64 {
    (0..<4).reduce(0) { result, index in
      let shift = 16 * UInt64(index)
      let chosen = choose(
        UInt16(truncatingIfNeeded: a >> shift), UInt16(truncatingIfNeeded: b >> shift))
      return result | UInt64(chosen) << shift
    }
  }
}
