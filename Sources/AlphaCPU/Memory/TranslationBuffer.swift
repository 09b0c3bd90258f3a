/// One entry of a data TLB: 32 bytes, direct mapped by virtual page number.
///
/// A tag is a page address; all ones, which is no page address, never matches. A page that may not
/// be accessed without a look (I/O space, pages with translated code for writes) keeps that tag.
@safe
struct TranslationEntry: BitwiseCopyable {
  var readTag: UInt64 = .max
  var writeTag: UInt64 = .max
  /// Host address minus virtual address.
  var addend: UInt64 = 0
  var physicalPage: UInt64 = 0

  static let size = 32
}

/// The software TLBs of one address space: data for kernel and user mode, and instruction fetch.
///
/// They cache the page tables' answers, not the architecture's ITB and DTB entries, so they may be
/// flushed at any time. Only valid translations are cached (a PTE may become valid without TBI).
@safe
struct TranslationBuffers {
  static let count = 1024
  static let kernelData = JumpCache.byteCount
  static let userData = kernelData + count * TranslationEntry.size
  static let fetch = userData + count * TranslationEntry.size
  static let fetchCount = 512
  static let fetchEntrySize = 16
  static let end = fetch + fetchCount * fetchEntrySize

  @unsafe let base: UnsafeMutableRawPointer

  /// Byte offset of a virtual address's entry in its table.
  @inline(__always)
  static func offset(of va: UInt64) -> Int {
    Int(truncatingIfNeeded: va &>> 8) & ((count &- 1) &<< 5)
  }

  func flushAll() {
    unsafe (base + Self.kernelData).initializeMemory(
      as: UInt8.self, repeating: 0xFF, count: Self.end - Self.kernelData)
  }

  func flush(_ va: UInt64) {
    for table in [Self.kernelData, Self.userData] {
      unsafe (base + table + Self.offset(of: va)).storeBytes(
        of: TranslationEntry(), as: TranslationEntry.self)
    }
    unsafe fetchEntry(va).storeBytes(of: UInt64.max, as: UInt64.self)
  }

  /// Caches a translation of `va`'s page, for writes or for reads.
  func insert(_ va: UInt64, user: Bool, hostPage: UInt64, physicalPage: UInt64, write: Bool) {
    let page = va & ~0x1FFF
    let entry = unsafe base + (user ? Self.userData : Self.kernelData) + Self.offset(of: va)
    var content = unsafe entry.load(as: TranslationEntry.self)
    // A read must not take away what an earlier write learned of the same page.
    if content.physicalPage != physicalPage || (content.readTag != page && content.writeTag != page)
    {
      content = TranslationEntry()
    }
    if write { content.writeTag = page } else { content.readTag = page }
    content.addend = hostPage &- page
    content.physicalPage = physicalPage
    unsafe entry.storeBytes(of: content, as: TranslationEntry.self)
  }

  /// Makes the next write to a physical page go through the slow path.
  func protect(physicalPage: UInt64) {
    for index in 0..<2 * Self.count {
      let entry = unsafe base + Self.kernelData + index * TranslationEntry.size
      var content = unsafe entry.load(as: TranslationEntry.self)
      if content.physicalPage == physicalPage, content.writeTag != .max {
        content.writeTag = .max
        unsafe entry.storeBytes(of: content, as: TranslationEntry.self)
      }
    }
  }

  /// The physical page of a virtual PC, if cached.
  func fetchPage(_ pc: UInt64, user: Bool) -> UInt64? {
    let entry = unsafe fetchEntry(pc)
    guard unsafe entry.load(as: UInt64.self) == (pc & ~0x1FFF) | (user ? 1 : 0) else { return nil }
    return unsafe entry.load(fromByteOffset: 8, as: UInt64.self)
  }

  func insertFetch(_ pc: UInt64, user: Bool, physicalPage: UInt64) {
    let entry = unsafe fetchEntry(pc)
    unsafe entry.storeBytes(of: (pc & ~0x1FFF) | (user ? 1 : 0), as: UInt64.self)
    unsafe entry.storeBytes(of: physicalPage, toByteOffset: 8, as: UInt64.self)
  }

  @unsafe private func fetchEntry(_ va: UInt64) -> UnsafeMutableRawPointer {
    unsafe base + Self.fetch + (Int(truncatingIfNeeded: va &>> 13) & (Self.fetchCount &- 1))
      * Self.fetchEntrySize
  }
}
