import Testing

@testable import Console

@Suite struct ScriptRunnerTests {
  private final class Clock { var now: UInt64 = 0 }

  private let buffer = ConsoleBuffer()
  private let clock = Clock()

  private func runner(_ steps: ConsoleScript.Step...) -> ScriptRunner {
    let runner = ScriptRunner(ConsoleScript(steps), over: buffer)
    runner.now = { [clock] in clock.now }
    return runner
  }

  private func typed(_ runner: ScriptRunner) -> String {
    var bytes: [UInt8] = []
    while case .byte(let byte)? = runner.receive() { bytes.append(byte) }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func print(_ text: String, to runner: ScriptRunner) {
    for byte in text.utf8 { runner.send(byte) }
  }

  @Test func answersAPromptWhenItsLastByteArrives() {
    let runner = runner(
      .waitFor(">>>"), .send("show device\r"), .waitFor(">>>"), .send("boot\r"))
    print("hello\r\n>>", to: runner)
    #expect(typed(runner).isEmpty)
    print(">", to: runner)
    #expect(typed(runner) == "show device\r")
    #expect(runner.progress == .running(step: 2))
    print("dva0\r\n>>>", to: runner)
    #expect(typed(runner) == "boot\r")
    #expect(runner.progress == .finished)
    #expect(!runner.endsRun)
    #expect(buffer.outputText == "hello\r\n>>>dva0\r\n>>>")
  }

  @Test func textBeforeAStepDoesNotSatisfyIt() {
    let runner = runner(.waitFor("ab"), .waitFor("b"))
    print("ab", to: runner)
    #expect(runner.progress == .running(step: 1))
    print("b", to: runner)
    #expect(runner.progress == .finished)
  }

  @Test func findsATextThatOverlapsAFalseStart() {
    let runner = runner(.waitFor("aabaaac"))
    print("aabaabaaac", to: runner)
    #expect(runner.progress == .finished)
  }

  @Test func aStepTimesOutInGuestTimeAndStaysSo() {
    let runner = runner(.waitFor("login:", within: 2_500_000_000), .send("root\r"))
    clock.now = 2_500_000_000
    #expect(runner.progress == .running(step: 0))
    #expect(runner.complaint == "step 1 of the script: \"login:\" did not come")
    #expect(!runner.endsRun)
    clock.now += 1
    print("login:", to: runner)
    #expect(runner.progress == .timedOut(step: 0))
    #expect(
      runner.complaint
        == "step 1 of the script: \"login:\" did not come within 2.5 s of guest time")
    #expect(runner.endsRun)
    #expect(typed(runner).isEmpty)
  }

  @Test func theLimitStartsAnewWithEachStep() {
    let runner = runner(.waitFor("a", within: 100), .waitFor("b", within: 100))
    clock.now = 90
    print("a", to: runner)
    clock.now = 180
    print("b", to: runner)
    #expect(runner.progress == .finished)
    clock.now = 1000
    #expect(runner.progress == .finished)
  }

  @Test func aScriptMayBeginByTyping() {
    let runner = runner(.send("x"), .waitFor(""), .send("y"), .sendBreak)
    #expect(typed(runner) == "xy")
    #expect(runner.progress == .finished)
  }

  @Test func aLongTextIsTypedInOrderWhileMoreComes() {
    let text = String((0..<20_000).map { Character(UnicodeScalar(UInt8($0 % 64 + 33))) })
    let runner = runner(.send(text), .waitFor("ok"), .send(text))
    var taken = ""
    for _ in 0..<15_000 {
      if case .byte(let byte)? = runner.receive() { taken.unicodeScalars.append(.init(byte)) }
    }
    print("ok", to: runner)
    #expect(taken + typed(runner) == text + text)
  }

  @Test func breakIsTypedInItsPlace() {
    let runner = runner(.send("x"), .sendBreak, .send("y"))
    #expect(runner.receive() == .byte(0x78))
    #expect(runner.receive() == .breakCondition)
    #expect(runner.receive() == .byte(0x79))
    #expect(runner.receive() == nil)
  }

  @Test func theLastStepEndsTheRun() {
    let runner = runner(.waitFor("ok"), .end)
    #expect(!runner.endsRun)
    print("ok", to: runner)
    #expect(runner.progress == .ended)
    #expect(runner.endsRun)
    #expect(runner.complaint == nil)
  }

  @Test func whatSomebodyElseTypesWaitsUntilTheScriptIsDone() {
    buffer.type("user")
    let runner = runner(.send("script "), .waitFor("ok"), .send("done "))
    #expect(typed(runner) == "script ")
    #expect(runner.inputHasEnded)
    print("ok", to: runner)
    #expect(typed(runner) == "done user")
  }
}
