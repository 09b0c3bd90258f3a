internal import GuestMemory

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// What a block was built for: the physical address of its first instruction and everything that
/// changes how instructions are decoded.
struct BlockKey: Hashable {
  let rawValue: UInt64

  init(physicalPC: UInt64, mode: Mode, floatEnabled: Bool, single: Bool) {
    rawValue =
      (physicalPC & 0xFFF_FFFF_FFFC) | mode.rawValue << 60 | (floatEnabled ? 1 << 62 : 0)
      | (single ? 1 << 63 : 0)
  }

  init(rawValue: UInt64) { self.rawValue = rawValue }

  var physicalPC: UInt64 { rawValue & 0xFFF_FFFF_FFFC }
  var mode: Mode { Mode(rawValue: rawValue >> 60 & 3) ?? .kernel }
  var floatEnabled: Bool { rawValue >> 62 & 1 != 0 }
  var single: Bool { rawValue >> 63 != 0 }

  /// Everything but the place in the page: what two blocks that are linked have in common.
  var page: UInt64 { rawValue & ~0x1FFF }
}

/// Memory for translated blocks, and what is needed to find and to forget them.
///
/// Blocks are allocated one behind the other; when the arena is full all of them go at once, which
/// may happen only while none runs. Links between blocks stay within a page, so forgetting the
/// blocks of a page leaves no link to them.
@safe
final class CodeCache {
  /// Reserved, not touched: pages cost host memory only once blocks fill them.
  static let arenaByteCount = 24 << 20

  let ram: GuestRAM
  @unsafe let arena: UnsafeMutableRawPointer
  /// For blocks that are cut to a slice; overwritten by the next one, so nothing may link to it.
  @unsafe let scratch: UnsafeMutableRawPointer
  @unsafe private let pageFlags: UnsafeMutablePointer<Bool>
  var top = 0
  private var blocks: [UInt64: Int] = [:]
  private var pages: [UInt64: CodePage] = [:]
  /// Counts how often all blocks have gone.
  private(set) var generation = 0

  /// What one page's blocks were made from.
  private struct CodePage {
    /// Bit n: a block contains an instruction of the page's n-th 64-byte line.
    var lines: (UInt64, UInt64) = (0, 0)
    var keys: [UInt64] = []

    func touches(_ range: ClosedRange<Int>) -> Bool {
      for line in range {
        let half = line < 64 ? lines.0 : lines.1
        if half >> (line & 63) & 1 != 0 { return true }
      }
      return false
    }

    mutating func add(_ range: ClosedRange<Int>) {
      for line in range {
        if line < 64 { lines.0 |= 1 << line } else { lines.1 |= 1 << (line - 64) }
      }
    }
  }

  init(ram: GuestRAM) {
    self.ram = ram
    let mapping = unsafe mmap(
      nil, Self.arenaByteCount, PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let base = unsafe mapping, unsafe base != MAP_FAILED else {
      // Nothing that a guest or the user controls: the host has no 24 MB of address space left.
      preconditionFailure("the host cannot map the code cache (errno \(errno))")
    }
    unsafe arena = base
    unsafe scratch = .allocate(byteCount: BlockBuilder.maximumByteCount, alignment: 16)
    let pageCount = Int(ram.byteCount / GuestRAM.pageSize)
    // calloc: a big machine's flags cost no host memory until they are used.
    guard let flags = unsafe calloc(pageCount, 1) else {
      preconditionFailure("the host has no \(pageCount) bytes left")
    }
    unsafe pageFlags = flags.bindMemory(to: Bool.self, capacity: pageCount)
  }

  deinit {
    unsafe munmap(arena, Self.arenaByteCount)
    unsafe scratch.deallocate()
    unsafe free(pageFlags)
  }

  /// The block with this key, if it has been built.
  func block(_ key: BlockKey) -> Code? {
    guard let offset = blocks[key.rawValue] else { return nil }
    return unsafe arena + offset
  }

  /// Guest instructions in a block.
  static func instructionCount(_ block: Code) -> Int {
    Int(unsafe block.load(fromByteOffset: BlockHeader.countOffset, as: UInt32.self))
  }

  /// What a block was built for.
  static func key(_ block: Code) -> BlockKey {
    let header = unsafe block - BlockHeader.size
    return BlockKey(rawValue: unsafe header.load(as: BlockHeader.self).key)
  }

  /// Builds the block and remembers it; its page is protected against silent writes.
  func build(_ key: BlockKey, addressSpaces: AddressSpaces) -> Code {
    if top + BlockBuilder.maximumByteCount > Self.arenaByteCount { removeAll() }
    let target = unsafe arena + top
    var builder = unsafe BlockBuilder(key: key, ram: ram, target: target)
    let built = builder.build(
      limit: key.single ? 1 : BlockBuilder.maximumInstructions)
    blocks[key.rawValue] = top + BlockHeader.size
    top += built.byteCount

    let page = key.physicalPC & ~0x1FFF
    let first = Int(key.physicalPC & 0x1FFF) / 64
    let last = Int((key.physicalPC & 0x1FFF) + UInt64(max(built.count, 1)) * 4 - 1) / 64
    pages[page, default: CodePage()].add(first...last)
    pages[page, default: CodePage()].keys.append(key.rawValue)
    if !holdsCode(page: page) {
      unsafe pageFlags[Int(page >> 13)] = true
      addressSpaces.protect(physicalPage: page)
    }
    return unsafe target + BlockHeader.size
  }

  /// Builds a block of at most `limit` instructions that is run once and forgotten.
  func buildTruncated(_ key: BlockKey, limit: Int) -> Code {
    var builder = unsafe BlockBuilder(key: key, ram: ram, target: scratch)
    _ = builder.build(limit: limit)
    return unsafe scratch + BlockHeader.size
  }

  /// Makes the link at `site`, which leads to its stub, lead to `block` instead.
  ///
  /// Not in the scratch block, which goes; and not to another page: that of the virtual address may
  /// have changed since the linked block was found through the jump cache, and a link outlives TBI.
  func link(_ site: UnsafeMutableRawPointer, to block: Code, _ key: BlockKey) {
    guard unsafe site >= arena && site < arena + top else { return }
    let source = unsafe Self.key(site.load(as: Code.self))
    guard source.page == key.page else { return }
    unsafe site.storeBytes(of: block, as: Code.self)
  }

  /// Whether blocks were made from the page of this physical address, which must lie in RAM.
  @inline(__always)
  func holdsCode(page physical: UInt64) -> Bool {
    unsafe pageFlags[Int(truncatingIfNeeded: physical &>> 13)]
  }

  /// Forgets the blocks of the page that `byteCount` bytes at `physical` lie in, if any was made
  /// from them. The range must not leave the page. True when blocks have gone.
  func invalidate(_ physical: UInt64, byteCount: Int) -> Bool {
    let page = physical & ~0x1FFF
    let first = Int(physical & 0x1FFF)
    let lines = first / 64...min(first + max(byteCount, 1) - 1, 0x1FFF) / 64
    guard let content = pages[page], content.touches(lines) else { return false }
    for key in content.keys {
      guard let offset = blocks.removeValue(forKey: key) else { continue }
      // Jump-cache entries and the running block may still lead here. Only the handler changes: a
      // store that runs as the first operation still needs its place and count.
      let block = unsafe arena + offset
      unsafe block.storeBytes(of: leaveBeforeBlock, as: Handler.self)
      unsafe block.storeBytes(
        of: UInt32(0), toByteOffset: BlockHeader.countOffset, as: UInt32.self)
    }
    pages[page] = nil
    unsafe pageFlags[Int(page >> 13)] = false
    return true
  }

  /// Forgets everything. Jump caches must be flushed with it.
  func removeAll() {
    for page in pages.keys { unsafe pageFlags[Int(page >> 13)] = false }
    pages.removeAll(keepingCapacity: true)
    blocks.removeAll(keepingCapacity: true)
    top = 0
    generation &+= 1
  }
}
