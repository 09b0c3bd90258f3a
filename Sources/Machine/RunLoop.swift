internal import AlphaCPU
internal import Console
internal import DeviceModel
internal import Dispatch
internal import SouthBridge
internal import VirtioConsole

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// When to stop a guest that does not stop by itself.
public struct RunLimits: Sendable {
  /// Instructions since power-on.
  public var instructions: UInt64?
  /// Nanoseconds of guest time since power-on.
  public var time: UInt64?

  /// Limits; nil means none.
  public init(instructions: UInt64? = nil, time: UInt64? = nil) {
    self.instructions = instructions
    self.time = time
  }
}

/// How a run ended.
public enum RunOutcome: Equatable, Sendable {
  /// The guest switched the machine off.
  case poweredOff
  /// A guest test reported this value through the exit register; 0 is success.
  case testResult(UInt32)
  /// The guest's kernel said that it has crashed; with the console's last words about it.
  case panicked(String?)
  /// The CPU can neither go on nor enter PALcode.
  case deadEnd(String)
  /// Every CPU waits for an interrupt that nothing can ever request.
  case idleForever
  /// The instruction limit was reached.
  case instructionLimit
  /// The time limit was reached.
  case timeLimit
  /// Somebody asked for it: a signal, or a key on the console.
  case interrupted
}

extension Machine {
  /// Guest time between two looks at the host, in nanoseconds (and instructions).
  private static let pollInterval: UInt64 = 1_000_000
  /// Instructions between two looks at the host's clock, which guest time follows: what a guest can
  /// at least do between two ticks, and little enough for a host to do in their period.
  private static let hostSlice: UInt64 = 100_000

  /// Runs the guest until it ends or a limit is reached.
  ///
  /// One turn: fire due alarms, see whether the machine is to stop, exchange console data, then
  /// execute up to the next deadline, or skip to it when the CPU waits.
  public func run(_ limits: RunLimits = RunLimits()) throws -> RunOutcome {
    let cpu = cpus[0]
    observeCPUs()
    let host = HostClock(guestTime: cpu.time)
    var nextPoll: UInt64 = 0
    let lines = lines
    for line in lines { line.start() }
    defer { for line in lines { line.flush() } }
    while true {
      clock.advance(to: cpu.time)
      clock.runDueAlarms()
      if let outcome = try endOfRun() { return outcome }
      if stopper.isStopRequested { return .interrupted }
      if let limit = limits.instructions, cpu.instructionCount >= limit {
        return .instructionLimit
      }
      if let limit = limits.time, clock.now >= limit { return .timeLimit }
      if clock.now >= nextPoll || cpu.isWaiting {
        nextPoll = clock.now &+ Self.pollInterval
        southBridge.poll()
        for console in consoles { console.poll() }
        if stopCondition() { return .interrupted }
      }

      if cpu.isWaiting {
        let isDeaf = lines.allSatisfy(\.inputHasEnded)
        // The time limit counts where nothing can wake the guest before.
        let limit = isDeaf || clock.nextDeadline != nil ? limits.time : nil
        guard let wake = [clock.nextDeadline, limit].compactMap(\.self).min() else {
          if isDeaf { return .idleForever }
          // Only input can wake the guest, so its time passes as the host's does.
          cpu.skip(to: min(host.waitForInput(lines, from: clock.now), limits.time ?? .max))
          continue
        }
        cpu.skip(to: configuration.clock == .host ? host.wait(until: wake, lines) : wake)
        continue
      }
      let now = clock.now
      let untilPoll = nextPoll > now ? nextPoll - now : 1
      var budget = configuration.clock == .host ? Self.hostSlice : untilPoll
      if let deadline = clock.nextDeadline { budget = min(budget, max(deadline, now + 1) - now) }
      if let limit = limits.time { budget = min(budget, limit - now) }
      if let limit = limits.instructions { budget = min(budget, limit - cpu.instructionCount) }
      if trace.enabled.contains(.instructions) {
        traceStep(cpu)
      } else {
        cpu.run(budget: Int(clamping: budget))
      }
      if configuration.clock == .host {
        cpu.skip(to: host.time(upTo: clock.nextDeadline))
        host.catchUp(with: cpu.time)
      }
    }
  }

  /// Why the run is over, if it is. A reset request is carried out here.
  private func endOfRun() throws -> RunOutcome? {
    if let value = exit.value { return .testResult(value) }
    if exit.hasPanicked { return .panicked(panicRecorders.lazy.compactMap(\.panicLine).first) }
    if let reason = cpus[0].deadEnd { return .deadEnd(reason) }
    guard let request = bus.haltRequest else { return nil }
    guard request != 0 else { return .poweredOff }
    try reset()
    return nil
  }
}

/// The host's clock as guest time, so that a guest runs no faster than the world.
struct HostClock {
  /// How far guest time may stay behind the host's, in nanoseconds.
  static let largestLag: UInt64 = 1_000_000_000
  /// How far it may run ahead: the host may execute instructions in less than a nanosecond each, and
  /// does not sleep for less than some microseconds.
  static let largestLead: UInt64 = 1_000_000

  private let start = DispatchTime.now()
  private let offset: UInt64

  /// Guest time goes on from `guestTime`, now.
  init(guestTime: UInt64) { offset = guestTime }

  /// Guest time by the host's clock, in nanoseconds.
  var guestTime: UInt64 {
    offset &+ (DispatchTime.now().uptimeNanoseconds &- start.uptimeNanoseconds)
  }

  /// Where a busy guest's time goes on: at the host's time, but not past a deadline, so that ticks
  /// come late instead of becoming one when the host takes longer than their period for a slice. A host
  /// that is slower for good still loses ticks, as guest time lags no further than ``largestLag``.
  func time(upTo deadline: UInt64?) -> UInt64 { Self.time(upTo: deadline, host: guestTime) }

  /// The same for any time of the host.
  static func time(upTo deadline: UInt64?, host: UInt64) -> UInt64 {
    max(min(host, deadline ?? host), host - min(host, largestLag))
  }

  /// Sleeps until a busy guest is ahead no more, if it is by more than ``largestLead``.
  func catchUp(with time: UInt64) {
    let microseconds = Self.sleep(until: time, host: guestTime)
    if microseconds > 0 { usleep(microseconds) }
  }

  /// The microseconds of that sleep, a tenth of a second at most.
  static func sleep(until time: UInt64, host: UInt64) -> UInt32 {
    guard time > host, time - host > largestLead else { return 0 }
    return UInt32(min((time - host) / 1000, 100_000))
  }

  /// Sleeps until `wake`, input, or a tenth of a second; answers the time then, at most `wake`.
  func wait(until wake: UInt64, _ lines: [any CharacterEndpoint]) -> UInt64 {
    let now = guestTime
    guard wake > now else { return wake }
    let milliseconds = (wake - now) / 1_000_000
    if milliseconds > 0 {
      lines.waitForInput(milliseconds: Int(min(milliseconds, 100)))
    } else {
      // A guest that ticks 1024 times a second always waits less than a millisecond.
      usleep(UInt32((wake - now) / 1000))
    }
    return min(wake, guestTime)
  }

  /// Sleeps until there is input, at most a tenth of a second; answers `time` plus that.
  func waitForInput(_ lines: [any CharacterEndpoint], from time: UInt64) -> UInt64 {
    let before = guestTime
    lines.waitForInput(milliseconds: 100)
    return time &+ (guestTime &- before)
  }
}
