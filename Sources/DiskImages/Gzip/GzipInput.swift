/// The bytes of a file in order, read ahead in pieces.
struct GzipInput {
  private static let pieceSize = 1 << 17

  let store: any FileStore
  /// Where the file ends.
  let byteCount: UInt64
  /// File offset of the first byte of ``buffer``.
  private var base: UInt64 = 0
  /// What has been read ahead.
  private(set) var buffer: [UInt8]
  /// The part of ``buffer`` that is still to be used.
  private(set) var unread = 0..<0

  init(_ store: any FileStore, byteCount: UInt64) {
    self.store = store
    self.byteCount = byteCount
    buffer = [UInt8](repeating: 0, count: Int(min(byteCount, UInt64(Self.pieceSize))))
  }

  /// File offset of the next byte.
  var offset: UInt64 { base + UInt64(unread.lowerBound) }

  /// Makes the byte at `offset` the next one.
  mutating func seek(to offset: UInt64) {
    if offset >= base, offset - base <= UInt64(unread.upperBound) {
      unread = Int(offset - base)..<unread.upperBound
    } else {
      base = offset
      unread = 0..<0
    }
  }

  /// Sees to it that there is an unread byte. False at the end of the file.
  mutating func fill() throws(ImageFault) -> Bool {
    guard unread.isEmpty else { return true }
    base = offset
    unread = 0..<0
    guard base < byteCount else { return false }
    let (store, base) = (store, base)
    let count = Int(min(UInt64(buffer.count), byteCount - base))
    var span = buffer.mutableSpan
    var piece = span._mutatingExtracting(0..<count)
    unread = 0..<(try store.read(at: base, into: &piece))
    return !unread.isEmpty
  }

  /// Uses up `count` bytes of the buffer.
  mutating func skip(_ count: Int) {
    unread = min(unread.lowerBound + count, unread.upperBound)..<unread.upperBound
  }

  /// The next byte; nil at the end of the file.
  mutating func next() throws(ImageFault) -> UInt8? {
    guard try fill() else { return nil }
    defer { skip(1) }
    return buffer[unread.lowerBound]
  }
}
