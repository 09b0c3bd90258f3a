/// The host's end of a serial line that plays a script.
public final class ScriptRunner: CharacterEndpoint {
  /// How far the script is.
  public enum Progress: Equatable, Sendable {
    /// Waiting in this step.
    case running(step: Int)
    /// Every step is done.
    case finished
    /// The text of this step did not come in time.
    case timedOut(step: Int, text: String)
  }

  private let script: ConsoleScript
  private let now: () -> UInt64
  private let output: ConsoleBuffer
  private var step = 0
  private var stepStart: UInt64
  private var matcher: TextMatcher?
  private var hasTimedOut = false

  /// Starts a script. `now` gives the guest time in nanoseconds. Output also goes to the
  /// `transcript`, which bounds it.
  public init(
    _ script: ConsoleScript, transcript: ConsoleBuffer = ConsoleBuffer(),
    now: @escaping () -> UInt64
  ) {
    self.script = script
    self.now = now
    output = transcript
    stepStart = now()
    beginSteps()
  }

  /// What the guest printed, or its last part.
  public var transcript: String { output.outputText }

  /// How far the script is at the present guest time.
  public var progress: Progress {
    guard script.steps.indices.contains(step) else { return .finished }
    guard case .waitFor(let text) = script.steps[step], isOverdue else {
      return .running(step: step)
    }
    return .timedOut(step: step, text: text)
  }

  /// Records the byte, and goes on when it completes the text that the script waits for.
  public func send(_ byte: UInt8) {
    output.send(byte)
    if isOverdue { return }
    matcher?.take(byte)
    guard matcher?.isComplete == true else { return }
    step += 1
    stepStart = now()
    beginSteps()
  }

  /// What the script types.
  public func receive() -> SerialInput? { output.receive() }

  /// Always true: the script types only in answer to output.
  public var inputHasEnded: Bool { true }

  private var isOverdue: Bool {
    if matcher != nil, now() &- stepStart > script.stepLimit { hasTimedOut = true }
    return hasTimedOut
  }

  /// Types up to the next text to wait for.
  private func beginSteps() {
    matcher = nil
    while script.steps.indices.contains(step) {
      switch script.steps[step] {
      case .send(let text):
        output.type(text)
      case .waitFor(let text):
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
