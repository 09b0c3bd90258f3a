/// Compares the contents of two disks: what `image compare` does.
public enum ImageComparison {
  /// What a comparison found.
  public enum Outcome: Equatable, Sendable {
    /// Equal, where the shorter disk counts as followed by zeroes.
    case same
    /// The first byte that differs.
    case differs(offset: UInt64)

    /// Whether the first `byteCount` bytes are equal.
    public func isEqual(upTo byteCount: UInt64) -> Bool {
      switch self {
      case .same: true
      case .differs(let offset): offset >= byteCount
      }
    }
  }

  /// Compares byte for byte, stepping over what both disks know to be zero.
  ///
  /// - Parameter progress: told after each piece how many bytes are done.
  public static func run(
    _ left: any DiskImage, _ right: any DiskImage,
    progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(ImageFault) -> Outcome {
    let total = max(left.byteCount, right.byteCount)
    var a = [UInt8](repeating: 0, count: 1 << 20)
    var b = a
    var offset: UInt64 = 0
    while offset < total {
      let zero = min(
        try left.knownZero(at: offset, upTo: total), try right.knownZero(at: offset, upTo: total))
      if zero > 0 {
        offset += zero
      } else {
        let count = Int(min(UInt64(a.count), total - offset))
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
