/// What has come so far of the reply to one request.
struct NBDReply {
  /// Most errors and most separate stretches of data in one reply: what an honest server stays far
  /// below, and what a hostile one cannot make a burden.
  private static let errorLimit = 16
  private static let stretchLimit = 1024

  let request: NBDRequest
  /// The first error.
  private(set) var failure: NBDFault?
  private(set) var extents: NBDExtents?
  private var errorCount = 0
  /// Which bytes of a read have come, in order, neighbours together.
  private var covered: [Range<UInt64>] = []

  init(to request: NBDRequest) { self.request = request }

  /// The server could not do it.
  mutating func fail(_ error: NBDError, message: String) throws(NBDFault) {
    errorCount += 1
    guard error.rawValue != 0, errorCount <= Self.errorLimit else {
      throw .violation("an error of number 0, or more than \(Self.errorLimit) in one reply")
    }
    failure = failure ?? .failed(command: request.command, error, message: message)
  }

  /// Where a chunk's content belongs, which must lie in the request.
  func range(at offset: UInt64, byteCount: Int) throws(NBDFault) -> Range<UInt64> {
    let (end, overflow) = offset.addingReportingOverflow(UInt64(byteCount))
    guard request.command == .read, !overflow, byteCount > 0, offset >= request.offset,
      end <= request.range.upperBound
    else {
      throw .violation(
        "\(byteCount) bytes at \(offset) answer a request to \(request.command) "
          + "\(request.byteCount) bytes at \(request.offset)")
    }
    return offset..<end
  }

  /// Notes that these bytes have come, for the first time.
  mutating func cover(_ range: Range<UInt64>) throws(NBDFault) {
    let next = covered.firstIndex { $0.upperBound >= range.lowerBound } ?? covered.count
    var merged = range
    var end = next
    while end < covered.count, covered[end].lowerBound <= range.upperBound {
      guard !covered[end].overlaps(range) else {
        throw .violation("the same bytes at \(range.lowerBound) come twice in one reply")
      }
      merged =
        min(
          merged.lowerBound, covered[end].lowerBound)..<max(
          merged.upperBound, covered[end].upperBound)
      end += 1
    }
    covered.replaceSubrange(next..<end, with: CollectionOfOne(merged))
    guard covered.count <= Self.stretchLimit else {
      throw .violation("one reply is scattered over more than \(Self.stretchLimit) places")
    }
  }

  /// What the server tells about holes.
  mutating func tell(_ extents: NBDExtents) throws(NBDFault) {
    guard request.command == .blockStatus, self.extents == nil else {
      throw .violation("an answer about holes that nobody asked for, or a second one")
    }
    self.extents = extents
  }

  /// Checks a reply that is over: what did not fail is complete.
  func finish() throws(NBDFault) {
    guard failure == nil, request.command == .read else { return }
    guard covered == [request.range] else {
      throw .violation(
        "a reply lacks some of the \(request.byteCount) bytes at \(request.offset)")
    }
  }
}

/// What a server has told about data and holes: stretches side by side, neighbours different.
struct NBDExtents: Equatable {
  /// NBD_STATE_ZERO of `base:allocation`. A hole that does not read zero is as good as data.
  private static let zero: UInt32 = 1 << 1

  private let start: UInt64
  private var runs: [Run] = []

  private struct Run: Equatable {
    var isZero: Bool
    var end: UInt64
  }

  /// Reads the payload of an NBD_REPLY_TYPE_BLOCK_STATUS chunk.
  init(_ payload: [UInt8], of request: NBDRequest, in export: NBDExport) throws(NBDFault) {
    guard let context = payload.bigEndian(at: 0, as: UInt32.self), payload.count % 8 == 4,
      payload.count > 4, context == export.allocationContext
    else { throw .violation("an answer about holes in \(payload.count) bytes, or of others") }
    start = request.offset
    var end = start
    for offset in stride(from: 4, to: payload.count, by: 8) {
      guard let length = payload.bigEndian(at: offset, as: UInt32.self), length > 0,
        let flags = payload.bigEndian(at: offset + 4, as: UInt32.self)
      else { throw .violation("a stretch of no bytes in an answer about holes") }
      // The server may tell more than it was asked.
      end = min(end &+ UInt64(length), export.byteCount)
      guard length.isMultiple(of: export.extentUnit) || end == export.byteCount else {
        throw .violation(
          "a stretch of \(length) bytes in an answer about holes, no whole blocks of "
            + "\(export.extentUnit)")
      }
      let isZero = flags & Self.zero != 0
      if runs.last?.isZero == isZero { runs.removeLast() }
      runs.append(Run(isZero: isZero, end: end))
    }
  }

  /// The stretch that `offset` is in, if it is known.
  func run(at offset: UInt64) -> (isZero: Bool, end: UInt64)? {
    guard offset >= start else { return nil }
    var (low, high) = (0, runs.count)
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].end <= offset { low = middle + 1 } else { high = middle }
    }
    return low < runs.count ? (runs[low].isZero, runs[low].end) : nil
  }
}
