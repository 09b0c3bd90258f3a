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

  /// Changes an entry in memory.
  func setEntry(_ index: Int, _ entry: L2Entry) {
    entries[index] = entry.rawValue
    dirty = min(dirty?.lowerBound ?? index, index)..<max(dirty?.upperBound ?? 0, index + 1)
  }

  /// All entries are on disk.
  func didWrite() { dirty = nil }
}
