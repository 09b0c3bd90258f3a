import Console
import DeviceModel
import Testing

@testable import SouthBridge

/// Rules of the National PC16550D data sheet.
@Suite struct UART16550Tests {
  private static let base: UInt16 = 0x3F8

  private let clock = VirtualClock()
  private let console = ConsoleBuffer()
  private let irq = InterruptLine()
  private let uart: UART16550

  init() {
    uart = UART16550("COM1", clock: clock, line: console, interrupt: irq)
  }

  private func read(_ register: UInt16) -> UInt8 { uart.read(port: Self.base + register) }
  private func write(_ register: UInt16, _ value: UInt8) {
    uart.write(port: Self.base + register, value)
  }

  /// 8 data bits, no parity, 1 stop bit, 115200 baud, FIFOs with trigger level 8, OUT2.
  private func initialize(interrupts: UInt8, fifo: UInt8 = 0x87) {
    write(3, 0x83)
    write(0, 1)
    write(1, 0)
    write(3, 0x03)
    write(2, fifo)
    write(4, 0x0B)
    write(1, interrupts)
  }

  private static let characterTime: UInt64 = 10 * 78_125 / 9

  private func pass(_ nanoseconds: UInt64) {
    let end = clock.now + nanoseconds
    while let deadline = clock.nextDeadline, deadline <= end {
      clock.advance(to: deadline)
      clock.runDueAlarms()
    }
    clock.advance(to: end)
  }

  // MARK: Registers

  @Test func divisorLatchHidesBehindItsAccessBit() {
    write(3, 0x80)
    write(0, 0x34)
    write(1, 0x12)
    #expect([read(0), read(1)] == [0x34, 0x12])
    write(3, 0x03)
    write(1, 0xFF)
    #expect(read(1) == 0x0F)
    write(3, 0x83)
    #expect([read(0), read(1)] == [0x34, 0x12])
    #expect(console.outputBytes.isEmpty)
  }

  @Test func identifiesAsA16550A() {
    #expect(read(2) == 0x01)
    write(2, 0x01)
    #expect(read(2) == 0xC1)
    write(2, 0x00)
    #expect(read(2) == 0x01)
    write(7, 0x5A)
    #expect(read(7) == 0x5A)
  }

  @Test func characterTimeFollowsTheFormat() {
    initialize(interrupts: 0)
    #expect(uart.save().characterTime == 86_805)  // 10 bits at 115200 baud
    write(3, 0x8F)
    write(0, 12)
    #expect(uart.save().characterTime == 1_250_000)  // 12 bits at 9600 baud
  }

  @Test func statusRegistersAreReadOnly() {
    write(5, 0x00)
    write(6, 0xFF)
    #expect(read(5) == 0x60)
    #expect(read(6) == 0xB0)
  }

  // MARK: Transmitter

  @Test func aPollingGuestNeverWaits() {
    for byte in "hello".utf8 {
      #expect(read(5) & 0x20 != 0)
      write(0, byte)
    }
    #expect(console.outputText == "hello")
  }

  @Test func transmitterInterruptComesOnEnableAndAfterEachCharacter() {
    initialize(interrupts: 0)
    #expect(!irq.isAsserted)
    write(1, 0x02)
    #expect(irq.isAsserted)
    #expect(read(2) == 0xC2)
    #expect(!irq.isAsserted, "reading the identification withdraws it")
    #expect(read(2) == 0xC1)
    write(0, 0x41)
    #expect(irq.isAsserted)
    #expect(read(2) == 0xC2)
    // Linux's test for ports that do not reassert.
    write(1, 0x00)
    write(1, 0x02)
    #expect(read(2) == 0xC2)
  }

  // MARK: Receiver

  @Test func withoutFIFOsOneCharacterWaits() {
    initialize(interrupts: 0x01, fifo: 0)
    console.type("ab")
    uart.poll()
    #expect(irq.isAsserted)
    #expect(read(2) == 0x04)
    #expect(read(5) & 0x01 == 0x01)
    pass(10 * Self.characterTime)
    #expect(read(0) == 0x61)
    #expect(!irq.isAsserted)
    #expect(read(5) & 0x01 == 0)
    pass(Self.characterTime)
    #expect(read(0) == 0x62)
  }

  @Test func charactersComeOneCharacterTimeApart() {
    initialize(interrupts: 0)
    console.type("abc")
    uart.poll()
    uart.poll()
    #expect(uart.save().received.count == 1)
    pass(Self.characterTime - 1)
    #expect(uart.save().received.count == 1)
    pass(1)
    #expect(uart.save().received.count == 2)
  }

  @Test func triggerLevelThenTimeout() {
    initialize(interrupts: 0x01)
    console.type("0123456789")
    uart.poll()
    pass(6 * Self.characterTime)
    #expect(!irq.isAsserted, "7 characters are below the trigger level")
    pass(Self.characterTime)
    #expect(irq.isAsserted)
    #expect(read(2) == 0xC4)
    pass(2 * Self.characterTime)
    for expected in "01234".utf8 { #expect(read(0) == expected) }
    #expect(!irq.isAsserted)
    pass(4 * Self.characterTime)
    #expect(read(2) == 0xCC)
    for expected in "56789".utf8 { #expect(read(0) == expected) }
    #expect(!irq.isAsserted)
    #expect(read(2) == 0xC1)
  }

  @Test func aPastedTextArrivesWholeWhateverTheGuestDoes() {
    initialize(interrupts: 0)
    let text = String((0..<5000).map { Character(UnicodeScalar(UInt8(32 + $0 % 90))) })
    console.type(text)
    uart.poll()
    var received: [UInt8] = []
    var round: UInt64 = 0
    while received.count < 5000, round < 10_000 {
      pass((round * 37 % 50) * Self.characterTime)
      for _ in 0..<(round % 20) where read(5) & 1 == 1 { received.append(read(0)) }
      #expect(read(5) & 0x02 == 0)
      round += 1
    }
    #expect(String(decoding: received, as: UTF8.self) == text)
  }

  @Test func anIdleLineArmsNoAlarm() {
    initialize(interrupts: 0x0F)
    console.type("a")
    uart.poll()
    pass(10 * Self.characterTime)
    _ = read(0)
    #expect(clock.nextDeadline == nil)
    uart.poll()
    #expect(clock.nextDeadline == nil)
  }

  @Test func clearingTheFIFODropsItsContent() {
    initialize(interrupts: 0x01)
    console.type("ab")
    uart.poll()
    pass(5 * Self.characterTime)
    #expect(irq.isAsserted)
    write(2, 0x83)
    #expect(!irq.isAsserted)
    #expect(read(5) == 0x60)
  }

  @Test func aBreakIsAZeroWithItsErrorBit() {
    initialize(interrupts: 0x04)
    console.type(.breakCondition)
    uart.poll()
    #expect(irq.isAsserted)
    #expect(read(2) == 0xC6)
    #expect(read(5) == 0xF1)
    #expect(!irq.isAsserted, "reading the line status clears the error")
    #expect(read(5) == 0x61)
    #expect(read(0) == 0)
  }

  // MARK: Modem control, loopback, priority

  @Test func out2ConnectsTheInterrupt() {
    initialize(interrupts: 0x02)
    #expect(irq.isAsserted)
    write(4, 0x03)
    #expect(!irq.isAsserted)
    write(4, 0x0B)
    #expect(irq.isAsserted)
  }

  @Test func loopbackReturnsCharactersAndModemOutputs() {
    initialize(interrupts: 0)
    write(4, 0x1B)
    write(0, 0x55)
    #expect(console.outputBytes.isEmpty)
    #expect(read(0) == 0x55)
    for (control, status) in [(0x11, 0x20), (0x12, 0x10), (0x14, 0x40), (0x18, 0x80)]
      as [(UInt8, UInt8)]
    {
      write(4, control)
      #expect(read(6) & 0xF0 == status)
    }
    write(4, 0x10)
    #expect(read(6) == 0x08, "DCD has changed")
    write(4, 0x14)
    #expect(read(6) == 0x40, "a rise of RI is not reported")
    write(4, 0x10)
    #expect(read(6) == 0x04, "its fall is")
  }

  @Test func loopbackCanOverrun() {
    initialize(interrupts: 0)
    write(4, 0x1B)
    for byte in 0..<17 as Range<UInt8> { write(0, byte) }
    #expect(read(5) == 0x63)
    #expect(read(5) == 0x61)
    for byte in 0..<16 as Range<UInt8> { #expect(read(0) == byte) }
  }

  @Test func sourcesInOrderOfPriority() {
    initialize(interrupts: 0x0F, fifo: 0x07)
    write(4, 0x1B)
    _ = read(6)
    write(4, 0x19)
    write(0, 0x41)
    for _ in 0..<16 { write(0, 0x42) }
    #expect(read(2) == 0xC6)
    _ = read(5)
    #expect(read(2) == 0xC4)
    write(2, 0x07)
    #expect(read(2) == 0xC2)
    #expect(read(2) == 0xC0)
    _ = read(6)
    #expect(read(2) == 0xC1)
  }

  // MARK: Saved state

  @Test("Without RTS the line is held, and nothing typed ahead is lost")
  func requestToSendHoldsTheLine() {
    console.type("ab")
    uart.poll()
    #expect(read(5) & 1 == 0)
    initialize(interrupts: 0)
    uart.poll()
    #expect(read(5) & 1 == 1)
    #expect(read(0) == UInt8(ascii: "a"))
  }

  @Test func stateSurvivesSaveAndRestore() throws {
    initialize(interrupts: 0x01, fifo: 0x07)
    console.type("xyz")
    uart.poll()
    pass(2 * Self.characterTime)
    let other = InterruptLine()
    let copy = UART16550(
      "COM1", clock: VirtualClock(), line: ConsoleBuffer(), interrupt: other)
    try copy.restore(uart.save())
    #expect(copy.save() == uart.save())
    #expect(other.isAsserted)
    #expect(copy.read(port: Self.base) == 0x78)
    #expect(throws: RestoreFault.self) {
      var bad = uart.save()
      bad.received = Array(repeating: .init(byte: 0, isBreak: false), count: 17)
      try copy.restore(bad)
    }
  }
}
