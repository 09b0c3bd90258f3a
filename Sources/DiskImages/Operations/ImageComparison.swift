/// Compares the contents of two disks: what `image compare` does.
public enum ImageComparison {
  /// What a comparison found.
  public enum Outcome: Equatable, Sendable {
    /// Equal, where the shorter disk counts as followed by zeroes.
    case same
    /// The first byte that differs.
    case differs(offset: UInt64)
    /// Where a strict comparison found bytes that are stored in different ways.
    case storedDifferently(offset: UInt64)

    /// Whether the first `byteCount` bytes are equal.
    public func isEqual(upTo byteCount: UInt64) -> Bool {
      switch self {
      case .same: true
      case .differs(let offset), .storedDifferently(let offset): offset >= byteCount
      }
    }
  }

  /// Compares byte for byte, stepping over what both disks know to be zero.
  ///
  /// - Parameters:
  ///   - isStrict: whether data, holes and zeroes must also be stored alike.
  ///   - progress: told after each piece how many bytes are done.
  public static func run(
    _ left: any DiskImage, _ right: any DiskImage, isStrict: Bool = false,
    progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(ImageFault) -> Outcome {
    let total = max(left.byteCount, right.byteCount)
    var a = [UInt8](repeating: 0, count: 1 << 20)
    var b = a
    var offset: UInt64 = 0
    while offset < total {
      var limit = total
      if isStrict {
        let (here, there) = (try left.storage(at: offset), try right.storage(at: offset))
        guard here.kind == there.kind else { return .storedDifferently(offset: offset) }
        limit = min(here.end, there.end)
      }
      let zero = min(
        try left.knownZero(at: offset, upTo: limit), try right.knownZero(at: offset, upTo: limit))
      if zero > 0 {
        offset += zero
      } else {
        let count = Int(min(UInt64(a.count), limit - offset))
        var spanA = a.mutableSpan
        var pieceA = spanA._mutatingExtracting(0..<count)
        try left.readPadded(at: offset, into: &pieceA)
        var spanB = b.mutableSpan
        var pieceB = spanB._mutatingExtracting(0..<count)
        try right.readPadded(at: offset, into: &pieceB)
        if a != b, let index = (0..<count).first(where: { a[$0] != b[$0] }) {
          return .differs(offset: offset + UInt64(index))
        }
        offset += UInt64(count)
      }
      progress(offset, total)
    }
    return .same
  }
}

/// The ways to store bytes that a strict comparison tells apart.
private enum StorageKind {
  case nothing, hole, zeroCluster, dataInHole, data, compressed
}

extension DiskImage {
  /// How the byte at `offset` is stored, over the whole chain, and up to where.
  fileprivate func storage(at offset: UInt64) throws(ImageFault) -> (kind: StorageKind, end: UInt64)
  {
    guard offset < byteCount else { return (.nothing, .max) }
    let segment = try ImageMap.segment(of: self, at: offset)
    let layer = sequence(first: self as any DiskImage, next: \.backing)
      .dropFirst(segment.depth).first { _ in true }
    let kind: StorageKind =
      switch segment.mapping {
      case .unallocated: .nothing
      case .zero(reservedAt: nil): layer is RawImage ? .hole : .zeroCluster
      case .zero: .hole
      case .stored: segment.isHole ? .dataInHole : .data
      case .compressed: .compressed
      }
    return (kind, offset + segment.length)
  }
}
