public import DeviceModel

/// The 8254 interval timer and system control port B.
///
/// Ports 0x40-0x43 are the three counters and the control word, port 0x61 holds the gate of counter
/// 2, the speaker and their status. Counter 0 drives IRQ0, counter 1 stands for the refresh of ISA
/// memory, counter 2 for the speaker.
public final class IntervalTimer8254: ISADevice, Snapshotting {
  private static let portB: UInt16 = 0x61

  private let clock: VirtualClock
  private let irq0: InterruptLine
  /// Whether anybody would notice a change of IRQ0 by itself.
  private let isWatched: () -> Bool
  private var alarm: VirtualClock.Alarm?
  private var state = Saved()

  /// A timer whose counter 0 drives `irq0`. While `isWatched` says no, no alarm is armed, and the
  /// wire is brought up to date by ``refresh()``.
  public init(clock: VirtualClock, irq0: InterruptLine, isWatched: @escaping () -> Bool) {
    self.clock = clock
    self.irq0 = irq0
    self.isWatched = isWatched
    alarm = clock.register("8254 counter 0") { [weak self] in self?.refresh() }
  }

  private var tick: Int64 {
    Int64(truncatingIfNeeded: TickRate.intervalTimer.ticks(at: clock.now))
  }

  /// Drives IRQ0 as it is now, and arms the alarm for its next change if anybody watches.
  public func refresh() {
    let now = tick
    // A rise that nobody watched must still be seen as an edge.
    if state.channels[0].risingEdges(at: now) != state.seenEdges { irq0.drive(false) }
    state.channels[0].settle(at: now)
    update(now)
  }

  private func update(_ now: Int64) {
    state.seenEdges = state.channels[0].risingEdges(at: now)
    irq0.drive(state.channels[0].output(at: now))
    guard let alarm else { return }
    if isWatched(), let change = state.channels[0].nextChange(after: now) {
      clock.arm(alarm, at: TickRate.intervalTimer.time(ofTick: UInt64(max(0, change))))
    } else {
      clock.disarm(alarm)
    }
  }

  /// Reads a counter or port B; the control word reads as ones.
  public func read(port: UInt16) -> UInt8 {
    let now = tick
    switch port {
    case 0x40...0x42:
      let index = Int(port & 3)
      state.channels[index].settle(at: now)
      return state.channels[index].read(at: now)
    case Self.portB:
      // Bit 4 toggles with every refresh cycle, about 15 us apart; bit 5 is OUT of counter 2.
      let refresh: UInt8 = clock.now / 15_085 & 1 == 1 ? 0x10 : 0
      state.channels[2].settle(at: now)
      return state.portB | refresh | (state.channels[2].output(at: now) ? 0x20 : 0)
    default:
      return 0xFF
    }
  }

  /// Writes a counter, the control word or port B.
  public func write(port: UInt16, _ value: UInt8) {
    refresh()
    let now = tick
    switch port {
    case 0x40...0x42:
      let index = Int(port & 3)
      state.channels[index].settle(at: now)
      state.channels[index].write(value, at: now)
    case 0x43:
      writeControl(value, now)
    default:
      state.portB = value & 0x0F
      state.channels[2].setGate(value & 1 == 1, at: now)
    }
    update(now)
  }

  private func writeControl(_ word: UInt8, _ now: Int64) {
    let selected = Int(word >> 6)
    if selected == 3 {
      // Read-back command: bits 5 and 4 are active low, bits 3:1 select counters.
      for index in 0..<3 where word >> UInt8(index + 1) & 1 == 1 {
        state.channels[index].settle(at: now)
        if word & 0x20 == 0 { state.channels[index].latchCount(at: now) }
        if word & 0x10 == 0 { state.channels[index].latchStatus(at: now) }
      }
    } else if word & 0x30 == 0 {
      state.channels[selected].settle(at: now)
      state.channels[selected].latchCount(at: now)
    } else {
      state.channels[selected].setControl(word)
    }
  }

  /// Counters without a count, and the gate of counter 2 low.
  public func reset() {
    state = Saved()
    update(tick)
  }

  /// The counters as plain data.
  public struct Saved: Codable, Equatable, Sendable {
    /// Gates 0 and 1 are tied high.
    fileprivate var channels = [
      IntervalTimerChannel(gate: true), IntervalTimerChannel(gate: true),
      IntervalTimerChannel(gate: false),
    ]
    fileprivate var portB: UInt8 = 0
    fileprivate var seenEdges: Int64 = 0
  }

  /// Raised whenever `Saved` changes its meaning.
  public static var savedVersion: Int { 1 }

  /// The counters; the clock saves the alarm.
  public func save() -> Saved { state }

  /// Replaces the counters and drives IRQ0.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    guard saved.channels.count == 3, saved.portB < 0x10 else {
      throw RestoreFault("8254: there are three counters and a 4-bit port B")
    }
    if let fault = saved.channels.lazy.compactMap(\.fault).first { throw RestoreFault(fault) }
    state = saved
    irq0.drive(state.channels[0].output(at: tick))
  }
}
