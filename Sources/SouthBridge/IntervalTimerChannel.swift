/// One counter of an 8254, as a function of time: nothing is counted, all is computed from the tick
/// at which the count was loaded.
///
/// Times are ticks of the counter's clock. Modes and rules follow the Intel 8254 data sheet
/// (231164). A count written at one tick is loaded by the next one.
struct IntervalTimerChannel: Codable, Equatable, Sendable {
  /// A count that takes the place of the present one at a tick.
  private struct Reload: Codable, Equatable {
    let count: Int64
    let tick: Int64
  }

  /// Bits 5:0 of the control word: access, mode and BCD.
  private(set) var control: UInt8 = 0x30
  private(set) var gate: Bool

  /// The initial count in use, 1...65536.
  private var count: Int64?
  /// The tick at which the counting element held the initial count.
  private var origin: Int64 = 0
  /// Ticks counted when the gate, or in mode 0 half a count being written, stopped the counter.
  private var heldAt: Int64?
  /// Modes 2 and 3: the next period's count.
  private var reload: Reload?
  /// Modes 1 and 5: the count that the next trigger loads.
  private var armed: Int64?

  private var writtenLowByte: UInt8?
  private var readsHighByte = false
  private var latchedCount: UInt16?
  private var latchedStatus: UInt8?

  init(gate: Bool) { self.gate = gate }

  private var mode: UInt8 {
    let field = control >> 1 & 7
    return field > 5 ? field & 3 : field  // 110 and 111 are modes 2 and 3
  }

  private var isPeriodic: Bool { mode == 2 || mode == 3 }
  private var isTriggered: Bool { mode == 1 || mode == 5 }
  private var isBCD: Bool { control & 1 == 1 }
  private var modulus: Int64 { isBCD ? 10_000 : 65_536 }

  private func elapsed(_ tick: Int64) -> Int64 { heldAt ?? max(0, tick - origin) }

  // MARK: What the counter shows

  /// The OUT pin.
  func output(at tick: Int64) -> Bool {
    guard let count else { return mode != 0 }
    let elapsed = elapsed(tick)
    switch mode {
    case 0, 1: return elapsed >= count
    case 2: return !gate || elapsed % count != count - 1
    case 3: return !gate || elapsed % count < (count + 1) / 2
    default: return elapsed != count
    }
  }

  /// How often OUT has risen since the count was loaded.
  func risingEdges(at tick: Int64) -> Int64 {
    guard let count else { return 0 }
    let elapsed = elapsed(tick)
    return switch mode {
    case 0, 1: elapsed >= count ? 1 : 0
    case 2, 3: elapsed / count
    default: elapsed > count ? 1 : 0
    }
  }

  /// The next tick at which OUT, or the count in use, may change.
  func nextChange(after tick: Int64) -> Int64? {
    guard let count, heldAt == nil else { return nil }
    let elapsed = elapsed(tick)
    let position = elapsed % count
    let wait: Int64? =
      switch mode {
      case 0, 1: elapsed < count ? count - elapsed : nil
      case 2 where count == 1, 3 where count == 1: nil
      case 2: position < count - 1 ? count - 1 - position : 1
      case 3: position < (count + 1) / 2 ? (count + 1) / 2 - position : count - position
      default: elapsed < count ? count - elapsed : elapsed == count ? 1 : nil
      }
    let change = wait.map { max(tick, origin) + $0 }
    return [change, reload?.tick].compactMap { $0 }.min()
  }

  /// The counting element, in the number system of the control word.
  private func value(at tick: Int64) -> UInt16 {
    guard let count else { return 0 }
    let elapsed = elapsed(tick)
    let binary: Int64
    switch mode {
    case 2: binary = count - elapsed % count
    case 3:
      // Counts down by two in each half of the wave, from the even number below the count.
      let position = elapsed % count
      let high = (count + 1) / 2
      binary = (count & ~1) - 2 * (position < high ? position : position - high)
    default: binary = count - elapsed % modulus
    }
    let wrapped = UInt16(truncatingIfNeeded: (binary + modulus) % modulus)
    guard isBCD else { return wrapped }
    return stride(from: 0, through: 12, by: 4).reduce((digits: 0, rest: wrapped)) {
      ($0.digits | ($0.rest % 10) << $1, $0.rest / 10)
    }.digits
  }

  /// Whether a written count waits to be loaded.
  private func isNull(at tick: Int64) -> Bool {
    count == nil || armed != nil || reload != nil || (heldAt == nil && tick < origin)
  }

  // MARK: Time and gate

  /// Takes a new period's count into use once its time has come.
  mutating func settle(at tick: Int64) {
    guard let due = reload, due.tick <= tick else { return }
    // In mode 3 a count written in the high half of the wave is used for the low half.
    let isHalf = mode == 3 && count.map { (due.tick - origin) % $0 != 0 } ?? false
    count = due.count
    origin = isHalf ? due.tick - (due.count + 1) / 2 : due.tick
    reload = nil
  }

  /// Sets the GATE pin.
  mutating func setGate(_ level: Bool, at tick: Int64) {
    guard level != gate else { return }
    settle(at: tick)
    gate = level
    if isTriggered {
      guard level, let next = armed ?? count else { return }
      start(next, at: tick)
    } else if !level {
      heldAt = elapsed(tick)
    } else if isPeriodic {
      if let next = reload?.count ?? count { start(next, at: tick) }
    } else if let held = heldAt {
      origin = tick - held
      heldAt = nil
    }
  }

  private mutating func start(_ next: Int64, at tick: Int64) {
    count = next
    origin = tick + 1
    heldAt = gate || isTriggered ? nil : 0
    armed = nil
    reload = nil
  }

  // MARK: Registers

  /// A control word for this counter, other than the latch command.
  mutating func setControl(_ word: UInt8) {
    self = Self(gate: gate)
    control = word & 0x3F
  }

  /// The count latch command: later latches are ignored until the first is read.
  mutating func latchCount(at tick: Int64) {
    if latchedCount == nil { latchedCount = value(at: tick) }
  }

  /// The status part of the read-back command.
  mutating func latchStatus(at tick: Int64) {
    guard latchedStatus == nil else { return }
    latchedStatus = control | (isNull(at: tick) ? 0x40 : 0) | (output(at: tick) ? 0x80 : 0)
  }

  mutating func read(at tick: Int64) -> UInt8 {
    if let status = latchedStatus {
      latchedStatus = nil
      return status
    }
    let word = latchedCount ?? value(at: tick)
    let (low, high) = (UInt8(truncatingIfNeeded: word), UInt8(word >> 8))
    switch control >> 4 {
    case 1:
      latchedCount = nil
      return low
    case 2:
      latchedCount = nil
      return high
    default:
      if readsHighByte { latchedCount = nil }
      defer { readsHighByte.toggle() }
      return readsHighByte ? high : low
    }
  }

  mutating func write(_ byte: UInt8, at tick: Int64) {
    switch control >> 4 {
    case 1: load(UInt16(byte), at: tick)
    case 2: load(UInt16(byte) << 8, at: tick)
    default:
      if let low = writtenLowByte {
        writtenLowByte = nil
        load(UInt16(byte) << 8 | UInt16(low), at: tick)
      } else {
        writtenLowByte = byte
        // In mode 0 the first byte stops the counter and sets OUT low.
        if mode == 0 {
          count = nil
          heldAt = 0
        }
      }
    }
  }

  private mutating func load(_ word: UInt16, at tick: Int64) {
    let next = Self.initialCount(word, isBCD: isBCD)
    if isTriggered {
      armed = next
    } else if isPeriodic, let count {
      reload = Reload(count: next, tick: boundary(after: tick, count))
    } else {
      start(next, at: tick)
    }
  }

  /// When a period of mode 2, or half a period of mode 3, ends.
  private func boundary(after tick: Int64, _ count: Int64) -> Int64 {
    let position = elapsed(tick) % count
    let high = (count + 1) / 2
    let wait = mode == 3 && position < high ? high - position : count - position
    return max(tick, origin) + wait
  }

  /// Zero stands for the largest count.
  private static func initialCount(_ word: UInt16, isBCD: Bool) -> Int64 {
    guard word != 0 else { return isBCD ? 10_000 : 65_536 }
    guard isBCD else { return Int64(word) }
    return stride(from: 12, through: 0, by: -4).reduce(0) { $0 * 10 + Int64(word >> $1 & 15) }
  }

  // MARK: Saved state

  /// Why these values can not be a counter's state, if so.
  var fault: String? {
    let counts = [count, armed, reload?.count].compactMap { $0 }
    let ticks = [origin, heldAt, reload?.tick].compactMap { $0 }
    // The clock has fewer than 2^55 ticks; the limits keep all sums far from overflow.
    let isSound =
      control < 0x40 && control >= 0x10 && counts.allSatisfy { (1...65_536).contains($0) }
      && ticks.allSatisfy { (-65_536...1 << 60).contains($0) }
    return isSound ? nil : "8254: a counter holds a value that it cannot hold"
  }
}
