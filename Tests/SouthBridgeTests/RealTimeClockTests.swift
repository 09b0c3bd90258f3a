import DeviceModel
import Testing

@testable import SouthBridge

@Suite struct CalendarDateTests {
  @Test(
    arguments: [
      (0, 1970, 1, 1), (59, 1970, 3, 1), (789, 1972, 2, 29), (10_956, 1999, 12, 31),
      (11_016, 2000, 2, 29), (19_782, 2024, 2, 29), (47_540, 2100, 2, 28), (47_541, 2100, 3, 1),
      (-1, 1969, 12, 31), (-719_528, 0, 1, 1),
    ] as [(Int64, Int64, Int64, Int64)])
  func knownDays(_ days: Int64, _ year: Int64, _ month: Int64, _ day: Int64) {
    let date = CalendarDate(year: year, month: month, day: day)
    #expect(CalendarDate(daysSince1970: days) == date)
    #expect(date.daysSince1970 == days)
  }

  @Test func everyDayFollowsTheOneBefore() {
    var previous = CalendarDate(daysSince1970: -1)
    for days in 0..<150_000 as Range<Int64> {
      let date = CalendarDate(daysSince1970: days)
      guard date.daysSince1970 == days else {
        Issue.record("day \(days) comes back as \(date.daysSince1970)")
        return
      }
      let isNext =
        date.day == 1
        ? previous.day >= 28 && date.month == previous.month % 12 + 1
        : date.day == previous.day + 1 && date.month == previous.month
      guard isNext else {
        Issue.record("\(date) follows \(previous)")
        return
      }
      previous = date
    }
  }
}

/// Rules of the Motorola MC146818 data sheet.
@Suite struct RealTimeClockTests {
  private final class Ticks { var count = 0 }

  /// 2004-02-28 23:59:58, a Saturday.
  private static let start: Int64 = 1_078_012_798
  private static let second: UInt64 = 1_000_000_000

  private let clock = VirtualClock()
  private let ticks = Ticks()
  private let rtc: RealTimeClock

  init() {
    let ticks = self.ticks
    rtc = RealTimeClock(clock: clock, startDate: Self.start) { ticks.count += 1 }
  }

  private func read(_ register: UInt8) -> UInt8 {
    rtc.write(port: 0x70, register)
    return rtc.read(port: 0x71)
  }

  private func write(_ register: UInt8, _ value: UInt8) {
    rtc.write(port: 0x70, register)
    rtc.write(port: 0x71, value)
  }

  /// Year, month, day, weekday, hour, minute, second as the registers hold them.
  private var time: [UInt8] { [9, 8, 7, 6, 4, 2, 0].map(read) }

  private func pass(_ nanoseconds: UInt64) {
    let end = clock.now + nanoseconds
    while let deadline = clock.nextDeadline, deadline <= end {
      clock.advance(to: deadline)
      clock.runDueAlarms()
    }
    clock.advance(to: end)
  }

  // MARK: Time

  @Test func showsTheStartDateInBCD() {
    #expect(time == [0x04, 0x02, 0x28, 7, 0x23, 0x59, 0x58])
    #expect(read(10) == 0x26)
    #expect(read(11) == 0x02)
    #expect(read(13) == 0x80)
  }

  @Test func carriesThroughALeapDay() {
    pass(2 * Self.second)
    #expect(time == [0x04, 0x02, 0x29, 1, 0, 0, 0])
    pass(86_400 * Self.second)
    #expect(time == [0x04, 0x03, 0x01, 2, 0, 0, 0])
  }

  @Test(
    arguments: [
      (0, 0x12, 12), (1, 0x01, 1), (11, 0x11, 11), (12, 0x92, 0x8C), (13, 0x81, 0x81),
      (23, 0x91, 0x8B),
    ] as [(Int64, UInt8, UInt8)])
  func twelveHourFormat(_ hour: Int64, _ bcd: UInt8, _ binary: UInt8) {
    for (isBinary, byte) in [(false, bcd), (true, binary)] {
      let format = ClockFormat(isBinary: isBinary, is24Hour: false)
      #expect(format.encodeHour(hour) == byte)
      #expect(format.decodeHour(byte) == hour)
    }
  }

  @Test(arguments: [(false, false), (false, true), (true, false), (true, true)])
  func everyFormatGivesBackTheMoment(_ isBinary: Bool, _ is24Hour: Bool) {
    let format = ClockFormat(isBinary: isBinary, is24Hour: is24Hour)
    for step in 0..<3000 as Range<Int64> {
      let moment = ClockMoment(seconds: step * 1_050_003, weekdayShift: step % 7)
      #expect(format.moment(of: format.bytes(of: moment)) == moment)
    }
  }

  @Test func binaryFormatShowsTheSameTime() {
    write(11, 0x06)
    #expect(time == [4, 2, 28, 7, 23, 59, 58])
  }

  @Test func setHoldsTheTimeWhileItIsWritten() {
    write(11, 0x82)
    pass(5 * Self.second)
    #expect(read(0) == 0x58)
    // In an order that passes through dates which do not exist.
    for (register, value) in [
      (7, 0x31), (8, 0x12), (9, 0x99), (6, 6), (4, 0x23), (2, 0x59), (0, 0x59),
    ]
      as [(UInt8, UInt8)]
    {
      write(register, value)
    }
    #expect(time == [0x99, 0x12, 0x31, 6, 0x23, 0x59, 0x59])
    write(11, 0x02)
    pass(Self.second)
    #expect(time == [0x00, 0x01, 0x01, 7, 0, 0, 0])
  }

  @Test func theWeekdayCounterRunsOnItsOwn() {
    write(6, 3)
    #expect(read(7) == 0x28)
    pass(2 * Self.second)
    #expect(read(6) == 4)
    #expect(read(7) == 0x29)
  }

  @Test func theFirstUpdateComesHalfASecondAfterTheDividerIsReleased() {
    pass(300_000_000)
    write(10, 0x70)
    pass(10 * Self.second)
    #expect(read(0) == 0x58)
    write(10, 0x26)
    pass(Self.second / 2 - 1)
    #expect(read(0) == 0x58)
    pass(1)
    #expect(read(0) == 0x59)
  }

  @Test func updateInProgressPrecedesTheUpdate() {
    pass(Self.second - 2_228_001)
    #expect(read(10) & 0x80 == 0)
    pass(1)
    #expect(read(10) & 0x80 == 0x80)
    #expect(read(0) == 0x58)
    pass(2_228_000)
    #expect(read(10) & 0x80 == 0)
    #expect(read(0) == 0x59)
    write(11, 0x82)
    pass(Self.second - 1000)
    #expect(read(10) & 0x80 == 0, "SET holds updates off")
  }

  // MARK: Flags and interrupts

  @Test func thePeriodicFlagDoesNotNeedItsInterrupt() {
    #expect(read(12) == 0)
    pass(976_562)
    #expect(read(12) == 0)
    pass(1)
    #expect(read(12) == 0x40)
    #expect(read(12) == 0)
    #expect(ticks.count == 0)
    #expect(clock.nextDeadline == nil)
  }

  @Test(
    arguments: [
      (1, 256), (2, 128), (3, 8192), (4, 4096), (5, 2048), (6, 1024), (7, 512), (8, 256), (9, 128),
      (10, 64), (11, 32), (12, 16), (13, 8), (14, 4), (15, 2),
    ] as [(UInt8, Int)])
  func periodicRates(_ rate: UInt8, _ hertz: Int) {
    write(10, 0x20 | rate)
    write(11, 0x42)
    pass(Self.second)
    #expect(ticks.count == hertz, "register C is never read")
    #expect(read(12) & 0xC0 == 0xC0)
  }

  @Test func rateZeroAndAStoppedDividerGiveNoTicks() {
    write(11, 0x42)
    write(10, 0x20)
    pass(Self.second)
    write(10, 0x76)
    pass(Self.second)
    #expect(ticks.count == 0)
    #expect(clock.nextDeadline == nil)
  }

  @Test func aFlagThatWasSetBeforeDoesNotHideTheNextTick() {
    pass(Self.second)
    write(11, 0x42)
    pass(Self.second)
    #expect(ticks.count == 1024)
  }

  /// A guest's access may come at the deadline before the alarm does.
  @Test(arguments: [false, true])
  func whoeverSeesAPeriodFirstTicksOnce(_ isWrite: Bool) throws {
    write(11, 0x42)
    rtc.write(port: 0x70, 12)
    clock.advance(to: try #require(clock.nextDeadline))
    if isWrite { rtc.write(port: 0x71, 0) } else { #expect(rtc.read(port: 0x71) == 0xC0) }
    clock.runDueAlarms()
    #expect(ticks.count == 1)
    pass(Self.second)
    #expect(ticks.count == 1025)
  }

  @Test func updateEndedInterrupt() {
    write(11, 0x12)
    pass(3 * Self.second)
    #expect(ticks.count == 3)
    #expect(read(12) & 0x90 == 0x90)
  }

  @Test func alarmAtATimeOfDay() {
    write(5, 0x00)
    write(3, 0x00)
    write(1, 0x01)
    _ = read(12)
    write(11, 0x22)
    pass(3 * Self.second - 1)
    #expect(ticks.count == 0)
    pass(1)
    #expect(ticks.count == 1)
    #expect(read(12) & 0xA0 == 0xA0)
    pass(86_399 * Self.second)
    #expect(ticks.count == 1)
    pass(Self.second)
    #expect(ticks.count == 2)
  }

  @Test func dontCareBytesMakeItEveryMinute() {
    write(5, 0xFF)
    write(3, 0xC0)
    write(1, 0x30)
    write(11, 0x22)
    pass(10 * 60 * Self.second)
    #expect(ticks.count == 10)
  }

  @Test func anAlarmOutsideTheDayNeverComes() {
    write(1, 0x77)
    write(11, 0x22)
    #expect(clock.nextDeadline == nil)
  }

  @Test func resetClearsEnablesButNotTheTime() {
    write(11, 0x72)
    pass(Self.second)
    rtc.reset()
    #expect(read(11) == 0x02)
    #expect(read(12) == 0)
    #expect(read(0) == 0x59)
    #expect(clock.nextDeadline == nil)
  }

  // MARK: Memory and saved state

  @Test func has114BytesOfMemory() {
    for register in 14..<128 as Range<UInt8> { write(register, ~register) }
    for register in 14..<128 as Range<UInt8> { #expect(read(register) == ~register) }
    // Bit 7 of the address belongs to the NMI mask of a PC.
    #expect(read(0x80 | 20) == ~20)
  }

  @Test func stateSurvivesSaveAndRestore() throws {
    write(11, 0x42)
    pass(Self.second / 3)
    let saved = rtc.save()
    let copy = RealTimeClock(clock: VirtualClock(), startDate: 0) {}
    try copy.restore(saved)
    #expect(copy.save() == saved)
  }
}
