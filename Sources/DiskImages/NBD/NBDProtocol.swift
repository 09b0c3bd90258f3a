/// The words of the NBD protocol. Section names are those of "The NBD protocol" (doc/proto.md of the
/// NetworkBlockDevice project); all integers are big-endian.
enum NBDMagic {
  /// NBDMAGIC: how every server begins.
  static let server: UInt64 = 0x4E42_444D_4147_4943
  /// IHAVEOPT: newstyle negotiation, and each option in it.
  static let options: UInt64 = 0x4948_4156_454F_5054
  /// Oldstyle negotiation.
  static let oldstyle: UInt64 = 0x0000_4202_8186_1253
  static let optionReply: UInt64 = 0x0003_E889_0455_65A9
  static let request: UInt32 = 0x2560_9513
  static let simpleReply: UInt32 = 0x6744_6698
  static let structuredReply: UInt32 = 0x668E_33EF
}

/// What a client asks for in the negotiation ("Option types").
enum NBDOption: UInt32 {
  case exportName = 1
  case abort = 2
  case list = 3
  case go = 7
  case structuredReply = 8
  case setMetaContext = 10

  /// The option with its data.
  func encoded(_ data: [UInt8] = []) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendBigEndian(NBDMagic.options)
    bytes.appendBigEndian(rawValue)
    bytes.appendBigEndian(UInt32(data.count))
    return bytes + data
  }
}

/// What a server says to an option ("Option reply types").
struct NBDOptionReply: Equatable {
  /// Bytes before the payload: magic, option, type and length.
  static let headerByteCount = 20
  /// Longest payload taken: a name, a description and some numbers.
  static let payloadLimit = 3 * NBDLocation.nameLimit

  static let acknowledgement: UInt32 = 1
  static let server: UInt32 = 2
  static let info: UInt32 = 3
  static let metaContext: UInt32 = 4
  private static let errorBit: UInt32 = 1 << 31
  static let unsupported = errorBit + 1
  static let tlsRequired = errorBit + 5
  static let unknownExport = errorBit + 6

  var type: UInt32
  var payload: [UInt8]

  var isError: Bool { type & Self.errorBit != 0 }

  /// An error reply in words.
  var errorText: String {
    let reason =
      switch type {
      case Self.unsupported: "does not know the request"
      case Self.errorBit + 2: "does not allow it"
      case Self.errorBit + 3: "calls the request invalid"
      case Self.errorBit + 4: "cannot do it on its platform"
      case Self.tlsRequired: "wants TLS, which is not implemented"
      case Self.unknownExport: "has no such export"
      case Self.errorBit + 7: "is shutting down"
      case Self.errorBit + 8: "wants to tell its block sizes"
      case Self.errorBit + 9: "finds the request too big"
      default: "answers \(hexadecimal(UInt64(type)))"
      }
    let message = printable(payload[...])
    return reason + (message.isEmpty ? "" : " (\"\(message)\")")
  }

  /// The length of the payload that follows a header, which must answer `option`.
  static func payloadByteCount(
    _ header: [UInt8], answering option: NBDOption
  ) throws(NBDFault) -> (type: UInt32, byteCount: Int) {
    guard let magic = header.bigEndian(at: 0, as: UInt64.self),
      let echo = header.bigEndian(at: 8, as: UInt32.self),
      let type = header.bigEndian(at: 12, as: UInt32.self),
      let length = header.bigEndian(at: 16, as: UInt32.self)
    else { throw .violation("a reply to an option is cut short") }
    guard magic == NBDMagic.optionReply else {
      throw .violation("a reply to an option starts with \(hexadecimal(magic))")
    }
    guard echo == option.rawValue else {
      throw .violation("option \(option.rawValue) is answered with a reply to option \(echo)")
    }
    guard length <= payloadLimit else {
      throw .violation("a reply to an option has \(length) bytes; \(payloadLimit) are possible")
    }
    return (type, Int(length))
  }
}

/// What a server tells about an export ("Transmission flags").
struct NBDTransmissionFlags: OptionSet {
  let rawValue: UInt16

  static let hasFlags = Self(rawValue: 1 << 0)
  static let readOnly = Self(rawValue: 1 << 1)
  static let sendFlush = Self(rawValue: 1 << 2)
  static let sendTrim = Self(rawValue: 1 << 5)
  static let sendWriteZeroes = Self(rawValue: 1 << 6)
}

/// What a client asks for once it has an export ("Request types").
public enum NBDCommand: UInt16, Sendable {
  /// NBD_CMD_READ.
  case read = 0
  /// NBD_CMD_WRITE.
  case write = 1
  /// NBD_CMD_DISC.
  case disconnect = 2
  /// NBD_CMD_FLUSH.
  case flush = 3
  /// NBD_CMD_TRIM.
  case trim = 4
  /// NBD_CMD_WRITE_ZEROES.
  case writeZeroes = 6
  /// NBD_CMD_BLOCK_STATUS.
  case blockStatus = 7
}

extension NBDCommand: CustomStringConvertible {
  /// What the server is to do.
  public var description: String {
    switch self {
    case .read: "read"
    case .write: "write"
    case .disconnect: "disconnect"
    case .flush: "make the data durable"
    case .trim: "discard"
    case .writeZeroes: "write zeroes"
    case .blockStatus: "tell data from holes"
    }
  }
}

/// One request of the transmission phase; a write's payload follows it.
struct NBDRequest: Equatable {
  /// NBD_CMD_FLAG_NO_HOLE: zeroes that keep their space.
  static let noHole: UInt16 = 1 << 1

  var command: NBDCommand
  var flags: UInt16 = 0
  var cookie: UInt64
  var offset: UInt64 = 0
  var byteCount: UInt32 = 0

  var range: Range<UInt64> { offset..<offset + UInt64(byteCount) }

  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendBigEndian(NBDMagic.request)
    bytes.appendBigEndian(flags)
    bytes.appendBigEndian(command.rawValue)
    bytes.appendBigEndian(cookie)
    bytes.appendBigEndian(offset)
    bytes.appendBigEndian(byteCount)
    return bytes
  }
}

/// The start of a reply of the transmission phase.
enum NBDReplyHeader: Equatable {
  /// Bytes that tell the kinds apart; a chunk's length follows them.
  static let byteCount = 16

  /// A whole reply, but for the data of a read.
  case simple(error: UInt32, cookie: UInt64)
  /// One of the chunks of a structured reply.
  case chunk(type: UInt16, isLast: Bool, cookie: UInt64)

  /// NBD_REPLY_FLAG_DONE.
  private static let done: UInt16 = 1

  /// The number of the request.
  var cookie: UInt64 {
    switch self {
    case .simple(_, let cookie), .chunk(_, _, let cookie): cookie
    }
  }

  init(_ bytes: [UInt8]) throws(NBDFault) {
    guard let magic = bytes.bigEndian(at: 0, as: UInt32.self),
      let error = bytes.bigEndian(at: 4, as: UInt32.self),
      let cookie = bytes.bigEndian(at: 8, as: UInt64.self)
    else { throw .violation("a reply is cut short") }
    switch magic {
    case NBDMagic.simpleReply: self = .simple(error: error, cookie: cookie)
    case NBDMagic.structuredReply:
      let flags = UInt16(truncatingIfNeeded: error >> 16)
      self = .chunk(
        type: UInt16(truncatingIfNeeded: error), isLast: flags & Self.done != 0, cookie: cookie)
    default: throw .violation("a reply starts with \(hexadecimal(UInt64(magic)))")
    }
  }
}

/// Types of the chunks of a structured reply ("Structured reply types").
enum NBDChunk {
  static let none: UInt16 = 0
  static let offsetData: UInt16 = 1
  static let offsetHole: UInt16 = 2
  static let blockStatus: UInt16 = 5
  static let errorBit: UInt16 = 1 << 15
  /// Longest payload of an error: number, length, message, and an offset or what else comes.
  static let errorLimit = 6 + NBDLocation.nameLimit + 64
  /// Most extents that are taken from one answer, as other clients do.
  static let extentLimit = 1 << 17
}

/// Text of a server for one line: bounded, with control characters spelt out.
func printable(_ bytes: ArraySlice<UInt8>) -> String {
  let text = escaped(String(decoding: bytes.prefix(256), as: UTF8.self))
  return bytes.count > 256 ? text + "..." : text
}
