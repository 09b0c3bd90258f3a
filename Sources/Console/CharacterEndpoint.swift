/// What a serial line can deliver to the machine.
public enum SerialInput: Equatable, Sendable {
  /// One character.
  case byte(UInt8)
  /// The line was held at space for longer than a character.
  case breakCondition
}

/// The host's end of a serial line.
///
/// Everything happens on the machine's thread. The device calls ``send(_:)`` and ``receive()``;
/// ``service()`` is called between slices of guest time, and that is where the host is asked for
/// input. Nothing here waits, except output for a pipe or terminal whose reader is slow: it makes the
/// guest wait too.
public protocol CharacterEndpoint: AnyObject {
  /// Takes the host's end over, before the guest runs: a file is emptied, a terminal becomes raw.
  /// Until then the host's end is as it was found, so that whatever goes wrong first costs nothing.
  /// Once more has no effect.
  func start()

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

  /// The descriptors that become readable when ``service()`` has something new to do. A run loop that
  /// has nothing to run waits for them.
  var wakeSources: [Int32] { get }

  /// Whether somebody is at the other end.
  var isConnected: Bool { get }

  /// The first error of writing, after which output is dropped.
  var failure: ConsoleError? { get }

  /// Asked while the host takes no output; true drops it.
  var isHopeless: () -> Bool { get set }

  /// Whether output can be taken without loss. A device that can make its guest wait does so until
  /// it can.
  var acceptsOutput: Bool { get }

  /// The size of the window that shows the output, as last seen by ``service()``; nil where there is
  /// none.
  var windowSize: WindowSize? { get }
}

extension CharacterEndpoint {
  /// There is nothing to take over.
  public func start() {}

  /// Nothing is kept.
  public func flush() {}

  /// Flushes; the host has nothing to ask.
  public func service() { flush() }

  /// There is nothing to be woken by.
  public var wakeSources: [Int32] { [] }

  /// Nothing fails.
  public var failure: ConsoleError? { nil }

  /// Nothing waits.
  public var isHopeless: () -> Bool {
    get { { false } }
    set {}
  }

  /// Always: it is the host itself.
  public var isConnected: Bool { true }

  /// Always.
  public var acceptsOutput: Bool { true }

  /// Nothing shows the output.
  public var windowSize: WindowSize? { nil }
}

extension [any CharacterEndpoint] {
  /// Suspends the calling thread until one of the lines can have new input, for at most
  /// `milliseconds`.
  public func waitForInput(milliseconds: Int) {
    HostDescriptor.wait(for: flatMap(\.wakeSources), milliseconds)
  }
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

  /// Never.
  public var isConnected: Bool { false }
}
