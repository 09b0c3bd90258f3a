/// A conversation with a guest: what to wait for on its console, and what to type.
public struct ConsoleScript: Equatable, Sendable {
  /// How long a step waits that does not say: a minute of guest time, in nanoseconds.
  public static let defaultLimit: UInt64 = 60_000_000_000

  /// One step of the conversation.
  public enum Step: Equatable, Sendable {
    /// Goes on when this text appears after the text that the step before found. It must come within
    /// this many nanoseconds of guest time.
    case waitFor(String, within: UInt64 = ConsoleScript.defaultLimit)
    /// Types this text.
    case send(String)
    /// Holds the line at space, as the break key of a terminal does.
    case sendBreak
    /// Ends the run.
    case end
  }

  /// The steps in order.
  public let steps: [Step]

  /// The name of the text that the steps come from, and the line of each; empty for steps of a
  /// program.
  private var name = ""
  private var lines: [Int] = []

  /// A script of steps.
  public init(_ steps: [Step]) { self.steps = steps }

  /// Steps out of a text, with the line of each.
  init(_ steps: [(step: Step, line: Int)], named name: String) {
    self.steps = steps.map(\.step)
    self.name = name
    lines = steps.map(\.line)
  }

  /// Where a step stands, for messages: `NAME:LINE`, or its number.
  func place(of step: Int) -> String {
    lines.indices.contains(step) ? "\(name):\(lines[step])" : "step \(step + 1) of the script"
  }
}
