internal import SystemPackage

/// Why an NBD server could not be used, or did not do what it was asked.
public enum NBDFault: Error, Equatable, Sendable {
  /// The name that stands for an export breaks the rules of such names.
  case badLocation(String)
  /// The host refused an operation on the socket, such as "connect to its server".
  case host(operation: String, errno: Int32)
  /// There is no address for this host.
  case unresolved(host: String, reason: String)
  /// The negotiation failed: what the server wants or lacks.
  case refused(String)
  /// The server broke the protocol; nothing that it says can be trusted any more.
  case violation(String)
  /// The server answered a command with an error, and perhaps with words.
  case failed(command: NBDCommand, NBDError, message: String)
  /// The server closed the connection.
  case disconnected
  /// The server made no progress for this long.
  case stalled(seconds: Int)

  /// Whether the connection is of no more use.
  var isFatal: Bool {
    if case .failed = self { false } else { true }
  }
}

/// An error number of the protocol ("Error values").
public struct NBDError: RawRepresentable, Hashable, Sendable {
  /// The number: that of Linux, on every host.
  public var rawValue: UInt32

  /// Wraps a number.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// NBD_ENOSPC.
  public static let noSpace = NBDError(rawValue: 28)
  /// NBD_ENOTSUP.
  public static let notSupported = NBDError(rawValue: 95)
}

extension NBDFault: CustomStringConvertible {
  /// The fault in words.
  public var description: String {
    switch self {
    case .badLocation(let what):
      what
    case .host(let operation, let errno):
      "cannot \(operation): \(Errno(rawValue: errno))"
    case .unresolved(let host, let reason):
      "cannot find host \"\(escaped(host))\": \(reason)"
    case .refused(let what):
      what
    case .violation(let what):
      "its server breaks the NBD protocol: \(what)"
    case .failed(let command, let error, let message):
      "its server could not \(command): \(error)"
        + (message.isEmpty ? "" : " (\"\(message)\")")
    case .disconnected:
      "its server closed the connection"
    case .stalled(let seconds):
      "its server did not answer for \(seconds) s"
    }
  }
}

extension NBDError: CustomStringConvertible {
  /// The error in words.
  public var description: String {
    switch rawValue {
    case 1: "not permitted"
    case 5: "input/output error"
    case 12: "out of memory"
    case 22: "invalid request"
    case 28: "no space left"
    case 75: "request too big"
    case 95: "not supported"
    case 108: "server is shutting down"
    default: "error \(rawValue)"
    }
  }
}
