/// Deflate blocks (RFC 1951) of chosen symbols.
public struct DeflateWriter {
  /// What a block is made of.
  public enum Symbol: Sendable {
    /// A byte.
    case literal(UInt8)
    /// A length from 3 to 258 (of the fixed code) or 3 (of the dynamic one), and a distance.
    case match(length: Int, distance: Int)
  }

  /// What the blocks inflate to.
  public private(set) var content: [UInt8] = []
  private var bytes: [UInt8] = []
  private var hold: UInt64 = 0
  private var held = 0

  /// An empty stream.
  public init() {}

  /// The stream up to now, with zeroes up to a whole byte.
  public var stream: [UInt8] { held == 0 ? bytes : bytes + [UInt8(truncatingIfNeeded: hold)] }

  /// A stored block (3.2.4).
  public mutating func stored(_ block: [UInt8], isLast: Bool = false) {
    put(isLast ? 1 : 0, 3)
    if held > 0 { put(0, 8 - held) }
    put(UInt64(block.count), 16)
    put(UInt64(block.count) ^ 0xFFFF, 16)
    for byte in block { put(UInt64(byte), 8) }
    content += block
  }

  /// A block of the fixed codes (3.2.6); of the lengths only 258.
  public mutating func fixed(_ symbols: some Sequence<Symbol>, isLast: Bool = false) {
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
  public mutating func dynamic(_ symbols: some Sequence<Symbol>, isLast: Bool = false) {
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
