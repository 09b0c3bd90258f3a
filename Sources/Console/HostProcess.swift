#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// What whoever started this process has left it with.
public enum HostProcess {
  /// Gives closed standard streams to the null device. The first files that are opened would take
  /// their numbers otherwise, and the console's output would go into a disk image.
  public static func openStandardStreams() {
    for number: Int32 in 0...2 where fcntl(number, F_GETFD) < 0 && errno == EBADF {
      _ = unsafe open("/dev/null", O_RDWR)
    }
  }

  /// Whether a signal is ignored: `nohup` does that, and shells for jobs in the background.
  public static func ignores(_ signal: Int32) -> Bool {
    var action = sigaction()
    // SIG_IGN is the number 1.
    return unsafe sigaction(signal, nil, &action) == 0
      && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }

  /// Makes a write into a pipe that nobody reads an error instead of the process's end.
  public static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

  /// Makes a file that would outgrow the shell's limit (`ulimit -f`) an error instead of the
  /// process's end.
  public static func ignoreFileSizeLimit() { signal(SIGXFSZ, SIG_IGN) }
}
