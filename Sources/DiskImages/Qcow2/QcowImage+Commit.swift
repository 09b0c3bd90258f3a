/// Making changes of metadata durable.
///
/// The rule is: reference last, release last. Nothing on disk may point at something that is not
/// durable, and no cluster may be reused while something on disk may still point at it. A crash
/// between two steps then leaves leaked clusters at worst.
extension QcowImage {
  /// Makes every completed write durable.
  public func flush() throws(ImageFault) {
    guard let writer else { return }
    do {
      try settle(writer)
    } catch {
      writer.lost = nil
      throw error
    }
    if let lost = writer.lost {
      writer.lost = nil
      throw lost
    }
    try commit()
  }

  /// Commits, makes all refcounts durable, and ends the file after a whole sector. No call may
  /// follow.
  public func close() throws(ImageFault) {
    decompressed.removeAll()
    guard let writer else { return }
    try flush()
    let size = try store.byteCount()
    if size % 512 != 0, store.capacity == nil { try store.setByteCount((size + 511) & ~511) }
    try finishRefcounts(writer)
    writer.refusal = ImageFault(store.name, .readOnly(reason: "it has been closed"))
  }

  /// Makes all refcounts durable, and the image clean.
  func finishRefcounts(_ writer: QcowWriter) throws(ImageFault) {
    try writeRefcounts(writer)
    try store.flush()
    if header.isDirty { try changeHeader { $0.incompatibleFeatures &= ~QcowFeatures.dirty } }
  }

  /// Writes all pending changes in the order that a crash allows.
  ///
  /// An image with lazy refcounts is marked dirty instead of having its refcounts written; whoever
  /// opens it after a crash rebuilds them.
  func commit() throws(ImageFault) {
    guard let writer else { return }
    if let refusal = writer.refusal { throw refusal }
    try commitAllocations(writer)
    try commitReferences(writer)
    try commitReleases(writer)
  }

  /// Commits when the changes in memory exceed their bound.
  func commitIfDue() throws(ImageFault) {
    guard let writer else { return }
    let tableBytes = writer.pending.tables.count << geometry.clusterBits
    if tableBytes + writer.refcounts.dirtyByteCount > PendingChanges.tableByteLimit
      || writer.pending.releases.count > PendingChanges.releaseLimit
    {
      try commit()
      if isLazy { try writeRefcounts(writer) }
    }
  }

  /// Step 1: refcounts of new clusters, new tables and guest data. Nothing points to them yet.
  func commitAllocations(_ writer: QcowWriter) throws(ImageFault) {
    let refcounts = writer.refcounts
    let postpones = isLazy && !refcounts.needsMove
    if postpones, refcounts.hasChanges, !header.isDirty {
      try changeHeader { $0.incompatibleFeatures |= QcowFeatures.dirty }
    }
    let hasNews = !writer.pending.newTables.isEmpty || writer.pending.dataPrecedesTables
    if !postpones, refcounts.hasChanges {
      try writeRefcounts(writer, with: writeNewTables)
    } else if hasNews {
      try writeNewTables(writer)
      try store.flush()
    }
    for offset in writer.pending.newTables {
      writer.pending.tables[offset]?.didWrite()
    }
    // Until an L1 entry names them they stay in `pending`, where eviction cannot lose them.
    writer.pending.newTables = []
    writer.pending.dataPrecedesTables = false
  }

  private func writeNewTables(_ writer: QcowWriter) throws(ImageFault) {
    for offset in writer.pending.newTables {
      if let table = writer.pending.tables[offset] {
        try store.write(at: offset, bigEndianBytes(of: table.entries))
      }
    }
  }

  /// Makes all refcounts durable, then the entries of the refcount table that name new blocks.
  ///
  /// - Parameter others: writes what is to be durable together with the blocks.
  private func writeRefcounts(
    _ writer: QcowWriter, with others: (QcowWriter) throws(ImageFault) -> Void = { _ in }
  ) throws(ImageFault) {
    let refcounts = writer.refcounts
    guard refcounts.hasChanges else { return }
    let move = refcounts.needsMove ? try allocateRefcountTable(writer) : nil
    do {
      try writeRefcountBlocks(writer)
      try others(writer)
      if let move { try store.write(at: move, bigEndianBytes(of: refcounts.entries)) }
      try store.flush()
    } catch {
      // All stays pending for the next attempt, which takes a new place for the refcount table.
      if let move { release(move, UInt64(refcounts.entries.count) * 8, writer) }
      throw error
    }
    refcounts.didWriteBlocks()
    if let move {
      try switchRefcountTable(to: move, writer)
    } else {
      try writeRefcountTableEntries(writer)
    }
  }

  /// Step 2: entries that point to what step 1 made durable, and no longer to what step 3 frees.
  private func commitReferences(_ writer: QcowWriter) throws(ImageFault) {
    for (offset, table) in writer.pending.tables {
      guard let dirty = table.dirty else { continue }
      try write(entries: dirty, of: table.entries, at: offset)
    }
    for index in writer.pending.l1Indices {
      try store.write(at: header.l1Offset + UInt64(index) * 8, bigEndianBytes(of: [l1[index]]))
    }
    try store.flush()
    for (offset, table) in writer.pending.tables {
      table.didWrite()
      tables.insert(table, for: offset, cost: Int(geometry.clusterSize))
    }
    writer.pending.tables = [:]
    writer.pending.l1Indices = []
  }

  /// Step 3: references that no table on disk holds any more. Their refcounts may become durable
  /// at any time from now on.
  private func commitReleases(_ writer: QcowWriter) throws(ImageFault) {
    var freed: [UInt64] = []
    for (cluster, references) in writer.pending.releases {
      let count = try writer.refcounts.count(cluster)
      guard count >= references else {
        throw markCorrupt(
          writer, "cluster \(cluster) has \(count) references, but \(references) are released")
      }
      try writer.refcounts.setCount(cluster, count - references)
      writer.pending.releases[cluster] = nil
      if count == references {
        freed.append(cluster)
        forget(cluster, writer)
      }
    }
    if !isLazy {
      try writeRefcountBlocks(writer)
      writer.refcounts.didWriteBlocks()
    }
    discard(clusters: freed.sorted())
  }

  /// Whatever metadata a cluster held, it holds it no more.
  private func forget(_ cluster: UInt64, _ writer: QcowWriter) {
    let offset = cluster << UInt64(geometry.clusterBits)
    writer.metadata.remove(at: offset)
    tables.remove(offset)
    if let end = writer.compressedEnd, end >> UInt64(geometry.clusterBits) == cluster {
      writer.compressedEnd = nil
    }
  }

  /// Gives freed clusters back to the host, in runs. All is durable without that, so a host that
  /// fails to take them fails nothing.
  private func discard(clusters: [UInt64]) {
    var index = 0
    while index < clusters.count {
      var end = index + 1
      while end < clusters.count, clusters[end] == clusters[end - 1] + 1 { end += 1 }
      let bits = UInt64(geometry.clusterBits)
      let range = clusters[index] << bits..<(clusters[end - 1] + 1) << bits
      guard (try? store.discard(range)) == true else { return }
      index = end
    }
  }

  // MARK: - Tables

  private func writeRefcountBlocks(_ writer: QcowWriter) throws(ImageFault) {
    for block in writer.refcounts.dirtyBlocks.values {
      try store.write(at: block.fileOffset, block.bytes)
    }
  }

  /// Stores a run of a table's entries in whole sectors.
  private func write(
    entries: Range<Int>, of table: [UInt64], at offset: UInt64
  ) throws(ImageFault) {
    let perSector = 64
    let first = entries.lowerBound / perSector * perSector
    let end = min(table.count, (entries.upperBound + perSector - 1) / perSector * perSector)
    try store.write(at: offset + UInt64(first) * 8, bigEndianBytes(of: table[first..<end]))
  }

  /// Changes header fields with one write, durably. A failure leaves them as they were, in the file
  /// too: what the new ones name is given back.
  func changeHeader(_ change: (inout QcowHeader) -> Void) throws(ImageFault) {
    let old = header
    change(&header)
    do {
      try writeHeader()
      try store.flush()
    } catch {
      header = old
      do { try writeHeader() } catch { refuseWrites(error) }
      throw error
    }
  }

  /// Takes no more writes after a fault that leaves open what the file's header says.
  func refuseWrites(_ fault: ImageFault) {
    writer?.refusal = ImageFault(
      store.name, .readOnly(reason: "its header could not be written (\(fault)); open it anew"))
  }

  /// Whether refcounts may be postponed while the image is marked dirty.
  private var isLazy: Bool {
    header.version >= 3 && header.compatibleFeatures & QcowFeatures.lazyRefcounts != 0
  }

  /// Stores the header's fields in one write of less than a sector.
  func writeHeader() throws(ImageFault) {
    try store.write(at: 0, header.encodedFields())
  }

  /// New blocks are durable; now the table may name them, before anything relies on them.
  private func writeRefcountTableEntries(_ writer: QcowWriter) throws(ImageFault) {
    guard !writer.refcounts.dirtyEntries.isEmpty else { return }
    for index in writer.refcounts.dirtyEntries {
      try write(
        entries: index..<index + 1, of: writer.refcounts.entries, at: header.refcountTableOffset)
    }
    try store.flush()
    writer.refcounts.dirtyEntries = []
  }

  /// Takes space for a refcount table that has outgrown its place.
  private func allocateRefcountTable(_ writer: QcowWriter) throws(ImageFault) -> UInt64 {
    while true {
      let byteCount = writer.refcounts.entries.count * 8
      let offset = try allocate(writer, count: geometry.clusterCount(UInt64(byteCount)))
      // Taking the space may have made blocks that the table has no room for.
      if writer.refcounts.entries.count * 8 == byteCount { return offset }
      release(offset, UInt64(byteCount), writer)
    }
  }

  /// The new refcount table is durable: one write of the header makes it the table.
  private func switchRefcountTable(
    to offset: UInt64, _ writer: QcowWriter
  ) throws(ImageFault) {
    let old = header.refcountTableOffset
    let oldByteCount = UInt64(header.refcountTableClusters) << UInt64(header.clusterBits)
    let byteCount = UInt64(writer.refcounts.entries.count) * 8
    do {
      try changeHeader {
        $0.refcountTableOffset = offset
        $0.refcountTableClusters = UInt32(geometry.clusterCount(byteCount))
      }
    } catch {
      release(offset, byteCount, writer)
      throw error
    }
    writer.refcounts.didMove()
    writer.metadata.remove(at: old)
    _ = writer.metadata.insert(.refcountTable, at: offset, byteCount: byteCount)
    release(old, oldByteCount, writer)
  }
}
