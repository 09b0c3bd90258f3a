public import Console

/// A port beside the console, which the guest finds by its name.
public struct NamedPort {
  /// The name: 1 to 64 visible ASCII characters without `/`. Linux links `/dev/virtio-ports/NAME`.
  public var name: String
  /// The host's end.
  public var line: any CharacterEndpoint

  /// A port.
  public init(_ name: String, _ line: any CharacterEndpoint) {
    self.name = name
    self.line = line
  }
}

/// One port as the device sees it.
struct ConsolePort {
  /// Most bytes of input that wait here for a buffer; the rest waits in the line.
  static let inputLimit = 1 << 14

  /// Messages that the driver has not got yet. Each kind waits at most once, so a driver that gives
  /// no buffers cannot pile them up.
  struct Messages: OptionSet, Sendable, Codable {
    let rawValue: UInt8
    static let add = Messages(rawValue: 1)
    static let console = Messages(rawValue: 2)
    static let name = Messages(rawValue: 4)
    static let open = Messages(rawValue: 8)
    static let resize = Messages(rawValue: 16)
    static let all: Messages = [.add, .console, .name, .open, .resize]
  }

  /// Empty for the console.
  let name: String
  let line: any CharacterEndpoint

  /// Taken from the line, not yet in guest memory.
  var input: [UInt8] = []
  /// Whether the driver has taken the port (PORT_READY).
  var isReady = false
  /// Whether a program of the guest has the port open.
  var isGuestOpen = false
  /// What the driver knows of ``CharacterEndpoint/isConnected``.
  var isHostOpen = false
  /// Whether output waits in the queue for the line.
  var isStalled = false
  var messages: Messages = []

  var isConsole: Bool { name.isEmpty }

  init(name: String, line: any CharacterEndpoint) {
    self.name = name
    self.line = line
  }

  /// Forgets the driver. What was typed stays for the next one.
  mutating func reset() {
    isReady = false
    isGuestOpen = false
    isHostOpen = false
    isStalled = false
    messages = []
  }

  /// Takes what the line has, as far as it fits. A break has no meaning here.
  mutating func collectInput() {
    while input.count < Self.inputLimit, let piece = line.receive() {
      if case .byte(let byte) = piece { input.append(byte) }
    }
  }
}
