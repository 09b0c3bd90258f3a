import Glibc

/// The other end of pipes, terminals and sockets: thin wrappers of POSIX calls for the tests.
enum HostCalls {
  static func makePipe() -> (reader: Int32, writer: Int32)? {
    var ends: [Int32] = [-1, -1]
    return unsafe pipe(&ends) == 0 ? (ends[0], ends[1]) : nil
  }

  static func makeFifo(_ path: String) -> Bool { unsafe mkfifo(path, 0o600) == 0 }

  static func openForBoth(_ path: String) -> Int32 { unsafe open(path, O_RDWR | O_NOCTTY) }

  static func put(_ text: String, to descriptor: Int32) -> Bool {
    let bytes = Array(text.utf8)
    return unsafe write(descriptor, bytes, bytes.count) == bytes.count
  }

  /// A new terminal: the side of the user, and the side of the program.
  static func makeTerminal() -> (user: Int32, program: Int32, path: String)? {
    let (getNumber, setLock): (UInt, UInt) = (0x8004_5430, 0x4004_5431)  // TIOCGPTN, TIOCSPTLCK
    let user = openForBoth("/dev/ptmx")
    var number: UInt32 = 0
    var lock: Int32 = 0
    guard user >= 0, unsafe ioctl(user, getNumber, &number) == 0,
      unsafe ioctl(user, setLock, &lock) == 0
    else { return nil }
    let path = "/dev/pts/\(number)"
    let program = openForBoth(path)
    return program >= 0 ? (user, program, path) : nil
  }

  static func resize(_ terminal: Int32, columns: UInt16, rows: UInt16) -> Bool {
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    return unsafe ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0
  }

  static func localFlags(of terminal: Int32) -> tcflag_t {
    var mode = termios()
    unsafe tcgetattr(terminal, &mode)
    return mode.c_lflag
  }

  /// A socket connected to a listening one, or bound to a new path.
  static func makeSocket(connectedTo path: String) -> Int32? {
    unsafe makeSocket(path) { unsafe connect($0, $1, $2) }
  }

  static func makeSocket(boundTo path: String) -> Int32? {
    unsafe makeSocket(path) { unsafe bind($0, $1, $2) }
  }

  private static func makeSocket(
    _ path: String, _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32? {
    let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) {
      unsafe $0.copyBytes(from: Array(path.utf8))
    }
    let result = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe call(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    return result == 0 ? number : nil
  }
}
