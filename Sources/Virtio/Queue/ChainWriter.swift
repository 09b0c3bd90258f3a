public import GuestMemory

/// The bytes of a chain that the device writes, scattered over its descriptors.
public struct ChainWriter {
  private var cursor: SegmentCursor
  private let memory: any DMAAddressSpace

  /// Contiguous bytes stored so far, counted from the first writable byte.
  public private(set) var written = 0

  init(_ segments: [Segment], _ memory: any DMAAddressSpace) {
    self.init(SegmentCursor(segments), memory)
  }

  private init(_ cursor: SegmentCursor, _ memory: any DMAAddressSpace) {
    self.cursor = cursor
    self.memory = memory
  }

  /// Bytes not yet written; at most 2^32.
  public var remaining: Int { cursor.remaining }

  /// Stores `bytes` at the position. Returns how many there was room for.
  ///
  /// - Throws: the fault of the first piece that cannot be written; the position stays before it.
  public mutating func write(_ bytes: Span<UInt8>) throws(DMAFault) -> Int {
    var moved = 0
    while let piece = cursor.piece(limit: bytes.count - moved) {
      try memory.write(piece.address, from: bytes.extracting(moved..<moved + piece.byteCount))
      cursor.advance(past: piece)
      moved += piece.byteCount
      written += piece.byteCount
    }
    return moved
  }

  /// Takes the very last byte away, as a writer of its own; nil when there is none. Used before
  /// anything is written, for answers such as the block device's status.
  public mutating func splitLastByte() -> ChainWriter? {
    cursor.splitLastByte().map { ChainWriter($0, memory) }
  }
}
