/// A member's header (RFC 1952, 2.3).
extension GzipDecoder {
  /// What the first two bytes of a member are.
  static let magic: [UInt8] = [0x1F, 0x8B]

  /// The longest name or comment that is read. RFC 1952 has no limit; memory has.
  private static let textLimit = 1 << 16

  /// Bits of the byte FLG.
  private enum Flag {
    static let headerCRC: UInt8 = 1 << 1
    static let extra: UInt8 = 1 << 2
    static let name: UInt8 = 1 << 3
    static let comment: UInt8 = 1 << 4
    static let reserved: UInt8 = 0xE0
  }

  /// Reads a header, or finds that there is no further member.
  func readHeader() throws(ImageFault) {
    let start = input.offset
    guard try hasMagic() else {
      guard member > 1 else { throw fault("there is no gzip header, which starts with 1f 8b") }
      // What gzip itself does: no member follows padding.
      input.seek(to: start)
      state = .padding
      return
    }
    var header = Self.magic
    let method = try headerByte(&header)
    guard method == 8 else {
      throw fault("the method is \(method), but 8 (deflate) is the only one")
    }
    let flags = try headerByte(&header)
    guard flags & Flag.reserved == 0 else {
      throw fault("the flags are \(hexadecimal(UInt64(flags))), but bits 5 to 7 must be 0")
    }
    // Time, extra flags, operating system.
    for _ in 0..<6 { _ = try headerByte(&header) }
    if flags & Flag.extra != 0 {
      let count = try Int(headerByte(&header)) | Int(headerByte(&header)) << 8
      for _ in 0..<count { _ = try headerByte(&header) }
    }
    for text in [Flag.name, Flag.comment] where flags & text != 0 {
      let start = header.count
      while try headerByte(&header) != 0 {
        guard header.count - start <= Self.textLimit else {
          throw fault("the name or comment is longer than \(Self.textLimit) bytes")
        }
      }
    }
    if flags & Flag.headerCRC != 0 {
      let expected = UInt16(truncatingIfNeeded: CRC32.of(header))
      let stored = try UInt16(headerByte(&header)) | UInt16(headerByte(&header)) << 8
      guard stored == expected else {
        throw fault(
          "the header's CRC is \(hexadecimal(UInt64(stored))), of its bytes it is "
            + hexadecimal(UInt64(expected)))
      }
    }
    beginData()
  }

  /// Goes through one piece of what follows the last member.
  func skipPadding() throws(ImageFault) {
    guard try input.fill() else {
      state = .end
      return
    }
    guard input.buffer.span.extracting(input.unread).isAllZero else {
      garbageOffset = input.offset
      state = .end
      return
    }
    input.skip(input.unread.count)
  }

  private func hasMagic() throws(ImageFault) -> Bool {
    for byte in Self.magic { guard try input.next() == byte else { return false } }
    return true
  }

  /// The next byte, which is kept for the header's CRC.
  private func headerByte(_ header: inout [UInt8]) throws(ImageFault) -> UInt8 {
    guard let byte = try input.next() else { throw fault("the file ends inside a header") }
    header.append(byte)
    return byte
  }
}
