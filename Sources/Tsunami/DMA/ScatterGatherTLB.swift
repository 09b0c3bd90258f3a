import DeviceModel

/// The Pchip's cache of map entries: 168 tags, each for an aligned group of four entries (21272 HRM
/// 8.1.2.2).
///
/// Entries that are not valid are cached like others. The manual does not tell how a victim is
/// chosen; here each tag in turn is replaced.
struct ScatterGatherTLB {
  static let tagCount = 168

  struct Tag: Codable, Equatable, Sendable {
    /// Bus address divided by 32 KB, with bit 39 kept for dual-address cycles.
    var key: UInt64
    var group: ScatterGatherGroup
  }

  private var tags = [Tag?](repeating: nil, count: tagCount)
  private var indexByKey: [UInt64: Int] = [:]
  private var victim = 0

  private static func key(_ address: UInt64) -> UInt64 { (address & 0x80_FFFF_8000) >> 15 }

  /// The cached group for a bus address.
  func group(for address: UInt64) -> ScatterGatherGroup? {
    indexByKey[Self.key(address)].flatMap { tags[$0]?.group }
  }

  /// Caches the group for a bus address that is not cached yet.
  mutating func insert(_ group: ScatterGatherGroup, for address: UInt64) {
    if let old = tags[victim] { indexByKey[old.key] = nil }
    let key = Self.key(address)
    tags[victim] = Tag(key: key, group: group)
    indexByKey[key] = victim
    victim = (victim + 1) % Self.tagCount
  }

  /// TLBIA.
  mutating func invalidateAll() {
    tags = [Tag?](repeating: nil, count: Self.tagCount)
    indexByKey = [:]
  }

  /// TLBIV: drops the two groups of one 64 KB of bus addresses. Bits 19:4 of `value` are address
  /// bits 31:16, bit 27 is address bit 39.
  mutating func invalidate(_ value: UInt64) {
    let block = (value & 0xF_FFF0) << 12 | (value >> 27 & 1) << 39
    for address in [block, block | 0x8000] {
      guard let index = indexByKey.removeValue(forKey: Self.key(address)) else { continue }
      tags[index] = nil
    }
  }
}

extension ScatterGatherTLB {
  struct Saved: Codable, Equatable, Sendable {
    var tags: [Tag?]
    var victim: Int
  }

  func save() -> Saved { Saved(tags: tags, victim: victim) }

  mutating func restore(_ saved: Saved) throws(RestoreFault) {
    guard saved.tags.count == Self.tagCount, (0..<Self.tagCount).contains(saved.victim) else {
      throw RestoreFault("scatter-gather TLB: not \(Self.tagCount) tags")
    }
    var index: [UInt64: Int] = [:]
    for (position, tag) in saved.tags.enumerated() {
      guard let tag else { continue }
      guard tag.group.entries.count == ScatterGatherGroup.entryCount,
        index.updateValue(position, forKey: tag.key) == nil
      else {
        throw RestoreFault("scatter-gather TLB: bad or repeated tag \(position)")
      }
    }
    tags = saved.tags
    indexByKey = index
    victim = saved.victim
  }
}
