/// The transmission phase: requests out, replies in ("Transmission phase").
///
/// A big transfer is several requests, of which some are under way at once; their replies may come
/// in any order. Each call returns when all its requests have been answered, so that a reply never
/// meets another call's buffers.
struct NBDTransmission {
  /// Most bytes of a request that carries data, its blocks allowing.
  static let pieceLimit: UInt32 = 256 << 10
  /// Most bytes of a request that carries none: work that a server does in a moment.
  static let rangeLimit: UInt32 = 128 << 20
  /// Requests under way at once: their own bytes fit any socket, so that none waits for a reply.
  static let window = 16

  let export: NBDExport
  private let channel: any NBDChannel
  private var nextCookie: UInt64 = 1
  private var pending: [UInt64: NBDReply] = [:]

  init(_ channel: any NBDChannel, _ export: NBDExport) {
    self.channel = channel
    self.export = export
  }

  /// Reads whole blocks inside the export.
  mutating func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(NBDFault) {
    try perform(
      .read, offset..<offset + UInt64(bytes.count), pieces: Self.pieceLimit, from: [UInt8]().span,
      into: &bytes)
  }

  /// Writes whole blocks inside the export.
  mutating func write(at offset: UInt64, from bytes: Span<UInt8>) throws(NBDFault) {
    var nothing = MutableSpan<UInt8>()
    try perform(
      .write, offset..<offset + UInt64(bytes.count), pieces: Self.pieceLimit, from: bytes,
      into: &nothing)
  }

  /// Discards or zeroes whole blocks inside the export.
  mutating func change(
    _ command: NBDCommand, flags: UInt16 = 0, _ range: Range<UInt64>
  ) throws(NBDFault) {
    var nothing = MutableSpan<UInt8>()
    try perform(
      command, flags: flags, range, pieces: Self.rangeLimit, from: [UInt8]().span, into: &nothing)
  }

  /// Returns once all that was written is durable.
  mutating func flush() throws(NBDFault) { _ = try performAlone(.flush, 0..<0) }

  /// Where data and holes are, from the start of some whole blocks on.
  mutating func blockStatus(_ range: Range<UInt64>) throws(NBDFault) -> NBDExtents {
    let limit = UInt64(UInt32.max & ~(export.blockSizes.minimum - 1))
    let end = min(range.upperBound, range.lowerBound + limit)
    let reply = try performAlone(.blockStatus, range.lowerBound..<end)
    guard let extents = reply.extents else {
      throw .violation("an answer about holes tells nothing")
    }
    return extents
  }

  /// Takes leave; the server has nothing to answer.
  func disconnect() {
    channel.startClock(isSlow: false)
    try? channel.send(NBDRequest(command: .disconnect, cookie: 0).encoded)
  }

  // MARK: - Requests

  /// Sends a range piece by piece and waits for all replies, also after one has failed.
  private mutating func perform(
    _ command: NBDCommand, flags: UInt16 = 0, _ range: Range<UInt64>, pieces limit: UInt32,
    from payload: Span<UInt8>, into destination: inout MutableSpan<UInt8>
  ) throws(NBDFault) {
    let pieceSize = export.blockSizes.piece(atMost: limit)
    var next = range.lowerBound
    var failure: NBDFault?
    channel.startClock(isSlow: command.isSlow)
    while next < range.upperBound || !pending.isEmpty {
      while next < range.upperBound, pending.count < Self.window {
        let end = min(next + pieceSize, range.upperBound)
        let first = Int(next - range.lowerBound)
        let piece = command == .write ? first..<Int(end - range.lowerBound) : 0..<0
        try send(command, flags: flags, next..<end, payload.extracting(piece))
        next = end
      }
      if let reply = try receiveMessage(into: &destination, at: range.lowerBound),
        let fault = reply.failure
      {
        failure = failure ?? fault
        next = range.upperBound
      }
    }
    if let failure { throw failure }
  }

  /// Sends one request that carries no data either way and waits for its reply.
  private mutating func performAlone(
    _ command: NBDCommand, _ range: Range<UInt64>
  ) throws(NBDFault) -> NBDReply {
    var nothing = MutableSpan<UInt8>()
    channel.startClock(isSlow: command.isSlow)
    try send(command, flags: 0, range, [UInt8]().span)
    while true {
      guard let reply = try receiveMessage(into: &nothing, at: 0) else { continue }
      if let fault = reply.failure { throw fault }
      return reply
    }
  }

  private mutating func send(
    _ command: NBDCommand, flags: UInt16, _ range: Range<UInt64>, _ payload: Span<UInt8>
  ) throws(NBDFault) {
    let request = NBDRequest(
      command: command, flags: flags, cookie: nextCookie, offset: range.lowerBound,
      byteCount: UInt32(range.upperBound - range.lowerBound))
    nextCookie &+= 1
    try channel.send(request.encoded, hasMore: !payload.isEmpty)
    if !payload.isEmpty { try channel.send(payload, hasMore: false) }
    pending[request.cookie] = NBDReply(to: request)
  }

  // MARK: - Replies

  /// Receives a simple reply or a chunk, with a read's data, and answers the reply that it completes.
  ///
  /// - Parameter start: where in the export the first byte of `destination` is.
  private mutating func receiveMessage(
    into destination: inout MutableSpan<UInt8>, at start: UInt64
  ) throws(NBDFault) -> NBDReply? {
    let header = try NBDReplyHeader(try channel.receive(NBDReplyHeader.byteCount))
    guard var reply = pending[header.cookie] else {
      throw .violation("a reply to request \(header.cookie), which is not under way")
    }
    let isLast: Bool
    switch header {
    case .simple(let error, _):
      isLast = true
      if error != 0 {
        try reply.fail(NBDError(rawValue: error), message: "")
      } else if reply.request.command == .read {
        guard !export.hasStructuredReplies else {
          throw .violation("data in a simple reply, though structured ones were agreed on")
        }
        try receiveData(reply.request.range, for: &reply, into: &destination, at: start)
      }
    case .chunk(let type, let last, _):
      isLast = last
      guard export.hasStructuredReplies else {
        throw .violation("a structured reply, though none was agreed on")
      }
      try receiveChunk(type, isLast: last, for: &reply, into: &destination, at: start)
    }
    guard isLast else {
      pending[header.cookie] = reply
      return nil
    }
    pending[header.cookie] = nil
    try reply.finish()
    channel.startClock(isSlow: reply.request.command.isSlow)
    return reply
  }

  private func receiveChunk(
    _ type: UInt16, isLast: Bool, for reply: inout NBDReply,
    into destination: inout MutableSpan<UInt8>, at start: UInt64
  ) throws(NBDFault) {
    let length = Int(try channel.receive(UInt32.self))
    switch type {
    case NBDChunk.none:
      guard length == 0, isLast else {
        throw .violation("an empty chunk of \(length) bytes, or before the last")
      }
    case NBDChunk.offsetData where length > 8:
      let offset: UInt64 = try channel.receive()
      let range = try reply.range(at: offset, byteCount: length - 8)
      try receiveData(range, for: &reply, into: &destination, at: start)
    case NBDChunk.offsetHole where length == 12:
      let offset: UInt64 = try channel.receive()
      let count: UInt32 = try channel.receive()
      let range = try reply.range(at: offset, byteCount: Int(count))
      try reply.cover(range)
      var piece = destination._mutatingExtracting(
        Int(range.lowerBound - start)..<Int(range.upperBound - start))
      piece.update(repeating: 0)
    case NBDChunk.blockStatus where length <= 4 + 8 * NBDChunk.extentLimit:
      try reply.tell(NBDExtents(try channel.receive(length), of: reply.request, in: export))
    case _ where type & NBDChunk.errorBit != 0 && (6...NBDChunk.errorLimit).contains(length):
      let payload = try channel.receive(length)
      guard let error = payload.bigEndian(at: 0, as: UInt32.self),
        let count = payload.bigEndian(at: 4, as: UInt16.self), Int(count) <= length - 6
      else { throw .violation("an error's message is longer than its chunk") }
      try reply.fail(
        NBDError(rawValue: error), message: printable(payload.dropFirst(6).prefix(Int(count))))
    default:
      throw .violation("a chunk of type \(type) with \(length) bytes")
    }
  }

  /// Receives data of the export to its place in `destination`.
  private func receiveData(
    _ range: Range<UInt64>, for reply: inout NBDReply,
    into destination: inout MutableSpan<UInt8>, at start: UInt64
  ) throws(NBDFault) {
    try reply.cover(range)
    var piece = destination._mutatingExtracting(
      Int(range.lowerBound - start)..<Int(range.upperBound - start))
    try channel.receive(into: &piece)
  }
}

extension NBDCommand {
  /// Whether a server may need long whatever the number of bytes: it may have gigabytes to make
  /// durable, or to zero one by one.
  fileprivate var isSlow: Bool { [.flush, .trim, .writeZeroes].contains(self) }
}
