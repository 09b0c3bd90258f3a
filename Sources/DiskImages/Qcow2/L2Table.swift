/// An L2 table in memory.
final class L2Table {
  /// Where the table is in the file.
  let fileOffset: UInt64
  /// Its entries; the writer alone changes them.
  var entries: [UInt64]

  init(fileOffset: UInt64, entries: [UInt64]) {
    self.fileOffset = fileOffset
    self.entries = entries
  }

  func entry(_ index: Int) -> L2Entry { L2Entry(rawValue: entries[index]) }
}
