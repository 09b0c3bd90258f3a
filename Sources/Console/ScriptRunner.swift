/// A serial line at which a script types. Output passes through; when the script is done, so does
/// input.
public final class ScriptRunner: EndpointFilter {
  /// How far the script is.
  public enum Progress: Equatable, Sendable {
    /// Waiting in this step.
    case running(step: Int)
    /// Every step is done.
    case finished
    /// Every step is done, and the last one ends the run.
    case ended
    /// The text of this step did not come in time.
    case timedOut(step: Int)
  }

  /// Guest time in nanoseconds. The machine that has the clock is made after its console.
  public var now: () -> UInt64 = { 0 }

  /// Where output goes.
  public let next: any CharacterEndpoint

  private let script: ConsoleScript
  private var typed = SerialInputQueue()
  private var step = 0
  private var stepStart: UInt64 = 0
  private var matcher: TextMatcher?
  private var hasTimedOut = false

  /// Starts a script at guest time 0. Output goes to `next`, whose input waits until the script is
  /// done.
  public init(_ script: ConsoleScript, over next: any CharacterEndpoint) {
    self.script = script
    self.next = next
    takeSteps()
  }

  /// How far the script is at the present guest time.
  public var progress: Progress {
    guard step < script.steps.count else {
      return script.steps.last == .end ? .ended : .finished
    }
    return isOverdue ? .timedOut(step: step) : .running(step: step)
  }

  /// Whether the run is over: the script says so, or waits for nothing that could still come.
  public var endsRun: Bool {
    switch progress {
    case .ended, .timedOut: true
    case .running, .finished: false
    }
  }

  /// What the script still waits for, in one line; nil when every step is done.
  public var complaint: String? {
    guard step < script.steps.count, case .waitFor(let text, let limit) = script.steps[step]
    else { return nil }
    let complaint = "\(script.place(of: step)): \(text.debugDescription) did not come"
    return isOverdue
      ? "\(complaint) within \(Double(limit) / 1e9) s of guest time" : complaint
  }

  /// Passes the byte on, and goes on when it completes the text that the script waits for.
  public func send(_ byte: UInt8) {
    next.send(byte)
    guard matcher != nil, !isOverdue else { return }
    matcher?.take(byte)
    guard matcher?.isComplete == true else { return }
    step += 1
    stepStart = now()
    takeSteps()
  }

  /// What the script types; when it is done, what somebody else does.
  public func receive() -> SerialInput? {
    typed.popFirst() ?? (matcher == nil ? next.receive() : nil)
  }

  /// While the script waits, always: it types only in answer to output.
  public var inputHasEnded: Bool { matcher != nil || next.inputHasEnded }

  private var isOverdue: Bool {
    if case .waitFor(_, let limit)? = script.steps.dropFirst(step).first, matcher != nil,
      now() &- stepStart > limit
    {
      hasTimedOut = true
    }
    return hasTimedOut
  }

  /// Types up to the next text to wait for.
  private func takeSteps() {
    matcher = nil
    while step < script.steps.count {
      switch script.steps[step] {
      case .send(let text): typed.append(text.utf8)
      case .sendBreak: typed.append(.breakCondition)
      case .end: break
      case .waitFor(let text, _):
        let candidate = TextMatcher(text)
        if !candidate.isComplete {
          matcher = candidate
          return
        }
      }
      step += 1
    }
  }
}
