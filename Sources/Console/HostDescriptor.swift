#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// One open file, terminal, pipe or socket of the host: thin wrappers of the POSIX calls.
final class HostDescriptor {
  /// What reading gave.
  enum ReadResult: Equatable {
    case bytes([UInt8])
    case nothingYet
    case ended
  }

  /// What writing came to.
  enum WriteResult: Equatable {
    case done
    case givenUp
    case failed(Int32)
  }

  private static let pipeBuffer = 4096

  let number: Int32
  private let isOwned: Bool

  /// Takes a descriptor over. An owned one is closed when the wrapper goes.
  init(_ number: Int32, isOwned: Bool) {
    self.number = number
    self.isOwned = isOwned
  }

  deinit { if isOwned { close(number) } }

  /// Opens a file for output, as it is. Several outputs to one file go there in turn: each write goes
  /// to its end.
  convenience init(creating path: String) throws(ConsoleError) {
    let number = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard number >= 0 else { throw .host(operation: "open", path: path, errno: errno) }
    self.init(number, isOwned: true)
  }

  /// Empties a file; what cannot keep anything, such as a FIFO, stays as it is. Answers the error's
  /// number, if there is one.
  func empty() -> Int32? { ftruncate(number, 0) == 0 || errno == EINVAL ? nil : errno }

  var isTerminal: Bool { isatty(number) == 1 }

  /// The size of a terminal; nil for anything else, and where nobody has told the terminal.
  var windowSize: WindowSize? {
    var size = winsize()
    guard unsafe ioctl(number, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
    else { return nil }
    return WindowSize(columns: size.ws_col, rows: size.ws_row)
  }

  /// Reads what is there, without waiting. The descriptor itself may be a blocking one: it can be
  /// shared with other processes, so its mode is not ours to change.
  func readAvailable(limit: Int) -> ReadResult {
    var query = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&query, 1, 0) > 0 else { return .nothingYet }
    guard query.revents & Int16(POLLNVAL) == 0 else { return .ended }
    var code: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      let result = unsafe read(number, buffer.baseAddress, limit)
      if result < 0 { code = errno }
      count = max(0, result)
    }
    if !bytes.isEmpty { return .bytes(bytes) }
    return code == EAGAIN || code == EINTR ? .nothingYet : .ended
  }

  /// Writes everything, waiting as long as the host needs.
  ///
  /// - Parameter isHopeless: asked ten times a second while the host takes nothing; true gives up.
  func writeAll(
    _ bytes: ArraySlice<UInt8>, unless isHopeless: () -> Bool = { false }
  ) -> WriteResult {
    var rest = bytes
    while !rest.isEmpty {
      var query = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
      guard unsafe poll(&query, 1, 100) > 0 else {
        if isHopeless() { return .givenUp }
        continue
      }
      // A pipe that can be written takes this much without waiting (POSIX, PIPE_BUF).
      let piece = rest.prefix(Self.pipeBuffer)
      let written = unsafe piece.withUnsafeBytes { unsafe write(number, $0.baseAddress, $0.count) }
      if written >= 0 {
        rest = rest.dropFirst(written)
      } else if errno != EINTR, errno != EAGAIN {
        return .failed(errno)
      }
    }
    return .done
  }

  /// Suspends the thread until one of the descriptors can be read, for at most `milliseconds`.
  static func wait(for descriptors: [Int32], _ milliseconds: Int) {
    var queries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    _ = unsafe poll(&queries, nfds_t(queries.count), Int32(clamping: max(0, milliseconds)))
  }
}

/// The host's words for an error number.
func hostErrorText(_ code: Int32) -> String {
  guard let text = unsafe strerror(code) else { return "error \(code)" }
  return unsafe String(cString: text)
}
