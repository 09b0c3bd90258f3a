import Testing

@testable import DiskImages

/// Gzip members made byte by byte, not by the code under test; only the deflated data come from zlib
/// or from ``DeflateWriter``.
struct GzipFixture {
  var flags: UInt8 = 0
  var method: UInt8 = 8
  var extra: [UInt8]?
  var name: [UInt8]?
  var comment: [UInt8]?
  var hasHeaderCRC = false
  /// Exclusive-or'ed to what would be right.
  var headerCRCError: UInt16 = 0
  var crcError: UInt32 = 0
  var lengthError: UInt32 = 0

  var header: [UInt8] {
    var flags = flags
    if hasHeaderCRC { flags |= 2 }
    if extra != nil { flags |= 4 }
    if name != nil { flags |= 8 }
    if comment != nil { flags |= 16 }
    var bytes: [UInt8] = [0x1F, 0x8B, method, flags, 1, 2, 3, 4, 0, 3]
    if let extra { bytes += littleEndian(UInt16(extra.count)) + extra }
    if let name { bytes += name + [0] }
    if let comment { bytes += comment + [0] }
    if hasHeaderCRC {
      bytes += littleEndian(UInt16(truncatingIfNeeded: CRC32.of(bytes)) ^ headerCRCError)
    }
    return bytes
  }

  /// A member of these deflated data.
  func member(_ content: [UInt8], stream: [UInt8]) -> [UInt8] {
    header + stream + littleEndian(CRC32.of(content) ^ crcError)
      + littleEndian(UInt32(truncatingIfNeeded: content.count) ^ lengthError)
  }

  /// A member, deflated by zlib at a level from 0 (stored) to 9.
  func member(_ content: [UInt8], level: Int32 = 6) throws -> [UInt8] {
    let limit = content.count + content.count / 100 + 1000
    let stream = RawDeflater(level: level)?.deflate(content.span, limit: limit)
    return member(content, stream: try #require(stream))
  }

  private func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    stride(from: 0, to: value.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// Text-like content with runs, repeats, noise and zeroes.
  static func content(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = TestRandom(seed: seed)
    var bytes: [UInt8] = []
    while bytes.count < count {
      let length = Int.random(in: 1...3000, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes += [UInt8](repeating: 0, count: length)
      case 1: bytes += random.bytes(length)
      case 2 where bytes.count > length:
        let start = Int.random(
          in: max(0, bytes.count - 40_000)...bytes.count - length, using: &random)
        bytes += Array(bytes[start..<start + length])
      default: bytes += (0..<length).map { UInt8(truncatingIfNeeded: 97 + $0 * $0 % 13) }
      }
    }
    return Array(bytes.prefix(count))
  }
}

/// Deflate blocks (RFC 1951) of chosen symbols.
struct DeflateWriter {
  enum Symbol {
    case literal(UInt8)
    /// A length from 3 to 258 (of the fixed code) or 3 (of the dynamic one), and a distance.
    case match(length: Int, distance: Int)
  }

  /// What the blocks inflate to.
  private(set) var content: [UInt8] = []
  private var bytes: [UInt8] = []
  private var hold: UInt64 = 0
  private var held = 0

  /// The stream up to now, with zeroes up to a whole byte.
  var stream: [UInt8] { held == 0 ? bytes : bytes + [UInt8(truncatingIfNeeded: hold)] }

  mutating func stored(_ block: [UInt8], isLast: Bool = false) {
    put(isLast ? 1 : 0, 3)
    if held > 0 { put(0, 8 - held) }
    put(UInt64(block.count), 16)
    put(UInt64(block.count) ^ 0xFFFF, 16)
    for byte in block { put(UInt64(byte), 8) }
    content += block
  }

  /// A block of the fixed codes (3.2.6); of the lengths only 258.
  mutating func fixed(_ symbols: some Sequence<Symbol>, isLast: Bool = false) {
    put(isLast ? 1 : 0, 1)
    put(1, 2)
    for symbol in symbols {
      switch symbol {
      case .literal(let byte) where byte < 144: code(UInt64(byte) + 0x30, 8)
      case .literal(let byte): code(UInt64(byte) - 144 + 0x190, 9)
      case .match(_, let distance):
        code(0b1100_0101, 8)
        // Distance codes 2n and 2n + 1 start at 2^n + 1 and 1.5 * 2^n + 1 and have n - 1 more bits.
        let number = UInt64(distance - 1)
        guard number > 1 else {
          code(number, 5)
          break
        }
        let more = 62 - number.leadingZeroBitCount
        code(UInt64(2 * more) + number >> UInt64(more), 5)
        put(number & (1 << UInt64(more) - 1), more)
      }
      append(symbol)
    }
    code(0, 7)
  }

  /// A block of a code of its own: 8 bits for literals up to 253, 9 bits for the others, the end and
  /// the length 3; 2 bits for distances from 1 to 4.
  mutating func dynamic(_ symbols: some Sequence<Symbol>, isLast: Bool = false) {
    put(isLast ? 1 : 0, 1)
    put(2, 2)
    put(258 - 257, 5)
    put(4 - 1, 5)
    put(16 - 4, 4)
    // Lengths of the codes for 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2.
    for length: UInt64 in [0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 2] { put(length, 3) }
    for _ in 0..<254 { code(0, 1) }
    for _ in 0..<4 { code(0b11, 2) }
    for _ in 0..<4 { code(0b10, 2) }
    for symbol in symbols {
      switch symbol {
      case .literal(let byte) where byte < 254: code(UInt64(byte), 8)
      case .literal(let byte): code(508 + UInt64(byte) - 254, 9)
      case .match(_, let distance):
        code(511, 9)
        code(UInt64(distance) - 1, 2)
      }
      append(symbol)
    }
    code(510, 9)
  }

  private mutating func append(_ symbol: Symbol) {
    switch symbol {
    case .literal(let byte): content.append(byte)
    case .match(let length, let distance):
      for _ in 0..<length { content.append(content[content.count - distance]) }
    }
  }

  private mutating func put(_ value: UInt64, _ count: Int) {
    hold |= value << UInt64(held)
    held += count
    while held >= 8 {
      bytes.append(UInt8(truncatingIfNeeded: hold))
      hold >>= 8
      held -= 8
    }
  }

  /// Codes go from their highest bit on.
  private mutating func code(_ value: UInt64, _ count: Int) {
    var reversed: UInt64 = 0
    for bit in 0..<count where value >> UInt64(bit) & 1 != 0 {
      reversed |= 1 << UInt64(count - 1 - bit)
    }
    put(reversed, count)
  }
}
