internal import Dispatch
internal import Foundation
internal import Synchronization

/// Turns Ctrl-C and SIGTERM into a call, so that work can end in good order. Lasts as long as this
/// object.
final class SignalWatch {
  private let sources: [any DispatchSourceSignal]
  private let earlierActions: [(signal: Int32, action: sighandler_t?)]

  /// Calls `handler`, on another thread, at each signal.
  init(_ handler: @escaping @Sendable () -> Void) {
    let signals = [SIGINT, SIGTERM]
    earlierActions = signals.map { ($0, signal($0, SIG_IGN)) }
    sources = signals.map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler(handler: handler)
      source.resume()
      return source
    }
  }

  deinit {
    for source in sources { source.cancel() }
    for (number, action) in earlierActions { signal(number, action) }
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
    watch = SignalWatch { [flag] in flag.isSet.store(true, ordering: .relaxed) }
  }

  /// Whether there was a signal.
  var hasHappened: Bool { flag.isSet.load(ordering: .relaxed) }
}
