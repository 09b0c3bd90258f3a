/// Copies the content of one disk to another: what `image convert` does.
///
/// Zeroes are not written. Clusters of a qcow2 target may be compressed, by several threads; they
/// are stored in the order of the disk.
public struct ImageConversion {
  /// Whether clusters are stored compressed where that saves space. The target must be qcow2.
  public var isCompressing = false
  /// Threads that compress, the caller's among them.
  public var workers = 4
  /// Told after each piece how many bytes of the disk are done. Answers whether to go on.
  public var progress: (_ done: UInt64, _ total: UInt64) -> Bool = { _, _ in true }

  /// Bytes that are read at a time: few enough to stay in the processor's cache until written.
  private static let pieceSize: UInt64 = 1 << 20
  /// Zeroes are looked for in blocks of this size where the target has no clusters.
  private static let zeroGranularity = 4096

  /// A conversion with default settings.
  public init() {}

  /// Copies all of `source` to `target` and closes that. It must be at least as big and read zero, or show a
  /// backing image that is to be covered.
  ///
  /// - Throws: ``ImageFault``; the target is then incomplete and should be removed.
  public func run(from source: any DiskImage, to target: any DiskImage) throws(ImageFault) {
    guard target.byteCount >= source.byteCount else {
      throw ImageFault(
        target.description,
        .refused("has \(target.byteCount) bytes, less than the \(source.byteCount) to be copied"))
    }
    var compressed: CompressedWriter?
    if isCompressing {
      guard let target = target as? QcowImage else {
        throw ImageFault(
          target.description, .refused("only a qcow2 image holds compressed clusters"))
      }
      compressed = CompressedWriter(target, threads: max(1, workers))
    }
    let unit = (target as? QcowImage).map { Int($0.geometry.clusterSize) } ?? Self.zeroGranularity
    let pieceSize = max(Self.pieceSize, UInt64(unit))
    var buffer = [UInt8](repeating: 0, count: Int(min(pieceSize, source.byteCount)))
    var offset: UInt64 = 0
    while offset < source.byteCount {
      let zero = try source.zeroRun(at: offset) / UInt64(unit) * UInt64(unit)
      let end: UInt64
      if zero > 0 {
        end = offset + zero
        if target.backing != nil { try target.writeZeroes(offset..<end, mayUnmap: true) }
      } else {
        end = min(offset + pieceSize, source.byteCount)
        var span = buffer.mutableSpan
        var piece = span._mutatingExtracting(0..<Int(end - offset))
        try source.read(at: offset, into: &piece)
        try store(piece.span, at: offset, in: target, compressed, unit)
      }
      offset = end
      guard progress(offset, source.byteCount) else {
        throw ImageFault(target.description, .refused("is incomplete: the conversion was stopped"))
      }
    }
    try compressed?.finish()
    try target.close()
  }

  /// Writes the units of a piece that are not zero, neighbours together unless they are compressed.
  private func store(
    _ piece: Span<UInt8>, at offset: UInt64, in target: any DiskImage,
    _ compressed: CompressedWriter?, _ unit: Int
  ) throws(ImageFault) {
    var start = 0
    while start < piece.count {
      let isZero = isZero(piece, start, unit)
      var end = min(start + unit, piece.count)
      while end < piece.count, isZero || compressed == nil,
        self.isZero(piece, end, unit) == isZero
      {
        end = min(end + unit, piece.count)
      }
      let position = offset + UInt64(start)
      if isZero {
        if target.backing != nil {
          try target.writeZeroes(position..<offset + UInt64(end), mayUnmap: true)
        }
      } else if let compressed {
        try compressed.add(Array(piece.extracting(start..<end)), at: position)
      } else {
        try target.write(at: position, from: piece.extracting(start..<end))
      }
      start = end
    }
  }

  private func isZero(_ piece: Span<UInt8>, _ start: Int, _ unit: Int) -> Bool {
    piece.extracting(start..<min(start + unit, piece.count)).isAllZero
  }
}

extension DiskImage {
  /// How many bytes from `offset` on are known to read zero without a look at data; 0: none.
  func zeroRun(at offset: UInt64) throws(ImageFault) -> UInt64 {
    var end = offset
    while end < byteCount {
      let extent = try mapping(at: end)
      switch extent.mapping {
      case .zero:
        end += extent.byteCount
      case .unallocated:
        guard let backing, end < backing.byteCount else {
          end += extent.byteCount
          continue
        }
        let below = min(extent.byteCount, try backing.zeroRun(at: end))
        let covered = end + below == backing.byteCount ? extent.byteCount : below
        guard covered > 0 else { return end - offset }
        end += covered
      case .stored, .compressed:
        return end - offset
      }
    }
    return end - offset
  }
}
