/// A serial line on a listening stream socket of the host (`unix:PATH`), for one client at a time.
///
/// Output before a client comes, or that a slow client has not taken yet, is kept up to a limit;
/// beyond it the oldest is dropped, so that no guest has to wait. When a client leaves, the next can
/// connect.
public final class SocketEndpoint: CharacterEndpoint {
  private static let limit = 1 << 16
  /// Room for what a device still has under way when ``acceptsOutput`` turns false.
  private static let outputLimit = 1 << 20

  private let listener: ListeningSocket
  private var client: HostDescriptor?
  /// Whether the client still reads. One that only came to type something may be gone already, and
  /// what it typed is there all the same; the output then waits for the next client.
  private var takesOutput = false
  private var input = ByteQueue(limit: SocketEndpoint.limit)
  private var output = ByteQueue(limit: SocketEndpoint.outputLimit)

  /// Listens on a new socket at `path`. A socket that nobody listens on any more is replaced;
  /// anything else there is an error.
  public init(path: String) throws(ConsoleError) { listener = try ListeningSocket(path: path) }

  /// Whether somebody is connected.
  public var isConnected: Bool { client != nil }

  /// While the client keeps up. Without one, what is too old is dropped.
  public var acceptsOutput: Bool {
    client == nil || !takesOutput || output.count < Self.limit
  }

  /// Keeps the byte for the client.
  public func send(_ byte: UInt8) { output.append(droppingOldest: byte) }

  /// Gives the client what it takes now.
  public func flush() {
    guard let client, takesOutput, !output.isEmpty else { return }
    switch client.sendNow(output.contents) {
    case .taken(let count): output.removeFirst(count)
    case .connectionLost: takesOutput = false
    }
  }

  /// The next byte that ``service()`` has collected.
  public func receive() -> SerialInput? { input.popFirst().map(SerialInput.byte) }

  /// Lets a client in, gives it output, and collects its input.
  public func service() {
    if client == nil {
      client = listener.acceptNow()
      takesOutput = client != nil
    }
    flush()
    guard let client, input.space > 0 else { return }
    switch client.readAvailable(limit: min(input.space, 4096)) {
    case .nothingYet: break
    case .ended: self.client = nil
    case .bytes(let bytes): for byte in bytes { input.append(droppingOldest: byte) }
    }
  }

  /// Never, as another client can come.
  public var inputHasEnded: Bool { false }

  /// The client, or the socket where one can come.
  public var wakeSources: [Int32] {
    input.space == 0 ? [] : [client?.number ?? listener.number]
  }
}
