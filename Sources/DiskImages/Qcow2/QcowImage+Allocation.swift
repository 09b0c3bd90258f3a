/// Taking and giving back clusters of the file.
extension QcowImage {
  /// Makes an open image ready for writes, or says why its metadata cannot be trusted with them.
  func prepareForWriting(_ limits: CacheLimits) throws(ImageFault) {
    func refuse(_ reason: String) -> ImageFault {
      ImageFault(store.name, .readOnly(reason: reason))
    }
    guard store.isWritable else { throw refuse("its file was opened read-only") }
    guard !header.isCorrupt else { throw refuse("it is marked corrupt; repair it first") }
    guard !header.isDirty else {
      throw refuse("it was not closed cleanly and its refcounts are stale; repair it first")
    }
    let refcounts = try RefcountTable(header, from: store, cacheBytes: limits.tableBytes)
    let (metadata, conflict) = metadataMap(refcounts)
    if let conflict { throw refuse("\(conflict); repair it first") }
    let writer = QcowWriter(refcounts: refcounts, metadata: metadata)
    refcounts.didMakeBlock = { [unowned self, unowned writer] cluster throws(ImageFault) in
      try claim(.refcountBlock, at: cluster << UInt64(geometry.clusterBits), writer)
    }
    self.writer = writer
    if header.autoclearFeatures != 0 {
      // Whatever these bits promise will not hold after the first write.
      header.autoclearFeatures = 0
      try writeHeader()
      try store.flush()
    }
  }

  /// Where all metadata is, and the first overlap met.
  private func metadataMap(_ refcounts: RefcountTable) -> (MetadataMap, conflict: String?) {
    var map = MetadataMap(geometry)
    var conflict: String?
    func enter(_ owner: MetadataMap.Owner, _ offset: UInt64, _ byteCount: UInt64) {
      if let other = map.insert(owner, at: offset, byteCount: byteCount), conflict == nil {
        conflict = "\(owner.rawValue) at \(hexadecimal(offset)) overlaps \(other.rawValue)"
      }
    }
    enter(.header, 0, geometry.clusterSize)
    enter(.l1, header.l1Offset, UInt64(header.l1Count) * 8)
    enter(
      .refcountTable, header.refcountTableOffset,
      UInt64(header.refcountTableClusters) << UInt64(header.clusterBits))
    enter(.snapshotTable, header.snapshotsOffset, snapshotTableByteCount)
    // In the order of the map, which otherwise takes quadratic time.
    for snapshot in snapshots.sorted(by: { $0.l1Offset < $1.l1Offset }) {
      enter(.snapshotL1, snapshot.l1Offset, UInt64(snapshot.l1Count) * 8)
    }
    for entry in refcounts.entries where entry != 0 {
      enter(.refcountBlock, entry & EntryBits.offset, 1)
    }
    var seen: Set<UInt64> = []
    for entry in l1 {
      let offset = L1Entry(rawValue: entry).l2Offset
      // Several L1 entries may share a table; no other structure may.
      if offset != 0, seen.insert(offset).inserted { enter(.l2, offset, 1) }
    }
    return (map, conflict)
  }

  /// The writer, unless writes are refused; no write waits in it.
  func writable(_ offset: UInt64, byteCount count: Int) throws(ImageFault) -> QcowWriter {
    let writer = try willingWriter(offset, byteCount: count)
    try settle(writer)
    return writer
  }

  /// The writer, unless writes are refused.
  func willingWriter(_ offset: UInt64, byteCount count: Int) throws(ImageFault) -> QcowWriter {
    try checkWritable(offset, byteCount: count)
    guard let writer else {
      throw ImageFault(store.name, .readOnly(reason: "it was opened read-only"))
    }
    if let refusal = writer.refusal { throw refusal }
    return writer
  }

  /// Takes `count` clusters in a row with one reference each and answers the offset of the first.
  func allocate(_ writer: QcowWriter, count: UInt64 = 1) throws(ImageFault) -> UInt64 {
    let offset = try writer.refcounts.allocate(count) << UInt64(geometry.clusterBits)
    guard offset < 1 << 56 else {
      throw ImageFault(store.name, .refused("the file would exceed 2^56 bytes"))
    }
    if let owner = writer.metadata.owner(at: offset, byteCount: count << UInt64(header.clusterBits))
    {
      throw markCorrupt(
        writer, "the refcounts call \(owner.rawValue) near \(hexadecimal(offset)) free")
    }
    return offset
  }

  /// Enters a new structure of one cluster into the map of metadata.
  func claim(
    _ owner: MetadataMap.Owner, at offset: UInt64, _ writer: QcowWriter
  ) throws(ImageFault) {
    if let other = writer.metadata.insert(owner, at: offset, byteCount: geometry.clusterSize) {
      throw markCorrupt(
        writer, "the refcounts call \(other.rawValue) at \(hexadecimal(offset)) free")
    }
  }

  /// Drops one reference to each cluster of these bytes with the next commit, which frees them
  /// once nothing on disk points there.
  func release(_ offset: UInt64, _ byteCount: UInt64, _ writer: QcowWriter) {
    guard byteCount > 0 else { return }
    for cluster in geometry.clusters(at: offset, byteCount: byteCount) {
      writer.pending.releases[cluster, default: 0] += 1
    }
  }

  /// Drops what an L2 entry that has been replaced pointed to.
  func release(_ mapping: ClusterMapping, _ writer: QcowWriter) {
    if case .compressed(let extent) = mapping { decompressed.remove(extent) }
    if let place = place(of: mapping) { release(place.offset, place.byteCount, writer) }
  }

  /// Refuses to touch metadata, or what nobody has allocated, as if it were data.
  func guardData(at offset: UInt64, _ writer: QcowWriter) throws(ImageFault) {
    if let damage = try damage(ofDataAt: offset, byteCount: 1, writer) {
      throw markCorrupt(writer, damage)
    }
  }

  /// The same for what an L2 entry names that is to be replaced: its clusters would be freed, and
  /// with them somebody else's content. Asked before anything is allocated, which could be just
  /// there.
  func guardRelease(of old: ClusterMapping, _ writer: QcowWriter) throws(ImageFault) {
    if let place = place(of: old),
      let damage = try damage(ofDataAt: place.offset, byteCount: place.byteCount, writer)
    {
      throw markCorrupt(writer, damage)
    }
  }

  /// Why clusters that L2 entries name cannot be data; nil if they can.
  func damage(
    ofDataAt offset: UInt64, byteCount: UInt64, _ writer: QcowWriter
  ) throws(ImageFault) -> String? {
    if let owner = writer.metadata.owner(at: offset, byteCount: byteCount) {
      return "an L2 entry points to \(owner.rawValue) at \(hexadecimal(offset))"
    }
    for cluster in geometry.clusters(at: offset, byteCount: byteCount)
    where try writer.refcounts.count(cluster) == 0 {
      return "an L2 entry points to \(hexadecimal(offset)), which the refcounts call free"
    }
    return nil
  }

  /// The bytes of the file that an L2 entry takes.
  func place(of mapping: ClusterMapping) -> (offset: UInt64, byteCount: UInt64)? {
    switch mapping {
    case .unallocated, .zero(reservedAt: nil): nil
    case .zero(let offset?), .stored(let offset): (offset, geometry.clusterSize)
    case .compressed(let extent): (extent.fileOffset, UInt64(extent.byteCount))
    }
  }

  /// Marks the image corrupt, durably, and refuses all further writes.
  func markCorrupt(_ writer: QcowWriter, _ what: String) -> ImageFault {
    let fault = ImageFault(store.name, .corrupt(what))
    writer.refusal = fault
    if header.version >= 3 {
      header.incompatibleFeatures |= QcowFeatures.corrupt
      // The fault itself matters more to the caller than a failure to record it.
      try? writeHeader()
      try? store.flush()
    }
    return fault
  }
}
