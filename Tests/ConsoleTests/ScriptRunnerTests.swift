import Testing

@testable import Console

@Suite struct ScriptRunnerTests {
  private final class Clock { var now: UInt64 = 0 }

  private func typed(_ runner: ScriptRunner) -> String {
    var bytes: [UInt8] = []
    while case .byte(let byte)? = runner.receive() { bytes.append(byte) }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func print(_ text: String, to runner: ScriptRunner) {
    for byte in text.utf8 { runner.send(byte) }
  }

  @Test func answersAPromptWhenItsLastByteArrives() {
    let script = ConsoleScript([
      .waitFor(">>>"), .send("show device\r"), .waitFor(">>>"), .send("boot\r"),
    ])
    let runner = ScriptRunner(script) { 0 }
    print("hello\r\n>>", to: runner)
    #expect(typed(runner).isEmpty)
    print(">", to: runner)
    #expect(typed(runner) == "show device\r")
    #expect(runner.progress == .running(step: 2))
    print("dva0\r\n>>>", to: runner)
    #expect(typed(runner) == "boot\r")
    #expect(runner.progress == .finished)
    #expect(runner.transcript == "hello\r\n>>>dva0\r\n>>>")
  }

  @Test func textBeforeAStepDoesNotSatisfyIt() {
    let runner = ScriptRunner(ConsoleScript([.waitFor("ab"), .waitFor("b")])) { 0 }
    print("ab", to: runner)
    #expect(runner.progress == .running(step: 1))
    print("b", to: runner)
    #expect(runner.progress == .finished)
  }

  @Test func findsATextThatOverlapsAFalseStart() {
    let runner = ScriptRunner(ConsoleScript([.waitFor("aabaaac")])) { 0 }
    print("aabaabaaac", to: runner)
    #expect(runner.progress == .finished)
  }

  @Test func aStepTimesOutInGuestTimeAndStaysSo() {
    let clock = Clock()
    let script = ConsoleScript([.waitFor("login:"), .send("root\r")], stepLimit: 100)
    let runner = ScriptRunner(script) { clock.now }
    clock.now = 100
    #expect(runner.progress == .running(step: 0))
    clock.now = 101
    print("login:", to: runner)
    #expect(runner.progress == .timedOut(step: 0, text: "login:"))
    #expect(typed(runner).isEmpty)
  }

  @Test func theLimitStartsAnewWithEachStep() {
    let clock = Clock()
    let script = ConsoleScript([.waitFor("a"), .waitFor("b")], stepLimit: 100)
    let runner = ScriptRunner(script) { clock.now }
    clock.now = 90
    print("a", to: runner)
    clock.now = 180
    print("b", to: runner)
    #expect(runner.progress == .finished)
  }

  @Test func aScriptMayBeginByTyping() {
    let runner = ScriptRunner(ConsoleScript([.send("x"), .waitFor(""), .send("y")])) { 0 }
    #expect(typed(runner) == "xy")
    #expect(runner.progress == .finished)
  }
}
