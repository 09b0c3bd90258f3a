/// Internal snapshots: the disk as it was, kept by one more reference to each of its clusters.
extension QcowImage {
  /// Keeps the disk as it is now under `name`.
  ///
  /// - Parameter seconds: the time to record, in seconds of Unix time.
  public func createSnapshot(named name: String, seconds: UInt32) throws(ImageFault) {
    let writer = try writable(0, byteCount: 0)
    guard name.utf8.count <= 255, !name.isEmpty else {
      throw ImageFault(store.name, .refused("a snapshot's name must have from 1 to 255 bytes"))
    }
    guard snapshots.count < Int(QcowHeader.Limit.snapshots) else {
      throw ImageFault(store.name, .refused("has as many snapshots as the format allows"))
    }
    try commit()
    try checkRoom(l1, writer)
    // The references come first, and COPIED goes: from here on nothing is overwritten in place.
    try forEachReference(l1) { offset, byteCount throws(ImageFault) in
      try retain(offset, byteCount, writer)
    }
    try refreshCopied(writer)
    let copy = l1.map { $0 & ~EntryBits.copied }
    let size = UInt64(copy.count) * 8
    var snapshot = QcowSnapshot(
      l1Offset: 0, l1Count: UInt32(copy.count), id: nextSnapshotID, name: name, seconds: seconds,
      nanoseconds: 0, guestClock: 0, machineStateByteCount: 0, diskByteCount: header.byteCount)
    // An instruction count of all ones: none was kept.
    snapshot.unknownExtra = [UInt8](repeating: 0xFF, count: 8)
    if size > 0 {
      snapshot.l1Offset = try allocate(writer, count: geometry.clusterCount(size))
      try store.write(at: snapshot.l1Offset, DiskImages.bytes(copy))
      _ = writer.metadata.insert(.snapshotL1, at: snapshot.l1Offset, byteCount: size)
    }
    try commit()
    try replaceSnapshotTable(snapshots + [snapshot], writer)
    try commit()
  }

  /// Forgets a snapshot and frees what it alone kept.
  public func deleteSnapshot(at index: Int) throws(ImageFault) {
    let writer = try writable(0, byteCount: 0)
    let snapshot = try snapshot(at: index)
    let table = try l1Table(of: snapshot)
    var rest = snapshots
    rest.remove(at: index)
    try commit()
    try replaceSnapshotTable(rest, writer)
    // Nothing durable names the snapshot any more.
    writer.metadata.remove(at: snapshot.l1Offset)
    release(snapshot.l1Offset, UInt64(snapshot.l1Count) * 8, writer)
    try forEachReference(table) { offset, byteCount throws(ImageFault) in
      try commitIfDue()
      release(offset, byteCount, writer)
    }
    try commit()
    try refreshCopied(writer)
    try commit()
  }

  /// Makes the disk what it was when the snapshot was made; what it is now is lost.
  public func applySnapshot(at index: Int) throws(ImageFault) {
    let writer = try writable(0, byteCount: 0)
    let snapshot = try snapshot(at: index)
    var table = try l1Table(of: snapshot).map { $0 & ~EntryBits.copied }
    let size = snapshot.diskByteCount ?? header.byteCount
    let needed = max(Int(geometry.l1Count(for: size)), Int(header.l1Count))
    guard size <= UInt64(Int64.max), UInt64(needed) * 8 <= QcowHeader.Limit.l1Bytes else {
      throw ImageFault(
        store.name, .corrupt("snapshot \(index) says that the disk had \(size) bytes"))
    }
    table += repeatElement(0, count: max(0, needed - table.count))
    try commit()
    try checkRoom(table, writer)
    try forEachReference(table) { offset, byteCount throws(ImageFault) in
      try retain(offset, byteCount, writer)
    }
    let (old, oldByteCount) = (l1, header.byteCount)
    decompressed.removeAll()
    do {
      header.byteCount = size
      try replaceL1(table, writer)
    } catch {
      header.byteCount = oldByteCount
      throw error
    }
    for entry in table where entry != 0 {
      _ = writer.metadata.insert(
        .l2, at: L1Entry(rawValue: entry).l2Offset, byteCount: geometry.clusterSize)
    }
    try forEachReference(old) { offset, byteCount throws(ImageFault) in
      try commitIfDue()
      release(offset, byteCount, writer)
    }
    try commit()
    try refreshCopied(writer)
    try commit()
  }

  private func snapshot(at index: Int) throws(ImageFault) -> QcowSnapshot {
    guard snapshots.indices.contains(index) else {
      throw ImageFault(store.name, .refused("has no snapshot number \(index)"))
    }
    return snapshots[index]
  }

  /// The identifier of a new snapshot: one more than the biggest number in use.
  private var nextSnapshotID: String {
    String((snapshots.compactMap { UInt64($0.id) }.max() ?? 0) &+ 1)
  }

  private func l1Table(of snapshot: QcowSnapshot) throws(ImageFault) -> [UInt64] {
    let size = UInt64(snapshot.l1Count) * 8
    let fileSize = try store.byteCount()
    guard geometry.isAligned(snapshot.l1Offset), size <= QcowHeader.Limit.l1Bytes,
      size <= fileSize, snapshot.l1Offset <= fileSize - size
    else {
      throw ImageFault(
        store.name, .corrupt("the L1 table of snapshot \"\(snapshot.name)\" is misplaced"))
    }
    return quadwords(try store.bytes(at: snapshot.l1Offset, count: Int(size)))
  }

  // MARK: - References of a whole tree

  /// Calls `body` with the place of every L2 table and of all that they name, once per pointer.
  private func forEachReference(
    _ table: [UInt64], _ body: (_ offset: UInt64, _ byteCount: UInt64) throws(ImageFault) -> Void
  ) throws(ImageFault) {
    for (index, word) in table.enumerated() {
      let entry = L1Entry(rawValue: word)
      guard entry.l2Offset != 0 else { continue }
      let offset = UInt64(index) &* geometry.bytesPerL2
      guard geometry.isAligned(entry.l2Offset), !entry.hasReservedBits else {
        throw damage(at: offset, "L1 entry \(hexadecimal(word)) is no place of an L2 table")
      }
      let table = try loadTable(at: entry.l2Offset, for: offset)
      try body(entry.l2Offset, geometry.clusterSize)
      for index in table.entries.indices where table.entries[index] != 0 {
        let mapping = try writableMapping(of: table.entry(index), at: offset)
        switch mapping {
        case .unallocated, .zero(reservedAt: nil): break
        case .zero(let place?), .stored(let place): try body(place, geometry.clusterSize)
        case .compressed(let extent): try body(extent.fileOffset, UInt64(extent.byteCount))
        }
      }
    }
  }

  private func retain(
    _ offset: UInt64, _ byteCount: UInt64, _ writer: QcowWriter
  ) throws(ImageFault) {
    let bits = UInt64(geometry.clusterBits)
    for cluster in offset >> bits...(offset + byteCount - 1) >> bits {
      try writer.refcounts.retain(cluster)
    }
  }

  /// Throws, before anything is changed, if a refcount has no room for the references of a tree.
  private func checkRoom(_ table: [UInt64], _ writer: QcowWriter) throws(ImageFault) {
    var added = ReferenceCensus()
    let bits = UInt64(geometry.clusterBits)
    try forEachReference(table) { offset, byteCount throws(ImageFault) in
      for cluster in offset >> bits...(offset + byteCount - 1) >> bits {
        added.add(cluster)
        let count = try writer.refcounts.count(cluster)
        guard count > 0,
          count <= writer.refcounts.maximum - min(added[cluster], writer.refcounts.maximum)
        else {
          throw ImageFault(
            store.name,
            .refused(
              "cluster \(cluster) has \(count) references and \(header.refcountBits)-bit refcounts "
                + "have no room for more"))
        }
      }
    }
  }

  /// Sets COPIED in the active tables where a refcount is 1 and clears it elsewhere.
  private func refreshCopied(_ writer: QcowWriter) throws(ImageFault) {
    let bits = UInt64(geometry.clusterBits)
    for (index, word) in l1.enumerated() {
      let entry = L1Entry(rawValue: word)
      guard entry.l2Offset != 0 else { continue }
      try commitIfDue()
      let isCopied = try writer.refcounts.count(entry.l2Offset >> bits) == 1
      if isCopied != entry.isCopied {
        l1[index] = L1Entry(l2Offset: entry.l2Offset, isCopied: isCopied).rawValue
        writer.pending.l1Indices.insert(index)
      }
      let table = try loadTable(
        at: entry.l2Offset, for: UInt64(index) &* geometry.bytesPerL2)
      for slot in table.entries.indices {
        let entry = table.entry(slot)
        guard !entry.isCompressed, entry.clusterOffset != 0 else { continue }
        let isCopied = try writer.refcounts.count(entry.clusterOffset >> bits) == 1
        guard isCopied != entry.isCopied else { continue }
        set(table, slot, to: L2Entry(rawValue: entry.rawValue ^ EntryBits.copied), writer)
      }
    }
  }

  // MARK: - The table of snapshots

  /// Writes a new snapshot table and makes it valid with one write of the header.
  private func replaceSnapshotTable(
    _ list: [QcowSnapshot], _ writer: QcowWriter
  ) throws(ImageFault) {
    let old = (offset: header.snapshotsOffset, byteCount: snapshotTableByteCount)
    let table = list.flatMap { $0.encoded() }
    var place: UInt64 = 0
    if !table.isEmpty {
      place = try allocate(writer, count: geometry.clusterCount(UInt64(table.count)))
      try store.write(at: place, table)
      writer.pending.dataPrecedesTables = true
      try commitAllocations(writer)
    }
    header.snapshotCount = UInt32(list.count)
    header.snapshotsOffset = place
    try writeHeader()
    try store.flush()
    snapshots = list
    snapshotTableByteCount = UInt64(table.count)
    if old.byteCount > 0 { writer.metadata.remove(at: old.offset) }
    _ = writer.metadata.insert(.snapshotTable, at: place, byteCount: UInt64(table.count))
    release(old.offset, old.byteCount, writer)
  }
}
