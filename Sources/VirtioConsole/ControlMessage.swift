import Console
import GuestMemory

/// What device and driver tell each other about ports (VIRTIO 1.2, 5.3.6.2).
struct ControlMessage: Equatable {
  /// Bytes of a message without what follows it.
  static let byteCount = 8

  enum Event: UInt16 {
    case deviceReady = 0
    case portAdd = 1
    case portRemove = 2
    case portReady = 3
    case consolePort = 4
    case resize = 5
    case portOpen = 6
    case portName = 7
  }

  var port: UInt32
  var event: UInt16
  var value: UInt16

  /// The message in the first eight bytes.
  init(_ bytes: [UInt8]) {
    port = bytes.span.integer(at: 0)
    event = bytes.span.integer(at: 4)
    value = bytes.span.integer(at: 6)
  }

  /// A message of the device in bytes.
  static func bytes(
    _ event: Event, port: Int, value: UInt16 = 0, followedBy rest: [UInt8] = []
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt32(truncatingIfNeeded: port))
    bytes.append(littleEndian: event.rawValue)
    bytes.append(littleEndian: value)
    return bytes + rest
  }

  /// What follows ``Event/resize``: columns, then rows. Linux before 6.12.31 reads them the other way
  /// round.
  static func bytes(_ size: WindowSize) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: size.columns)
    bytes.append(littleEndian: size.rows)
    return bytes
  }
}
