/// A direct-mapped cache from virtual PC to block, for indirect jumps and page crossings.
///
/// An entry is 16 bytes: the PC mixed with the mode, and the block. It holds only addresses whose
/// translation is in force, so it is flushed with the TLBs.
@safe
struct JumpCache {
  static let count = 4096
  static let byteCount = count * 16

  @unsafe let base: UnsafeMutableRawPointer

  /// Where the entry of a virtual PC lies in its bank.
  @inline(__always)
  static func offset(of pc: UInt64) -> Int {
    Int(truncatingIfNeeded: pc &<< 2) & ((count &- 1) &<< 4)
  }

  /// Makes `block` the target of jumps to `pc` in the mode with this tag.
  func insert(_ pc: UInt64, modeTag: UInt64, _ block: Code) {
    let entry = unsafe base + Self.offset(of: pc)
    unsafe entry.storeBytes(of: pc ^ modeTag, as: UInt64.self)
    unsafe entry.storeBytes(of: block, toByteOffset: 8, as: Code.self)
  }

  /// The target of jumps to `pc`. A block whose code has changed is still found, with no
  /// instructions.
  func block(_ pc: UInt64, modeTag: UInt64) -> Code? {
    let entry = unsafe base + Self.offset(of: pc)
    guard unsafe entry.load(as: UInt64.self) == pc ^ modeTag else { return nil }
    return unsafe entry.load(fromByteOffset: 8, as: Code.self)
  }

  /// Forgets all entries. No PC with a mode tag is all ones, so that value never matches.
  func flush() {
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0xFF, count: Self.byteCount)
  }
}
