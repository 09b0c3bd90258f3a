public import DeviceModel

/// The MC146818 real-time clock with 114 bytes of battery-backed memory, at ports 0x70-0x71.
///
/// On this board the interrupt output is not on IRQ8 of the 8259 but on the chipset's interval
/// timer pin, which latches it: each enabled event is one ``intervalTick``, whether or not the guest
/// ever reads register C.
///
/// The clock is computed from the virtual clock: no event runs while no interrupt is enabled.
public final class RealTimeClock: ISADevice, Snapshotting {
  private enum Register {
    static let a = 10
    static let b = 11
    static let c = 12
    static let d = 13
    static let alarms = [1, 3, 5]
    static let firstOfMemory = 14
    static let time = [0, 2, 4, 6, 7, 8, 9]
  }

  /// Bits of registers B and C: the enables and flags have the same places.
  private enum Flag {
    static let set: UInt8 = 0x80
    static let periodic: UInt8 = 0x40
    static let alarm: UInt8 = 0x20
    static let update: UInt8 = 0x10
    static let all = periodic | alarm | update
  }

  private static let nanosecondsPerSecond: UInt64 = 1_000_000_000
  /// The update-in-progress bit rises 244 us before an update, which takes 1984 us.
  private static let updateTime: UInt64 = 2_228_000

  private let clock: VirtualClock
  private let intervalTick: () -> Void
  private var event: VirtualClock.Alarm?
  private var state: Saved

  /// A clock that shows `startDate`, in seconds since 1970-01-01 00:00:00, when time is zero, and
  /// calls `intervalTick` for each enabled interrupt.
  public init(clock: VirtualClock, startDate: Int64, intervalTick: @escaping () -> Void) {
    self.clock = clock
    self.intervalTick = intervalTick
    let seconds = min(max(startDate, 0), Saved.lastSecond)
    state = Saved(moment: ClockMoment(seconds: seconds, weekdayShift: 0))
    event = clock.register("MC146818") { [weak self] in self?.eventIsDue() }
    findNextAlarm()
  }

  // MARK: Ports

  /// Reads the address (port 0x70) or the addressed byte.
  public func read(port: UInt16) -> UInt8 {
    guard port == 0x71 else { return state.address }
    switch Int(state.address & 0x7F) {
    case Register.a: return state.registerA | (isUpdating ? 0x80 : 0)
    case Register.b: return state.registerB
    case Register.c: return readFlags()
    case Register.d: return 0x80  // valid RAM and time
    case let index where Register.time.contains(index): return timeBytes[index]
    case let index: return state.memory[index]
    }
  }

  /// Writes the address or the addressed byte. Bit 7 of the address, the NMI mask of a PC, has no
  /// effect here.
  public func write(port: UInt16, _ value: UInt8) {
    guard port == 0x71 else {
      state.address = value
      return
    }
    settleFlags()
    switch Int(state.address & 0x7F) {
    case Register.a: writeRegisterA(value)
    case Register.b: writeRegisterB(value)
    case Register.c, Register.d: return
    case let index where Register.time.contains(index): writeTime(index, value)
    case let index: state.memory[index] = value
    }
    // The write may have changed what the next period, second and alarm are.
    countFromNow()
    findNextAlarm()
    armEvent()
  }

  // MARK: Time

  /// Time since the divider chain was last at zero.
  private var dividerTime: UInt64 { clock.now &- state.dividerStart }
  private var secondsRun: UInt64 { dividerTime / Self.nanosecondsPerSecond }
  private var dividerRuns: Bool { state.registerA & 0x70 == 0x20 }
  private var timeRuns: Bool { dividerRuns && state.registerB & Flag.set == 0 }

  private var format: ClockFormat {
    ClockFormat(isBinary: state.registerB & 0x04 != 0, is24Hour: state.registerB & 0x02 != 0)
  }

  private var moment: ClockMoment {
    var moment = state.moment
    moment.seconds += Int64(truncatingIfNeeded: secondsRun)
    return moment
  }

  private var timeBytes: [UInt8] { state.stoppedTime ?? format.bytes(of: moment) }

  private var isUpdating: Bool {
    timeRuns
      && Self.nanosecondsPerSecond - dividerTime % Self.nanosecondsPerSecond <= Self.updateTime
  }

  private func writeTime(_ index: Int, _ value: UInt8) {
    var bytes = timeBytes
    bytes[index] = value
    if state.stoppedTime == nil { setTime(bytes) } else { state.stoppedTime = bytes }
  }

  private func setTime(_ bytes: [UInt8]) {
    state.moment = format.moment(of: bytes)
    state.moment.seconds -= Int64(truncatingIfNeeded: secondsRun)
  }

  private func writeRegisterA(_ value: UInt8) {
    let (ran, bytes) = (dividerRuns, timeBytes)
    state.registerA = value & 0x7F
    guard dividerRuns != ran else { return }
    if dividerRuns {
      // The first update comes half a second after the divider is let go.
      state.dividerStart = clock.now &- Self.nanosecondsPerSecond / 2
    }
    stopOrStart(bytes)
  }

  private func writeRegisterB(_ value: UInt8) {
    let bytes = timeBytes
    state.registerB = value
    // Setting SET aborts updates and clears the update interrupt enable.
    if value & Flag.set != 0 { state.registerB &= ~Flag.update }
    stopOrStart(bytes)
  }

  /// Keeps the bytes while time stands still, and takes time up from them when it runs again.
  private func stopOrStart(_ bytes: [UInt8]) {
    if !timeRuns {
      if state.stoppedTime == nil { state.stoppedTime = bytes }
    } else if let stopped = state.stoppedTime {
      state.stoppedTime = nil
      setTime(stopped)
    }
  }

  // MARK: Flags

  /// Ticks of 32768 Hz between periodic interrupts (data sheet, table 5); nil for none.
  private var periodTicks: UInt64? {
    guard dividerRuns else { return nil }
    switch state.registerA & 0x0F {
    case 0: return nil
    case 1: return 128
    case 2: return 256
    case let rate: return 1 << UInt64(rate - 1)
    }
  }

  /// How many periods have passed since the divider was at zero.
  private var periodsRun: UInt64 {
    periodTicks.map { TickRate.realTimeClock.ticks(at: dividerTime) / $0 } ?? 0
  }

  /// Sets the flags of everything that happened since the last look, and ticks when the interrupt of
  /// any of it is enabled: whoever looks first at an event, its alarm or a guest's access, reports it.
  private func settleFlags() {
    var events: UInt8 = 0
    if periodsRun != state.seenPeriods { events |= Flag.periodic }
    if timeRuns {
      if secondsRun != state.seenSeconds { events |= Flag.update }
      if let alarm = state.nextAlarm, moment.seconds >= alarm {
        events |= Flag.alarm
        findNextAlarm()
      }
    }
    countFromNow()
    state.flags |= events
    if events & state.registerB & Flag.all != 0 { intervalTick() }
  }

  /// Periods and seconds up to now have been seen.
  private func countFromNow() {
    state.seenPeriods = periodsRun
    state.seenSeconds = secondsRun
  }

  private func findNextAlarm() {
    let memory = state.memory
    state.nextAlarm =
      timeRuns
      ? format.nextAlarm(after: moment, second: memory[1], minute: memory[3], hour: memory[5])
      : nil
  }

  /// Reading register C clears it.
  private func readFlags() -> UInt8 {
    settleFlags()
    let isRequested = state.flags & state.registerB & Flag.all != 0
    defer { state.flags = 0 }
    return state.flags | (isRequested ? 0x80 : 0)
  }

  // MARK: Interrupts

  private func eventIsDue() {
    settleFlags()
    armEvent()
  }

  /// Arms the alarm for the next event whose interrupt is enabled.
  private func armEvent() {
    guard let event else { return }
    var next: UInt64?
    func consider(_ time: UInt64) { next = min(next ?? time, time) }
    if state.registerB & Flag.periodic != 0, let ticks = periodTicks {
      consider(TickRate.realTimeClock.time(ofTick: (periodsRun + 1) &* ticks))
    }
    if timeRuns, state.registerB & Flag.update != 0 {
      consider((secondsRun + 1) &* Self.nanosecondsPerSecond)
    }
    if timeRuns, state.registerB & Flag.alarm != 0, let alarm = state.nextAlarm {
      consider(UInt64(max(0, alarm - state.moment.seconds)) &* Self.nanosecondsPerSecond)
    }
    if let next { clock.arm(event, at: state.dividerStart &+ next) } else { clock.disarm(event) }
  }

  /// RESET#: clears the interrupt enables and flags (data sheet, "RESET"); time and memory go on.
  public func reset() {
    state.registerB &= ~Flag.all
    state.flags = 0
    countFromNow()
    armEvent()
  }

  // MARK: Battery-backed memory

  /// Bytes 14 to 127, which keep what they hold while the power is off. Another number of bytes is
  /// not taken.
  public var nonvolatileMemory: [UInt8] {
    get { Array(state.memory.dropFirst(Register.firstOfMemory)) }
    set {
      let registers = state.memory.prefix(Register.firstOfMemory)
      guard newValue.count == state.memory.count - registers.count else { return }
      state.memory = registers + newValue
    }
  }

  // MARK: Saved state

  /// The chip as plain data.
  public struct Saved: Codable, Equatable, Sendable {
    /// The last second that the two digits of the year can show, of 2069.
    fileprivate static let lastSecond: Int64 = 3_155_759_999

    fileprivate var address: UInt8 = 0
    /// As firmware finds it: 32768 Hz time base, 1024 Hz periodic rate.
    fileprivate var registerA: UInt8 = 0x26
    /// 24-hour format, BCD, no interrupts.
    fileprivate var registerB: UInt8 = 0x02
    fileprivate var flags: UInt8 = 0
    /// The battery-backed bytes 14-127, and the alarm bytes 1, 3 and 5.
    fileprivate var memory = [UInt8](repeating: 0, count: 128)
    /// What the clock showed when the divider chain was last at zero, in guest time.
    fileprivate var moment: ClockMoment
    fileprivate var dividerStart: UInt64 = 0
    /// Bytes 0-9 while SET or the divider's reset holds the time.
    fileprivate var stoppedTime: [UInt8]?
    fileprivate var seenPeriods: UInt64 = 0
    fileprivate var seenSeconds: UInt64 = 0
    /// The next second that matches the alarm, since 1970.
    fileprivate var nextAlarm: Int64?

    fileprivate init(moment: ClockMoment) { self.moment = moment }
  }

  /// Raised whenever `Saved` changes its meaning.
  public static var savedVersion: Int { 1 }

  /// The registers and the time; the clock saves the alarm.
  public func save() -> Saved { state }

  /// Replaces the registers and the time.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    guard saved.memory.count == 128, saved.stoppedTime.map({ $0.count == 10 }) ?? true,
      saved.registerA < 0x80
    else { throw RestoreFault("MC146818: wrong number of bytes, or a register out of range") }
    // Far beyond what the chip shows, and far from overflow.
    let limit: Int64 = 1 << 48
    guard saved.moment.seconds.magnitude < limit, saved.moment.weekdayShift.magnitude < 7,
      (saved.nextAlarm ?? 0).magnitude < limit
    else { throw RestoreFault("MC146818: the time is out of range") }
    state = saved
  }
}
