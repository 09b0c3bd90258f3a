public import GuestMemory

/// How a driver broke the virtqueue protocol. The queue cannot be trusted after any of these; the
/// device answers with DEVICE_NEEDS_RESET (VIRTIO 1.2, 2.1.2).
public enum QueueFault: Error, Equatable, Sendable {
  /// A part of the queue does not start at the alignment the specification demands.
  case misaligned(QueueLayout.Part, BusAddress)
  /// A part of the queue cannot be reached.
  case ring(QueueLayout.Part, DMAFault)
  /// A queue lies in memory neither as a physical nor as a bus address.
  case noView(BusAddress, physical: DMAFault, translated: DMAFault)
  /// The available index moved by more than the queue size, or backwards.
  case indexJump(available: UInt16, next: UInt16, size: UInt16)
  /// An available ring entry names a descriptor outside the table.
  case headOutOfRange(head: UInt16, slot: UInt16, size: UInt16)
  /// A chain was made available again before the driver could have got it back.
  case headOutstanding(head: UInt16)
  /// A descriptor continues outside its table.
  case nextOutOfRange(index: UInt16, Descriptor, count: Int, indirect: Bool)
  /// More steps than the table has entries: the chain loops.
  case chainLoops(head: UInt16, limit: Int)
  /// A readable descriptor follows a writable one.
  case readableAfterWritable(index: UInt16, Descriptor)
  /// A chain describes more than 2^32 bytes.
  case chainTooLarge(head: UInt16, byteCount: UInt64)
  /// INDIRECT although the feature was not negotiated.
  case indirectNotNegotiated(index: UInt16, Descriptor)
  /// INDIRECT inside an indirect table.
  case indirectNested(index: UInt16, Descriptor)
  /// INDIRECT together with NEXT.
  case indirectWithNext(index: UInt16, Descriptor)
  /// The length of an indirect table is zero, no multiple of 16, or beyond `limit` entries.
  case indirectLength(index: UInt16, Descriptor, limit: Int)
  /// An indirect table cannot be read.
  case indirectUnreachable(index: UInt16, Descriptor, DMAFault)
  /// The device type cannot answer the request at all.
  case malformedRequest(head: UInt16, reason: String)
  /// The place for the device's answer cannot be written.
  case answerUnreachable(head: UInt16, DMAFault)
}

extension QueueFault {
  /// A constant name of the cause, under which repetitions are counted.
  public var kind: String {
    switch self {
    case .misaligned: "misaligned ring"
    case .ring: "ring unreachable"
    case .noView: "ring unreachable"
    case .indexJump: "available index jump"
    case .headOutOfRange: "head out of range"
    case .headOutstanding: "head outstanding"
    case .nextOutOfRange: "next out of range"
    case .chainLoops: "descriptor loop"
    case .readableAfterWritable: "readable after writable"
    case .chainTooLarge: "chain too large"
    case .indirectNotNegotiated: "indirect not negotiated"
    case .indirectNested: "indirect nested"
    case .indirectWithNext: "indirect with next"
    case .indirectLength: "indirect length"
    case .indirectUnreachable: "indirect unreachable"
    case .malformedRequest: "malformed request"
    case .answerUnreachable: "answer unreachable"
    }
  }
}

extension QueueFault {
  /// The failed access to memory behind the fault, if that was the reason.
  public var dmaFault: DMAFault? {
    switch self {
    case .ring(_, let fault), .indirectUnreachable(_, _, let fault),
      .answerUnreachable(_, let fault):
      fault
    default: nil
    }
  }
}

extension QueueFault: CustomStringConvertible {
  /// What was wrong, with the raw words, and what would be right.
  public var description: String {
    switch self {
    case .misaligned(let part, let address):
      "\(part.rawValue) at \(address) is not a multiple of \(part.alignment) bytes"
    case .ring(let part, let fault):
      "\(part.rawValue) unreachable: \(fault)"
    case .noView(let address, let physical, let translated):
      "address \(address) is no place in memory: as physical, \(physical); as translated, "
        + "\(translated)"
    case .indexJump(let available, let next, let size):
      "available index \(available) is \(available &- next) entries past \(next), "
        + "more than the queue's \(size)"
    case .headOutOfRange(let head, let slot, let size):
      "available ring slot \(slot) names descriptor \(head), but the table has \(size)"
    case .headOutstanding(let head):
      "descriptor \(head) was made available again before it was used"
    case .nextOutOfRange(let index, let descriptor, let count, let indirect):
      "\(indirect ? "indirect " : "")descriptor \(index) \(descriptor) continues outside "
        + "its table of \(count)"
    case .chainLoops(let head, let limit):
      "the chain from descriptor \(head) has more than \(limit) entries: it loops"
    case .readableAfterWritable(let index, let descriptor):
      "descriptor \(index) \(descriptor) is readable after a writable one"
    case .chainTooLarge(let head, let byteCount):
      "the chain from descriptor \(head) describes \(byteCount) bytes, more than 2^32"
    case .indirectNotNegotiated(let index, let descriptor):
      "descriptor \(index) \(descriptor) is indirect, but the driver did not accept "
        + "VIRTIO_F_INDIRECT_DESC"
    case .indirectNested(let index, let descriptor):
      "descriptor \(index) \(descriptor) of an indirect table is itself indirect"
    case .indirectWithNext(let index, let descriptor):
      "descriptor \(index) \(descriptor) is indirect and has a next"
    case .indirectLength(let index, let descriptor, let limit):
      "descriptor \(index) \(descriptor): an indirect table holds 1 to \(limit) entries of 16 bytes"
    case .indirectUnreachable(let index, let descriptor, let fault):
      "indirect table of descriptor \(index) \(descriptor) unreachable: \(fault)"
    case .malformedRequest(let head, let reason):
      "request at descriptor \(head): \(reason)"
    case .answerUnreachable(let head, let fault):
      "request at descriptor \(head): its answer cannot be stored: \(fault)"
    }
  }
}
