/// Where are these bytes?
extension QcowImage {
  /// What the L1 and L2 tables say about the byte at `offset`, and whether whole clusters lie in a
  /// hole of the file.
  public func mapping(at offset: UInt64) throws(ImageFault) -> Extent {
    try check(offset, byteCount: 1)
    try settle(before: 0..<byteCount)
    var extent = try mapping(at: offset, upTo: byteCount)
    guard case .stored(let fileOffset) = extent.mapping else { return extent }
    let run = try store.run(at: fileOffset)
    // Behind the end of the file is damage, for a read to meet.
    guard run.end < .max else { return extent }
    let mask = geometry.clusterSize - 1
    let end = offset + min(run.end - fileOffset, extent.byteCount)
    let wholeEnd = end == offset + extent.byteCount ? end : end & ~mask
    extent.isHole = !run.isData && wholeEnd > offset
    extent.byteCount =
      min(extent.byteCount, extent.isHole ? wholeEnd - offset : ((end + mask) & ~mask) - offset)
    return extent
  }

  /// Where the byte at `offset` is; the answer is extended as far as `limit` and one L2 table
  /// allow, except over compressed clusters.
  func mapping(at offset: UInt64, upTo limit: UInt64) throws(ImageFault) -> Extent {
    let tableEnd = min((geometry.l1Index(offset) + 1) * geometry.bytesPerL2, limit)
    guard let table = try table(for: offset) else {
      return Extent(.unallocated, byteCount: tableEnd - offset)
    }
    let inCluster = geometry.offsetInCluster(offset)
    let first = try mapping(of: table.entry(geometry.l2Index(offset)), at: offset)
    var end = min(offset - inCluster + geometry.clusterSize, tableEnd)
    if case .compressed = first { return Extent(first, byteCount: end - offset) }
    let index = geometry.l2Index(offset)
    let last = table.lastContinuing(
      index, first, upTo: index + Int((tableEnd - 1 - (offset - inCluster)) / geometry.clusterSize),
      geometry)
    end = min(end + UInt64(last - index) * geometry.clusterSize, tableEnd)
    while end < tableEnd,
      let next = try? mapping(of: table.entry(geometry.l2Index(end)), at: end),
      next == first.advanced(by: end - offset + inCluster)
    {
      end = min(end + geometry.clusterSize, tableEnd)
    }
    return Extent(first.advanced(by: inCluster), byteCount: end - offset)
  }

  /// The L2 table that maps `offset`, or nil where there is none.
  func table(for offset: UInt64) throws(ImageFault) -> L2Table? {
    let entry = L1Entry(rawValue: l1[Int(geometry.l1Index(offset))])
    guard entry.l2Offset != 0 else { return nil }
    if entry.hasReservedBits {
      note("L1 entry \(geometry.l1Index(offset)) has reserved bits set")
    }
    guard geometry.isAligned(entry.l2Offset) else {
      throw damage(
        at: offset, "L1 entry \(hexadecimal(entry.rawValue)) is not aligned to a cluster")
    }
    return try loadTable(at: entry.l2Offset, for: offset)
  }

  func loadTable(at l2Offset: UInt64, for offset: UInt64) throws(ImageFault) -> L2Table {
    if let table = writer?.pending.tables[l2Offset] ?? tables.value(l2Offset) { return table }
    var bytes = [UInt8](repeating: 0, count: Int(geometry.clusterSize))
    var span = bytes.mutableSpan
    guard try store.read(at: l2Offset, into: &span) > 0 else {
      throw damage(at: offset, "L2 table at \(hexadecimal(l2Offset)) lies past the end of the file")
    }
    let table = L2Table(fileOffset: l2Offset, entries: quadwords(bytes))
    tables.insert(table, for: l2Offset, cost: bytes.count)
    return table
  }

  /// What an L2 entry means, with a fault that names it if it means nothing.
  func mapping(of entry: L2Entry, at offset: UInt64) throws(ImageFault) -> ClusterMapping {
    if entry.hasReservedBits {
      note("L2 entry \(hexadecimal(entry.rawValue)) has reserved bits set")
    }
    do {
      return try entry.mapping(in: geometry, version: header.version)
    } catch {
      throw damage(at: offset, "L2 entry \(hexadecimal(entry.rawValue)): \(error.text)")
    }
  }
}

extension ClusterMapping {
  /// The same mapping `distance` bytes further on in a run that is contiguous in the file.
  fileprivate func advanced(by distance: UInt64) -> ClusterMapping {
    switch self {
    case .unallocated, .compressed: self
    case .zero(let reservedAt): .zero(reservedAt: reservedAt.map { $0 + distance })
    case .stored(let fileOffset): .stored(fileOffset: fileOffset + distance)
    }
  }
}
