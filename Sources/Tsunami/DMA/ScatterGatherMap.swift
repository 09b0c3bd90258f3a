import GuestMemory

/// One quadword of a scatter-gather map: where a page of 8 KB lies in memory (21272 HRM 10.1.4.3).
public struct ScatterGatherEntry: Equatable, Sendable, Codable {
  /// The quadword as it stands in memory.
  public var rawValue: UInt64

  /// Wraps a quadword.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Bit 0: the entry maps a page.
  public var isValid: Bool { rawValue & 1 != 0 }
  /// Bits 31 and 28: the page lies in PCI space, not in memory.
  public var isPeerToPeer: Bool { rawValue & 0x9000_0000 != 0 }
  /// Bits 22:1 as address bits 34:13.
  public var page: UInt64 { (rawValue & 0x7F_FFFE) << 12 }
}

/// The entries that the Pchip fetches together: an aligned block of 32 bytes, for 32 KB of bus
/// addresses.
struct ScatterGatherGroup: Equatable, Sendable, Codable {
  static let entryCount = 4

  /// Four entries in order of address.
  var entries: [ScatterGatherEntry]

  /// Reads the block that holds the entry at `address`; nil when it lies outside memory.
  init?(around address: UInt64, in memory: GuestRAM) {
    let block = address & ~31
    entries = []
    for index in 0..<Self.entryCount {
      guard let value = memory.quadword(at: PhysicalAddress(block + 8 * UInt64(index))) else {
        return nil
      }
      entries.append(ScatterGatherEntry(rawValue: value))
    }
  }

  /// The entry for a bus address in the group's 32 KB.
  subscript(address: UInt64) -> ScatterGatherEntry {
    entries[Int(truncatingIfNeeded: address >> 13 & 3)]
  }
}
