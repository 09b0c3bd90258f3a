import DeviceModel
import Testing

@testable import SouthBridge

@Suite struct TickRateTests {
  @Test func oneSecondHasTheRightNumberOfTicks() {
    #expect(TickRate.realTimeClock.ticks(at: 1_000_000_000) == 32_768)
    #expect(TickRate.intervalTimer.ticks(at: 1_000_000_000) == 1_193_181)
    #expect(TickRate.intervalTimer.ticks(at: 88_000_000_000) == 105_000_000)
  }

  @Test(arguments: [0, 1, 2, 20, 21, 22, 1_193_182, 1 << 40] as [UInt64])
  func timeOfATickIsTheFirstNanosecondWithIt(_ tick: UInt64) {
    for rate in [TickRate.realTimeClock, .intervalTimer] {
      let time = rate.time(ofTick: tick)
      #expect(rate.ticks(at: time) == tick)
      if time > 0 { #expect(rate.ticks(at: time - 1) < tick) }
    }
  }

  @Test func theEndOfTimeDoesNotTrap() {
    #expect(TickRate.intervalTimer.ticks(at: .max) > 0)
    #expect(TickRate.realTimeClock.time(ofTick: .max) == .max)
  }
}

/// Rules of the Intel 8254 data sheet; the mode tests follow its wave form figures.
@Suite struct IntervalTimerTests {
  private let clock = VirtualClock()
  private let irq0: InterruptLine
  private let timer: IntervalTimer8254
  private let watch: Watch

  /// What the line did, by tick.
  private final class Watch {
    var isOn = true
    var changes: [Bool] = []
  }

  init() {
    let watch = Watch()
    self.watch = watch
    irq0 = InterruptLine { watch.changes.append($0) }
    timer = IntervalTimer8254(clock: clock, irq0: irq0) { watch.isOn }
  }

  private var tick: UInt64 { TickRate.intervalTimer.ticks(at: clock.now) }

  /// Lets ticks pass one by one.
  private func pass(_ ticks: UInt64) {
    for _ in 0..<ticks {
      clock.advance(to: TickRate.intervalTimer.time(ofTick: tick + 1))
      clock.runDueAlarms()
    }
  }

  /// The level of IRQ0 at this and the following ticks.
  private func wave(_ ticks: Int) -> String {
    (0..<ticks).map { _ in
      defer { pass(1) }
      return irq0.isAsserted ? "H" : "L"
    }.joined()
  }

  private func program(_ counter: UInt16, mode: UInt8, count: UInt16) {
    timer.write(port: 0x43, UInt8(counter) << 6 | 0x30 | mode << 1)
    timer.write(port: 0x40 + counter, UInt8(truncatingIfNeeded: count))
    timer.write(port: 0x40 + counter, UInt8(count >> 8))
  }

  private func latched(_ counter: UInt16) -> UInt16 {
    timer.write(port: 0x43, UInt8(counter) << 6)
    let low = timer.read(port: 0x40 + counter)
    return UInt16(timer.read(port: 0x40 + counter)) << 8 | UInt16(low)
  }

  private func status(_ counter: UInt16) -> UInt8 {
    timer.write(port: 0x43, 0xE0 | 2 << UInt8(counter))
    return timer.read(port: 0x40 + counter)
  }

  // MARK: Modes

  @Test func mode0RisesAfterCountPlusOneTicks() {
    program(0, mode: 0, count: 4)
    #expect(wave(8) == "LLLLLHHH")
    #expect(latched(0) == 0xFFFD, "the counter goes on below zero")
  }

  @Test func mode0FirstByteStopsCounting() {
    program(0, mode: 0, count: 4)
    pass(2)
    timer.write(port: 0x40, 3)
    pass(100)
    #expect(!irq0.isAsserted)
    timer.write(port: 0x40, 0)
    #expect(wave(5) == "LLLLH")
  }

  @Test func mode2IsLowInTheLastTickOfEachPeriod() {
    program(0, mode: 2, count: 3)
    #expect(wave(10) == "HHHLHHLHHL")
  }

  @Test func mode2TakesANewCountAfterThePresentPeriod() {
    program(0, mode: 2, count: 4)
    pass(2)
    timer.write(port: 0x40, 3)
    timer.write(port: 0x40, 0)
    #expect(wave(9) == "HHLHHLHHL")
  }

  @Test(arguments: [(4, "HHHLLHHLL"), (5, "HHHHLLHHHLL")] as [(UInt16, String)])
  func mode3IsHighForTheLargerHalf(_ count: UInt16, _ expected: String) {
    program(0, mode: 3, count: count)
    #expect(wave(expected.count) == expected)
  }

  @Test func mode3CountsDownByTwo() {
    program(0, mode: 3, count: 6)
    pass(1)
    var counts: [UInt16] = []
    for _ in 0..<6 {
      counts.append(latched(0))
      pass(1)
    }
    #expect(counts == [6, 4, 2, 6, 4, 2])
  }

  @Test func mode3TakesANewCountAfterThePresentHalf() {
    program(0, mode: 3, count: 8)
    pass(2)
    timer.write(port: 0x40, 4)
    timer.write(port: 0x40, 0)
    #expect(wave(10) == "HHHLLHHLLH")
  }

  @Test func mode4PulsesOnce() {
    program(0, mode: 4, count: 3)
    #expect(wave(8) == "HHHHLHHH")
  }

  @Test func modes1And5WaitForTheGate() {
    for (mode, expected) in [(1, "HLLLH"), (5, "HHHHL")] as [(UInt8, String)] {
      timer.write(port: 0x61, 0)
      program(2, mode: mode, count: 3)
      pass(10)
      #expect(status(2) & 0xC0 == 0xC0, "OUT high, count not loaded")
      timer.write(port: 0x61, 1)
      let wave = (0..<5).map { index in
        defer { pass(1) }
        // The trigger takes effect with the next tick.
        return index == 0 || timer.read(port: 0x61) & 0x20 != 0 ? "H" : "L"
      }
      #expect(wave.joined() == expected)
    }
  }

  // MARK: Gate

  @Test func theGateStopsCounter2InMode0() {
    timer.write(port: 0x61, 1)
    program(2, mode: 0, count: 100)
    pass(11)
    #expect(latched(2) == 90)
    timer.write(port: 0x61, 0)
    pass(50)
    #expect(latched(2) == 90)
    timer.write(port: 0x61, 1)
    pass(89)
    #expect(timer.read(port: 0x61) & 0x20 == 0)
    pass(1)
    #expect(timer.read(port: 0x61) & 0x20 == 0x20)
  }

  @Test func halfACountDoesNotKeepTheGateFromStartingMode4() {
    timer.write(port: 0x61, 1)
    program(2, mode: 4, count: 100)
    pass(11)
    timer.write(port: 0x61, 0)
    timer.write(port: 0x42, 0x34)
    timer.write(port: 0x61, 1)
    pass(10)
    #expect(latched(2) == 80)
  }

  @Test func linuxCalibrationSeesTheRightTime() {
    // As Linux/alpha does it: mode 0, count 0x10000 - 1, poll OUT of counter 2.
    timer.write(port: 0x61, timer.read(port: 0x61) & ~0x02 | 0x01)
    timer.write(port: 0x43, 0xB0)
    timer.write(port: 0x42, 0xFF)
    timer.write(port: 0x42, 0xFF)
    let start = clock.now
    var polls = 0
    while timer.read(port: 0x61) & 0x20 == 0, polls < 100_000 {
      clock.advance(to: clock.now + 1000)
      polls += 1
    }
    let elapsed = Double(clock.now - start) / 1e9
    #expect(abs(elapsed - 65_536 / 1_193_181.8) < 2e-6)
  }

  @Test func portBShowsRefreshTogglesAndKeepsItsControls() {
    timer.write(port: 0x61, 0xFF)
    #expect(timer.read(port: 0x61) & 0xCF == 0x0F)
    let first = timer.read(port: 0x61) & 0x10
    clock.advance(to: clock.now + 15_085)
    #expect(timer.read(port: 0x61) & 0x10 != first)
  }

  // MARK: Reading

  @Test func aLatchHoldsUntilItIsRead() {
    program(0, mode: 2, count: 1000)
    pass(1)
    timer.write(port: 0x43, 0x00)
    pass(5)
    timer.write(port: 0x43, 0x00)
    #expect(timer.read(port: 0x40) == UInt8(1000 & 0xFF))
    #expect(timer.read(port: 0x40) == UInt8(1000 >> 8))
    #expect(latched(0) == 995)
  }

  @Test func readBackGivesStatusThenCount() {
    program(0, mode: 2, count: 500)
    #expect(status(0) == 0xF4, "OUT high, null count, both bytes, mode 2")
    pass(2)
    timer.write(port: 0x43, 0xC2)
    #expect(timer.read(port: 0x40) == 0xB4)
    #expect(timer.read(port: 0x40) == UInt8(499 & 0xFF))
    #expect(timer.read(port: 0x40) == UInt8(499 >> 8))
  }

  @Test func bcdCountsInDecimal() {
    timer.write(port: 0x43, 0x31)
    timer.write(port: 0x40, 0x00)
    timer.write(port: 0x40, 0x10)
    pass(2)
    #expect(latched(0) == 0x0999)
  }

  @Test func zeroIsTheLargestCount() {
    program(0, mode: 2, count: 0)
    pass(2)
    #expect(latched(0) == 0xFFFF)
  }

  @Test func singleByteAccess() {
    timer.write(port: 0x43, 0x14)
    timer.write(port: 0x40, 50)
    pass(11)
    #expect(timer.read(port: 0x40) == 40)
    timer.write(port: 0x43, 0x24)
    timer.write(port: 0x40, 2)
    pass(1)
    #expect(timer.read(port: 0x40) == 2)
  }

  // MARK: Alarms

  @Test func noAlarmIsArmedWhileNobodyWatches() {
    watch.isOn = false
    program(0, mode: 3, count: 100)
    #expect(clock.nextDeadline == nil)
    watch.isOn = true
    timer.refresh()
    #expect(clock.nextDeadline != nil)
  }

  @Test func aRiseThatNobodyWatchedIsStillAnEdge() {
    program(0, mode: 2, count: 100)
    watch.isOn = false
    timer.refresh()
    watch.changes = []
    clock.advance(to: clock.now + 1_000_000)
    timer.refresh()
    #expect(watch.changes == [false, true])
    timer.refresh()
    #expect(watch.changes == [false, true])
  }

  @Test func stateSurvivesSaveAndRestore() throws {
    program(0, mode: 3, count: 1234)
    program(2, mode: 0, count: 99)
    pass(17)
    timer.write(port: 0x43, 0xC2)
    timer.write(port: 0x40, 7)
    let copy = IntervalTimer8254(clock: clock, irq0: InterruptLine()) { false }
    try copy.restore(timer.save())
    #expect(copy.save() == timer.save())
    for port: UInt16 in [0x40, 0x40, 0x40, 0x42, 0x42, 0x61] {
      #expect(copy.read(port: port) == timer.read(port: port))
    }
  }
}
