public import GuestMemory

/// The bytes of a chain that the device reads, gathered over its descriptors: message boundaries
/// carry no meaning (VIRTIO 1.2, 2.7.4).
///
/// Every address is translated when it is used, so a window that changes under a running request
/// takes effect as on hardware.
public struct ChainReader {
  private var cursor: SegmentCursor
  private let memory: any DMAAddressSpace

  init(_ segments: [Segment], _ memory: any DMAAddressSpace) {
    cursor = SegmentCursor(segments)
    self.memory = memory
  }

  /// Bytes not yet read; at most 2^32.
  public var remaining: Int { cursor.remaining }

  /// Fills `bytes` from the position on. Returns how many there were, fewer only at the end.
  ///
  /// - Throws: the fault of the first piece that cannot be read; the position stays before it.
  public mutating func read(into bytes: inout MutableSpan<UInt8>) throws(DMAFault) -> Int {
    var moved = 0
    while let piece = cursor.piece(limit: bytes.count - moved) {
      var part = bytes._mutatingExtracting(moved..<moved + piece.byteCount)
      try memory.read(piece.address, into: &part)
      cursor.advance(past: piece)
      moved += piece.byteCount
    }
    return moved
  }
}
