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
