internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A terminal in raw mode, which gets its former mode back however the process ends.
final class TerminalMode {
  private let descriptor: Int32
  private var former: termios
  private var isRaw = true

  /// Makes the terminal raw, or gives nil where that is not possible.
  init?(makingRaw descriptor: Int32) {
    var former = termios()
    guard unsafe tcgetattr(descriptor, &former) == 0 else { return nil }
    var raw = former
    unsafe cfmakeraw(&raw)
    // The host's own messages end lines with a bare newline; keep those readable.
    raw.c_oflag |= tcflag_t(OPOST)
    guard unsafe tcsetattr(descriptor, TCSADRAIN, &raw) == 0 else { return nil }
    self.descriptor = descriptor
    self.former = former
    TerminalRescue.arm(descriptor, former: former, raw: raw)
  }

  /// Gives the former mode back, once.
  func restore() {
    guard isRaw else { return }
    isRaw = false
    unsafe tcsetattr(descriptor, TCSADRAIN, &former)
    TerminalRescue.disarm()
  }

  /// Gives the terminal back that is raw, if any is.
  static func giveBack() { TerminalRescue.giveBack() }

  /// Whether the terminal has changed its size since the last call.
  static func takeSizeChange() -> Bool {
    TerminalRescue.hasChangedSize.exchange(false, ordering: .relaxed)
  }
}

/// Gives the terminal back when the process ends by `exit`, a signal or a crash.
///
/// A signal handler has no context: what it needs can only lie in static storage. It is written
/// before the handlers are installed, and the handlers call async-signal-safe functions only.
///
/// On a terminal, Swift's runtime handles crashes already: it prints a backtrace, and asks for a key.
/// So our handlers come first and then give way to what was there.
private enum TerminalRescue {
  nonisolated(unsafe) static var descriptor: Int32 = -1
  nonisolated(unsafe) static var former = termios()
  nonisolated(unsafe) static var raw = termios()
  nonisolated(unsafe) static var isInstalled = false
  /// What was in force before, by signal number.
  nonisolated(unsafe) static var formerActions: [65 of sigaction] = .init(repeating: sigaction())
  /// Set by SIGWINCH.
  static let hasChangedSize = Atomic<Bool>(false)

  /// Signals that end the process unless it ignores them.
  static let endings = [
    SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGPIPE, SIGTERM,
  ]

  static func arm(_ terminal: Int32, former: termios, raw: termios) {
    unsafe Self.former = former
    unsafe Self.raw = raw
    unsafe descriptor = terminal
    guard unsafe !isInstalled else { return }
    unsafe isInstalled = true
    atexit { TerminalRescue.giveBack() }
    for ending in endings {
      // A stack that has overflowed can be the reason, so not there.
      install(ending, flags: SA_NODEFER | SA_ONSTACK) { number in
        TerminalRescue.giveBack()
        unsafe sigaction(number, &TerminalRescue.formerActions[Int(number)], nil)
        raise(number)
        // The runtime comes back here, so that a fault repeats itself. A signal does not.
        signal(number, SIG_DFL)
        raise(number)
      }
    }
    // After a stop, the shell has put its own mode in place.
    install(SIGCONT, flags: SA_RESTART) { _ in
      if unsafe TerminalRescue.descriptor >= 0 {
        unsafe tcsetattr(TerminalRescue.descriptor, TCSANOW, &TerminalRescue.raw)
      }
    }
    hasChangedSize.store(false, ordering: .relaxed)
    install(SIGWINCH, flags: SA_RESTART) { _ in
      TerminalRescue.hasChangedSize.store(true, ordering: .relaxed)
    }
  }

  static func disarm() { unsafe descriptor = -1 }

  static func giveBack() {
    if unsafe descriptor >= 0 { unsafe tcsetattr(descriptor, TCSANOW, &former) }
  }

  /// Leaves a signal alone that the program ignores.
  private static func install(
    _ number: Int32, flags: Int32, _ handler: @escaping @convention(c) (Int32) -> Void
  ) {
    var former = sigaction()
    guard !HostProcess.ignores(number), unsafe sigaction(number, nil, &former) == 0
    else { return }
    unsafe formerActions[Int(number)] = former
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = handler
    action.sa_flags = flags
    unsafe sigaction(number, &action, nil)
  }
}
