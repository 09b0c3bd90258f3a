internal import Console
internal import Dispatch
internal import Foundation
internal import Synchronization

/// Turns Ctrl-C, SIGTERM and the terminal's end (SIGHUP) into a call, so that work can end in good
/// order. Lasts as long as this object.
private final class SignalWatch {
  private let sources: [any DispatchSourceSignal]
  /// Sets what the signals did before.
  private let restore: () -> Void

  /// Calls `handler` on another thread at each signal.
  init(_ handler: @escaping @Sendable () -> Void) {
    let signals = [SIGINT, SIGTERM] + (HostProcess.ignores(SIGHUP) ? [] : [SIGHUP])
    let earlier = signals.map { ($0, signal($0, SIG_IGN)) }
    restore = { for (number, action) in earlier { signal(number, action) } }
    let registrations = DispatchSemaphore(value: 0)
    sources = signals.map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler(handler: handler)
      source.setRegistrationHandler { registrations.signal() }
      source.resume()
      return source
    }
    // A signal that comes before would be lost.
    for _ in sources { registrations.wait() }
  }

  deinit {
    for source in sources { source.cancel() }
    restore()
  }
}

/// Whether somebody has asked this process to stop.
final class Interruption {
  /// Requests that come together are one: `timeout` signals the process and then its group, and at a
  /// terminal's end the shell passes on what the kernel has sent.
  private static let span = Duration.milliseconds(300)

  private let first = First()
  private let watch: SignalWatch

  private final class First: Sendable {
    let time = Mutex<ContinuousClock.Instant?>(nil)
  }

  /// Starts to watch. Who asks twice does not wait for what is under way, such as the answer of a
  /// server: the process ends at once.
  ///
  /// - Parameters:
  ///   - loss: what is said about that.
  ///   - request: called at every request, on another thread.
  init(
    loss: String = "what was being made, if anything, is not whole",
    request: @escaping @Sendable () -> Void = {}
  ) {
    watch = SignalWatch { [first] in
      request()
      let now = ContinuousClock.now
      let isSecond = first.time.withLock { time in
        let start = time ?? now
        time = start
        return now - start > Self.span
      }
      guard isSecond else { return }
      TerminalEndpoint.giveBack()
      ProgressBar.clear()
      StandardError.line("breakwater: stopped at once; \(loss)")
      _exit(130)
    }
  }

  /// Whether there was a signal.
  var hasHappened: Bool { first.time.withLock { $0 != nil } }
}
