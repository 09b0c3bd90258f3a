internal import Dispatch
internal import Synchronization

/// Copies the content of one disk to another: what `image convert` does.
///
/// Zeroes are not written. Clusters of a qcow2 target may be compressed, by several threads; they
/// are stored in the order of the disk.
public struct ImageConversion {
  /// Whether clusters are stored compressed where that saves space. The target must be qcow2.
  public var isCompressing = false
  /// Clusters that are compressed at the same time.
  public var workers = 4
  /// Told after each piece how many bytes of the disk are done. Answers whether to go on.
  public var progress: (_ done: UInt64, _ total: UInt64) -> Bool = { _, _ in true }

  /// Bytes that are read at a time, at least one cluster per worker.
  private static let pieceSize: UInt64 = 8 << 20
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
    let compressed = isCompressing ? target as? QcowImage : nil
    guard !isCompressing || compressed != nil else {
      throw ImageFault(target.description, .refused("only a qcow2 image holds compressed clusters"))
    }
    let unit = (target as? QcowImage).map { Int($0.geometry.clusterSize) } ?? Self.zeroGranularity
    let pieceSize = max(Self.pieceSize, UInt64(unit) * UInt64(max(1, workers)))
    var offset: UInt64 = 0
    while offset < source.byteCount {
      let zero = try source.zeroRun(at: offset) / UInt64(unit) * UInt64(unit)
      let end: UInt64
      if zero > 0 {
        end = offset + zero
        if target.backing != nil { try target.writeZeroes(offset..<end, mayUnmap: true) }
      } else {
        end = min(offset + pieceSize, source.byteCount)
        var piece = [UInt8](repeating: 0, count: Int(end - offset))
        var span = piece.mutableSpan
        try source.read(at: offset, into: &span)
        if let compressed {
          try store(compressed: piece, at: offset, in: compressed, unit)
        } else {
          try store(piece, at: offset, in: target, unit)
        }
      }
      offset = end
      guard progress(offset, source.byteCount) else {
        throw ImageFault(target.description, .refused("is incomplete: the conversion was stopped"))
      }
    }
    try target.close()
  }

  /// Writes the units of a piece that are not zero, neighbours together.
  private func store(
    _ piece: [UInt8], at offset: UInt64, in target: any DiskImage, _ unit: Int
  ) throws(ImageFault) {
    var start = 0
    while start < piece.count {
      let isZero = isZero(piece, start, unit)
      var end = min(start + unit, piece.count)
      while end < piece.count, self.isZero(piece, end, unit) == isZero {
        end = min(end + unit, piece.count)
      }
      if !isZero {
        try target.write(at: offset + UInt64(start), from: piece.span.extracting(start..<end))
      } else if target.backing != nil {
        try target.writeZeroes(offset + UInt64(start)..<offset + UInt64(end), mayUnmap: true)
      }
      start = end
    }
  }

  private func isZero(_ piece: [UInt8], _ start: Int, _ unit: Int) -> Bool {
    piece.span.extracting(start..<min(start + unit, piece.count)).isAllZero
  }

  /// What becomes of a cluster of the target.
  private enum Cluster: Sendable { case zero, plain, stream([UInt8]) }

  /// Compresses the clusters of a piece side by side.
  private static func compress(_ piece: [UInt8], _ unit: Int, workers: Int) -> [Cluster] {
    let count = (piece.count + unit - 1) / unit
    let progress = Mutex((next: 0, clusters: [Cluster](repeating: .zero, count: count)))
    DispatchQueue.concurrentPerform(iterations: min(max(1, workers), count)) { _ in
      // Clusters take unequal time: a thread that is done takes the next one.
      while true {
        let index = progress.withLock { state in
          defer { state.next += 1 }
          return state.next
        }
        guard index < count else { return }
        // The last cluster may reach past the end of the disk; zeroes complete it.
        var cluster = Array(piece[index * unit..<min((index + 1) * unit, piece.count)])
        guard !cluster.span.isAllZero else { continue }
        cluster += repeatElement(0, count: unit - cluster.count)
        let stream = CompressedCluster.deflate(cluster.span, limit: unit)
        progress.withLock { $0.clusters[index] = stream.map { .stream($0) } ?? .plain }
      }
    }
    return progress.withLock { $0.clusters }
  }

  /// Compresses the clusters of a piece, then stores them in order.
  private func store(
    compressed piece: [UInt8], at offset: UInt64, in target: QcowImage, _ unit: Int
  ) throws(ImageFault) {
    let clusters = Self.compress(piece, unit, workers: workers)
    for (index, cluster) in clusters.enumerated() {
      let start = index * unit
      let end = min(start + unit, piece.count)
      let position = offset + UInt64(start)
      switch cluster {
      case .zero:
        if target.backing != nil {
          try target.writeZeroes(position..<offset + UInt64(end), mayUnmap: true)
        }
      case .plain: try target.write(at: position, from: piece.span.extracting(start..<end))
      case .stream(let stream): try target.writeCompressed(stream, at: position)
      }
    }
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
