/// Copies the content of one disk to another: what `image convert` does.
///
/// Zeroes are not written. Clusters of a qcow2 target may be compressed, by several threads; they
/// are stored in the order of the disk.
public struct ImageConversion {
  /// Whether clusters are stored compressed where that saves space. The target must be qcow2.
  public var isCompressing = false
  /// Whether what the target's backing image holds already is left out. The target must be new.
  public var skipsBacking = false
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

  /// Copies all of `source` to `target` and closes that. It must be at least as big and read zero,
  /// or show a backing image that is to be covered.
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
    let unit =
      (target as? QcowImage).map { Int($0.geometry.clusterSize) }
      ?? (sparseSize == 0 ? 4096 : sparseSize)
    let pieceSize = max(Self.pieceSize, UInt64(unit))
    var offset: UInt64 = 0
    /// Up to here the source is known to have data.
    var dataEnd: UInt64 = sparseSize == 0 ? .max : 0
    while offset < source.byteCount {
      let zero =
        offset < dataEnd ? 0 : try source.zeroRun(at: offset) / UInt64(unit) * UInt64(unit)
      let end: UInt64
      if zero > 0 {
        end = try storeZeroes(offset..<offset + zero, in: target, unit)
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
        throw ImageFault(target.description, .refused("is incomplete: the conversion was stopped"))
      }
    }
    try compressed?.finish()
    try target.close()
  }

  /// Makes the target read zero from the start of `range` on and answers up to where.
  private func storeZeroes(
    _ range: Range<UInt64>, in target: any DiskImage, _ unit: Int
  ) throws(ImageFault) -> UInt64 {
    guard let backing = target.backing else { return range.upperBound }
    if skipsBacking {
      let below = try backing.knownZero(at: range.lowerBound, upTo: range.upperBound)
      if below >= UInt64(unit) { return range.lowerBound + below / UInt64(unit) * UInt64(unit) }
    }
    try target.writeZeroes(range, mayUnmap: true)
    return range.upperBound
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
        conversion.sparseSize == 0 ? .stored : backing == nil ? .leftOut : .zero
      guard conversion.skipsBacking, let backing else { return }
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
    var index = 0
    while index < piece.count {
      let fate = piece.fate(index)
      let start = piece.range(index).lowerBound
      index += 1
      while index < piece.count, piece.fate(index) == fate { index += 1 }
      let end = piece.range(index - 1).upperBound
      try store(piece, start..<end, fate, in: target)
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
      if fate == .stored {
        try compressed.add(
          Array(piece.bytes[range]), at: piece.offset + UInt64(range.lowerBound))
      } else {
        try store(piece, range, fate, in: target)
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

  /// Like ``zeroRun(at:)``, with zeroes behind the end of the disk.
  func knownZero(at offset: UInt64, upTo limit: UInt64) throws(ImageFault) -> UInt64 {
    guard offset < byteCount else { return limit - offset }
    let run = try zeroRun(at: offset)
    return offset + run == byteCount ? limit - offset : min(run, limit - offset)
  }
}
