import Console

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
    func field(_ offset: Int, _ count: Int) -> UInt32 {
      bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
    port = field(0, 4)
    event = UInt16(truncatingIfNeeded: field(4, 2))
    value = UInt16(truncatingIfNeeded: field(6, 2))
  }

  /// A message of the device in bytes.
  static func bytes(
    _ event: Event, port: Int, value: UInt16 = 0, followedBy rest: [UInt8] = []
  ) -> [UInt8] {
    littleEndian(UInt32(truncatingIfNeeded: port)) + littleEndian(event.rawValue)
      + littleEndian(value) + rest
  }

  /// What follows ``Event/resize``: columns, then rows. Linux before 6.12.31 reads them the other way
  /// round.
  static func bytes(_ size: WindowSize) -> [UInt8] {
    littleEndian(size.columns) + littleEndian(size.rows)
  }

  static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
