/// Where devices report what happened: warnings that the user always sees, and traces on request.
///
/// A hostile guest can cause the same fault millions of times, so each kind of warning is printed a
/// bounded number of times and counted after that.
public final class DeviceTrace {
  /// What can be traced.
  public enum Category: String, CaseIterable, Sendable {
    /// Instructions with their effects.
    case instructions
    /// Exceptions, interrupts and PAL calls.
    case exceptions
    /// Interrupt lines.
    case interrupts
    /// DMA translations.
    case dma
    /// PCI configuration and base addresses.
    case pci
    /// Virtio registers and queues.
    case virtio
    /// Disk requests.
    case block
    /// Chipset registers.
    case chipset
    /// Port and memory accesses that nothing answers.
    case unclaimed
  }

  /// How often one kind of warning is printed before it is only counted.
  public static let repeatLimit: UInt64 = 8

  /// The categories that are traced.
  public var enabled: Set<Category> = []

  /// Receives warning lines, without a line end.
  public var warningSink: (String) -> Void
  /// Receives trace lines, without a line end.
  public var traceSink: (Category, String) -> Void

  /// Tells whose access is being carried out; ends the lines of ``Category/unclaimed``.
  public var origin: () -> String? = { nil }

  /// How often each kind of warning came up, by `source: kind`.
  public private(set) var counts: [String: UInt64] = [:]

  /// A trace that delivers to the given sinks; without them, everything is only counted.
  public init(
    warningSink: @escaping (String) -> Void = { _ in },
    traceSink: @escaping (Category, String) -> Void = { _, _ in }
  ) {
    self.warningSink = warningSink
    self.traceSink = traceSink
  }

  /// Reports something the user should know: `source` is the device's name, `kind` a short constant
  /// name of the cause under which repetitions are counted.
  public func warn(_ source: String, kind: String, _ message: @autoclosure () -> String) {
    let key = "\(source): \(kind)"
    let count = counts[key, default: 0] &+ 1
    counts[key] = count
    guard count <= Self.repeatLimit else { return }
    warningSink("\(source): \(message())")
    if count == Self.repeatLimit {
      warningSink("\(source): further reports of '\(kind)' are only counted")
    }
  }

  /// Reports one event of a traced category.
  public func trace(_ category: Category, _ message: @autoclosure () -> String) {
    guard enabled.contains(category) else { return }
    let origin = category == .unclaimed ? origin() : nil
    traceSink(category, message() + (origin.map { "; " + $0 } ?? ""))
  }

  /// One line for each kind of warning that came up more often than it was printed.
  public var summary: [String] {
    counts.filter { $0.value > Self.repeatLimit }.sorted { $0.key < $1.key }
      .map { "\($0.key): \($0.value) times in all" }
  }
}
