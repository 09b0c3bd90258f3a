/// Taking bytes from the guest.
extension QcowImage {
  /// Stores `bytes` cluster by cluster, in place where the file holds the only copy, else in a new
  /// cluster that the tables name from then on.
  ///
  /// Part of a cluster may wait in memory until the next request: see ``gather(_:at:_:)``.
  public func write(at offset: UInt64, from bytes: Span<UInt8>) throws(ImageFault) {
    let writer = try willingWriter(offset, byteCount: bytes.count)
    var done = 0
    while done < bytes.count {
      let position = offset + UInt64(done)
      let room = geometry.clusterSize - geometry.offsetInCluster(position)
      let next = min(bytes.count, done + Int(room))
      try gather(bytes.extracting(done..<next), at: position, writer)
      done = next
    }
  }

  /// Stores bytes that lie in one cluster.
  func writeInCluster(
    at offset: UInt64, from bytes: Span<UInt8>, _ writer: QcowWriter
  ) throws(ImageFault) {
    let inCluster = geometry.offsetInCluster(offset)
    let table = try writableTable(for: offset, writer)
    let index = geometry.l2Index(offset)
    let entry = table.entry(index)
    let old = try writableMapping(of: entry, at: offset)
    if entry.isCopied, case .stored(let target) = old {
      try guardData(at: target, writer)
      try store.write(at: target + inCluster, from: bytes)
      return
    }
    // A cluster that is reserved for this one alone can take the data; all of it is written.
    let reserved: UInt64? =
      if entry.isCopied, case .zero(let offset?) = old { offset } else { nil }
    let target: UInt64
    if let reserved {
      try guardData(at: reserved, writer)
      target = reserved
    } else {
      try guardRelease(of: old, writer)
      target = try allocate(writer)
    }
    do {
      try fill(target, isFresh: reserved == nil, with: bytes, at: offset, over: old)
    } catch {
      if reserved == nil { release(target, geometry.clusterSize, writer) }
      throw error
    }
    writer.pending.dataPrecedesTables = true
    set(table, index, to: .stored(target, isCopied: true), writer)
    if reserved == nil { release(old, writer) }
  }

  /// Writes a whole cluster: the guest's bytes and around them what was there before.
  private func fill(
    _ target: UInt64, isFresh: Bool, with bytes: Span<UInt8>, at offset: UInt64,
    over old: ClusterMapping
  ) throws(ImageFault) {
    let clusterSize = geometry.clusterSize
    let inCluster = geometry.offsetInCluster(offset)
    guard bytes.count < Int(clusterSize) else {
      try store.write(at: target, from: bytes)
      return
    }
    // Behind its end the file is zero already.
    if isFresh, readsZero(old), try store.byteCount() <= target {
      try store.setByteCount(target + clusterSize)
      try store.write(at: target + inCluster, from: bytes)
      return
    }
    var cluster = [UInt8](repeating: 0, count: Int(clusterSize))
    var span = cluster.mutableSpan
    try read(old, at: offset - inCluster, into: &span)
    var piece = span._mutatingExtracting(Int(inCluster)..<Int(inCluster) + bytes.count)
    piece.copy(from: bytes)
    try store.write(at: target, cluster)
  }

  /// Whether a mapping reads zero without a look at the backing file.
  func readsZero(_ mapping: ClusterMapping) -> Bool {
    switch mapping {
    case .unallocated: header.backingName.isEmpty
    case .zero: true
    case .stored, .compressed: false
    }
  }

  /// What an entry means that is about to be replaced; one with reserved bits is left alone.
  func writableMapping(of entry: L2Entry, at offset: UInt64) throws(ImageFault) -> ClusterMapping {
    guard !entry.hasReservedBits else {
      throw damage(
        at: offset,
        "L2 entry \(hexadecimal(entry.rawValue)) has reserved bits set and is not replaced")
    }
    return try mapping(of: entry, at: offset)
  }

  /// Changes an entry of a table from ``writableTable(for:_:)``.
  func set(_ table: L2Table, _ index: Int, to entry: L2Entry, _ writer: QcowWriter) {
    table.setEntry(index, entry)
    writer.pending.tables[table.fileOffset] = table
  }

  /// The L2 table for `offset`, made if absent and copied if a snapshot shares it.
  func writableTable(for offset: UInt64, _ writer: QcowWriter) throws(ImageFault) -> L2Table {
    let index = Int(geometry.l1Index(offset))
    let entry = L1Entry(rawValue: l1[index])
    guard !entry.hasReservedBits else {
      throw damage(
        at: offset,
        "L1 entry \(hexadecimal(entry.rawValue)) has reserved bits set and is not replaced")
    }
    let shared = try table(for: offset)
    if let shared, entry.isCopied { return shared }
    let place = try allocate(writer)
    try claim(.l2, at: place, writer)
    // What a shared table names is shared too, whatever its COPIED bits say.
    let entries = shared?.entries.map { entry in
      entry & EntryBits.compressed != 0 ? entry : entry & ~EntryBits.copied
    }
    let table = L2Table(
      fileOffset: place,
      entries: entries ?? Array(repeating: 0, count: geometry.entriesPerL2))
    writer.pending.tables[place] = table
    writer.pending.newTables.insert(place)
    l1[index] = L1Entry(l2Offset: place, isCopied: true).rawValue
    writer.pending.l1Indices.insert(index)
    if let shared { release(shared.fileOffset, geometry.clusterSize, writer) }
    return table
  }
}
