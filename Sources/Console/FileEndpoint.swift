/// A serial line whose output goes to a file, with no input.
public final class FileEndpoint: CharacterEndpoint {
  private static let bufferLimit = 1 << 16

  private let name: String
  private let file: HostDescriptor
  private var buffer: [UInt8] = []

  /// The first error of writing, after which output is dropped.
  public private(set) var failure: ConsoleError?

  /// Asked while nobody takes the output, as of a FIFO; true drops it, and all that follows.
  public var isHopeless: () -> Bool = { false }
  private var hasGivenUp = false

  /// Whether the file is ours to write; what is sent before is kept.
  private var hasStarted: Bool

  /// Creates the file, or opens one, which ``start()`` empties.
  public init(path: String) throws(ConsoleError) {
    name = path
    file = try HostDescriptor(creating: path)
    hasStarted = false
  }

  /// Writes to an open descriptor, which stays open; errors name it so.
  public init(descriptor: Int32, name: String) {
    self.name = name
    file = HostDescriptor(descriptor, isOwned: false)
    hasStarted = true
  }

  deinit { flush() }

  /// Empties the file, and lets output into it. Several endpoints of one file start before any is
  /// flushed.
  public func start() {
    guard !hasStarted else { return }
    hasStarted = true
    if let code = file.empty() { failure = .host(operation: "empty", path: name, errno: code) }
  }

  /// Keeps the byte until the buffer is full or flushed.
  public func send(_ byte: UInt8) {
    buffer.append(byte)
    if buffer.count >= Self.bufferLimit { flush() }
  }

  /// Writes what is kept, once the endpoint has started.
  public func flush() {
    guard hasStarted, !buffer.isEmpty else { return }
    if failure == nil, !hasGivenUp {
      switch file.writeAll(buffer[...], unless: isHopeless) {
      case .done: break
      case .givenUp: hasGivenUp = true
      case .failed(let code):
        failure = .host(operation: "write to", path: name, errno: code)
      }
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Never anything.
  public func receive() -> SerialInput? { nil }

  /// Always true.
  public var inputHasEnded: Bool { true }
}
