/// The one clock of the machine, in nanoseconds of guest time, and the deadlines that devices set.
///
/// The run loop moves ``now``; nothing in a device ever sleeps. A device registers an alarm once and
/// arms it at an absolute time; when the time has come, the run loop calls ``runDueAlarms()``.
public final class VirtualClock {
  /// Names one registered alarm.
  public struct Alarm: Hashable, Sendable {
    fileprivate let index: Int
  }

  private struct Entry {
    let name: String
    let fire: () -> Void
    var deadline: UInt64?
  }

  private var entries: [Entry] = []

  /// Nanoseconds since the machine was switched on. Set by the run loop, never backwards.
  public private(set) var now: UInt64 = 0

  /// The earliest armed deadline.
  public private(set) var nextDeadline: UInt64?

  /// Called when arming or disarming has changed ``nextDeadline``, so that a running CPU can stop
  /// in time.
  public var deadlineDidChange: (() -> Void)?

  /// A clock at time zero.
  public init() {}

  /// Adds an alarm, not armed. `name` identifies it in saved state and must be unique.
  public func register(_ name: String, _ fire: @escaping () -> Void) -> Alarm {
    entries.append(Entry(name: name, fire: fire, deadline: nil))
    return Alarm(index: entries.count - 1)
  }

  /// The last time at which an alarm can fire, 146 years of guest time. A guest may ask for any
  /// time; with this end, skipping to a deadline never leads where sums with `now` overflow.
  public static let end: UInt64 = 1 << 62

  /// Arms `alarm` at an absolute time, replacing an earlier deadline. A past time fires at once
  /// when the run loop next looks; one behind ``end`` never comes.
  public func arm(_ alarm: Alarm, at deadline: UInt64) {
    entries[alarm.index].deadline = deadline <= Self.end ? deadline : nil
    refresh()
  }

  /// Takes the deadline away.
  public func disarm(_ alarm: Alarm) {
    guard entries[alarm.index].deadline != nil else { return }
    entries[alarm.index].deadline = nil
    refresh()
  }

  /// When `alarm` will fire, if armed.
  public func deadline(of alarm: Alarm) -> UInt64? { entries[alarm.index].deadline }

  /// Moves time forward; a time in the past is ignored.
  public func advance(to time: UInt64) { now = max(now, time) }

  /// Fires every alarm whose time has come, earliest first, ties in order of registration. An alarm
  /// that re-arms itself in the past waits for the next call, so this always ends.
  public func runDueAlarms() {
    guard let first = nextDeadline, first <= now else { return }
    let due = entries.indices
      .compactMap { index in entries[index].deadline.map { (deadline: $0, index: index) } }
      .filter { $0.deadline <= now }
      .sorted { ($0.deadline, $0.index) < ($1.deadline, $1.index) }
    for (deadline, index) in due where entries[index].deadline == deadline {
      entries[index].deadline = nil
      entries[index].fire()
    }
    refresh()
  }

  private func refresh() {
    let earliest = entries.compactMap(\.deadline).min()
    guard earliest != nextDeadline else { return }
    nextDeadline = earliest
    deadlineDidChange?()
  }
}

extension VirtualClock {
  /// The clock as plain data.
  public struct Saved: Codable, Equatable, Sendable {
    /// Nanoseconds since power-on.
    public var now: UInt64
    /// Armed deadlines by alarm name.
    public var deadlines: [String: UInt64]
  }

  /// The time and the armed deadlines.
  public func save() -> Saved {
    var deadlines: [String: UInt64] = [:]
    for entry in entries { deadlines[entry.name] = entry.deadline }
    return Saved(now: now, deadlines: deadlines)
  }

  /// Restores time and deadlines; names that no device registered, and times behind ``end``, are
  /// refused.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    let known = Set(entries.map(\.name))
    if let stranger = saved.deadlines.keys.sorted().first(where: { !known.contains($0) }) {
      throw RestoreFault("clock: no device has an alarm named '\(stranger)'")
    }
    guard saved.now <= Self.end, saved.deadlines.values.allSatisfy({ $0 <= Self.end }) else {
      throw RestoreFault("clock: a time lies behind \(Self.end) ns, the last there can be")
    }
    now = saved.now
    for index in entries.indices { entries[index].deadline = saved.deadlines[entries[index].name] }
    refresh()
  }
}
