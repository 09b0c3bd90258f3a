public import Console

/// Where a console ends on the host.
public enum ConsoleTarget: Hashable, Sendable, CustomStringConvertible {
  /// Standard input and output.
  case stdio
  /// Nowhere.
  case none
  /// Output into a file of this name, no input.
  case file(String)
  /// A listening UNIX-domain socket of this name.
  case unix(String)

  /// The forms that ``init(_:)`` knows.
  public static let forms = "stdio, file:PATH, unix:PATH or none"

  /// Reads one of the ``forms``; nil for anything else.
  public init?(_ text: String) {
    switch text {
    case "stdio": self = .stdio
    case "none": self = .none
    case _ where text.hasPrefix("file:") && text.utf8.count > 5:
      self = .file(String(text.dropFirst(5)))
    case _ where text.hasPrefix("unix:") && text.utf8.count > 5:
      self = .unix(String(text.dropFirst(5)))
    default: return nil
    }
  }

  /// The form that ``init(_:)`` reads.
  public var description: String {
    switch self {
    case .stdio: "stdio"
    case .none: "none"
    case .file(let path): "file:\(path)"
    case .unix(let path): "unix:\(path)"
    }
  }

  /// Opens the host's end. ``CharacterEndpoint/start()`` takes it over.
  public func open() throws(ConsoleError) -> any CharacterEndpoint {
    switch self {
    case .stdio: TerminalEndpoint()
    case .none: NullEndpoint()
    case .file(let path): try FileEndpoint(path: path)
    case .unix(let path): try SocketEndpoint(path: path)
    }
  }
}
