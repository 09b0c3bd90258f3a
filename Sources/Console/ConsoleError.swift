/// Why a console could not be set up, or stopped working.
public enum ConsoleError: Error, Equatable, CustomStringConvertible {
  /// The host refused an operation on a file, terminal or socket.
  case host(operation: String, path: String, errno: Int32)
  /// The path of a socket does not fit into the host's socket address.
  case pathTooLong(path: String, limit: Int)
  /// Something that is no socket lies where the socket should be made.
  case notASocket(path: String)
  /// Another program listens on the socket.
  case socketInUse(path: String)

  /// One line for the user: what was wrong, where, what would be right.
  public var description: String {
    switch self {
    case .host(let operation, let path, let code):
      "cannot \(operation) \(path): \(hostErrorText(code))"
    case .pathTooLong(let path, let limit):
      "socket path '\(path)' has \(path.utf8.count) bytes; at most \(limit) are possible"
    case .notASocket(let path):
      "'\(path)' exists and is not a socket; remove it or name another path"
    case .socketInUse(let path):
      "another program listens on socket '\(path)'; name another path"
    }
  }
}
