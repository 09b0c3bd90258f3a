/// Changing the size of the disk.
extension QcowImage {
  /// Makes the disk bigger, with zeroes, or smaller if `mayShrink` says that data may be lost.
  ///
  /// - Parameters:
  ///   - newByteCount: rounded up to whole sectors.
  ///   - preallocation: of the part that is new.
  public func resize(
    to newByteCount: UInt64, mayShrink: Bool = false, preallocation: Preallocation = .off
  ) throws(ImageFault) {
    let writer = try writable(0, byteCount: 0)
    let (sum, overflow) = newByteCount.addingReportingOverflow(511)
    let size = sum & ~511
    guard !overflow, geometry.canMap(size) else {
      throw ImageFault(store.name, .refused("cannot have \(newByteCount) bytes with its clusters"))
    }
    guard snapshots.isEmpty || header.version >= 3,
      !snapshots.contains(where: { $0.diskByteCount == nil })
    else {
      throw ImageFault(
        store.name, .refused("has snapshots that do not keep a size; it cannot be resized"))
    }
    if size > byteCount {
      let old = byteCount
      try grow(to: size, writer)
      do {
        try preallocate(old..<size, preallocation)
      } catch {
        // The size is that of before, or the bigger one where the host is in such trouble.
        try? shrink(to: old, writer)
        throw error
      }
    } else if preallocation != .off {
      throw ImageFault(store.name, .refused("preallocation is for a disk that grows"))
    } else if size < byteCount {
      guard mayShrink else {
        throw ImageFault(
          store.name, .refused("would lose its content behind \(size) bytes; allow shrinking"))
      }
      try shrink(to: size, writer)
    }
  }

  private func grow(to size: UInt64, _ writer: QcowWriter) throws(ImageFault) {
    let old = byteCount
    try commit()
    let needed = geometry.l1Count(for: size)
    if needed > UInt64(header.l1Count) {
      try replaceL1(l1 + repeatElement(0, count: Int(needed) - l1.count), writer)
    }
    // Behind the end there is the state of a machine, if the disk is that of such a snapshot.
    try drop(
      geometry.clusterCount(old) << UInt64(header.clusterBits)..<UInt64(l1.count)
        * geometry.bytesPerL2, writer)
    // Whatever else is written to the header meanwhile, the new size follows the zeroes.
    growingTo = size
    defer { growingTo = nil }
    // What an earlier, bigger disk or a bigger backing image left there must not come back.
    let clusterEnd = min(size, (geometry.clusterCount(old)) << UInt64(header.clusterBits))
    let stale = max(clusterEnd, min(size, backing?.byteCount ?? 0))
    if stale > old { try writeZeroes(old..<stale, mayUnmap: true) }
    try commit()
    try changeHeader { $0.byteCount = size }
  }

  private func shrink(to size: UInt64, _ writer: QcowWriter) throws(ImageFault) {
    let firstCluster = geometry.clusterCount(size) << UInt64(header.clusterBits)
    let clusterEnd = min(firstCluster, byteCount)
    if size < clusterEnd, !readsZero(try mapping(at: size).mapping) {
      let tail = [UInt8](repeating: 0, count: Int(clusterEnd - size))
      try write(at: size, from: tail.span)
      try settle(writer)
    }
    if firstCluster < byteCount { try drop(firstCluster..<byteCount, writer) }
    // The size follows the pointers: a crash in between loses only what was to be cut.
    try commit()
    try changeHeader { $0.byteCount = size }
  }

  /// Empties a range that starts with a cluster and ends with the disk or behind it.
  private func drop(_ range: Range<UInt64>, _ writer: QcowWriter) throws(ImageFault) {
    for index in Int(geometry.l1Index(range.lowerBound))..<l1.count where l1[index] != 0 {
      let start = UInt64(index) * geometry.bytesPerL2
      guard start < range.upperBound else { return }
      try commitIfDue()
      if start >= range.lowerBound {
        try dropTable(for: start, writer)
      } else {
        let end = min(start + geometry.bytesPerL2, range.upperBound)
        try dropEntries(range.lowerBound..<end, writer)
      }
    }
  }

  /// Empties the entries of a range inside one L2 table.
  private func dropEntries(_ range: Range<UInt64>, _ writer: QcowWriter) throws(ImageFault) {
    let table = try writableTable(for: range.lowerBound, writer)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Int(geometry.clusterSize))
    {
      let index = geometry.l2Index(start)
      let old = try writableMapping(of: table.entry(index), at: start)
      if table.entry(index) == .unallocated { continue }
      try guardRelease(of: old, writer)
      set(table, index, to: .unallocated, writer)
      release(old, writer)
    }
  }

  /// Drops an L2 table with all it names.
  func dropTable(for offset: UInt64, _ writer: QcowWriter) throws(ImageFault) {
    guard let table = try table(for: offset) else { return }
    let index = Int(geometry.l1Index(offset))
    // All of it can be released, or none is.
    var dropped: [ClusterMapping] = []
    for index in table.entries.indices where table.entries[index] != 0 {
      let mapping = try writableMapping(of: table.entry(index), at: offset)
      try guardRelease(of: mapping, writer)
      dropped.append(mapping)
    }
    for mapping in dropped { release(mapping, writer) }
    release(table.fileOffset, geometry.clusterSize, writer)
    writer.pending.tables[table.fileOffset] = nil
    writer.pending.newTables.remove(table.fileOffset)
    l1[index] = 0
    writer.pending.l1Indices.insert(index)
  }

  /// Makes `table` the active L1 table, at a new place, with one write of the header that can also
  /// change the size of the disk.
  func replaceL1(
    _ table: [UInt64], diskByteCount: UInt64? = nil, _ writer: QcowWriter
  ) throws(ImageFault) {
    let old = (offset: header.l1Offset, byteCount: UInt64(header.l1Count) * 8)
    let byteCount = UInt64(table.count) * 8
    let place = try allocate(writer, count: geometry.clusterCount(byteCount))
    do {
      try store.write(at: place, bigEndianBytes(of: table))
      writer.pending.dataPrecedesTables = true
      try commitAllocations(writer)
      try changeHeader {
        $0.l1Offset = place
        $0.l1Count = UInt32(table.count)
        $0.byteCount = diskByteCount ?? $0.byteCount
      }
    } catch {
      release(place, byteCount, writer)
      throw error
    }
    l1 = table
    if old.byteCount > 0 { writer.metadata.remove(at: old.offset) }
    _ = writer.metadata.insert(.l1, at: place, byteCount: byteCount)
    release(old.offset, old.byteCount, writer)
  }
}
