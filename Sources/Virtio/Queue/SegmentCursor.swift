import GuestMemory

/// A stretch of a buffer in guest memory.
struct Segment: Equatable, Sendable {
  var address: BusAddress
  var byteCount: Int
}

/// A position in a list of segments. Addresses wrap silently here; the DMA access reports it.
struct SegmentCursor: Sendable {
  private var segments: [Segment]
  private var index = 0
  private var offset = 0
  private(set) var remaining: Int

  init(_ segments: [Segment]) {
    self.segments = segments
    remaining = segments.reduce(0) { $0 + $1.byteCount }
  }

  /// The contiguous bytes at the position, at most `limit` of them; nil at the end.
  func piece(limit: Int) -> Segment? {
    guard index < segments.count, limit > 0 else { return nil }
    let segment = segments[index]
    return Segment(
      address: BusAddress(segment.address.rawValue &+ UInt64(offset)),
      byteCount: min(limit, segment.byteCount - offset))
  }

  /// Moves on by a piece just used.
  mutating func advance(past piece: Segment) {
    remaining -= piece.byteCount
    offset += piece.byteCount
    if offset == segments[index].byteCount {
      index += 1
      offset = 0
    }
  }

  /// Takes the last byte away, as a cursor of its own; nil when no byte is left.
  mutating func splitLastByte() -> SegmentCursor? {
    guard remaining > 0, var last = segments.popLast() else { return nil }
    remaining -= 1
    last.byteCount -= 1
    let tail = Segment(
      address: BusAddress(last.address.rawValue &+ UInt64(last.byteCount)), byteCount: 1)
    if last.byteCount > 0 { segments.append(last) }
    return SegmentCursor([tail])
  }
}
