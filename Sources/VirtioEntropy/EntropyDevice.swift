public import DeviceModel
import GuestMemory
public import Virtio

/// A virtio entropy device (VIRTIO 1.2, 5.4): one queue, whose buffers it fills with random bytes.
public final class EntropyDevice: VirtioDevice {
  /// Most bytes of one answer. A device may fill less than the buffer (5.4.6.2); the driver asks
  /// again.
  static let answerLimit = 4096
  /// Nanoseconds between a notification and its service.
  static let latency: UInt64 = 20_000

  /// The name in reports.
  public let name: String
  /// Entropy source.
  public var type: VirtioDeviceType { .entropy }
  /// There are none of this device type.
  public var features: VirtioFeatures { [] }
  /// The request queue.
  public let queueSizes: [UInt16] = [64]
  /// There is none.
  public let configuration: [UInt8] = []
  /// Where the bytes come from.
  public let source: EntropySource

  private var seeded: SeededBytes?
  private let trace: DeviceTrace
  private weak var core: VirtioCore?
  private var notifiedQueues: NotifiedQueues?

  /// A device named `name`, unique in the machine.
  public init(_ name: String, source: EntropySource, clock: VirtualClock, trace: DeviceTrace) {
    self.name = name
    self.source = source
    self.trace = trace
    if case .seed(let seed) = source { seeded = SeededBytes(state: seed) }
    notifiedQueues = NotifiedQueues(name, clock: clock, latency: Self.latency) {
      [weak self] queue in self?.serve(queue) ?? false
    }
  }

  // MARK: Life

  /// Keeps the way to memory and queues.
  public func attach(to core: VirtioCore) { self.core = core }

  /// Nothing depends on the features.
  public func start() {}

  /// Ignored: there is no configuration.
  public func writeConfiguration(_ bytes: [UInt8], at offset: Int) {}

  /// Forgets the driver. The sequence goes on: what one driver got, the next does not get again.
  public func reset() { notifiedQueues?.reset() }

  // MARK: Service

  /// Serves the queue a little later.
  public func notified(queue: Int) { notifiedQueues?.insert(queue) }

  private func serve(_ queue: Int) -> Bool {
    core?.serve(queue: queue) { chain throws(QueueFault) in self.fill(&chain) } ?? false
  }

  /// Fills one buffer and says how far.
  private func fill(_ chain: inout DescriptorChain) -> UInt32 {
    if chain.readable.remaining > 0 {
      warn("readable buffer", "a buffer of a request is readable; only writable ones are filled")
    }
    if chain.writable.remaining == 0 {
      warn("empty request", "a request has no writable byte: nothing can be answered")
    }
    do throws(DMAFault) {
      _ = try chain.writable.write(
        bytes(min(chain.writable.remaining, Self.answerLimit)).span)
    } catch {
      // The way to memory has reported the fault itself; only what it cannot know is added.
      if let hint = core?.hint(for: error) { warn("address", "\(error.address): \(hint)") }
    }
    return UInt32(chain.writable.written)
  }

  /// The next random bytes, at most ``answerLimit``.
  private func bytes(_ count: Int) -> [UInt8] {
    var host = SystemRandomNumberGenerator()
    var bytes: [UInt8] = []
    while bytes.count < count {
      let word = seeded?.next() ?? host.next()
      for index in 0..<min(8, count - bytes.count) {
        bytes.append(UInt8(truncatingIfNeeded: word >> (8 * index)))
      }
    }
    return bytes
  }

  private func warn(_ kind: String, _ message: @autoclosure () -> String) {
    trace.warn(name, kind: kind, message())
  }
}

// MARK: - Saved state

extension EntropyDevice: Snapshotting {
  /// What the transport and the clock do not save.
  public struct Saved: Codable, Equatable, Sendable {
    /// Where the sequence of a seed stands; nil for the host's numbers.
    public var sequence: UInt64?
    /// Notified queues, the next one first.
    public var notified: [Int]
  }

  /// Version 1.
  public static var savedVersion: Int { 1 }

  /// The present state.
  public func save() -> Saved {
    Saved(sequence: seeded?.state, notified: notifiedQueues?.all ?? [])
  }

  /// Restores the state; the alarm comes with the clock.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    guard (saved.sequence == nil) == (seeded == nil) else {
      throw RestoreFault(
        "\(name): saved with \(saved.sequence == nil ? "the host's numbers" : "a seed"), "
          + "but the device has \(seeded == nil ? "the host's numbers" : "a seed")")
    }
    try notifiedQueues?.restore(saved.notified, of: self)
    seeded = saved.sequence.map(SeededBytes.init)
  }
}
