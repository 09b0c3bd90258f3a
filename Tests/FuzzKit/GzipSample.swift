import MachineTestKit

/// A gzip file of members that an input describes, and what it inflates to.
struct GzipSample {
  /// Bytes of content beyond which there are no further blocks.
  private static let contentLimit = 1 << 17

  private(set) var file: [UInt8] = []
  private(set) var content: [UInt8] = []

  /// Members, up to one that the input calls the last.
  init(_ input: inout FuzzInput) {
    repeat {
      addMember(&input)
    } while !input.isAtEnd && content.count <= Self.contentLimit && input.byte() & 3 != 0
  }

  private mutating func addMember(_ input: inout FuzzInput) {
    var writer = DeflateWriter()
    var isLast = false
    while !isLast {
      let kind = input.byte()
      isLast =
        kind & 4 != 0 || input.isAtEnd
        || content.count + writer.content.count > Self.contentLimit
      let (count, seed) = (input.word() % 4096, input.byte())
      var random = SeededGenerator(UInt64(seed))
      switch kind & 3 {
      case 0:
        writer.stored(
          (0..<count).map { _ in UInt8.random(in: 0...seed, using: &random) }, isLast: isLast)
      case 1:
        let symbols = Self.symbols(
          count, length: 258, distances: [1, 2] + (1..<15).map { (1 << $0) + 1 },
          behind: writer.content.count, &random)
        writer.fixed(symbols, isLast: isLast)
      default:
        let symbols = Self.symbols(
          count, length: 3, distances: [1, 2, 3, 4], behind: writer.content.count, &random)
        writer.dynamic(symbols, isLast: isLast)
      }
    }
    content += writer.content
    let flags = input.byte()
    // A name, or none (RFC 1952, 2.3.1).
    let name: [UInt8] = flags & 1 == 0 ? [] : [0x61, 0]
    file += [0x1F, 0x8B, 8, name.isEmpty ? 0 : 8, 0, 0, 0, 0, 0, 3] + name + writer.stream
    file += littleEndian(crc32(writer.content[...])) + littleEndian(UInt32(writer.content.count))
  }

  /// Literals, and now and then a match as long as `length`, at most 64 of them.
  private static func symbols(
    _ count: Int, length: Int, distances: [Int], behind start: Int,
    _ random: inout SeededGenerator
  ) -> [DeflateWriter.Symbol] {
    var symbols: [DeflateWriter.Symbol] = []
    var (end, matches) = (start, 0)
    for _ in 0..<count {
      let word = random.next()
      let distance = distances[Int(word >> 8 & 0xFF) % distances.count]
      if word & 7 == 0, matches < 64, distance <= end, distance <= 32768 {
        symbols.append(.match(length: length, distance: distance))
        end += length
        matches += 1
      } else {
        symbols.append(.literal(UInt8(truncatingIfNeeded: word >> 16)))
        end += 1
      }
    }
    return symbols
  }
}

/// The bytes of an integer, the lowest first.
func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  stride(from: 0, to: value.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: value >> $0) }
}

/// The bytes of an integer, the highest first.
func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] { littleEndian(value.byteSwapped) }

/// CRC-32 bit by bit, as RFC 1952, 8 describes it: not by the code under test.
func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  var sum = UInt32.max
  for byte in bytes {
    sum ^= UInt32(byte)
    for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 0 ? 0 : 0xEDB8_8320) }
  }
  return ~sum
}
