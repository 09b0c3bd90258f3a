import GuestMemory

/// What a driver asks for (VIRTIO 1.2, 5.2.6): the header in front of every request.
struct BlockRequest {
  /// Bytes of the header.
  static let headerSize = 16

  enum Operation: UInt32 {
    case read = 0
    case write = 1
    case flush = 4
    /// What FLUSH was called before 1.0.
    case legacyFlush = 5
    case identify = 8
    case discard = 11
    case writeZeroes = 13
  }

  /// The type as stored, for reports.
  let type: UInt32
  let sector: UInt64

  init(_ bytes: [UInt8]) {
    type = bytes.span.integer(at: 0)
    sector = bytes.span.integer(at: 8)
  }

  /// What the type asks for; nil for what this device does not know. Bit 31 is the legacy barrier
  /// flag, which a device that serves requests in order may ignore.
  var operation: Operation? { Operation(rawValue: type & 0x7FFF_FFFF) }
}

extension BlockRequest: CustomStringConvertible {
  /// Operation and sector, for reports.
  var description: String {
    "\(operation.map { "\($0)" } ?? "request type \(type)") at sector \(sector)"
  }
}

/// The answer in the last writable byte.
enum BlockStatus: UInt8 {
  case ok = 0
  case ioError = 1
  case unsupported = 2
}

/// One range of a DISCARD or WRITE_ZEROES request.
struct BlockSegment {
  static let byteCount = 16

  let sector: UInt64
  let sectorCount: UInt32
  let flags: UInt32

  init(_ bytes: [UInt8], at offset: Int) {
    sector = bytes.span.integer(at: offset)
    sectorCount = bytes.span.integer(at: offset + 8)
    flags = bytes.span.integer(at: offset + 12)
  }

  /// The only flag: zeroed space may go back to the host.
  var mayUnmap: Bool { flags & 1 != 0 }
}
