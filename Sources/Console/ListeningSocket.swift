#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A listening UNIX-domain stream socket; its file goes with it.
final class ListeningSocket {
  private let path: String
  private let descriptor: HostDescriptor

  var number: Int32 { descriptor.number }

  /// Makes the socket, in place of a stale one.
  init(path: String) throws(ConsoleError) {
    var address = try sockaddr_un(path: path)
    try Self.removeStaleSocket(path, &address)
    let descriptor = try Self.makeSocket(path)
    guard unsafe address.with({ unsafe bind(descriptor.number, $0, $1) }) == 0 else {
      throw .host(operation: "make socket", path: path, errno: errno)
    }
    guard listen(descriptor.number, 1) == 0 else {
      let code = errno
      unsafe unlink(path)
      throw .host(operation: "listen on", path: path, errno: code)
    }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { unsafe unlink(path) }

  /// A client that waits to be let in, if any.
  func acceptNow() -> HostDescriptor? {
    var query = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&query, 1, 0) > 0 else { return nil }
    let client = accept(descriptor.number, nil, nil)
    guard client >= 0 else { return nil }
    _ = fcntl(client, F_SETFD, FD_CLOEXEC)
    return HostDescriptor(client, isOwned: true)
  }

  /// Only a socket that refuses connections has lost its owner; everything else stays.
  private static func removeStaleSocket(
    _ path: String, _ address: inout sockaddr_un
  ) throws(ConsoleError) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path: path) }
    let probe = try makeSocket(path)
    guard unsafe address.with({ unsafe connect(probe.number, $0, $1) }) != 0 else {
      throw .socketInUse(path: path)
    }
    guard errno == ECONNREFUSED else {
      throw .host(operation: "try socket", path: path, errno: errno)
    }
    unsafe unlink(path)
  }

  private static func makeSocket(_ path: String) throws(ConsoleError) -> HostDescriptor {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let number = socket(AF_UNIX, type, 0)
    guard number >= 0 else { throw .host(operation: "make socket", path: path, errno: errno) }
    return HostDescriptor(number, isOwned: true)
  }
}

extension HostDescriptor {
  /// What a client did with output.
  enum SendResult {
    case taken(Int)
    case connectionLost
  }

  /// Sends on a socket as much as fits now, without a signal when the other end is gone.
  func sendNow(_ bytes: ArraySlice<UInt8>) -> SendResult {
    let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
    let sent = unsafe bytes.withUnsafeBytes {
      unsafe sendto(number, $0.baseAddress, $0.count, flags, nil, 0)
    }
    if sent >= 0 { return .taken(sent) }
    return errno == EAGAIN || errno == EINTR ? .taken(0) : .connectionLost
  }
}

extension sockaddr_un {
  fileprivate init(path: String) throws(ConsoleError) {
    self.init()
    sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let limit = MemoryLayout.size(ofValue: sun_path) - 1
    guard bytes.count <= limit else { throw .pathTooLong(path: path, limit: limit) }
    unsafe withUnsafeMutableBytes(of: &sun_path) { unsafe $0.copyBytes(from: bytes) }
  }

  fileprivate mutating func with(
    _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    unsafe withUnsafePointer(to: &self) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe call($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}
