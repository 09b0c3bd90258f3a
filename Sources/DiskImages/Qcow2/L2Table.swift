/// An L2 table in memory.
final class L2Table {
  /// Where the table is in the file.
  let fileOffset: UInt64
  /// Its entries.
  private(set) var entries: [UInt64]
  /// The entries that differ from the disk.
  private(set) var dirty: Range<Int>?

  init(fileOffset: UInt64, entries: [UInt64]) {
    self.fileOffset = fileOffset
    self.entries = entries
  }

  func entry(_ index: Int) -> L2Entry { L2Entry(rawValue: entries[index]) }

  /// The last of the entries behind `index`, up to `end`, that continue it in the file and have its
  /// flags; `mapping` is what it means.
  func lastContinuing(
    _ index: Int, _ mapping: ClusterMapping, upTo end: Int, _ geometry: ClusterGeometry
  ) -> Int {
    let step: UInt64 =
      switch mapping {
      case .unallocated, .zero(reservedAt: nil), .compressed: 0
      case .stored, .zero: geometry.clusterSize
      }
    let flags = ~EntryBits.offset
    var last = index
    while last < min(end, entries.count - 1), entries[last + 1] == entries[last] &+ step,
      entries[last + 1] & flags == entries[index] & flags
    {
      last += 1
    }
    return last
  }

  /// Changes an entry in memory.
  func setEntry(_ index: Int, _ entry: L2Entry) {
    entries[index] = entry.rawValue
    dirty = min(dirty?.lowerBound ?? index, index)..<max(dirty?.upperBound ?? 0, index + 1)
  }

  /// All entries are on disk.
  func didWrite() { dirty = nil }
}
