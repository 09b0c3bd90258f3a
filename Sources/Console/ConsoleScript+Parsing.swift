/// Why a text is no script.
public struct ConsoleScriptError: Error, Equatable, CustomStringConvertible {
  /// One line for the user: where, what was wrong, what would be right.
  public let description: String
}

extension ConsoleScript {
  /// Reads a script: one step a line, `#` begins a comment.
  ///
  /// ```
  /// wait "login: "      # until the guest prints this
  /// send "root\r"       # type this: \r \n \t \e \" \\ and \xNN stand for characters
  /// within 2.5          # seconds of guest time that each later wait may take
  /// break               # hold the line at space
  /// end                 # end the run
  /// ```
  ///
  /// - Parameter name: what messages call the text.
  /// - Throws: ``ConsoleScriptError`` naming the line.
  public init(parsing text: String, named name: String) throws(ConsoleScriptError) {
    var steps: [(step: Step, line: Int)] = []
    var limit = Self.defaultLimit
    // Some editors put a byte order mark before UTF-8 text.
    let text = text.first == "\u{FEFF}" ? text.dropFirst() : text[...]
    // Not at every newline of Unicode: a text may hold them.
    let lines = text.split(omittingEmptySubsequences: false) { ["\n", "\r\n", "\r"].contains($0) }
    for (index, line) in lines.enumerated() {
      var line = ScriptLine(line, place: "\(name):\(index + 1)")
      guard let word = line.word() else { continue }
      guard steps.last?.step != .end else { throw line.error("nothing can follow end") }
      let step: Step?
      switch word {
      case "wait":
        let text = try line.text()
        guard !text.isEmpty else { throw line.error("wait \"\" waits for nothing") }
        step = .waitFor(text, within: limit)
      case "send": step = .send(try line.text())
      case "break": step = .sendBreak
      case "end":
        // The run would end before the guest has taken a character.
        switch steps.last?.step {
        case .send, .sendBreak: throw line.error("wait for the answer before end")
        case .waitFor, .end, nil: step = .end
        }
      case "within":
        limit = try line.nanoseconds()
        step = nil
      default:
        throw line.error("'\(word)' is no step; there are wait, send, break, within and end")
      }
      try line.finish()
      if let step { steps.append((step, index + 1)) }
    }
    self.init(steps, named: name)
  }
}

/// Takes one line of a script apart, by scalars: a quote may carry a combining mark.
private struct ScriptLine {
  private let place: String
  private var rest: Substring.UnicodeScalarView

  init(_ line: Substring, place: String) {
    self.place = place
    rest = line.unicodeScalars
  }

  func error(_ what: String) -> ConsoleScriptError {
    ConsoleScriptError(description: "\(place): \(what)")
  }

  /// The next word, or nil at the end of the line.
  mutating func word() -> String? {
    skipSpace()
    guard !rest.isEmpty else { return nil }
    let word = rest.prefix { !$0.properties.isWhitespace && $0 != "#" && $0 != "\"" }
    guard !word.isEmpty else { return String(rest) }
    rest.removeFirst(word.count)
    return String(word)
  }

  /// A text between double quotes.
  mutating func text() throws(ConsoleScriptError) -> String {
    skipSpace()
    guard rest.first == "\"" else { throw error("a text in double quotes must follow") }
    rest.removeFirst()
    var text = String.UnicodeScalarView()
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\"": return String(text)
      case "\\": text.append(try escape())
      default: text.append(scalar)
      }
    }
    throw error("the text has no closing quote")
  }

  private mutating func escape() throws(ConsoleScriptError) -> Unicode.Scalar {
    let letter = rest.popFirst()
    switch letter {
    case "r": return "\r"
    case "n": return "\n"
    case "t": return "\t"
    case "e": return "\u{1B}"
    case "\"", "\\": return letter ?? "\\"
    case "x":
      let digits = String(rest.prefix(2))
      guard digits.count == 2, digits.allSatisfy(\.isHexDigit), let code = UInt8(digits, radix: 16),
        code < 0x80
      else {
        throw error("\\x needs two hexadecimal digits, at most 7F")
      }
      rest.removeFirst(2)
      return Unicode.Scalar(code)
    default:
      throw error("a backslash must stand before r, n, t, e, \", \\ or xNN")
    }
  }

  /// A number of seconds.
  mutating func nanoseconds() throws(ConsoleScriptError) -> UInt64 {
    guard let word = word(), let seconds = Double(word), seconds > 0, seconds < 1e9 else {
      throw error("within needs a number of seconds above zero")
    }
    return UInt64(seconds * 1e9)
  }

  /// Throws unless only a comment is left.
  mutating func finish() throws(ConsoleScriptError) {
    skipSpace()
    guard rest.isEmpty else { throw error("'\(String(rest))' is too much for this step") }
  }

  private mutating func skipSpace() {
    rest = rest.drop(while: \.properties.isWhitespace)
    if rest.first == "#" { rest.removeAll() }
  }
}
