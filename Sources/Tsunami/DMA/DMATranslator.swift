public import GuestMemory

/// What a bus address means to the Pchip: windows, maps, and the cache of map entries (21272 HRM
/// 10.1.4).
///
/// Windows, the hole and maps have boundaries at multiples of 8 KB only, so that one translation
/// holds to the end of its page.
public final class DMATranslator {
  /// Bytes in a page of a scatter-gather map.
  public static let pageSize: UInt64 = 8192

  /// Which bus addresses the windows claim.
  public struct Settings: Equatable, Sendable {
    /// The windows in the order in which they are asked.
    public var windows: [DMAWindow] = []
    /// PCTL.HOLE: bus addresses 0x80000 to 0xfffff are not claimed.
    public var hasHole = false
    /// PCTL.MWIN: bus addresses from 2^40 on lead to memory directly.
    public var hasMonsterWindow = false
  }

  /// A bus address that leads to memory.
  public struct Translation: Equatable, Sendable {
    /// The window, 0 to 3, or ``DMAWindow/monster``.
    public var window: Int
    /// The map entry, for a scatter-gather window.
    public var mapEntry: MapEntryUse?
    /// The memory address.
    public var physical: PhysicalAddress
    /// How many bytes from the address on are translated alike.
    public var byteCount: UInt64
  }

  /// A map entry as a translation used it.
  public struct MapEntryUse: Equatable, Sendable {
    /// Where the entry stands in memory.
    public var address: PhysicalAddress
    /// Its value.
    public var entry: ScatterGatherEntry
    /// Whether the value came from the cache instead of memory.
    public var isCached: Bool
  }

  /// Which bus addresses the windows claim.
  public var settings = Settings()

  /// Whether the cache is off, so that a driver that forgets TLBIA and TLBIV goes unpunished.
  public let isLenient: Bool

  let memory: GuestRAM
  var tlb = ScatterGatherTLB()

  /// A translator without windows. `memory` holds the maps.
  public init(memory: GuestRAM, isLenient: Bool) {
    self.memory = memory
    self.isLenient = isLenient
  }

  /// Translates as a DMA cycle does, which fills the cache.
  public func translate(
    _ address: BusAddress, _ direction: DMADirection
  ) throws(DMAFault) -> Translation {
    try translate(address, direction, fillsCache: true)
  }

  /// Translates as the next DMA cycle would, without a trace of it in the cache.
  public func peek(
    _ address: BusAddress, _ direction: DMADirection
  ) throws(DMAFault) -> Translation {
    try translate(address, direction, fillsCache: false)
  }

  /// Whether PCTL.HOLE takes an address out of every window.
  func isInHole(_ address: UInt64) -> Bool {
    settings.hasHole && (0x8_0000...0xF_FFFF).contains(address)
  }

  /// Whether the monster window claims an address: bits 63:40 are 1; 39:35 do not count.
  func monsterClaims(_ address: UInt64) -> Bool {
    settings.hasMonsterWindow && address >> 40 == 1
  }

  /// The window that claims an address.
  func window(claiming address: UInt64) -> DMAWindow? {
    isInHole(address) ? nil : settings.windows.first { $0.claims(address) }
  }

  private func translate(
    _ busAddress: BusAddress, _ direction: DMADirection, fillsCache: Bool
  ) throws(DMAFault) -> Translation {
    let address = busAddress.rawValue
    var number = DMAWindow.monster
    var mapEntry: MapEntryUse?
    let physical: UInt64
    if let window = window(claiming: address) {
      number = window.number
      if window.usesMap {
        let use = try mapEntryUse(window, busAddress, direction, fillsCache: fillsCache)
        mapEntry = use
        physical = use.entry.page | address & (Self.pageSize - 1)
      } else {
        physical = window.directAddress(of: address)
      }
    } else if monsterClaims(address) {
      physical = address & DMAWindow.physicalMask
    } else {
      throw DMAFault(.noWindow(inHole: isInHole(address)), at: busAddress, direction)
    }
    // Memory is a whole number of pages, so the first byte speaks for the rest of the page.
    guard memory.contains(PhysicalAddress(physical), byteCount: 1) else {
      throw DMAFault(
        .nonExistentMemory(window: number, physical: PhysicalAddress(physical)), at: busAddress,
        direction)
    }
    return Translation(
      window: number, mapEntry: mapEntry, physical: PhysicalAddress(physical),
      byteCount: Self.pageSize - address & (Self.pageSize - 1))
  }

  private func mapEntryUse(
    _ window: DMAWindow, _ busAddress: BusAddress, _ direction: DMADirection, fillsCache: Bool
  ) throws(DMAFault) -> MapEntryUse {
    let address = busAddress.rawValue
    let entryAddress = PhysicalAddress(window.mapEntryAddress(of: address))
    let use: MapEntryUse
    if !isLenient, let group = tlb.group(for: address) {
      use = MapEntryUse(address: entryAddress, entry: group[address], isCached: true)
    } else {
      guard let group = ScatterGatherGroup(around: entryAddress.rawValue, in: memory) else {
        throw DMAFault(
          .mapOutsideMemory(window: window.number, entryAddress: entryAddress), at: busAddress,
          direction)
      }
      if fillsCache, !isLenient { tlb.insert(group, for: address) }
      use = MapEntryUse(address: entryAddress, entry: group[address], isCached: false)
    }
    guard use.entry.isValid else {
      throw DMAFault(
        .invalidMapEntry(
          window: window.number, entryAddress: entryAddress, entry: use.entry.rawValue,
          cached: use.isCached), at: busAddress, direction)
    }
    guard !use.entry.isPeerToPeer else {
      throw DMAFault(
        .peerToPeer(window: window.number, entry: use.entry.rawValue), at: busAddress, direction)
    }
    return use
  }
}
