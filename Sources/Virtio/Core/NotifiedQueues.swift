public import DeviceModel

/// The queues that a driver has notified, served a little later by an alarm of the virtual clock.
///
/// So a device moves data only between two slices of the CPU, at a defined guest time, and a driver
/// may change its DMA windows under a running request, as on hardware.
///
/// A driver chooses how much a request asks for, but not how long the host is kept from looking at
/// its user: an alarm does a bounded amount of work, and the next one goes on.
public final class NotifiedQueues {
  /// The work of one alarm, in bytes moved or what takes about as long.
  public static let budget = 1 << 24

  private let clock: VirtualClock
  private let latency: UInt64
  private var alarm: VirtualClock.Alarm?
  /// What is left of this alarm's budget.
  private var remaining = 0

  /// The notified queues, in the order in which they are served.
  public private(set) var all: [Int] = []

  /// No queue notified.
  ///
  /// - Parameters:
  ///   - name: Unique on the clock; names the alarm in saved state.
  ///   - latency: Nanoseconds between a notification and the service of what it announced.
  ///   - serve: Serves one queue, at most one ring's worth; whether it wants to go on.
  public init(
    _ name: String, clock: VirtualClock, latency: UInt64, serve: @escaping (Int) -> Bool
  ) {
    self.clock = clock
    self.latency = latency
    alarm = clock.register(name) { [weak self] in self?.serveAll(serve) }
  }

  private func serveAll(_ serve: (Int) -> Bool) {
    remaining = Self.budget
    var unfinished: [Int] = []
    for _ in all where hasBudget {
      guard let queue = all.first else { break }
      all.removeFirst()
      if serve(queue) { unfinished.append(queue) }
    }
    for queue in unfinished { insert(queue) }
    if !all.isEmpty { arm() }
  }

  private func arm() {
    guard let alarm, clock.deadline(of: alarm) == nil else { return }
    clock.arm(alarm, at: clock.now &+ latency)
  }

  /// Whether this alarm may begin another request.
  public var hasBudget: Bool { remaining > 0 }

  /// Counts work that is done, which may be more than the budget.
  public func spend(_ work: Int) { remaining -= work }

  /// A queue was notified.
  public func insert(_ queue: Int) {
    if !all.contains(queue) { all.append(queue) }
    arm()
  }

  /// Forgets every notification.
  public func reset() {
    all = []
    if let alarm { clock.disarm(alarm) }
  }

  /// Takes saved numbers back; the alarm comes with the clock.
  public func restore(_ saved: [Int], of device: any VirtioDevice) throws(RestoreFault) {
    guard saved.allSatisfy(device.queueSizes.indices.contains), Set(saved).count == saved.count
    else {
      throw RestoreFault(
        "\(device.name): queues \(saved) notified, but the device has \(device.queueSizes.count)")
    }
    all = saved
  }
}
