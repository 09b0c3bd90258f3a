internal import SystemPackage

/// The refcounts of an image: how many references each cluster of the file has.
///
/// Changes stay in memory until ``QcowImage`` commits them in the order that a crash allows.
final class RefcountTable {
  /// Refcounts in one block.
  let countsPerBlock: UInt64
  /// The highest refcount that the image's width holds.
  let maximum: UInt64
  /// Offsets of the blocks, 0 where there is none; may be longer than the table on disk.
  private(set) var entries: [UInt64]
  /// Blocks that differ from the disk.
  private(set) var dirtyBlocks: [Int: RefcountBlock] = [:]
  /// Entries of the table that differ from the disk.
  var dirtyEntries: Set<Int> = []
  /// Whether the table has outgrown its place in the file.
  private(set) var needsMove = false
  /// Told of every block that is made.
  var didMakeBlock: (_ cluster: UInt64) throws(ImageFault) -> Void = { _ throws(ImageFault) in }

  private let store: any FileStore
  private let geometry: ClusterGeometry
  private let order: UInt32
  /// Clusters that the file can have at all.
  private let clusterLimit: UInt64
  private var blocks: BoundedCache<Int, RefcountBlock>
  /// No cluster below is free.
  private var firstCandidate: UInt64 = 0

  init(
    _ header: QcowHeader, from store: any FileStore, cacheBytes: Int
  ) throws(ImageFault) {
    self.store = store
    geometry = header.geometry
    order = header.refcountOrder
    countsPerBlock = header.countsPerBlock
    maximum = header.maximumRefcount
    clusterLimit = (store.capacity ?? .max) >> UInt64(header.clusterBits)
    let byteCount = Int(header.refcountTableClusters) << header.clusterBits
    entries = quadwords(try store.bytes(at: header.refcountTableOffset, count: byteCount))
    blocks = BoundedCache(limit: cacheBytes)
  }

  /// Whether anything differs from the disk.
  var hasChanges: Bool { !dirtyBlocks.isEmpty || !dirtyEntries.isEmpty || needsMove }

  /// Bytes of blocks that wait for a commit.
  var dirtyByteCount: Int { dirtyBlocks.count << geometry.clusterBits }

  /// The number of references to a cluster of the file.
  func count(_ cluster: UInt64) throws(ImageFault) -> UInt64 {
    let index = Int(cluster / countsPerBlock)
    guard index < entries.count, entries[index] != 0 else { return 0 }
    return try block(index)[Int(cluster % countsPerBlock)]
  }

  /// Calls `body` with each cluster that block `index` counts references to, and their number.
  func forEachCount(
    inBlock index: Int, _ body: (_ cluster: UInt64, _ count: UInt64) throws(ImageFault) -> Void
  ) throws(ImageFault) {
    let block = try block(index)
    var slot = 0
    while let used = block.firstUsed(from: slot) {
      try body(UInt64(index) * countsPerBlock + UInt64(used), block[used])
      slot = used + 1
    }
  }

  /// Sets the number of references to a cluster, at most ``maximum``.
  func setCount(_ cluster: UInt64, _ value: UInt64) throws(ImageFault) {
    let index = Int(cluster / countsPerBlock)
    let block = try writableBlock(index)
    block[Int(cluster % countsPerBlock)] = value
    if value == 0 { firstCandidate = min(firstCandidate, cluster) }
  }

  /// Adds a reference.
  func retain(_ cluster: UInt64) throws(ImageFault) {
    let count = try count(cluster)
    guard count < maximum else {
      throw ImageFault(
        store.name, .refused("cluster \(cluster) would have more references than \(maximum)"))
    }
    try setCount(cluster, count + 1)
  }

  /// Takes `count` free clusters in a row, each with one reference from now on.
  ///
  /// - Returns: the number of the first.
  func allocate(_ count: UInt64 = 1) throws(ImageFault) -> UInt64 {
    guard count == 1 else { return try allocateRun(count) }
    var index = Int(firstCandidate / countsPerBlock)
    var slot = Int(firstCandidate % countsPerBlock)
    while true {
      if let free = try existingOrNewBlock(index).firstFree(from: slot) {
        let cluster = UInt64(index) * countsPerBlock + UInt64(free)
        try checkRoom(upTo: cluster + 1)
        try setCount(cluster, 1)
        firstCandidate = cluster + 1
        return cluster
      }
      index += 1
      slot = 0
    }
  }

  /// Takes several clusters in a row: where the blocks that exist have room, else at the end.
  private func allocateRun(_ count: UInt64) throws(ImageFault) -> UInt64 {
    let blockCount = (entries.lastIndex { $0 != 0 } ?? -1) + 1
    var first = firstCandidate
    var cluster = first
    while cluster - first < count {
      let index = Int(cluster / countsPerBlock)
      let base = UInt64(index) * countsPerBlock
      guard index < blockCount else {
        try makeTail(from: first, count, after: blockCount)
        break
      }
      guard entries[index] != 0,
        let free = try block(index).firstFree(from: Int(cluster - base))
      else {
        cluster = base + countsPerBlock
        first = cluster
        continue
      }
      if base + UInt64(free) != cluster { first = base + UInt64(free) }
      cluster = base + UInt64(free) + 1
    }
    try checkRoom(upTo: first + count)
    for cluster in first..<first + count { try setCount(cluster, 1) }
    return first
  }

  /// Makes the blocks that `count` clusters from `first` on need behind the last block. They go
  /// behind those clusters, whose row they must not break.
  private func makeTail(
    from first: UInt64, _ count: UInt64, after blockCount: Int
  ) throws(ImageFault) {
    var added: UInt64 = 0
    while true {
      let last = (first + count + added - 1) / countsPerBlock
      let needed = last >= UInt64(blockCount) ? last + 1 - UInt64(blockCount) : 0
      if needed == added { break }
      added = needed
    }
    try checkRoom(upTo: first + count + added)
    for position in 0..<added {
      _ = try makeBlock(blockCount + Int(position), at: first + count + position)
    }
    for position in 0..<added { try setCount(first + count + position, 1) }
  }

  /// Takes one cluster if it is free.
  func allocate(at cluster: UInt64) throws(ImageFault) -> Bool {
    guard cluster < clusterLimit else { return false }
    _ = try existingOrNewBlock(Int(cluster / countsPerBlock))
    guard try count(cluster) == 0 else { return false }
    try setCount(cluster, 1)
    return true
  }

  /// The dirty blocks are durable.
  func didWriteBlocks() {
    for (index, block) in dirtyBlocks { blocks.insert(block, for: index, cost: block.bytes.count) }
    dirtyBlocks = [:]
  }

  /// The table has its new place and all its entries are durable there.
  func didMove() {
    needsMove = false
    dirtyEntries = []
  }

  // MARK: - Blocks

  private func block(_ index: Int) throws(ImageFault) -> RefcountBlock {
    if let block = dirtyBlocks[index] ?? blocks.value(index) { return block }
    let entry = entries[index]
    let offset = entry & EntryBits.offset
    guard geometry.isAligned(offset), entry == offset else {
      throw ImageFault(
        store.name,
        .corrupt(
          "refcount table entry \(index) is \(hexadecimal(entry)), "
            + "but must be a multiple of the cluster size below 2^56"))
    }
    var bytes = [UInt8](repeating: 0, count: Int(geometry.clusterSize))
    var span = bytes.mutableSpan
    guard try store.read(at: offset, into: &span) > 0 else {
      throw ImageFault(
        store.name,
        .corrupt("refcount block \(index) at \(hexadecimal(offset)) lies past the end of the file"))
    }
    let block = RefcountBlock(fileOffset: offset, order: order, bytes: bytes)
    blocks.insert(block, for: index, cost: bytes.count)
    return block
  }

  private func writableBlock(_ index: Int) throws(ImageFault) -> RefcountBlock {
    let block = try existingOrNewBlock(index)
    dirtyBlocks[index] = block
    return block
  }

  /// The block, made if absent. Where a block is absent all its clusters are free, so it takes the
  /// first of them and counts itself.
  private func existingOrNewBlock(_ index: Int) throws(ImageFault) -> RefcountBlock {
    if index < entries.count, entries[index] != 0 { return try block(index) }
    let block = try makeBlock(index, at: UInt64(index) * countsPerBlock)
    block[0] = 1
    return block
  }

  /// Makes an empty block in a cluster that is free.
  private func makeBlock(_ index: Int, at cluster: UInt64) throws(ImageFault) -> RefcountBlock {
    try checkRoom(upTo: cluster + 1)
    try extend(to: index)
    try didMakeBlock(cluster)
    let offset = cluster << UInt64(geometry.clusterBits)
    let block = RefcountBlock(
      fileOffset: offset, order: order,
      bytes: Array(repeating: 0, count: Int(geometry.clusterSize)))
    entries[index] = offset
    dirtyEntries.insert(index)
    dirtyBlocks[index] = block
    return block
  }

  /// Throws unless the file can have this many clusters. Asked before anything changes: what lay
  /// behind the end could never be committed.
  private func checkRoom(upTo clusterCount: UInt64) throws(ImageFault) {
    guard clusterCount <= clusterLimit else {
      throw ImageFault(
        store.name,
        .host(
          operation: "grow beyond \(clusterLimit << UInt64(geometry.clusterBits)) bytes",
          errno: Errno.noSpace.rawValue))
    }
  }

  /// Makes room for entry `index`; the table moves with the next commit.
  private func extend(to index: Int) throws(ImageFault) {
    guard index >= entries.count else { return }
    let limit = Int(QcowHeader.Limit.refcountTableBytes / 8)
    guard index < limit else {
      throw ImageFault(
        store.name,
        .refused("the file would outgrow its refcount table, which has at most \(limit) entries"))
    }
    let perCluster = geometry.entriesPerL2
    let wanted = max(index + 1, entries.count + entries.count / 2)
    let count = min(limit, (wanted + perCluster - 1) / perCluster * perCluster)
    entries += repeatElement(0, count: count - entries.count)
    needsMove = true
  }
}
