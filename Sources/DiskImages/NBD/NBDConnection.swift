#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A stream socket to a server: thin wrappers of the POSIX calls, and how long they wait.
final class NBDConnection: NBDChannel {
  /// How long a server may make no progress unless the caller says otherwise.
  static let patience = Duration.seconds(30)
  /// A server that is busy with its disk may take this many times longer.
  private static let slowFactor = 10
  /// Bytes that count as progress: a server that trickles is as good as one that stands still.
  private static let progressByteCount = 64 << 10

  private let descriptor: Int32
  private let patience: Duration
  private var clock: (start: ContinuousClock.Instant, limit: Duration)
  /// Bytes since the clock was started.
  private var moved = 0
  /// What has come and was not asked for yet is `buffer[buffered]`.
  private var buffer = [UInt8](repeating: 0, count: 64 << 10)
  private var buffered = 0..<0

  /// Takes a connected socket over.
  init(_ descriptor: Int32, patience: Duration = NBDConnection.patience) {
    self.descriptor = descriptor
    self.patience = patience
    clock = (.now, patience)
  }

  /// Connects to a server, at the first of its host's addresses that answers.
  convenience init(
    to address: NBDLocation.Address, patience: Duration = NBDConnection.patience
  ) throws(NBDFault) {
    let socket =
      switch address {
      case .unix(let path): try connectedSocket(path, patience)
      case .tcp(let host, let port): try connectedSocket(host, port, patience)
      }
    self.init(socket, patience: patience)
  }

  deinit { close(descriptor) }

  func startClock(isSlow: Bool) {
    clock = (.now, isSlow ? patience * Self.slowFactor : patience)
    moved = 0
  }

  func send(_ bytes: Span<UInt8>, hasMore: Bool) throws(NBDFault) {
    let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL | (hasMore ? MSG_MORE : 0))
    var done = 0
    while done < bytes.count {
      let sent = unsafe bytes.extracting(done..<bytes.count).withUnsafeBytes {
        unsafe sendto(descriptor, $0.baseAddress, $0.count, flags, nil, 0)
      }
      done += try progress(sent, waitingFor: POLLOUT, "send to its server")
    }
  }

  func receive(into bytes: inout MutableSpan<UInt8>) throws(NBDFault) {
    var done = 0
    while done < bytes.count {
      var rest = bytes._mutatingExtracting(done..<bytes.count)
      if !buffered.isEmpty {
        let count = min(buffered.count, rest.count)
        rest.copy(from: buffer.span.extracting(buffered.prefix(count)))
        buffered = buffered.dropFirst(count)
        done += count
      } else if rest.count >= buffer.count {
        done += try receiveSome(into: &rest)
      } else {
        try fillBuffer()
      }
    }
  }

  private func fillBuffer() throws(NBDFault) {
    var bytes: [UInt8] = []
    swap(&bytes, &buffer)
    defer { swap(&bytes, &buffer) }
    var span = bytes.mutableSpan
    let count = try receiveSome(into: &span)
    buffered = 0..<count
  }

  /// Receives what has come; 0 when that is nothing yet, after a wait.
  private func receiveSome(into bytes: inout MutableSpan<UInt8>) throws(NBDFault) -> Int {
    let count = unsafe bytes.withUnsafeMutableBytes {
      unsafe recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
    }
    guard count != 0 else { throw .disconnected }
    return try progress(count, waitingFor: POLLIN, "receive from its server")
  }

  /// Judges the result of a transfer and answers how many bytes it moved. If it would have to wait,
  /// waits as long as the clock allows.
  private func progress(
    _ result: Int, waitingFor event: Int32, _ operation: String
  ) throws(NBDFault) -> Int {
    guard result < 0 else {
      moved += result
      if moved >= Self.progressByteCount {
        clock.start = .now
        moved = 0
      }
      return result
    }
    switch errno {
    case EINTR: return 0
    case EAGAIN: break
    case EPIPE, ECONNRESET: throw .disconnected
    default: throw .host(operation: operation, errno: errno)
    }
    let rest = clock.limit - clock.start.duration(to: .now)
    guard rest > .zero else { throw .stalled(seconds: Int(clock.limit / .seconds(1))) }
    var query = pollfd(fd: descriptor, events: Int16(event), revents: 0)
    // A moment more than the rest, so that the clock has run out after it.
    _ = unsafe poll(&query, 1, Int32(clamping: Int(rest / .milliseconds(1)) + 1))
    return 0
  }
}

// MARK: - Connecting

/// A socket that is connected to the server at `path`.
private func connectedSocket(_ path: String, _ patience: Duration) throws(NBDFault) -> Int32 {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  let bytes = Array(path.utf8)
  let limit = MemoryLayout.size(ofValue: address.sun_path) - 1
  guard bytes.count <= limit else {
    throw .badLocation("names a socket with a path of more than \(limit) bytes")
  }
  unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
  let socket = try newSocket(AF_UNIX, patience)
  // Every socket address starts as a sockaddr does.
  let result = unsafe withUnsafePointer(to: &address) {
    unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      unsafe connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
  guard result == 0 else { throw connectFault(socket, patience) }
  return socket
}

/// A socket that is connected to the first address of `host` that answers.
private func connectedSocket(
  _ host: String, _ port: UInt16, _ patience: Duration
) throws(NBDFault) -> Int32 {
  var hints = unsafe addrinfo()
  unsafe hints.ai_socktype = streamType
  var list: UnsafeMutablePointer<addrinfo>?
  let code = unsafe getaddrinfo(host, String(port), &hints, &list)
  guard code == 0 else {
    throw .unresolved(host: host, reason: unsafe String(cString: gai_strerror(code)))
  }
  defer { unsafe freeaddrinfo(list) }
  guard let first = unsafe list else {
    throw .unresolved(host: host, reason: "it has no address")
  }
  return try unsafe connectedSocket(first, patience)
}

/// A socket that is connected to the first address of a list that answers: one of a family that the
/// host lacks, such as IPv6, must not keep from the next.
///
/// - Parameter first: lives, with all that it leads to, until the call is over.
@unsafe func connectedSocket(
  _ first: UnsafeMutablePointer<addrinfo>, _ patience: Duration
) throws(NBDFault) -> Int32 {
  let address = unsafe first.pointee
  do throws(NBDFault) {
    let socket = try newSocket(unsafe address.ai_family, patience)
    guard unsafe connect(socket, address.ai_addr, address.ai_addrlen) == 0 else {
      throw connectFault(socket, patience)
    }
    // Requests are small and must not wait for each other.
    var on: Int32 = 1
    _ = unsafe setsockopt(
      socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    return socket
  } catch {
    guard let next = unsafe address.ai_next else { throw error }
    return try unsafe connectedSocket(next, patience)
  }
}

private let streamType = Int32(SOCK_STREAM.rawValue)

/// A socket whose connection attempt takes no longer than `patience`.
private func newSocket(_ family: Int32, _ patience: Duration) throws(NBDFault) -> Int32 {
  let number = socket(family, streamType | Int32(SOCK_CLOEXEC.rawValue), 0)
  guard number >= 0 else { throw .host(operation: "make a socket", errno: errno) }
  var limit = timeval(
    tv_sec: Int(patience.components.seconds),
    tv_usec: Int(patience.components.attoseconds / 1_000_000_000_000))
  // On Linux this bounds connect(2) too.
  _ = unsafe setsockopt(
    number, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  return number
}

/// Why the last connect(2) failed; its socket is closed.
private func connectFault(_ socket: Int32, _ patience: Duration) -> NBDFault {
  let number = errno
  close(socket)
  return [EAGAIN, EINPROGRESS].contains(number)
    ? .stalled(seconds: Int(patience / .seconds(1)))
    : .host(operation: "connect to its server", errno: number)
}
