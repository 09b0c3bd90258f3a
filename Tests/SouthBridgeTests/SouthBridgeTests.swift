import Console
import DeviceModel
import Foundation
import PCI
import Testing

@testable import SouthBridge

@Suite struct SouthBridgeTests {
  private final class Outcome {
    var ticks = 0
    var results: [UInt32] = []
  }

  private let clock = VirtualClock()
  private let console = ConsoleBuffer()
  private let interrupt = InterruptLine()
  private let outcome = Outcome()
  private let board: SouthBridge

  init() {
    let outcome = self.outcome
    board = SouthBridge(
      clock: clock, startDate: 1_000_000_000, console: console,
      SouthBridge.Connections(
        interrupt: interrupt, intervalTick: { outcome.ticks += 1 },
        exit: { outcome.results.append($0) }))
  }

  private func inb(_ port: UInt64) throws -> UInt8 {
    UInt8(truncatingIfNeeded: try board.ports.read(port, .byte))
  }

  private func outb(_ port: UInt64, _ value: UInt8) throws {
    try board.ports.write(port, .byte, UInt64(value))
  }

  private func pass(_ nanoseconds: UInt64) {
    let end = clock.now + nanoseconds
    while let deadline = clock.nextDeadline, deadline <= end {
      clock.advance(to: deadline)
      clock.runDueAlarms()
    }
    clock.advance(to: end)
  }

  /// As the peer's firmware sets the controllers up.
  private func initializeControllers() throws {
    for (command, base, cascade) in [(0x20, 0, 4), (0xA0, 8, 2)] as [(UInt64, UInt8, UInt8)] {
      try outb(command, 0x11)
      for word in [base, cascade, 1] { try outb(command + 1, word) }
    }
    try board.ports.write(0x4D0, .word, 0xFFFF)
    for port: UInt64 in [0x21, 0xA1] { try outb(port, 0xFF) }
    for port: UInt64 in [0xA0, 0x20] { try outb(port, 0x20) }
  }

  @Test func theBridgeIsFoundByItsClass() {
    let header = board.bridge.configuration
    #expect(header.read(0, .longword) == 0x0484_8086)
    #expect(header.read(8, .longword) >> 8 == 0x06_0100)
    for bar in 0..<6 {
      header.write(0x10 + 4 * bar, .longword, 0xFFFF_FFFF)
      #expect(header.read(0x10 + 4 * bar, .longword) == 0)
    }
  }

  @Test func aTypedKeyInterruptsWithVector4() throws {
    try initializeControllers()
    #expect(board.acknowledgeInterrupt() == 7, "idle")
    try outb(0x3FC, 0x0B)
    try outb(0x3F9, 0x01)
    console.type("k")
    board.poll()
    #expect(!interrupt.isAsserted)
    try outb(0x21, 0xEF)
    #expect(interrupt.isAsserted)
    #expect(board.acknowledgeInterrupt() == 4)
    #expect(try inb(0x3F8) == UInt8(ascii: "k"))
    try outb(0x20, 0xE4)
    #expect(!interrupt.isAsserted)
  }

  @Test func theIntervalTimerInterruptsWithVector0() throws {
    try initializeControllers()
    try outb(0x21, 0xFE)
    try outb(0x43, 0x34)
    try outb(0x40, 0xA9)
    try outb(0x40, 0x04)  // 1193: 1 kHz
    var count = 0
    for _ in 0..<10_000 {
      pass(100_000)
      if interrupt.isAsserted, board.acknowledgeInterrupt() == 0 {
        count += 1
        try outb(0x20, 0x60)
      }
    }
    // The control word raises OUT for the first time; then 1000 periods end.
    #expect(count == 1001)
  }

  @Test func aMaskedIntervalTimerCausesNoEvents() throws {
    try initializeControllers()
    try outb(0x43, 0x36)
    try outb(0x40, 0)
    try outb(0x40, 0)
    #expect(clock.nextDeadline == nil)
    try outb(0x21, 0xFE)
    #expect(clock.nextDeadline != nil)
    try outb(0x21, 0xFF)
    #expect(clock.nextDeadline == nil)
  }

  @Test func theRealTimeClockTicksTheChipsetAndNotIRQ8() throws {
    try initializeControllers()
    try outb(0x21, 0)
    try outb(0xA1, 0)
    try outb(0x70, 11)
    try outb(0x71, 0x42)
    pass(1_000_000_000)
    #expect(outcome.ticks == 1024)
    #expect(!interrupt.isAsserted)
  }

  @Test func exitRegisterReportsWhole() throws {
    #expect(try board.ports.read(0x500, .longword) == ExitRegister.signature)
    try board.ports.write(0x500, .longword, 0)
    #expect(outcome.results == [0])
  }

  @Test func superIOIsAbsent() {
    for port: UInt64 in [0x3F0, 0x3F1, 0x370, 0x371, 0x2F8, 0x278] {
      #expect(throws: AccessRefusal.noRegister) { try board.ports.read(port, .byte) }
    }
  }

  @Test func kernelsMayResetTheDMAControllers() throws {
    for port: UInt64 in [0x0D, 0xDA, 0x0E, 0xDC] { try outb(port, 0) }
    try outb(0x87, 0x12)
    #expect(try inb(0x87) == 0x12)
    #expect(try inb(0x08) == 0)
  }

  @Test func resetSilencesEverything() throws {
    try initializeControllers()
    try outb(0x21, 0xEF)
    try outb(0x3FC, 0x08)
    try outb(0x3F9, 0x02)
    try outb(0x70, 11)
    try outb(0x71, 0x42)
    #expect(interrupt.isAsserted)
    board.bridge.reset()
    #expect(!interrupt.isAsserted)
    #expect(clock.nextDeadline == nil)
    #expect(try inb(0x3F9) == 0)
  }

  @Test func theClocksMemorySurvivesAReset() throws {
    try outb(0x70, 20)
    try outb(0x71, 0x5A)
    board.bridge.reset()
    try outb(0x70, 20)
    #expect(try inb(0x71) == 0x5A)
  }

  // MARK: Saved state

  @Test func stateSurvivesSaveAndRestoreAsJSON() throws {
    try initializeControllers()
    try outb(0x21, 0xEE)
    try outb(0x3FC, 0x0B)
    try outb(0x3F9, 0x03)
    try outb(0x43, 0x36)
    try outb(0x40, 0x12)
    try outb(0x40, 0x34)
    try outb(0x71, 0x99)
    console.type("abc")
    board.poll()
    pass(12_345_678)

    let data = try JSONEncoder().encode(board.save())
    let otherClock = VirtualClock()
    let otherInterrupt = InterruptLine()
    let other = SouthBridge(
      clock: otherClock, startDate: 0, console: ConsoleBuffer(),
      SouthBridge.Connections(interrupt: otherInterrupt))
    try otherClock.restore(clock.save())
    try other.restore(try JSONDecoder().decode(SouthBridge.Saved.self, from: data))
    #expect(other.save() == board.save())
    #expect(otherInterrupt.isAsserted == interrupt.isAsserted)
    #expect(other.acknowledgeInterrupt() == board.acknowledgeInterrupt())
    #expect(otherClock.save() == clock.save())
  }

  @Test func aRefusedRestoreChangesNothing() throws {
    try initializeControllers()
    pass(1_000_000)
    let before = board.save()
    var text = String(decoding: try JSONEncoder().encode(before), as: UTF8.self)
    text.replace("\"lowestPriority\":7", with: "\"lowestPriority\":9")
    let bad = try JSONDecoder().decode(SouthBridge.Saved.self, from: Data(text.utf8))
    #expect(throws: RestoreFault.self) { try board.restore(bad) }
    #expect(board.save() == before)
  }

  // MARK: Hostile guests

  /// Random accesses of all widths to all ports, with time passing in between: no trap, a bounded
  /// number of events, and a state that restore accepts.
  @Test(arguments: 0..<8 as Range<UInt64>)
  func randomAccessesDoNoHarm(_ seed: UInt64) throws {
    var random = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    func next() -> UInt64 {
      random ^= random << 13
      random ^= random >> 7
      random ^= random << 17
      return random
    }
    let interesting: [UInt64] =
      Array(0x00...0x0F) + Array(0x20...0x21) + Array(0x40...0x43) + [0x60, 0x61, 0x64, 0x70, 0x71]
      + Array(0x80...0x8F) + Array(0xA0...0xA1) + Array(0xC0...0xDF) + Array(0x3F8...0x3FF)
      + [0x4D0, 0x4D1, 0x500]
    var events = 0
    for step in 0..<20_000 {
      let port =
        next() % 50 == 0 ? next() : interesting[Int(next() % UInt64(interesting.count))]
      let width = AccessWidth.allCases[Int(next() % 4)]
      if next() & 1 == 0 {
        _ = try? board.ports.read(port, width)
      } else {
        try? board.ports.write(port, width, next())
      }
      if next() % 16 == 0 { console.type(.byte(UInt8(truncatingIfNeeded: next()))) }
      if next() % 16 == 0 { board.poll() }
      if interrupt.isAsserted, next() % 4 == 0 { _ = board.acknowledgeInterrupt() }
      let leap: UInt64 = step % 1000 == 0 ? 10_000_000_000 : 20_000
      clock.advance(to: clock.now + next() % leap)
      clock.runDueAlarms()
      events += 1
    }
    #expect(events == 20_000)
    let saved = board.save()
    try board.restore(saved)
    #expect(board.save() == saved)
  }
}
