import Foundation
import Glibc
import Testing

/// The program on a terminal, at the firmware's prompt.
@Suite("Terminal", .enabled(if: Program.isBuilt, Program.missing))
struct TerminalTests {
  /// The user's side of a terminal on which the program runs.
  final class Session {
    let process = Process()
    private let user: Int32
    private var seen = ""
    let formerMode: termios

    /// - Parameter backtrace: what Swift's runtime does at a crash; on a terminal it would ask for a
    ///   key first.
    init(_ arguments: [String], backtrace: String) throws {
      let user = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
      var number: UInt32 = 0
      var lock: Int32 = 0
      let (getNumber, setLock): (UInt, UInt) = (0x8004_5430, 0x4004_5431)  // TIOCGPTN, TIOCSPTLCK
      let isReady = ioctl(user, getNumber, &number) == 0 && ioctl(user, setLock, &lock) == 0
      try #require(isReady)
      let program = FileHandle(
        fileDescriptor: open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC),
        closeOnDealloc: true)
      self.user = user
      formerMode = Self.mode(user)
      // A job in the background ignores some signals, and its children would, too.
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = ["--default-signal", Program.path] + arguments
      process.environment = ProcessInfo.processInfo.environment
        .merging(["SWIFT_BACKTRACE": backtrace]) { $1 }
      process.standardInput = program
      process.standardOutput = program
      process.standardError = program
      try process.run()
    }

    deinit {
      if process.isRunning { process.terminate() }
      close(user)
    }

    private static func mode(_ terminal: Int32) -> termios {
      var mode = termios()
      tcgetattr(terminal, &mode)
      return mode
    }

    /// Whether keys come one by one, Ctrl-C among them.
    var isRaw: Bool { Self.mode(user).c_lflag & tcflag_t(ICANON | ISIG | ECHO) == 0 }

    var hasFormerMode: Bool {
      let mode = Self.mode(user)
      return mode.c_lflag == formerMode.c_lflag && mode.c_iflag == formerMode.c_iflag
        && mode.c_oflag == formerMode.c_oflag
    }

    /// Reads until the text has come; false when it does not within a minute.
    func sees(_ text: String) -> Bool {
      let end = Date(timeIntervalSinceNow: 60)
      while !seen.contains(text) {
        var query = pollfd(fd: user, events: Int16(POLLIN), revents: 0)
        guard Date() < end, poll(&query, 1, 1000) >= 0 else { return false }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = query.revents & Int16(POLLIN) != 0 ? read(user, &bytes, bytes.count) : 0
        guard count > 0 || process.isRunning else { return false }
        seen += String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
      }
      seen = ""
      return true
    }

    /// Waits for the end of the program, at most a minute, and gives its status.
    func ending() -> Int32? {
      let end = Date(timeIntervalSinceNow: 60)
      while process.isRunning, Date() < end { usleep(10_000) }
      guard !process.isRunning else {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        return nil
      }
      return process.terminationStatus
    }

    func type(_ text: String) {
      let bytes = Array(text.utf8)
      #expect(write(user, bytes, bytes.count) == bytes.count)
    }
  }

  private func atPrompt(backtrace: String = "enable=no") throws -> Session {
    let session = try Session(
      ["run", "--firmware", "firmware/built/breakwater-palcode.elf"], backtrace: backtrace)
    #expect(session.sees(">>>"))
    #expect(session.isRaw)
    return session
  }

  @Test("Ctrl-A h lists the keys, Ctrl-A x leaves with status 130 and the terminal as it was")
  func keys() throws {
    let session = try atPrompt()
    session.type("\u{3}\u{1}h")
    #expect(session.sees("leave the emulator"))
    session.type("\u{1}x")
    #expect(session.sees("interrupted"))
    #expect(session.ending() == 130)
    #expect(session.hasFormerMode)
  }

  @Test(
    "A signal that ends the program gives the terminal back",
    arguments: [SIGQUIT, SIGILL, SIGABRT, SIGBUS, SIGSEGV])
  func fatalSignal(_ signal: Int32) throws {
    let session = try atPrompt()
    kill(session.process.processIdentifier, signal)
    #expect(session.ending() == signal)
    #expect(session.process.terminationReason == .uncaughtSignal)
    #expect(session.hasFormerMode)
  }

  @Test("A crash that Swift's runtime reports gives the terminal back, too")
  func backtrace() throws {
    let session = try atPrompt(
      backtrace: "enable=yes,interactive=no,color=no,symbolicate=off,output-to=stderr")
    kill(session.process.processIdentifier, SIGSEGV)
    #expect(session.sees("Backtrace took"))
    #expect(session.ending() == SIGSEGV)
    #expect(session.hasFormerMode)
  }

  @Test("SIGTERM and the terminal's end stop a run in good order", arguments: [SIGTERM, SIGHUP])
  func terminate(signal: Int32) throws {
    let session = try atPrompt()
    kill(session.process.processIdentifier, signal)
    #expect(session.sees("interrupted"))
    #expect(session.ending() == 130)
    #expect(session.hasFormerMode)
  }

  @Test("A terminal stays as it is while a FIFO waits for its reader")
  func waitingFIFO() async throws {
    let directory = try TemporaryDirectory()
    let (fifo, socket) = (directory.file("fifo"), directory.file("socket"))
    #expect(mkfifo(fifo, 0o600) == 0)
    let session = try Session(
      ["run", "--virtio-console", "unix:\(socket),port=a:file:\(fifo)"], backtrace: "enable=no")
    // Made before the FIFO is opened.
    for _ in 0..<6000 where !FileManager.default.fileExists(atPath: socket) { usleep(10_000) }
    #expect(!session.isRaw)
    kill(session.process.processIdentifier, SIGINT)
    #expect(session.ending() == SIGINT)
  }

  @Test("A progress bar goes away before an error is printed")
  func progressBar() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("cut.gz")
    let made = try await Program.run(
      "/bin/sh", ["-ec", "head -c 8000000 /dev/urandom | gzip -1 | head -c 7000000 > \(path)"])
    #expect(made.status == 0, "\(made.errors)")
    let session = try Session(["image", "info", path], backtrace: "enable=no")
    #expect(session.sees("\r\u{1B}[Kbreakwater: "))
    #expect(session.ending() == 1)
  }
}
