/// Bytes that the guest no longer needs, or needs as zeroes.
///
/// What happens to an entry depends on the version, on a backing file and on what was there. The
/// zero flag exists from version 3 on; without it, an empty entry reads zero only where no backing
/// file can show through.
extension QcowImage {
  /// What a whole cluster becomes.
  private enum Request {
    case discard
    case zero(mayUnmap: Bool)
  }

  /// Frees whole clusters; they read zero afterwards. Version 2 with a backing file has no way to
  /// say so and keeps them.
  public func discard(_ range: Range<UInt64>) throws(ImageFault) {
    let writer = try writable(range)
    try forEachCluster(in: range) { start, piece throws(ImageFault) in
      if isWhole(piece, at: start) { try change(start, .discard, writer) }
    }
  }

  /// Flags whole clusters as zero and writes zeroes into the others.
  public func writeZeroes(_ range: Range<UInt64>, mayUnmap: Bool) throws(ImageFault) {
    let writer = try writable(range)
    try forEachCluster(in: range) { start, piece throws(ImageFault) in
      if isWhole(piece, at: start), header.version >= 3 || header.backingName.isEmpty {
        try change(start, .zero(mayUnmap: mayUnmap), writer)
      } else if !readsZero(try mapping(at: start).mapping) {
        let zeroes = [UInt8](repeating: 0, count: Int(piece.upperBound - piece.lowerBound))
        try write(at: piece.lowerBound, from: zeroes.span)
        try settle(writer)
      }
    }
  }

  private func writable(_ range: Range<UInt64>) throws(ImageFault) -> QcowWriter {
    try checkWritable(range)
    return try writable(range.lowerBound, byteCount: 0)
  }

  /// Whether a piece covers its cluster as far as the disk goes.
  private func isWhole(_ piece: Range<UInt64>, at start: UInt64) -> Bool {
    piece.lowerBound == start
      && (piece.upperBound == start + geometry.clusterSize || piece.upperBound == byteCount)
  }

  /// Calls `body` with each cluster's start and the part of it that lies in `range`. Stretches
  /// without an L2 table that stay as they are anyway are stepped over.
  private func forEachCluster(
    in range: Range<UInt64>, _ body: (UInt64, Range<UInt64>) throws(ImageFault) -> Void
  ) throws(ImageFault) {
    var position = range.lowerBound
    while position < range.upperBound {
      if header.backingName.isEmpty, l1[Int(geometry.l1Index(position))] == 0 {
        position = (geometry.l1Index(position) + 1) * geometry.bytesPerL2
        continue
      }
      let start = position - geometry.offsetInCluster(position)
      let end = min(start + geometry.clusterSize, range.upperBound)
      try commitIfDue()
      try body(start, position..<end)
      position = end
    }
  }

  /// Replaces the entry of the cluster at `start`.
  private func change(
    _ start: UInt64, _ request: Request, _ writer: QcowWriter
  ) throws(ImageFault) {
    let hasBacking = !header.backingName.isEmpty
    if case .discard = request, header.version < 3, hasBacking { return }
    let index = geometry.l2Index(start)
    let entry = try table(for: start)?.entry(index) ?? .unallocated
    let old = try writableMapping(of: entry, at: start)
    if case .unallocated = old, !hasBacking { return }
    if case .zero(reservedAt: nil) = old { return }
    var keepsCluster = false
    if case .zero(mayUnmap: false) = request, header.version >= 3 {
      switch old {
      case .stored: keepsCluster = true
      case .zero: return
      case .unallocated, .compressed: break
      }
    }
    if !keepsCluster { try guardRelease(of: old, writer) }
    let table = try writableTable(for: start, writer)
    if keepsCluster {
      set(table, index, to: L2Entry(rawValue: table.entries[index] | EntryBits.zero), writer)
    } else {
      set(table, index, to: header.version >= 3 ? .zero : .unallocated, writer)
      release(old, writer)
    }
  }
}
