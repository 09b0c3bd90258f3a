/// Taking a disk's space before it is written.
extension QcowImage {
  /// Takes clusters for what the image does not hold of `range`, which reads zero there.
  func preallocate(
    _ range: Range<UInt64>, _ preallocation: Preallocation
  ) throws(ImageFault) {
    guard preallocation != .off else { return }
    let writer = try writable(0, byteCount: 0)
    var position = range.lowerBound
    while position < range.upperBound {
      try commitIfDue()
      let tableEnd = min((geometry.l1Index(position) + 1) * geometry.bytesPerL2, range.upperBound)
      try preallocate(inOneTable: position..<tableEnd, preallocation, writer)
      position = tableEnd
    }
    try commit()
  }

  private func preallocate(
    inOneTable range: Range<UInt64>, _ preallocation: Preallocation, _ writer: QcowWriter
  ) throws(ImageFault) {
    let table = try writableTable(for: range.lowerBound, writer)
    let end = geometry.l2Index(range.upperBound - 1) + 1
    var index = geometry.l2Index(range.lowerBound)
    // In a cluster that begins before the range a backing file may show.
    if !geometry.isAligned(range.lowerBound), !header.backingName.isEmpty { index += 1 }
    func isEmpty(_ index: Int) -> Bool { [.unallocated, .zero].contains(table.entry(index)) }
    while index < end {
      let first = index
      while index < end, isEmpty(index) { index += 1 }
      if index > first { try preallocate(first..<index, of: table, preallocation, writer) }
      index += 1
    }
  }

  /// Gives a row of empty entries a row of clusters that read zero.
  private func preallocate(
    _ indices: Range<Int>, of table: L2Table, _ preallocation: Preallocation, _ writer: QcowWriter
  ) throws(ImageFault) {
    let byteCount = UInt64(indices.count) << UInt64(geometry.clusterBits)
    let place = try allocate(writer, count: UInt64(indices.count))
    let space = place..<place + byteCount
    do {
      // The file may hold what an earlier owner of these clusters left.
      let used = space.clamped(to: 0..<(try store.byteCount()))
      if preallocation != .full, !used.isEmpty, try !store.punchHole(used) {
        try store.writeZeroes(used)
      }
      try store.reserve(space, preallocation)
    } catch {
      release(place, byteCount, writer)
      throw error
    }
    writer.pending.dataPrecedesTables = true
    for (number, index) in indices.enumerated() {
      let cluster = place + UInt64(number) << UInt64(geometry.clusterBits)
      set(table, index, to: .stored(cluster, isCopied: true), writer)
    }
  }
}
