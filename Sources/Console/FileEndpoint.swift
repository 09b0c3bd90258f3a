/// A serial line whose output goes to a file, with no input.
public final class FileEndpoint: CharacterEndpoint {
  private static let bufferLimit = 1 << 16

  private let path: String
  private let file: HostDescriptor
  private var buffer: [UInt8] = []

  /// The first error of writing, after which output is dropped.
  public private(set) var failure: ConsoleError?

  /// Creates the file, or empties it.
  public init(path: String) throws(ConsoleError) {
    self.path = path
    file = try HostDescriptor(creating: path)
  }

  deinit { flush() }

  /// Keeps the byte until the buffer is full or flushed.
  public func send(_ byte: UInt8) {
    buffer.append(byte)
    if buffer.count >= Self.bufferLimit { flush() }
  }

  /// Writes what is kept.
  public func flush() {
    guard !buffer.isEmpty else { return }
    if failure == nil, case .failed(let code) = file.writeAll(buffer[...]) {
      failure = .host(operation: "write to", path: path, errno: code)
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Never anything.
  public func receive() -> SerialInput? { nil }

  /// Always true.
  public var inputHasEnded: Bool { true }
}
