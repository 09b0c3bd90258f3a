public import DeviceModel

/// The queues that a driver has notified, served a little later by an alarm of the virtual clock.
///
/// So a device moves data only between two slices of the CPU, at a defined guest time, and a driver
/// may change its DMA windows under a running request, as on hardware.
public final class NotifiedQueues {
  private let clock: VirtualClock
  private let latency: UInt64
  private var alarm: VirtualClock.Alarm?
  private var numbers: Set<Int> = []

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
    alarm = clock.register(name) { [weak self] in
      guard let self else { return }
      for queue in self.all {
        self.numbers.remove(queue)
        if serve(queue) { self.insert(queue) }
      }
    }
  }

  /// The notified queues, ascending.
  public var all: [Int] { numbers.sorted() }

  /// A queue was notified.
  public func insert(_ queue: Int) {
    numbers.insert(queue)
    guard let alarm, clock.deadline(of: alarm) == nil else { return }
    clock.arm(alarm, at: clock.now &+ latency)
  }

  /// Forgets every notification.
  public func reset() {
    numbers = []
    if let alarm { clock.disarm(alarm) }
  }

  /// Takes saved numbers back; the alarm comes with the clock.
  public func restore(_ saved: [Int], of device: any VirtioDevice) throws(RestoreFault) {
    guard saved.allSatisfy(device.queueSizes.indices.contains) else {
      throw RestoreFault(
        "\(device.name): queues \(saved) notified, but the device has \(device.queueSizes.count)")
    }
    numbers = Set(saved)
  }
}
