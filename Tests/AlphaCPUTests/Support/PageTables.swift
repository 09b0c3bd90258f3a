import AlphaCPU

/// The bits of a page table entry.
enum PageTableEntry {
  static let valid: UInt64 = 1
  static let faultOnRead: UInt64 = 2
  static let faultOnWrite: UInt64 = 4
  static let faultOnExecute: UInt64 = 8
  static let kernelRead: UInt64 = 0x100
  static let userRead: UInt64 = 0x200
  static let kernelWrite: UInt64 = 0x1000
  static let userWrite: UInt64 = 0x2000
  static let all = valid | kernelRead | userRead | kernelWrite | userWrite
}

/// Three-level page tables in a test's RAM, built as an operating system builds them.
final class PageTables {
  /// Physical address of the first-level table.
  static let root: UInt64 = 0xA_0000
  private let bench: Bench
  private let root: UInt64
  private var free: UInt64

  /// Empty tables that the CPU uses.
  init(_ bench: Bench) throws {
    self.bench = bench
    root = Self.root
    free = root + 0x2000
    bench.store([UInt32](repeating: 0, count: 0x800), at: root)
    try bench.modify { $0.processor[8] = Self.root }
  }

  /// Empty tables of another address space.
  init(_ bench: Bench, root: UInt64) {
    (self.bench, self.root) = (bench, root)
    free = root + 0x2000
    bench.store([UInt32](repeating: 0, count: 0x800), at: root)
  }

  /// Where the entry for `va` lies at a level (1, 2, 3); the tables above it are made.
  func entry(_ va: UInt64, level: Int = 3) -> UInt64 {
    var table = root
    for shift in [33, 23].prefix(level - 1) as ArraySlice<UInt64> {
      let address = table + (va >> shift & 0x3FF) * 8
      if bench.quadword(address) == 0 {
        bench.setQuadword((free >> 13) << 32 | 0x1101, at: address)
        free += 0x2000
      }
      table = (bench.quadword(address) >> 32) << 13
    }
    return table + (va >> [33, 23, 13][level - 1] & 0x3FF) * 8
  }

  /// Maps one page; nothing is invalidated.
  func map(_ va: UInt64, to physical: UInt64, _ bits: UInt64 = PageTableEntry.all) {
    bench.setQuadword((physical >> 13) << 32 | bits, at: entry(va))
  }
}
