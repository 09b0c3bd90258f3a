import DiskImages

/// Uses the export of a server that says what an input says.
///
/// Whatever it says: nothing crashes or hangs, and every fault is one line. As long as the server
/// has kept the protocol, its disk is what was read and written.
///
/// An input is a byte of flags, eight requests of five bytes, then what ``NBDFuzzServer`` takes, or
/// all that the server says.
struct NBDFuzz {
  private enum Flag {
    static let serverItself: UInt8 = 1
  }
  private static let requestCount = 8
  /// What is asked of a server that may be of any size.
  private static let requestLimit = 1 << 17

  private let server: NBDFuzzServer
  private let store: any FileStore

  /// Takes an input.
  static func run(_ bytes: [UInt8]) throws(FuzzFinding) {
    var input = FuzzInput(bytes)
    let flags = input.byte()
    var requests = FuzzInput(input.array(requestCount * 5))
    let server = NBDFuzzServer(input, saysAnything: flags & Flag.serverItself != 0)
    var opened: (any FileStore)?
    try attempt("opening", server) { () throws(ImageFault) in
      opened = try ImageOpener.export(over: server, writable: !server.isReadOnly)
    }
    guard let opened else { return }
    let fuzz = NBDFuzz(server: server, store: opened)
    for _ in 0..<requestCount { try fuzz.request(&requests) }
  }

  private func request(_ requests: inout FuzzInput) throws(FuzzFinding) {
    let (kind, place, count) = (requests.byte(), requests.word(), requests.word())
    var size: UInt64 = 0
    try Self.attempt("size", server) { () throws(ImageFault) in size = try store.byteCount() }
    guard size > 0 else { return }
    // Near the start, or anywhere.
    let scale = kind & 0x80 == 0 ? 4 : max(1, size >> 16)
    let offset = UInt64(place) * scale % size
    let length = min(UInt64(count * (kind & 0x40 == 0 ? 1 : 8)), size - offset)
    let range = offset..<offset + min(length, UInt64(Self.requestLimit))
    switch kind & 7 {
    case 0, 1: try read(range)
    case 2: try write(range, seed: kind)
    case 3: try attempt { () throws(ImageFault) in _ = try store.punchHole(range) }
    case 4: try attempt { () throws(ImageFault) in try store.writeZeroes(range) }
    case 5: try attempt { () throws(ImageFault) in _ = try store.discard(range) }
    case 6: try attempt { () throws(ImageFault) in try store.flush() }
    default: try status(offset, size)
    }
    guard [3, 4].contains(kind & 7) else { return }
    try read(range)
  }

  private func attempt(_ body: () throws(ImageFault) -> Void) throws(FuzzFinding) {
    try Self.attempt("request", server, body)
  }

  private func read(_ range: Range<UInt64>) throws(FuzzFinding) {
    var bytes = [UInt8](repeating: 0xEE, count: range.count)
    var count = 0
    let isRead = try Self.attempt("read", server) { () throws(ImageFault) in
      var span = bytes.mutableSpan
      count = try store.read(at: range.lowerBound, into: &span)
    }
    guard isRead, server.isHonest else { return }
    guard count == range.count, bytes.elementsEqual(server.disk[ints(range)]) else {
      throw FuzzFinding("\(range) was not read as the server has it")
    }
  }

  private func write(_ range: Range<UInt64>, seed: UInt8) throws(FuzzFinding) {
    let bytes = (0..<range.count).map { UInt8(truncatingIfNeeded: $0) ^ seed }
    let isWritten = try Self.attempt("write", server) { () throws(ImageFault) in
      try store.write(at: range.lowerBound, from: bytes.span)
    }
    guard isWritten, server.isHonest else { return }
    guard bytes.elementsEqual(server.disk[ints(range)]) else {
      throw FuzzFinding("\(range) was not written")
    }
  }

  private func status(_ offset: UInt64, _ size: UInt64) throws(FuzzFinding) {
    var run = (isData: true, end: size)
    let isKnown = try Self.attempt("status", server) { () throws(ImageFault) in
      run = try store.run(at: offset)
    }
    guard isKnown else { return }
    guard run.end > offset, run.end <= size else {
      throw FuzzFinding("a run at \(offset) of \(size) bytes ends at \(run.end)")
    }
    guard server.isHonest, !run.isData else { return }
    guard server.disk[ints(offset..<run.end)].allSatisfy({ $0 == 0 }) else {
      throw FuzzFinding("\(offset)..<\(run.end) is called zero and is not")
    }
  }

  private func ints(_ range: Range<UInt64>) -> Range<Int> {
    Int(range.lowerBound)..<Int(range.upperBound)
  }

  /// Runs `body`, whose fault must be one line. A server that has not failed is no reason for one.
  @discardableResult
  private static func attempt(
    _ what: String, _ server: NBDFuzzServer, _ body: () throws(ImageFault) -> Void
  ) throws(FuzzFinding) -> Bool {
    do {
      try body()
      return true
    } catch {
      let line = try FuzzFinding.line(of: error)
      if case .readOnly = error.cause, server.isReadOnly { return false }
      if server.isHonest, !server.hasFailed { throw FuzzFinding("\(what): \(line)") }
      return false
    }
  }
}
