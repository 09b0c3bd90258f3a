@testable import DiskImages

/// A server that has written down beforehand all that it says.
final class ScriptedChannel: NBDChannel {
  private let script: [UInt8]
  private var position = 0
  private(set) var sent: [UInt8] = []

  init(_ script: [UInt8]) { self.script = script }

  /// Bytes that nobody has asked for.
  var rest: Int { script.count - position }

  func startClock(isSlow: Bool) {}

  func send(_ bytes: Span<UInt8>, hasMore: Bool) throws(NBDFault) {
    for index in bytes.indices { sent.append(bytes[index]) }
  }

  func receive(into bytes: inout MutableSpan<UInt8>) throws(NBDFault) {
    guard bytes.count <= rest else { throw .disconnected }
    for index in bytes.indices { bytes[index] = script[position + index] }
    position += bytes.count
  }
}

/// What servers say.
enum NBDScript {
  static func bytes(_ values: any FixedWidthInteger...) -> [UInt8] {
    var bytes: [UInt8] = []
    for value in values { bytes.appendBigEndian(value) }
    return bytes
  }

  /// NBDMAGIC, IHAVEOPT and handshake flags.
  static func greeting(flags: UInt16 = 3) -> [UInt8] {
    [UInt8]("NBDMAGICIHAVEOPT".utf8) + bytes(flags)
  }

  static func reply(
    _ option: NBDOption, _ type: UInt32, _ payload: [UInt8] = []
  ) -> [UInt8] {
    bytes(0x0003_E889_0455_65A9 as UInt64, option.rawValue, type, UInt32(payload.count)) + payload
  }

  static func error(_ option: NBDOption, _ number: UInt32, _ text: String = "") -> [UInt8] {
    reply(option, 1 << 31 | number, [UInt8](text.utf8))
  }

  static func exportInfo(_ size: UInt64, flags: UInt16 = 0x6D) -> [UInt8] {
    reply(.go, 3, bytes(0 as UInt16, size, flags))
  }

  static func blockSizes(_ minimum: UInt32, _ preferred: UInt32, _ maximum: UInt32) -> [UInt8] {
    reply(.go, 3, bytes(3 as UInt16, minimum, preferred, maximum))
  }

  /// The whole of a modern server's part in the negotiation.
  static func negotiation(size: UInt64 = 1 << 20, blocks: [UInt8] = []) -> [UInt8] {
    greeting() + reply(.structuredReply, 1)
      + reply(.setMetaContext, 4, bytes(7 as UInt32) + [UInt8]("base:allocation".utf8))
      + reply(.setMetaContext, 1) + exportInfo(size) + blocks + reply(.go, 1)
  }

  static func simple(_ cookie: UInt64, error: UInt32 = 0, _ data: [UInt8] = []) -> [UInt8] {
    bytes(0x6744_6698 as UInt32, error, cookie) + data
  }

  static func chunk(
    _ cookie: UInt64, _ type: UInt16, _ payload: [UInt8] = [], done: Bool = true
  ) -> [UInt8] {
    bytes(0x668E_33EF as UInt32, UInt16(done ? 1 : 0), type, cookie, UInt32(payload.count))
      + payload
  }

  static func data(
    _ cookie: UInt64, at offset: UInt64, _ data: [UInt8], done: Bool = true
  ) -> [UInt8] {
    chunk(cookie, 1, bytes(offset) + data, done: done)
  }

  /// An export as a modern server describes it.
  static func export(
    size: UInt64 = 1 << 20, flags: NBDTransmissionFlags = NBDTransmissionFlags(rawValue: 0x6D),
    minimum: UInt32 = 1, maximum: UInt32? = nil, structured: Bool = true
  ) throws -> NBDExport {
    var export = try NBDExport(
      byteCount: size, flags: flags,
      advertised: NBDBlockSizes(minimum: minimum, maximum: maximum))
    export.hasStructuredReplies = structured
    export.allocationContext = structured ? 7 : nil
    return export
  }
}

/// The fault that `body` throws, if any.
func nbdFault(_ body: () throws -> Void) -> NBDFault? {
  do {
    try body()
    return nil
  } catch {
    return error as? NBDFault
  }
}

extension NBDFault {
  var isViolation: Bool {
    if case .violation = self { true } else { false }
  }
}
