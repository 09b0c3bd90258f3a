import Testing

@testable import Console

@Suite struct ConsoleScriptTests {
  private func steps(_ text: String) throws -> [ConsoleScript.Step] {
    try ConsoleScript(parsing: text, named: "boot.txt").steps
  }

  @Test func eachLineIsAStep() throws {
    let script = """
      # log in
      wait "login: "   # the prompt
      within 2.5

      send "root\\r"
      \tbreak
      wait "# "
      end
      """
    #expect(
      try steps(script) == [
        .waitFor("login: "), .send("root\r"), .sendBreak, .waitFor("# ", within: 2_500_000_000),
        .end,
      ])
    #expect(try steps("").isEmpty)
    #expect(try steps("send \"a\"\r\nsend\"b\"#c\r\n") == [.send("a"), .send("b")])
  }

  @Test func escapesStandForCharacters() throws {
    #expect(
      try steps(#"send "\r\n\t\e\"\\\x03\x7f # é""#) == [.send("\r\n\t\u{1B}\"\\\u{3}\u{7F} # é")])
    // A combining mark does not hide the quote.
    #expect(try steps("send \"a\"") == [.send("a")])
    #expect(throws: ConsoleScriptError.self) { try steps("send \"a\"\u{301}") }
  }

  @Test func textsHoldEveryCharacterOfUnicode() throws {
    #expect(
      try steps("wait \"\u{308}a\u{85}\u{B}\u{2028}\"\rsend\"\u{301}\"")
        == [.waitFor("\u{308}a\u{85}\u{B}\u{2028}"), .send("\u{301}")])
  }

  @Test(arguments: [
    ("wait", "a text in double quotes must follow"),
    ("wait login", "a text in double quotes must follow"),
    (#"wait "login"#, "the text has no closing quote"),
    (#"wait "login\"#, #"a backslash must stand before r, n, t, e, ", \ or xNN"#),
    (#"wait """#, #"wait "" waits for nothing"#),
    (#"wait "a" "b""#, #"'"b"' is too much for this step"#),
    (#"send "\q""#, #"a backslash must stand before r, n, t, e, ", \ or xNN"#),
    (#"send "\x8f""#, #"\x needs two hexadecimal digits, at most 7F"#),
    (#"send "\x1""#, #"\x needs two hexadecimal digits, at most 7F"#),
    (#"send "\x+1""#, #"\x needs two hexadecimal digits, at most 7F"#),
    ("within", "within needs a number of seconds above zero"),
    ("within 0", "within needs a number of seconds above zero"),
    ("within nan", "within needs a number of seconds above zero"),
    ("within 1e9", "within needs a number of seconds above zero"),
    ("end now", "'now' is too much for this step"),
    ("Wait \"a\"", "'Wait' is no step; there are wait, send, break, within and end"),
    (#""login" send"#, #"'"login" send' is no step; there are wait, send, break, within and end"#),
  ])
  func whatIsNoStepIsNamedWithItsLine(_ line: String, _ complaint: String) {
    #expect(throws: ConsoleScriptError(description: "boot.txt:2: \(complaint)")) {
      try steps("# a comment\n\(line)\nsend \"x\"")
    }
  }

  @Test func aByteOrderMarkIsNoPartOfTheFirstStep() throws {
    #expect(try steps("\u{FEFF}wait \"a\"\r\nend\r\n") == [.waitFor("a"), .end])
  }

  @Test(arguments: ["send \"halt\\r\"", "break"])
  func whatIsTypedNeedsAnAnswerBeforeTheEnd(_ step: String) {
    #expect(throws: ConsoleScriptError(description: "boot.txt:3: wait for the answer before end")) {
      try steps("wait \"a\"\n\(step)\nend")
    }
  }

  @Test func nothingFollowsTheEnd() {
    #expect(throws: ConsoleScriptError(description: "boot.txt:3: nothing can follow end")) {
      try steps("end\n# a comment\nsend \"x\"")
    }
  }

  @Test func stepsAreNamedByTheirLines() throws {
    let script = try ConsoleScript(parsing: "\nsend \"a\"\n\nwait \"b\"", named: "boot.txt")
    #expect(script.place(of: 1) == "boot.txt:4")
    #expect(ConsoleScript([.end]).place(of: 0) == "step 1 of the script")
  }
}
