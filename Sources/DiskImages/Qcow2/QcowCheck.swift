/// Counts every reference in an image and compares with its refcounts.
///
/// Needs no backing file and changes nothing. Time and memory are linear in the metadata that the
/// file really holds, however often tables name each other: each table is read once, with the number
/// of its users, and one in a hole of the file not at all.
final class QcowCheck {
  let store: any FileStore
  let header: QcowHeader
  let geometry: ClusterGeometry
  let refcounts: RefcountTable
  private(set) var l1: [UInt64]
  private(set) var report = QcowCheckReport()
  private(set) var census = ReferenceCensus()
  /// References to clusters behind the end of the file.
  private var beyond = ReferenceCensus()
  /// The same when all is counted.
  private(set) var countsBeyond = ReferenceCounts()
  /// The census when all is counted.
  private(set) var counts = ReferenceCounts()
  /// Whether some cluster has more references than its refcount says.
  private(set) var hasLowCounts = false
  /// How many corruptions are COPIED flags that do not agree with the refcount.
  private(set) var copiedFaults = 0
  /// Whether some refcounts cannot be read or changed.
  var hasBadBlocks: Bool { isBadBlock.contains(true) }
  /// Bytes of snapshots' L1 tables that are walked: those of a thousand snapshots of 10 TiB.
  private static let snapshotL1Limit: UInt64 = 256 << 20
  /// Bytes of the tables of bitmaps that are walked.
  private static let bitmapTableLimit: UInt64 = 64 << 20
  private let fileSize: UInt64
  /// Clusters that the refcount table can count.
  private var countedClusters: UInt64 { UInt64(refcounts.entries.count) * refcounts.countsPerBlock }
  private let verifiesContent: Bool
  /// For each entry of the refcount table, whether its block cannot be used. Damage may fill the
  /// table.
  private var isBadBlock: [Bool] = []
  /// Where ``isHole(_:_:)`` looked last: a stretch of data, or a hole.
  private var known: Range<UInt64> = 0..<0
  private var isKnownHole = false
  /// Clusters whose owners are to be named, the first twenty.
  private var shared: [UInt64] = []
  /// Who refers to those of an earlier walk, the first few each.
  private var owners: [UInt64: [String]] = [:]
  /// Users of each L2 table, by its cluster: in the active L1 table, and in all.
  private var activeTables = ReferenceCensus()
  private var tables = ReferenceCensus()
  /// Clusters of all other metadata, which one reference each is for.
  private var structures = ReferenceCensus()
  /// Clusters of metadata that something else refers to as well. A writer refuses to touch them,
  /// whatever their refcount.
  private var contested = ReferenceCensus()

  /// - Parameter verifiesContent: whether compressed clusters are inflated too.
  init(_ store: any FileStore, verifiesContent: Bool = false) throws(ImageFault) {
    self.store = store
    self.verifiesContent = verifiesContent
    header = try QcowHeader(reading: store)
    geometry = header.geometry
    fileSize = try store.byteCount()
    refcounts = try RefcountTable(header, from: store, cacheBytes: 8 << 20)
    l1 = quadwords(try store.bytes(at: header.l1Offset, count: Int(header.l1Count) * 8))
    report.totalClusters = geometry.clusterCount(header.byteCount)
  }

  /// Walks the image and compares.
  func run() throws(ImageFault) -> QcowCheckReport {
    try countReferences(includingRefcounts: true)
    try compare()
    try nameOwners()
    return report
  }

  /// Counts every reference, those of the refcount table and its blocks if asked.
  func countReferences(includingRefcounts: Bool) throws(ImageFault) {
    countStructure(0, geometry.clusterSize, "the header")
    findBadBlocks()
    if includingRefcounts { countRefcountStructures() }
    countStructure(header.l1Offset, UInt64(header.l1Count) * 8, "the L1 table")
    try countL1(l1, isActive: true, 1, "L1 entry")
    try countSnapshots()
    try countBitmaps()
    try countL2Tables()
    try keepCountsBeyond()
    counts = census.result()
    findContested()
    activeTables = ReferenceCensus()
    tables = ReferenceCensus()
    structures = ReferenceCensus()
  }

  private func findContested() {
    func collect(_ owned: ReferenceCounts, _ allowed: (ReferenceCounts.Run) -> UInt64) {
      let references = counts.reader()
      for run in owned.runs {
        for cluster in run.clusters where references(cluster) > allowed(run) {
          contested.add(cluster..<cluster + 1)
        }
      }
    }
    collect(structures.result()) { _ in 1 }
    collect(tables.result()) { $0.references }
  }

  /// Refcounts behind the end of the file that somebody refers to are right as far as they go: were
  /// they lowered, two would share a cluster as soon as the file has grown again. None is raised.
  private func keepCountsBeyond() throws(ImageFault) {
    let countsPerBlock = refcounts.countsPerBlock
    countsBeyond = beyond.result()
    beyond = ReferenceCensus()
    for run in countsBeyond.runs {
      let clusters = run.clusters.clamped(to: 0..<countedClusters)
      var cluster = clusters.lowerBound
      while cluster < clusters.upperBound {
        let block = Int(cluster / countsPerBlock)
        let blockEnd = min((UInt64(block) + 1) * countsPerBlock, clusters.upperBound)
        if try !holdsCounts(block) { cluster = blockEnd }
        while cluster < blockEnd {
          let kept = min(run.references, try refcounts.count(cluster))
          if kept > 0 { census.add(cluster..<cluster + 1, kept) }
          cluster += 1
        }
      }
    }
  }

  // MARK: - Counting

  /// Counts references to the clusters of a structure that must lie in the file.
  ///
  /// - Parameter mayEndBeyond: whether its begin is enough. The sectors of a stream are counted
  ///   generously, and all the clusters that they touch are taken.
  @discardableResult
  private func count(
    _ offset: UInt64, _ byteCount: UInt64, _ references: UInt64, mayEndBeyond: Bool = false,
    _ what: @autoclosure () -> String
  ) -> Bool {
    guard byteCount > 0 else { return true }
    let fileClusters = geometry.clusterCount(fileSize)
    func refuse() {
      report.corruption(
        "\(what()) at \(hexadecimal(offset)) lies past the end of the file of \(fileSize) bytes")
    }
    guard !offset.addingReportingOverflow(byteCount - 1).overflow else {
      refuse()
      return false
    }
    let clusters = geometry.clusters(at: offset, byteCount: byteCount)
    guard clusters.upperBound <= fileClusters || mayEndBeyond && clusters.lowerBound < fileClusters
    else {
      refuse()
      if owners.isEmpty {
        census.add(clusters.clamped(to: 0..<fileClusters), references)
        beyond.add(clusters.clamped(to: fileClusters..<UInt64.max), references)
      }
      return false
    }
    guard owners.isEmpty else {
      for (cluster, known) in owners where known.count < 4 && clusters.contains(cluster) {
        owners[cluster] = known + [what()]
      }
      return true
    }
    census.add(clusters, references)
    return true
  }

  /// Counts the reference to metadata that nothing else may refer to.
  @discardableResult
  private func countStructure(
    _ offset: UInt64, _ byteCount: UInt64, _ what: @autoclosure () -> String
  ) -> Bool {
    guard count(offset, byteCount, 1, what()) else { return false }
    if byteCount > 0 { structures.add(geometry.clusters(at: offset, byteCount: byteCount)) }
    return true
  }

  /// Finds refcount blocks that cannot be used: their refcounts count as 0.
  private func findBadBlocks() {
    var seen: Set<UInt64> = []
    var isBad = [Bool](repeating: false, count: refcounts.entries.count)
    for (index, entry) in refcounts.entries.enumerated() where entry != 0 {
      let offset = entry & EntryBits.offset
      if entry != offset || !geometry.isAligned(offset) {
        report.corruption("refcount table entry \(index) is \(hexadecimal(entry))")
      } else if offset >= fileSize {
        report.corruption(
          "refcount block \(index) at \(hexadecimal(offset)) lies past the end of the file")
      } else if !seen.insert(offset).inserted {
        report.corruption("refcount table entry \(index) names the block of another entry")
      } else {
        continue
      }
      isBad[index] = true
    }
    isBadBlock = isBad
  }

  /// Whether a refcount block can be read and may count anything.
  private func holdsCounts(_ block: Int) throws(ImageFault) -> Bool {
    let entry = refcounts.entries[block]
    guard entry != 0, !isBadBlock[block] else { return false }
    return try !isHole(entry, geometry.clusterSize)
  }

  private func countRefcountStructures() {
    countStructure(
      header.refcountTableOffset,
      UInt64(header.refcountTableClusters) << UInt64(header.clusterBits), "the refcount table")
    for (index, entry) in refcounts.entries.enumerated()
    where entry != 0 && !isBadBlock[index] {
      countStructure(entry, geometry.clusterSize, "refcount block \(index)")
    }
  }

  private func countL1(
    _ table: [UInt64], isActive: Bool, _ references: UInt64, _ what: String
  ) throws(ImageFault) {
    for (index, word) in table.enumerated() where word != 0 {
      let entry = L1Entry(rawValue: word)
      if entry.hasReservedBits {
        report.corruption("\(what) \(index) is \(hexadecimal(word)): reserved bits are set")
      }
      guard entry.l2Offset != 0 else { continue }
      guard geometry.isAligned(entry.l2Offset) else {
        report.corruption("\(what) \(index) is \(hexadecimal(word)): not aligned to a cluster")
        continue
      }
      guard
        count(entry.l2Offset, geometry.clusterSize, references, "the L2 table of \(what) \(index)")
      else { continue }
      let cluster = geometry.clusters(at: entry.l2Offset, byteCount: 1)
      tables.add(cluster, references)
      guard isActive else { continue }
      activeTables.add(cluster, references)
      try checkCopied(entry.isCopied, entry.l2Offset, "\(what) \(index)")
    }
  }

  private func countSnapshots() throws(ImageFault) {
    let (snapshots, byteCount) = try QcowSnapshot.readTable(header, from: store)
    countStructure(header.snapshotsOffset, byteCount, "the snapshot table")
    var l1Bytes: UInt64 = 0
    for (index, snapshot) in snapshots.enumerated() {
      let size = UInt64(snapshot.l1Count) * 8
      guard geometry.isAligned(snapshot.l1Offset), snapshot.l1Offset != 0 || size == 0,
        size <= QcowHeader.Limit.l1Bytes
      else {
        report.corruption(
          "the L1 table of snapshot \(index) is misplaced or too big: "
            + "\(snapshot.l1Count) entries at \(hexadecimal(snapshot.l1Offset))")
        continue
      }
      let what = "the L1 table of snapshot \(index)"
      guard countStructure(snapshot.l1Offset, size, what) else { continue }
      if header.version >= 3, snapshot.diskByteCount == nil {
        report.corruption("snapshot \(index) does not say how big the disk was")
      }
      if let size = snapshot.diskByteCount, !geometry.canMap(size) {
        report.corruption("snapshot \(index) says that the disk had \(size) bytes")
      }
      if try isHole(snapshot.l1Offset, size) { continue }
      l1Bytes += size
      guard l1Bytes <= Self.snapshotL1Limit else {
        report.omission(
          "snapshot \(index): L1 tables of snapshots have more than \(Self.snapshotL1Limit) bytes")
        continue
      }
      let table = quadwords(try store.bytes(at: snapshot.l1Offset, count: Int(size)))
      try countL1(table, isActive: false, 1, "snapshot \(index), L1 entry")
    }
  }

  /// Whether a structure lies in a hole of the file: it is all zero and need not be read.
  private func isHole(_ offset: UInt64, _ byteCount: UInt64) throws(ImageFault) -> Bool {
    if !known.contains(offset) {
      let run = try store.run(at: offset)
      known = offset..<run.end
      isKnownHole = !run.isData
    }
    return isKnownHole && known.upperBound - offset >= byteCount
  }

  /// Bitmaps that the image calls consistent own their directory, tables and data.
  private func countBitmaps() throws(ImageFault) {
    guard header.version >= 3, header.autoclearFeatures & QcowFeatures.bitmaps != 0,
      let payload = header.payload(QcowHeader.Extension.Kind.bitmaps),
      let size: UInt64 = payload.bigEndian(at: 8), let start: UInt64 = payload.bigEndian(at: 16),
      size <= 64 << 20, countStructure(start, size, "the bitmap directory")
    else { return }
    let directory = try store.bytes(at: start, count: Int(size))
    var offset = 0
    var entries: UInt64 = 0
    while let table: UInt64 = directory.bigEndian(at: offset),
      let entryCount: UInt32 = directory.bigEndian(at: offset + 8),
      let nameCount: UInt16 = directory.bigEndian(at: offset + 18),
      let extraCount: UInt32 = directory.bigEndian(at: offset + 20)
    {
      let byteCount = UInt64(entryCount) * 8
      entries += byteCount
      guard entries <= Self.bitmapTableLimit else {
        report.omission("the tables of bitmaps have more than \(Self.bitmapTableLimit) bytes")
        return
      }
      guard countStructure(table, byteCount, "a bitmap table") else { break }
      offset += (24 + Int(extraCount) + Int(nameCount) + 7) & ~7
      if try isHole(table, byteCount) { continue }
      for entry in quadwords(try store.bytes(at: table, count: Int(byteCount))) {
        let data = entry & EntryBits.offset
        if data != 0 { count(data, geometry.clusterSize, 1, "a bitmap") }
      }
    }
  }

  private func countL2Tables() throws(ImageFault) {
    let activeUsers = activeTables.result().reader()
    for run in tables.result().runs {
      for cluster in run.clusters {
        let offset = cluster << UInt64(geometry.clusterBits)
        // A table in a hole maps nothing.
        if try isHole(offset, geometry.clusterSize) { continue }
        try countL2(at: offset, users: run.references, isActive: activeUsers(cluster) > 0)
      }
    }
  }

  private func countL2(
    at offset: UInt64, users: UInt64, isActive: Bool
  ) throws(ImageFault) {
    let bytes = try store.bytes(at: offset, count: Int(geometry.clusterSize))
    var expected: UInt64?
    for (index, word) in quadwords(bytes).enumerated() where word != 0 {
      let entry = L2Entry(rawValue: word)
      func name() -> String { "entry \(index) of the L2 table at \(hexadecimal(offset))" }
      if entry.hasReservedBits {
        report.corruption("\(name()) is \(hexadecimal(word)): reserved bits are set")
      }
      let mapping: ClusterMapping
      do {
        mapping = try entry.mapping(in: geometry, version: header.version)
      } catch {
        report.corruption("\(name()) is \(hexadecimal(word)): \(error.text)")
        continue
      }
      switch mapping {
      case .unallocated, .zero(reservedAt: nil): continue
      case .stored(let cluster), .zero(let cluster?):
        guard count(cluster, geometry.clusterSize, users, name()) else { continue }
        if isActive {
          try checkCopied(entry.isCopied, cluster, name())
          noteAllocated(at: cluster, expected)
        }
        expected = cluster + geometry.clusterSize
      case .compressed(let extent):
        guard
          count(
            extent.fileOffset, UInt64(extent.byteCount), users, mayEndBeyond: true, name())
        else { continue }
        if isActive {
          report.compressedClusters += 1
          report.allocatedClusters += 1
          // Streams follow each other at odd offsets; QEMU calls all of them fragmented.
          report.fragmentedClusters += 1
        }
        if verifiesContent { try verify(extent, name()) }
      }
    }
  }

  private func noteAllocated(at cluster: UInt64, _ expected: UInt64?) {
    report.allocatedClusters += 1
    if let expected, expected != cluster { report.fragmentedClusters += 1 }
  }

  private func verify(
    _ extent: CompressedExtent, _ name: @autoclosure () -> String
  ) throws(ImageFault) {
    var input = [UInt8](repeating: 0, count: extent.byteCount)
    var span = input.mutableSpan
    let available = try store.read(at: extent.fileOffset, into: &span)
    var output = [UInt8](repeating: 0, count: Int(geometry.clusterSize))
    var cluster = output.mutableSpan
    if !CompressedCluster.inflate(input.span.extracting(0..<available), into: &cluster) {
      report.unreadableClusters += 1
      report.note("unreadable: \(name()) does not inflate")
    }
  }

  // MARK: - Comparing

  /// The refcount on disk; 0 where its block cannot be used.
  private func diskCount(_ cluster: UInt64) throws(ImageFault) -> UInt64 {
    let block = Int(cluster / refcounts.countsPerBlock)
    return block < isBadBlock.count && isBadBlock[block] ? 0 : try refcounts.count(cluster)
  }

  private func checkCopied(
    _ isCopied: Bool, _ offset: UInt64, _ name: @autoclosure () -> String
  ) throws(ImageFault) {
    let count = try diskCount(offset >> UInt64(geometry.clusterBits))
    if isCopied != (count == 1) {
      copiedFaults += 1
      report.corruption(
        "\(name()): COPIED is \(isCopied ? "set" : "clear"), but the refcount is \(count)")
    }
  }

  private func compare() throws(ImageFault) {
    try forEachDifference { cluster, count, references in
      if count < references {
        report.corruption(
          "cluster \(cluster) has \(references) references, its refcount is \(count)")
        hasLowCounts = true
        if shared.count < 20 { shared.append(cluster) }
      } else {
        report.leaks += 1
        report.note(
          "leaked: cluster \(cluster) has \(references) references, its refcount is \(count)")
      }
    }
    for run in contested.result().runs {
      for cluster in run.clusters where try diskCount(cluster) >= counts[cluster] {
        report.corruption("cluster \(cluster) holds metadata and more than that")
        if shared.count < 20 { shared.append(cluster) }
      }
    }
  }

  /// Calls `body` with each cluster whose refcount is not the number of its references.
  func forEachDifference(
    _ body: (_ cluster: UInt64, _ count: UInt64, _ references: UInt64) throws(ImageFault) -> Void
  ) throws(ImageFault) {
    for run in counts.runs {
      report.imageEndOffset = run.clusters.upperBound << UInt64(geometry.clusterBits)
      for cluster in run.clusters {
        let count = try diskCount(cluster)
        if count != run.references { try body(cluster, count, run.references) }
      }
    }
    let references = counts.reader()
    for index in refcounts.entries.indices where try holdsCounts(index) {
      try refcounts.forEachCount(inBlock: index) { cluster, count throws(ImageFault) in
        if references(cluster) == 0 { try body(cluster, count, 0) }
      }
    }
  }

  /// Walks once more to say who shares a cluster that is not theirs to share.
  private func nameOwners() throws(ImageFault) {
    guard !shared.isEmpty else { return }
    let walk = try QcowCheck(store)
    for cluster in shared { walk.owners[cluster] = [] }
    try walk.countReferences(includingRefcounts: true)
    for cluster in shared {
      if let names = walk.owners[cluster], names.count > 1 {
        report.note("cluster \(cluster) belongs to " + names.joined(separator: " and to "))
      }
    }
  }
}

extension QcowImage {
  /// Checks the image in `store`, as `qemu-img check` does; it may be marked dirty or corrupt, and
  /// its backing file need not exist.
  ///
  /// - Parameter verifiesContent: whether compressed clusters are inflated too.
  /// - Throws: ``ImageFault`` when the header allows no check at all.
  public static func check(
    _ store: any FileStore, verifiesContent: Bool = false
  ) throws(ImageFault) -> QcowCheckReport {
    try QcowCheck(store, verifiesContent: verifiesContent).run()
  }
}
