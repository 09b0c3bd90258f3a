internal import Console
internal import Dispatch
internal import Foundation
internal import Synchronization

/// Turns Ctrl-C, SIGTERM and the terminal's end (SIGHUP) into a call, so that work can end in good
/// order. Lasts as long as this object.
final class SignalWatch {
  private let sources: [any DispatchSourceSignal]
  /// Sets what the signals did before.
  private let restore: () -> Void

  /// Calls `handler` with the signal's number, on another thread, at each signal.
  init(_ handler: @escaping @Sendable (Int32) -> Void) {
    let signals = [SIGINT, SIGTERM] + (HostProcess.ignores(SIGHUP) ? [] : [SIGHUP])
    let earlier = signals.map { ($0, signal($0, SIG_IGN)) }
    restore = { for (number, action) in earlier { signal(number, action) } }
    let registrations = DispatchSemaphore(value: 0)
    sources = signals.map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { handler(number) }
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
  private let flag = Flag()
  private let watch: SignalWatch

  private final class Flag: Sendable {
    let isSet = Atomic<Bool>(false)
  }

  /// Starts to watch.
  init() {
    watch = SignalWatch { [flag] number in
      // Who asks twice does not wait for what is under way, such as the answer of a server. The end
      // of a terminal asks twice by itself: the shell passes on what the kernel sends.
      guard flag.isSet.exchange(true, ordering: .relaxed), number != SIGHUP else { return }
      ProgressBar.clear()
      StandardError.line(
        "breakwater: stopped at once; what was being made, if anything, is not whole")
      _exit(130)
    }
  }

  /// Whether there was a signal.
  var hasHappened: Bool { flag.isSet.load(ordering: .relaxed) }
}
