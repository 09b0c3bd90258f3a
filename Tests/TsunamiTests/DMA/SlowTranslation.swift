import GuestMemory

@testable import Tsunami

/// The Pchip's translation once more, from the manual's bit tables, one bit at a time and without
/// anything in common with the code under test but memory itself.
struct SlowTranslation {
  enum Outcome: Equatable {
    case miss(inHole: Bool)
    case mapOutside(window: Int, entryAddress: UInt64)
    case invalid(window: Int, entryAddress: UInt64, entry: UInt64)
    case peer(window: Int, entry: UInt64)
    case nonExistent(window: Int, physical: UInt64)
    case memory(window: Int, physical: UInt64)
  }

  struct Group {
    let firstPage: UInt64
    let isDual: Bool
    let entries: [UInt64]
  }

  var wsba: [UInt64] = [0, 0, 0, 2]
  var wsm: [UInt64] = [0, 0, 0, 0]
  var tba: [UInt64] = [0, 0, 0, 0]
  var hole = false
  var monster = false
  let memory: GuestRAM
  /// The cache: 168 places, filled in turn; nil where it is modelled as off.
  var cache: [Group?]?
  private var place = 0

  init(memory: GuestRAM, caches: Bool) {
    self.memory = memory
    cache = caches ? [Group?](repeating: nil, count: 168) : nil
  }

  private func bit(_ value: UInt64, _ index: Int) -> Bool { value / (1 << UInt64(index)) % 2 == 1 }

  /// Puts bits together from the lowest on.
  private func number(_ bits: Range<Int>, _ value: (Int) -> Bool) -> UInt64 {
    var sum: UInt64 = 0
    for index in bits where value(index) { sum += 1 << UInt64(index) }
    return sum
  }

  private func window(for address: UInt64) -> Int? {
    if address < 1 << 32 {
      for window in 0..<4 where bit(wsba[window], 0) {
        if window == 3, bit(wsba[3], 39) { continue }
        var matches = true
        for index in 20..<32 where !bit(wsm[window], index) {
          if bit(address, index) != bit(wsba[window], index) { matches = false }
        }
        if matches { return window }
      }
      return nil
    }
    let upper = (32..<64).filter { bit(address, $0) }
    return upper == [39] && bit(wsba[3], 0) && bit(wsba[3], 39) ? 3 : nil
  }

  mutating func outcome(_ address: UInt64) -> Outcome {
    let inHole = hole && address >= 512 * 1024 && address < 1024 * 1024
    guard !inHole, let window = window(for: address) else {
      if monster, (40..<64).filter({ bit(address, $0) }) == [40] {
        return landing(4, number(0..<35) { bit(address, $0) })
      }
      return .miss(inHole: inHole)
    }
    let isDual = address >= 1 << 32
    if window < 3, !bit(wsba[window], 1) {
      return landing(
        window,
        number(0..<35) {
          $0 < 20 || ($0 < 32 && bit(wsm[window], $0)) ? bit(address, $0) : bit(tba[window], $0)
        })
    }
    let entryAddress = number(3..<35) {
      if isDual { return $0 < 22 ? bit(address, $0 + 10) : bit(tba[3], $0) }
      let isIndex = $0 < 10 || ($0 < 22 && bit(wsm[window], $0 + 10))
      return isIndex ? bit(address, $0 + 10) : bit(tba[window], $0)
    }
    guard let entry = fetch(address, entryAddress, isDual) else {
      return .mapOutside(window: window, entryAddress: entryAddress)
    }
    guard bit(entry, 0) else {
      return .invalid(window: window, entryAddress: entryAddress, entry: entry)
    }
    if bit(entry, 28) || bit(entry, 31) { return .peer(window: window, entry: entry) }
    return landing(
      window, number(0..<35) { $0 < 13 ? bit(address, $0) : bit(entry, $0 - 12) })
  }

  private func landing(_ window: Int, _ physical: UInt64) -> Outcome {
    physical < memory.byteCount
      ? .memory(window: window, physical: physical)
      : .nonExistent(window: window, physical: physical)
  }

  private mutating func fetch(_ address: UInt64, _ entryAddress: UInt64, _ isDual: Bool) -> UInt64?
  {
    let page = address % (1 << 32) / 8192
    let known = cache?.compactMap { $0 }.first {
      $0.isDual == isDual && $0.firstPage == page / 4 * 4
    }
    if let known { return known.entries[Int(page % 4)] }
    let first = entryAddress / 32 * 32
    guard first + 32 <= memory.byteCount else { return nil }
    let entries = (UInt64(0)..<4).map {
      memory.quadword(at: PhysicalAddress(first + 8 * $0)) ?? 0
    }
    if cache != nil {
      cache?[place] = Group(firstPage: page / 4 * 4, isDual: isDual, entries: entries)
      place = (place + 1) % 168
    }
    return entries[Int(page % 4)]
  }

  mutating func invalidateAll() { cache = cache.map { $0.map { _ in nil } } }

  mutating func invalidate(_ value: UInt64) {
    let block = number(16..<32) { bit(value, $0 - 12) }
    let isDual = bit(value, 27)
    cache = cache.map { cache in
      cache.map { group in
        guard let group, group.isDual == isDual, group.firstPage * 8192 / 65536 * 65536 == block
        else { return group }
        return nil
      }
    }
  }
}

extension SlowTranslation.Outcome {
  /// What the code under test said, in the same words.
  init(_ body: () throws(DMAFault) -> DMATranslator.Translation) {
    do {
      let translation = try body()
      self = .memory(window: translation.window, physical: translation.physical.rawValue)
    } catch {
      switch error.cause {
      case .noWindow(let inHole):
        self = .miss(inHole: inHole)
      case .mapOutsideMemory(let window, let address):
        self = .mapOutside(window: window, entryAddress: address.rawValue)
      case .invalidMapEntry(let window, let address, let entry, _):
        self = .invalid(window: window, entryAddress: address.rawValue, entry: entry)
      case .peerToPeer(let window, let entry):
        self = .peer(window: window, entry: entry)
      case .nonExistentMemory(let window, let physical):
        self = .nonExistent(window: window ?? -1, physical: physical.rawValue)
      case .busMasterDisabled, .addressOverflow:
        self = .miss(inHole: true)
      }
    }
  }
}
