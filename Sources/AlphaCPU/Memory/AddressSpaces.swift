/// A bank of translation buffers and jump cache for each of the address spaces that were used last.
///
/// An address space has a number (ASN), and translations are tagged with it: here by the bank that
/// they lie in, so that nothing on the fast path compares it. A context switch changes the bank; the
/// translations of the old one are found again. Pages with ASM, and KSEG, are cached in each bank.
@safe
struct AddressSpaces {
  static let bankCount = 4
  static let bankByteCount = TranslationBuffers.end

  /// What a bank holds.
  private struct Bank {
    /// Nil: nothing that may be used.
    var number: UInt64?
    /// Its jump cache must be flushed before it is used.
    var hasStaleJumps = false
    /// When it was left; zero for one that was never used.
    var lastUse = 0
  }

  @unsafe private let base: UnsafeMutableRawPointer
  private var banks = [Bank](repeating: Bank(), count: bankCount)
  private var current = 0
  private var switches = 0

  /// Banks in the memory at `base`; what they hold is undefined until ``flush(keeping:)``.
  @unsafe init(base: UnsafeMutableRawPointer) { unsafe self.base = base }

  /// The bank in use.
  var bank: UnsafeMutableRawPointer { unsafe bank(current) }

  @unsafe private func bank(_ index: Int) -> UnsafeMutableRawPointer {
    unsafe base + index * Self.bankByteCount
  }

  /// Makes the bank of an address space the one in use; the one used longest ago, if it has none.
  mutating func select(_ number: UInt64) {
    guard banks[current].number != number else { return }
    switches &+= 1
    banks[current].lastUse = switches
    if let known = banks.firstIndex(where: { $0.number == number }) {
      current = known
      if banks[current].hasStaleJumps { unsafe JumpCache(base: bank).flush() }
      banks[current].hasStaleJumps = false
    } else {
      current = banks.indices.min { banks[$0].lastUse < banks[$1].lastUse } ?? 0
      claim(number)
    }
  }

  /// Forgets all translations; the bank in use is that of address space `number`.
  mutating func flush(keeping number: UInt64) {
    for index in banks.indices { banks[index] = Bank() }
    claim(number)
  }

  /// Forgets the translation of one address in all address spaces, because it may have ASM.
  mutating func flush(_ va: UInt64) {
    for index in banks.indices where banks[index].number != nil {
      unsafe TranslationBuffers(base: bank(index)).flush(va)
    }
    flushJumps()
  }

  /// Forgets all blocks that jumps have found.
  mutating func flushJumps() {
    for index in banks.indices { banks[index].hasStaleJumps = index != current }
    unsafe JumpCache(base: bank).flush()
  }

  /// Makes the next write to a physical page go through the slow path.
  func protect(physicalPage: UInt64) {
    for index in banks.indices where banks[index].number != nil {
      unsafe TranslationBuffers(base: bank(index)).protect(physicalPage: physicalPage)
    }
  }

  private mutating func claim(_ number: UInt64) {
    banks[current] = Bank(number: number)
    unsafe TranslationBuffers(base: bank).flushAll()
    unsafe JumpCache(base: bank).flush()
  }
}
