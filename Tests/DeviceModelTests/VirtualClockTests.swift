import DeviceModel
import Testing

@Suite("Virtual clock")
struct VirtualClockTests {
  final class Log {
    var events: [String] = []
  }

  @Test("due alarms fire once, earliest first, ties in order of registration")
  func order() {
    let clock = VirtualClock()
    let log = Log()
    let a = clock.register("a") { log.events.append("a") }
    let b = clock.register("b") { log.events.append("b") }
    let c = clock.register("c") { log.events.append("c") }
    clock.arm(a, at: 20)
    clock.arm(b, at: 10)
    clock.arm(c, at: 10)
    #expect(clock.nextDeadline == 10)
    clock.advance(to: 9)
    clock.runDueAlarms()
    #expect(log.events.isEmpty)
    clock.advance(to: 25)
    clock.runDueAlarms()
    clock.runDueAlarms()
    #expect(log.events == ["b", "c", "a"])
    #expect(clock.nextDeadline == nil)
  }

  @Test("an alarm that re-arms itself in the past does not loop")
  func rearming() {
    let clock = VirtualClock()
    let log = Log()
    var alarm: VirtualClock.Alarm?
    alarm = clock.register("again") {
      log.events.append("x")
      if let alarm { clock.arm(alarm, at: 0) }
    }
    if let alarm { clock.arm(alarm, at: 5) }
    clock.advance(to: 5)
    clock.runDueAlarms()
    #expect(log.events.count == 1)
  }

  @Test("an alarm that another one disarms or postpones does not fire")
  func cancelled() {
    let clock = VirtualClock()
    let log = Log()
    let second = clock.register("second") { log.events.append("second") }
    let first = clock.register("first") {
      log.events.append("first")
      clock.disarm(second)
    }
    clock.arm(first, at: 1)
    clock.arm(second, at: 2)
    clock.advance(to: 3)
    clock.runDueAlarms()
    #expect(log.events == ["first"])
  }

  @Test("time never goes back, and a change of the next deadline is reported")
  func monotonic() {
    let clock = VirtualClock()
    let log = Log()
    clock.deadlineDidChange = { log.events.append("\(clock.nextDeadline ?? 0)") }
    let alarm = clock.register("a") {}
    clock.arm(alarm, at: 7)
    clock.arm(alarm, at: 7)
    clock.disarm(alarm)
    #expect(log.events == ["7", "0"])
    clock.advance(to: 10)
    clock.advance(to: 3)
    #expect(clock.now == 10)
  }

  @Test("saved time and deadlines come back; an unknown name is refused")
  func snapshot() throws {
    let clock = VirtualClock()
    let alarm = clock.register("a") {}
    clock.arm(alarm, at: 99)
    clock.advance(to: 42)
    let saved = clock.save()
    let other = VirtualClock()
    let same = other.register("a") {}
    try other.restore(saved)
    #expect(other.now == 42)
    #expect(other.deadline(of: same) == 99)
    #expect(throws: RestoreFault.self) { try VirtualClock().restore(saved) }
  }
}

@Suite("Device trace")
struct DeviceTraceTests {
  @Test("a kind of warning is printed a bounded number of times and counted after that")
  func bounded() {
    let log = VirtualClockTests.Log()
    let trace = DeviceTrace(warningSink: { log.events.append($0) })
    for number in 0..<1000 { trace.warn("disk", kind: "fault", "number \(number)") }
    trace.warn("disk", kind: "other", "once")
    #expect(log.events.count == Int(DeviceTrace.repeatLimit) + 2)
    #expect(log.events.last == "disk: once")
    #expect(trace.counts["disk: fault"] == 1000)
    #expect(trace.summary == ["disk: fault: 1000 times in all"])
  }

  @Test("only enabled categories are traced, and others are not even formatted")
  func categories() {
    let log = VirtualClockTests.Log()
    let trace = DeviceTrace(traceSink: { log.events.append("\($0): \($1)") })
    func expensive() -> String {
      log.events.append("formatted")
      return "text"
    }
    trace.trace(.dma, expensive())
    #expect(log.events.isEmpty)
    trace.enabled = [.dma]
    trace.trace(.dma, expensive())
    #expect(log.events == ["formatted", "dma: text"])
  }
}

@Suite("Interrupt line")
struct InterruptLineTests {
  @Test("only changes of the level are reported")
  func changes() {
    let log = VirtualClockTests.Log()
    let line = InterruptLine { log.events.append("\($0)") }
    for level in [false, true, true, false, false, true] { line.drive(level) }
    #expect(log.events == ["true", "false", "true"])
    #expect(line.isAsserted)
    let detached = InterruptLine()
    detached.drive(true)
    #expect(detached.isAsserted)
  }
}
