/// What a serial line can deliver to the machine.
public enum SerialInput: Equatable, Sendable {
  /// One character.
  case byte(UInt8)
  /// The line was held at space for longer than a character.
  case breakCondition
}

/// The host's end of a serial line.
///
/// Everything happens on the machine's thread and nothing here blocks, but ``waitForInput``. The
/// device calls ``send(_:)`` and ``receive()``, which only touch memory; the run loop calls
/// ``service()`` between slices of guest time, and that is where the host is asked.
public protocol CharacterEndpoint: AnyObject {
  /// Takes one byte of the guest's output. It may be kept until ``flush()``.
  func send(_ byte: UInt8)

  /// Hands all kept output to the host.
  func flush()

  /// The next piece of input that ``service()`` has collected, if any.
  func receive() -> SerialInput?

  /// Flushes, and collects the input that the host has ready.
  func service()

  /// Whether no more input can come by itself: there is no source, it has ended, or it only answers
  /// output. An idle guest that has taken all input then waits for ever.
  var inputHasEnded: Bool { get }

  /// Suspends the calling thread until the host has new input for ``service()``, for at most
  /// `milliseconds`. For a run loop that follows the host's clock and has nothing to run.
  func waitForInput(milliseconds: Int)
}

extension CharacterEndpoint {
  /// Nothing is kept.
  public func flush() {}

  /// Flushes; the host has nothing to ask.
  public func service() { flush() }

  /// There is nothing to be woken by, so this only lets the time pass.
  public func waitForInput(milliseconds: Int) { HostDescriptor.wait(for: [], milliseconds) }
}

/// A line with nothing at the other end.
public final class NullEndpoint: CharacterEndpoint {
  /// An unconnected line.
  public init() {}

  /// Drops the byte.
  public func send(_ byte: UInt8) {}

  /// Never anything.
  public func receive() -> SerialInput? { nil }

  /// Always true.
  public var inputHasEnded: Bool { true }
}
