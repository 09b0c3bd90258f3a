/// Making refcounts agree with the tables again.
extension QcowImage {
  /// What a repair may change.
  public enum RepairMode: Sendable {
    /// Refcounts that are too high become lower, and COPIED flags follow. An image with other damage
    /// is left alone.
    case leaks
    /// Refcounts and COPIED flags become what the tables say, in a new refcount table where needed;
    /// an image that then checks clean loses its dirty and corrupt marks. No mapping is changed:
    /// what cannot be read stays, and stays reported.
    case all
  }

  /// Repairs the image in `store` and answers what a check says afterwards.
  public static func repair(
    _ store: any FileStore, _ mode: RepairMode
  ) throws(ImageFault) -> QcowCheckReport {
    let check = try QcowCheck(store)
    let before = try check.run()
    // Whatever was not counted would be given away.
    guard before.checkErrors == 0 else { return before }
    let needsRebuild = check.hasLowCounts || check.hasBadBlocks
    if needsRebuild, mode == .all {
      var rebuild = try RefcountRebuild(store)
      try rebuild.run()
    } else if !needsRebuild, mode == .all || before.corruptions == check.copiedFaults {
      try check.lowerRefcounts()
      try check.correctCopied()
    }
    var after = try QcowCheck(store).run()
    if mode == .all, after.corruptions == 0, after.checkErrors == 0 {
      try clearMarks(store)
    }
    after.corruptionsFixed = max(0, before.corruptions - after.corruptions)
    after.leaksFixed = max(0, before.leaks - after.leaks)
    return after
  }

  /// Gives the image in `store` refcounts of another width, in a new refcount table.
  ///
  /// - Throws: ``ImageFault`` when the image is not clean, or its refcounts do not fit.
  public static func setRefcountBits(
    _ bits: Int, of store: any FileStore
  ) throws(ImageFault) {
    func refuse(_ what: String) -> ImageFault { ImageFault(store.name, .refused(what)) }
    let header = try QcowHeader(reading: store)
    guard bits > 0, bits <= 64, bits & (bits - 1) == 0 else {
      throw refuse("the refcount width must be a power of two up to 64 bits")
    }
    guard bits != header.refcountBits else { return }
    guard header.version >= 3 else {
      throw refuse("version 2 has refcounts of 16 bits; make it compat=1.1 first")
    }
    guard try QcowCheck(store).run().exitStatus == 0, !header.isDirty, !header.isCorrupt else {
      throw refuse("is not clean; check and repair it first")
    }
    var rebuild = try RefcountRebuild(store, refcountOrder: UInt32(bits.trailingZeroBitCount))
    try rebuild.run()
  }

  private static func clearMarks(_ store: any FileStore) throws(ImageFault) {
    var header = try QcowHeader(reading: store)
    guard header.isDirty || header.isCorrupt else { return }
    header.incompatibleFeatures &= ~(QcowFeatures.dirty | QcowFeatures.corrupt)
    try store.write(at: 0, header.encodedFields())
    try store.flush()
  }
}

extension QcowCheck {
  /// Lowers the refcounts of leaked clusters, in place.
  fileprivate func lowerRefcounts() throws(ImageFault) {
    try forEachDifference { cluster, count, references throws(ImageFault) in
      if count > references { try refcounts.setCount(cluster, references) }
    }
    guard refcounts.hasChanges else { return }
    for block in refcounts.dirtyBlocks.values { try store.write(at: block.fileOffset, block.bytes) }
    try store.flush()
    refcounts.didWriteBlocks()
  }

  /// Sets COPIED where the refcount is 1 and clears it elsewhere, in the active tables.
  fileprivate func correctCopied() throws(ImageFault) {
    var tables: Set<UInt64> = []
    for (index, word) in l1.enumerated() {
      let entry = L1Entry(rawValue: word)
      guard entry.l2Offset != 0, geometry.isAligned(entry.l2Offset) else { continue }
      try correct(word, at: header.l1Offset + UInt64(index) * 8, naming: entry.l2Offset)
      tables.insert(entry.l2Offset)
    }
    for offset in tables where counts[offset >> UInt64(geometry.clusterBits)] > 0 {
      let words = quadwords(try store.bytes(at: offset, count: Int(geometry.clusterSize)))
      for (index, word) in words.enumerated() {
        let entry = L2Entry(rawValue: word)
        guard !entry.isCompressed, entry.clusterOffset != 0, geometry.isAligned(entry.clusterOffset)
        else { continue }
        try correct(word, at: offset + UInt64(index) * 8, naming: entry.clusterOffset)
      }
    }
    try store.flush()
  }

  private func correct(
    _ word: UInt64, at position: UInt64, naming offset: UInt64
  ) throws(ImageFault) {
    let isCopied = counts[offset >> UInt64(geometry.clusterBits)] == 1
    let right = isCopied ? word | EntryBits.copied : word & ~EntryBits.copied
    if right != word { try store.write(at: position, bigEndianBytes(of: [right])) }
  }
}

/// Builds refcounts anew from a count of all references.
///
/// The new table and blocks go where nothing is that the image still needs: behind the end of a file,
/// and behind all that is in use where the size is fixed. One write of the header makes them valid.
private struct RefcountRebuild {
  let store: any FileStore
  let check: QcowCheck
  var census: ReferenceCensus
  /// All that is referred to, behind the end of the file too.
  let occupied: ReferenceCounts
  var header: QcowHeader
  let geometry: ClusterGeometry

  /// - Parameter refcountOrder: log2 of the bits in a new refcount; nil: as they are.
  init(_ store: any FileStore, refcountOrder: UInt32? = nil) throws(ImageFault) {
    self.store = store
    check = try QcowCheck(store)
    // The old refcount structures are not counted: their clusters become free.
    try check.countReferences(includingRefcounts: false)
    census = check.census
    var occupied = check.census
    for run in check.countsBeyond.runs { occupied.add(run.clusters) }
    self.occupied = occupied.result()
    header = check.header
    geometry = check.geometry
    guard let refcountOrder else { return }
    header.refcountOrder = refcountOrder
    let highest = check.counts.highest
    guard highest <= header.maximumRefcount else {
      throw ImageFault(
        store.name,
        .refused("has clusters with \(highest) references; \(header.refcountBits) bits are too few")
      )
    }
  }

  mutating func run() throws(ImageFault) {
    try writeRefcounts()
    try check.correctCopied()
  }

  private mutating func writeRefcounts() throws(ImageFault) {
    let bits = UInt64(geometry.clusterBits)
    let start = try firstUnused()
    let countsPerBlock = header.countsPerBlock
    let maximum = header.maximumRefcount
    func blocks(_ clusters: Range<UInt64>) -> ClosedRange<UInt64> {
      clusters.lowerBound / countsPerBlock...(clusters.upperBound - 1) / countsPerBlock
    }
    var counted: Set<UInt64> = []
    for run in check.counts.runs { counted.formUnion(blocks(run.clusters)) }
    var indices: Set<UInt64> = []
    var tableClusters: UInt64 = 0
    var first = start
    var size: UInt64 = 1
    // Each round makes room for what the last one added; the sums only grow and soon settle.
    while true {
      first = room(for: size, from: start)
      indices = counted.union(blocks(first..<first + size))
      tableClusters = geometry.clusterCount(((indices.max() ?? 0) + 1) * 8)
      guard tableClusters << bits <= QcowHeader.Limit.refcountTableBytes else {
        throw ImageFault(store.name, .refused("the file is too big for a refcount table"))
      }
      let needed = UInt64(indices.count) + tableClusters
      defer { size = needed }
      if needed <= size { break }
    }
    census.add(first..<first + size)
    let references = census.result().reader()
    var table = [UInt64](repeating: 0, count: Int(tableClusters) * geometry.entriesPerL2)
    for (position, index) in indices.sorted().enumerated() {
      let block = RefcountBlock(
        fileOffset: (first + tableClusters + UInt64(position)) << bits, order: header.refcountOrder,
        bytes: Array(repeating: 0, count: Int(geometry.clusterSize)))
      for slot in 0..<block.count {
        block[slot] = min(references(index * countsPerBlock + UInt64(slot)), maximum)
      }
      table[Int(index)] = block.fileOffset
      try store.write(at: block.fileOffset, block.bytes)
    }
    try store.write(at: first << bits, bigEndianBytes(of: table))
    try store.flush()
    header.refcountTableOffset = first << bits
    header.refcountTableClusters = UInt32(tableClusters)
    try store.write(at: 0, header.encodedFields())
    try store.flush()
  }

  /// The first cluster behind the end of the file; where that cannot move, behind all that is in use,
  /// the old refcounts too.
  private func firstUnused() throws(ImageFault) -> UInt64 {
    let end = geometry.clusterCount(try store.byteCount())
    guard store.capacity != nil else { return end }
    let bits = UInt64(geometry.clusterBits)
    var used = check.refcounts.entries.map { ($0 & EntryBits.offset) >> bits + 1 }
    used.append(header.refcountTableOffset >> bits + UInt64(header.refcountTableClusters))
    used += check.counts.runs.map(\.clusters.upperBound)
    return used.filter { $0 <= end }.max() ?? end
  }

  /// The first of `size` clusters in a row that nothing refers to.
  private func room(for size: UInt64, from start: UInt64) -> UInt64 {
    var first = start
    for run in occupied.runs where run.clusters.upperBound > first {
      if run.clusters.lowerBound >= first + size { break }
      first = run.clusters.upperBound
    }
    return first
  }
}
