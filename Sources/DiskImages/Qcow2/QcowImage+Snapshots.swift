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
    var snapshot = QcowSnapshot(
      l1Offset: 0, l1Count: UInt32(l1.count), rawID: Array(nextSnapshotID.utf8),
      rawName: Array(name.utf8), seconds: seconds, nanoseconds: 0, guestClock: 0,
      machineStateByteCount: 0, diskByteCount: header.byteCount)
    // An instruction count of all ones: none was kept.
    snapshot.unknownExtra = [UInt8](repeating: 0xFF, count: 8)
    do {
      try withReferences(to: l1, writer) { () throws(ImageFault) in
        // COPIED goes with them: from here on nothing is overwritten in place.
        try refreshCopied(writer)
        try keepL1(as: &snapshot, writer)
        try commit()
        try replaceSnapshotTable(snapshots + [snapshot], writer)
      }
    } catch {
      forgetL1(of: snapshot, writer)
      try? refreshCopiedAfterCommit(writer)
      throw error
    }
    try commit()
  }

  /// Writes a copy of the active L1 table for a new snapshot.
  private func keepL1(as snapshot: inout QcowSnapshot, _ writer: QcowWriter) throws(ImageFault) {
    let size = UInt64(snapshot.l1Count) * 8
    guard size > 0 else { return }
    snapshot.l1Offset = try allocate(writer, count: geometry.clusterCount(size))
    _ = writer.metadata.insert(.snapshotL1, at: snapshot.l1Offset, byteCount: size)
    try store.write(
      at: snapshot.l1Offset, bigEndianBytes(of: l1.map { $0 & ~EntryBits.copied }))
    writer.pending.dataPrecedesTables = true
  }

  /// Frees the L1 table of a snapshot that nothing durable names.
  private func forgetL1(of snapshot: QcowSnapshot, _ writer: QcowWriter) {
    guard snapshot.l1Offset != 0 else { return }
    writer.metadata.remove(at: snapshot.l1Offset)
    release(snapshot.l1Offset, UInt64(snapshot.l1Count) * 8, writer)
  }

  /// Forgets a snapshot and frees what it alone kept.
  public func deleteSnapshot(at index: Int) throws(ImageFault) {
    let writer = try writable(0, byteCount: 0)
    let snapshot = try snapshot(at: index)
    let table = try l1Table(of: snapshot)
    try commit()
    // Damage is met before anything has changed.
    for run in try references(of: table, named: "in snapshot \"\(snapshot.name)\", ", writer).runs {
      for cluster in run.clusters {
        let count = try writer.refcounts.count(cluster)
        guard count >= run.references else {
          throw ImageFault(
            store.name,
            .corrupt(
              "cluster \(cluster) has \(count) references, but snapshot \"\(snapshot.name)\" "
                + "alone has \(run.references)"))
        }
      }
    }
    var rest = snapshots
    rest.remove(at: index)
    try replaceSnapshotTable(rest, writer)
    forgetL1(of: snapshot, writer)
    try forEachReference(table) { offset, byteCount, _ throws(ImageFault) in
      try commitIfDue()
      release(offset, byteCount, writer)
    }
    try refreshCopiedAfterCommit(writer)
  }

  /// Makes the disk what it was when the snapshot was made; what it is now is lost, damage too.
  public func applySnapshot(at index: Int) throws(ImageFault) {
    let writer = try writable(0, byteCount: 0)
    let snapshot = try snapshot(at: index)
    var table = try l1Table(of: snapshot).map { $0 & ~EntryBits.copied }
    let size = try diskByteCount(of: snapshot, at: index)
    let needed = max(Int(geometry.l1Count(for: size)), Int(header.l1Count))
    table += repeatElement(0, count: max(0, needed - table.count))
    try commit()
    try checkRoom(table, writer)
    let old = l1
    let oldPlace = header.l1Offset..<header.l1Offset + UInt64(header.l1Count) * 8
    decompressed.removeAll()
    try withReferences(to: table, writer) { () throws(ImageFault) in
      try replaceL1(table, diskByteCount: size, writer)
    }
    for entry in table where entry != 0 {
      _ = writer.metadata.insert(
        .l2, at: L1Entry(rawValue: entry).l2Offset, byteCount: geometry.clusterSize)
    }
    try forEachReference(old, skippingDamage: true) {
      offset, byteCount, isTable throws(ImageFault) in
      try commitIfDue()
      // The old L1 table is released already.
      guard !oldPlace.overlaps(offset..<offset + byteCount) else { return }
      if !isTable, let damage = try damage(ofDataAt: offset, byteCount: byteCount, writer) {
        return note("\(damage); it is left as it is")
      }
      for cluster in geometry.clusters(at: offset, byteCount: byteCount)
      where try writer.refcounts.count(cluster) <= writer.pending.releases[cluster] ?? 0 {
        return note("cluster \(cluster) has too few references; it is left as it is")
      }
      release(offset, byteCount, writer)
    }
    try refreshCopiedAfterCommit(writer)
  }

  /// Makes an image that was opened for reading the disk that a snapshot keeps.
  public func showSnapshot(at index: Int) throws(ImageFault) {
    guard writer == nil else {
      throw ImageFault(store.name, .refused("was opened for writing; a snapshot is only read"))
    }
    let snapshot = try snapshot(at: index)
    let table = try l1Table(of: snapshot)
    header.byteCount = try diskByteCount(of: snapshot, at: index)
    l1 = table
    l1 += repeatElement(0, count: max(0, Int(geometry.l1Count(for: byteCount)) - l1.count))
  }

  private func snapshot(at index: Int) throws(ImageFault) -> QcowSnapshot {
    guard snapshots.indices.contains(index) else {
      throw ImageFault(store.name, .refused("has no snapshot number \(index)"))
    }
    return snapshots[index]
  }

  /// The size of the disk when a snapshot was made.
  private func diskByteCount(
    of snapshot: QcowSnapshot, at index: Int
  ) throws(ImageFault) -> UInt64 {
    let size = snapshot.diskByteCount ?? header.byteCount
    guard geometry.canMap(size) else {
      throw ImageFault(
        store.name, .corrupt("snapshot \(index) says that the disk had \(size) bytes"))
    }
    return size
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
  ///
  /// - Parameter skippingDamage: whether what cannot be read is reported and left out.
  private func forEachReference(
    _ table: [UInt64], skippingDamage: Bool = false,
    _ body: (_ offset: UInt64, _ byteCount: UInt64, _ isTable: Bool) throws(ImageFault) -> Void
  ) throws(ImageFault) {
    /// What `read` answers, or nil for damage that is left out.
    func sound<Value>(_ read: () throws(ImageFault) -> Value) throws(ImageFault) -> Value? {
      do {
        return try read()
      } catch {
        guard skippingDamage, case .corrupt(let what) = error.cause else { throw error }
        note("\(what); it is left as it is")
        return nil
      }
    }
    var seen: Set<UInt64> = []
    for (index, word) in table.enumerated() {
      let entry = L1Entry(rawValue: word)
      guard entry.l2Offset != 0 else { continue }
      let offset = UInt64(index) &* geometry.bytesPerL2
      let l2 = try sound { () throws(ImageFault) in
        guard isSound(entry), seen.insert(entry.l2Offset).inserted else {
          throw damage(
            at: offset, "L1 entry \(hexadecimal(word)) is no place of an L2 table of its own")
        }
        return try loadTable(at: entry.l2Offset, for: offset)
      }
      guard let l2 else { continue }
      try body(entry.l2Offset, geometry.clusterSize, true)
      for index in l2.entries.indices where l2.entries[index] != 0 {
        let mapping = try sound { () throws(ImageFault) in
          try writableMapping(of: l2.entry(index), at: offset)
        }
        if let mapping, let place = place(of: mapping) {
          try body(place.offset, place.byteCount, false)
        }
      }
    }
  }

  /// Adds a reference to all that a table names and takes them back if `body` fails.
  private func withReferences(
    to table: [UInt64], _ writer: QcowWriter, _ body: () throws(ImageFault) -> Void
  ) throws(ImageFault) {
    var retained = 0
    do {
      try forEachReference(table) { offset, byteCount, _ throws(ImageFault) in
        try retain(offset, byteCount, writer)
        retained += 1
      }
      try body()
    } catch {
      try? forEachReference(table) { offset, byteCount, _ throws(ImageFault) in
        guard retained > 0 else { return }
        retained -= 1
        release(offset, byteCount, writer)
      }
      throw error
    }
  }

  private func retain(
    _ offset: UInt64, _ byteCount: UInt64, _ writer: QcowWriter
  ) throws(ImageFault) {
    for cluster in geometry.clusters(at: offset, byteCount: byteCount) {
      try writer.refcounts.retain(cluster)
    }
  }

  /// How often a tree refers to each cluster. Throws if it names metadata, or what the refcounts call
  /// free, as data.
  private func references(
    of table: [UInt64], named place: String = "", _ writer: QcowWriter
  ) throws(ImageFault) -> ReferenceCounts {
    var census = ReferenceCensus()
    try forEachReference(table) { offset, byteCount, isTable throws(ImageFault) in
      if !isTable, let damage = try damage(ofDataAt: offset, byteCount: byteCount, writer) {
        throw ImageFault(store.name, .corrupt(place + damage))
      }
      census.add(geometry.clusters(at: offset, byteCount: byteCount))
    }
    return census.result()
  }

  /// Throws, before anything is changed, if a tree names metadata as data, or a refcount has no room
  /// for its references.
  private func checkRoom(_ table: [UInt64], _ writer: QcowWriter) throws(ImageFault) {
    for run in try references(of: table, writer).runs {
      for cluster in run.clusters {
        let count = try writer.refcounts.count(cluster)
        guard count > 0,
          count <= writer.refcounts.maximum - min(run.references, writer.refcounts.maximum)
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

  /// Makes releases durable, then sets COPIED where only one reference is left.
  private func refreshCopiedAfterCommit(_ writer: QcowWriter) throws(ImageFault) {
    try commit()
    try refreshCopied(writer)
    try commit()
  }

  /// Whether an entry that is not 0 can name an L2 table.
  private func isSound(_ entry: L1Entry) -> Bool {
    geometry.isAligned(entry.l2Offset) && !entry.hasReservedBits
  }

  /// Sets COPIED in the active tables where a refcount is 1 and clears it elsewhere. Damaged entries
  /// are left alone.
  private func refreshCopied(_ writer: QcowWriter) throws(ImageFault) {
    let bits = UInt64(geometry.clusterBits)
    for (index, word) in l1.enumerated() {
      let entry = L1Entry(rawValue: word)
      guard entry.l2Offset != 0, isSound(entry) else { continue }
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
        guard !entry.isCompressed, entry.clusterOffset != 0, !entry.hasReservedBits,
          geometry.isAligned(entry.clusterOffset)
        else { continue }
        let isCopied = try writer.refcounts.count(entry.clusterOffset >> bits) == 1
        guard isCopied != entry.isCopied else { continue }
        set(table, slot, to: L2Entry(rawValue: entry.rawValue ^ EntryBits.copied), writer)
      }
    }
  }

  // MARK: - The table of snapshots

  /// Writes a new snapshot table and makes it valid with one write of the header.
  func replaceSnapshotTable(
    _ list: [QcowSnapshot], _ writer: QcowWriter
  ) throws(ImageFault) {
    let old = (offset: header.snapshotsOffset, byteCount: snapshotTableByteCount)
    let table = list.flatMap { $0.encoded() }
    var place: UInt64 = 0
    if !table.isEmpty {
      place = try allocate(writer, count: geometry.clusterCount(UInt64(table.count)))
    }
    do {
      if !table.isEmpty {
        try store.write(at: place, table)
        writer.pending.dataPrecedesTables = true
        try commitAllocations(writer)
      }
      try changeHeader {
        $0.snapshotCount = UInt32(list.count)
        $0.snapshotsOffset = place
      }
    } catch {
      release(place, UInt64(table.count), writer)
      throw error
    }
    snapshots = list
    snapshotTableByteCount = UInt64(table.count)
    if old.byteCount > 0 { writer.metadata.remove(at: old.offset) }
    _ = writer.metadata.insert(.snapshotTable, at: place, byteCount: UInt64(table.count))
    release(old.offset, old.byteCount, writer)
  }
}
