/// Copies the content of one disk to another: what `image convert` does.
///
/// Zeroes are not written. Clusters of a qcow2 target may be compressed, by several threads; they
/// are stored in the order of the disk.
public struct ImageConversion {
  /// Whether clusters are stored compressed where that saves space. The target must be qcow2.
  public var isCompressing = false
  /// Whether the target holds nothing of its own yet. Then what it shows already is left out: zeroes,
  /// or what its backing image holds; and all behind the source is made to read zero.
  public var isTargetNew = true
  /// Zeroes are left out in stretches of this many bytes, of whole clusters in a qcow2 target; 0:
  /// all of the target is written.
  public var sparseSize = 4096
  /// Threads that compress while the caller's reads and writes.
  public var workers = 4
  /// Told after each piece how many bytes of the disk are done. Answers whether to go on.
  public var progress: (_ done: UInt64, _ total: UInt64) -> Bool = { _, _ in true }

  /// Bytes that are read at a time: few enough to stay in the processor's cache until written.
  private static let pieceSize: UInt64 = 1 << 20

  /// A conversion with default settings.
  public init() {}

  /// Copies all of `source` to `target`, which is at least as big, and closes that.
  ///
  /// - Throws: ``ImageFault``; the target is then incomplete and should be removed if it is new.
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
    let unit =
      (target as? QcowImage).map { Int($0.geometry.clusterSize) }
      ?? (sparseSize == 0 ? 4096 : sparseSize)
    let pieceSize = max(Self.pieceSize, UInt64(unit))
    var offset: UInt64 = 0
    /// Up to here the source is known to have data.
    var dataEnd: UInt64 = sparseSize == 0 ? .max : 0
    while offset < source.byteCount {
      let zero = offset < dataEnd ? 0 : try source.zeroRun(at: offset, enough: pieceSize)
      let end: UInt64
      if zero >= UInt64(unit) {
        end = try storeZeroes(
          offset..<offset + zero / UInt64(unit) * UInt64(unit), in: target, unit)
      } else {
        if offset >= dataEnd, case let extent = try source.mapping(at: offset),
          case .stored = extent.mapping
        {
          dataEnd = offset + extent.byteCount
        }
        end = min(offset + pieceSize, source.byteCount)
        let piece = try Piece(offset..<end, unit, of: source, to: target, self)
        if let compressed {
          try store(piece, in: target, compressed)
        } else {
          try store(piece, in: target)
        }
      }
      offset = end
      guard progress(offset, source.byteCount) else {
        throw ImageFault(source.description, .interrupted)
      }
    }
    try compressed?.finish()
    if isTargetNew, let backing = target.backing, backing.byteCount > source.byteCount {
      let end = min(target.byteCount, backing.byteCount)
      try target.writeZeroes(source.byteCount..<end, mayUnmap: true)
    }
    try target.close()
  }

  /// Makes the target read zero from the start of `range` on and answers up to where.
  private func storeZeroes(
    _ range: Range<UInt64>, in target: any DiskImage, _ unit: Int
  ) throws(ImageFault) -> UInt64 {
    if isTargetNew {
      guard let backing = target.backing else { return range.upperBound }
      let below = try backing.knownZero(at: range.lowerBound, upTo: range.upperBound)
      if below >= UInt64(unit) { return range.lowerBound + below / UInt64(unit) * UInt64(unit) }
    }
    // Not too much between two looks at `progress`.
    let end = min(range.upperBound, range.lowerBound + 1 << 30)
    try target.writeZeroes(range.lowerBound..<end, mayUnmap: true)
    return end
  }

  /// A stretch of the source, in units that are stored or left out whole.
  private struct Piece {
    /// What becomes of a unit.
    enum Fate { case leftOut, zero, stored }

    let offset: UInt64
    let unit: Int
    let bytes: [UInt8]
    /// What the target's backing image holds there, if that is to be left out.
    private var below: [UInt8]?
    private let zeroFate: Fate

    init(
      _ range: Range<UInt64>, _ unit: Int, of source: any DiskImage, to target: any DiskImage,
      _ conversion: ImageConversion
    ) throws(ImageFault) {
      offset = range.lowerBound
      self.unit = unit
      var bytes = [UInt8](repeating: 0, count: range.count)
      var span = bytes.mutableSpan
      try source.read(at: offset, into: &span)
      self.bytes = bytes
      let backing = target.backing
      zeroFate =
        conversion.sparseSize == 0
        ? .stored : conversion.isTargetNew && backing == nil ? .leftOut : .zero
      guard conversion.isTargetNew, let backing else { return }
      var below = bytes
      var belowSpan = below.mutableSpan
      try backing.readPadded(at: offset, into: &belowSpan)
      self.below = below
    }

    /// Units, the last perhaps shorter.
    var count: Int { (bytes.count + unit - 1) / unit }

    func range(_ index: Int) -> Range<Int> {
      index * unit..<min((index + 1) * unit, bytes.count)
    }

    func fate(_ index: Int) -> Fate {
      let range = range(index)
      if let below, bytes[range] == below[range] { return .leftOut }
      return bytes.span.extracting(range).isAllZero ? zeroFate : .stored
    }
  }

  /// Writes the units of a piece, neighbours of one fate together.
  private func store(_ piece: Piece, in target: any DiskImage) throws(ImageFault) {
    var start = 0
    var fate = piece.fate(0)
    for index in 1...piece.count {
      let next = index < piece.count ? piece.fate(index) : nil
      guard next != fate else { continue }
      let range = piece.range(start).lowerBound..<piece.range(index - 1).upperBound
      try store(piece, range, fate, in: target)
      start = index
      fate = next ?? fate
    }
  }

  private func store(
    _ piece: Piece, _ range: Range<Int>, _ fate: Piece.Fate, in target: any DiskImage
  ) throws(ImageFault) {
    let position = piece.offset + UInt64(range.lowerBound)
    switch fate {
    case .leftOut: break
    case .zero: try target.writeZeroes(position..<position + UInt64(range.count), mayUnmap: true)
    case .stored: try target.write(at: position, from: piece.bytes.span.extracting(range))
    }
  }

  /// Has the units of a piece that are stored compressed.
  private func store(
    _ piece: Piece, in target: any DiskImage, _ compressed: CompressedWriter
  ) throws(ImageFault) {
    for index in 0..<piece.count {
      let (range, fate) = (piece.range(index), piece.fate(index))
      let position = piece.offset + UInt64(range.lowerBound)
      let end = position + UInt64(range.count)
      // What lies in the last cluster behind the source stays as it is in a target that is not new.
      let isWhole = isTargetNew || range.count == piece.unit || end == target.byteCount
      if fate == .stored, isWhole, try vacate(position..<end, in: target) {
        try compressed.add(Array(piece.bytes[range]), at: position)
      } else {
        try store(piece, range, fate, in: target)
      }
    }
  }

  /// Takes a cluster's place in the file from it and answers whether it has none now. In version 2
  /// a cluster over a backing image keeps it.
  private func vacate(
    _ cluster: Range<UInt64>, in target: any DiskImage
  ) throws(ImageFault) -> Bool {
    func hasPlace() throws(ImageFault) -> Bool {
      switch try target.mapping(at: cluster.lowerBound).mapping {
      case .unallocated, .zero(reservedAt: nil): false
      case .zero, .stored, .compressed: true
      }
    }
    guard try hasPlace() else { return true }
    try target.writeZeroes(cluster, mayUnmap: true)
    return try !hasPlace()
  }
}

extension DiskImage {
  /// How many bytes from `offset` on are known to read zero without a look at data; 0: none.
  ///
  /// - Parameter enough: looks no further once it knows of so many. Stretches can be as small as a
  ///   sector, and each question can be one to a server.
  func zeroRun(at offset: UInt64, enough: UInt64) throws(ImageFault) -> UInt64 {
    var end = offset
    while end < byteCount, end - offset < enough {
      let extent = try mapping(at: end)
      switch extent.mapping {
      case .zero:
        end += extent.byteCount
      case .stored where extent.isHole:
        end += extent.byteCount
      case .unallocated:
        guard let backing, end < backing.byteCount else {
          end += extent.byteCount
          continue
        }
        let below = min(
          extent.byteCount, try backing.zeroRun(at: end, enough: enough - (end - offset)))
        let covered = end + below == backing.byteCount ? extent.byteCount : below
        guard covered > 0 else { return end - offset }
        end += covered
      case .stored, .compressed:
        return end - offset
      }
    }
    return end - offset
  }

  /// Like ``zeroRun(at:enough:)`` for a big cluster, with zeroes behind the end of the disk.
  func knownZero(at offset: UInt64, upTo limit: UInt64) throws(ImageFault) -> UInt64 {
    guard offset < byteCount else { return limit - offset }
    let run = try zeroRun(at: offset, enough: 2 << 20)
    return offset + run == byteCount ? limit - offset : min(run, limit - offset)
  }
}
