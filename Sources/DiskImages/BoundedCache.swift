/// Values by key, with a bound on their total cost; the least recently used go first.
struct BoundedCache<Key: Hashable, Value> {
  private struct Entry {
    var key: Key
    var value: Value
    var cost: Int
    var older: Int?
    var newer: Int?
  }

  /// The most that the values may cost together. One value is kept even when it alone costs more.
  let limit: Int
  private(set) var cost = 0
  private var slots: [Key: Int] = [:]
  private var entries: [Entry?] = []
  private var free: [Int] = []
  private var newest: Int?
  private var oldest: Int?

  init(limit: Int) { self.limit = limit }

  var count: Int { slots.count }

  /// The value of `key`, which becomes the most recently used.
  mutating func value(_ key: Key) -> Value? {
    guard let slot = slots[key], let value = entries[slot]?.value else { return nil }
    if slot != newest {
      unlink(slot)
      linkNewest(slot)
    }
    return value
  }

  /// Stores a value and forgets old ones that no longer fit beside it.
  mutating func insert(_ value: Value, for key: Key, cost valueCost: Int) {
    remove(key)
    while cost > 0, cost + valueCost > limit, let oldest, let key = entries[oldest]?.key {
      remove(key)
    }
    let entry = Entry(key: key, value: value, cost: valueCost)
    let slot: Int
    if let reused = free.popLast() {
      entries[reused] = entry
      slot = reused
    } else {
      slot = entries.count
      entries.append(entry)
    }
    slots[key] = slot
    cost += valueCost
    linkNewest(slot)
  }

  /// Forgets a value.
  mutating func remove(_ key: Key) {
    guard let slot = slots.removeValue(forKey: key) else { return }
    cost -= entries[slot]?.cost ?? 0
    unlink(slot)
    entries[slot] = nil
    free.append(slot)
  }

  private mutating func unlink(_ slot: Int) {
    guard let older = entries[slot].map(\.older), let newer = entries[slot].map(\.newer) else {
      return
    }
    if let older { entries[older]?.newer = newer } else { oldest = newer }
    if let newer { entries[newer]?.older = older } else { newest = older }
    entries[slot]?.older = nil
    entries[slot]?.newer = nil
  }

  private mutating func linkNewest(_ slot: Int) {
    entries[slot]?.older = newest
    if let newest { entries[newest]?.newer = slot } else { oldest = slot }
    newest = slot
  }
}
