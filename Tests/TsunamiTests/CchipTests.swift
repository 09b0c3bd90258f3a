import DeviceModel
import MachineTestKit
import Testing
import Tsunami

@Suite struct CchipTests {
  private let cchip = Cchip()
  private static let misc: UInt64 = 0x080
  private static let drir: UInt64 = 0x300
  private static let masks: [UInt64] = [0x200, 0x240, 0x600, 0x640]
  private static let requests: [UInt64] = [0x280, 0x2C0, 0x680, 0x6C0]
  private static let ignoreCounts: [UInt64] = [0x380, 0x3C0, 0x700, 0x740]

  private func read(_ offset: UInt64, cpu: Int = 0) throws -> UInt64 {
    try cchip.read(offset, .quadword, cpu: cpu)
  }

  private func write(_ offset: UInt64, _ value: UInt64) throws {
    try cchip.write(offset, .quadword, value)
  }

  private func miscField(_ shift: UInt64) throws -> UInt64 {
    try read(Self.misc) >> shift & 0xF
  }

  @Test func miscShowsTheReadersNumber() throws {
    for cpu in 0..<4 {
      #expect(try read(Self.misc, cpu: cpu) == 0x8_0000_0000 | UInt64(cpu))
    }
    _ = try read(Self.misc, cpu: -1)
    _ = try read(Self.misc, cpu: Int.max)
  }

  @Test(arguments: 0..<4)
  func deviceInterruptsReachTheCPUsThatEnableThem(cpu: Int) throws {
    cchip.driveInterrupt(55, true)
    cchip.driveInterrupt(8, true)
    #expect(try read(Self.drir) == 1 << 55 | 1 << 8)
    #expect(cchip.pins(of: cpu) == CPUPins())
    try write(Self.masks[cpu], 1 << 8)
    for other in 0..<4 {
      #expect(cchip.pins(of: other) == CPUPins(device: other == cpu))
      #expect(try read(Self.requests[other]) == (other == cpu ? 1 << 8 : 0))
    }
    cchip.driveInterrupt(8, false)
    #expect(cchip.pins(of: cpu) == CPUPins(), "level-sensitive")
    try write(Self.masks[cpu], 1 << 55)
    #expect(cchip.pins(of: cpu).device)
    try write(Self.masks[cpu], 0)
    #expect(!cchip.pins(of: cpu).device, "a mask write lowers the pin, too")
  }

  @Test func errorsUseTheirOwnPinAndOnlyWhereEnabled() throws {
    cchip.driveInterrupt(62, true)
    cchip.driveInterrupt(58, true)
    try write(Self.masks[0], 0x00FF_FFFF_FFFF_FFFF)
    #expect(cchip.pins(of: 0) == CPUPins())
    try write(Self.masks[1], 1 << 62)
    #expect(cchip.pins(of: 1) == CPUPins(error: true))
    cchip.driveInterrupt(62, false)
    #expect(cchip.pins(of: 1) == CPUPins())
    try write(Self.masks[1], .max)
    #expect(cchip.pins(of: 1) == CPUPins(error: true))
  }

  @Test func bitsWithoutAnInputAreIgnored() throws {
    for bit in [-1, 56, 57, 63, 64, Int.max, Int.min] { cchip.driveInterrupt(bit, true) }
    #expect(try read(Self.drir) == 0)
    cchip.requestTimerInterrupt(cpu: 4)
    cchip.requestTimerInterrupt(cpu: -1)
    #expect(try read(Self.misc) == 0x8_0000_0000)
    #expect(cchip.pins(of: 4) == CPUPins() && cchip.pins(of: -1) == CPUPins())
  }

  @Test func pinsReportChangesOnce() throws {
    var changes: [(Int, CPUPins)] = []
    cchip.pinsDidChange = { changes.append(($0, $1)) }
    try write(Self.masks[2], .max)
    cchip.driveInterrupt(9, true)
    cchip.driveInterrupt(9, true)
    cchip.driveInterrupt(10, true)
    cchip.driveInterrupt(9, false)
    cchip.driveInterrupt(10, false)
    #expect(changes.map(\.0) == [2, 2])
    #expect(changes.map(\.1) == [CPUPins(device: true), CPUPins()])
  }

  @Test(arguments: 0..<4)
  func interprocessorInterruptIsALatch(cpu: Int) throws {
    let request: UInt64 = 1 << (12 + UInt64(cpu))
    let pending: UInt64 = 1 << (8 + UInt64(cpu))
    try write(Self.misc, request)
    #expect(try read(Self.misc) == 0x8_0000_0000 | pending, "IPREQ reads zero")
    #expect(cchip.pins(of: cpu) == CPUPins(processor: true))
    try write(Self.misc, 0)
    #expect(cchip.pins(of: cpu).processor)
    try write(Self.misc, pending)
    #expect(cchip.pins(of: cpu) == CPUPins())
    try write(Self.misc, request | pending)
    #expect(cchip.pins(of: cpu).processor, "a request is never lost to an acknowledgement")
  }

  @Test func timerInterruptsAreAcknowledgedPerCPU() throws {
    cchip.tickIntervalTimer()
    #expect(try miscField(4) == 0xF)
    try write(Self.misc, 1 << 5)
    #expect(try miscField(4) == 0b1101)
    #expect(cchip.pins(of: 0) == CPUPins(timer: true))
    #expect(cchip.pins(of: 1) == CPUPins())
    cchip.requestTimerInterrupt(cpu: 1)
    #expect(cchip.pins(of: 1) == CPUPins(timer: true))
  }

  @Test func ignoreCountSkipsTicks() throws {
    try write(Self.ignoreCounts[3], 2)
    for remaining in [UInt64(1), 0] {
      cchip.tickIntervalTimer()
      #expect(try read(Self.ignoreCounts[3]) == remaining)
      #expect(!cchip.pins(of: 3).timer)
    }
    cchip.tickIntervalTimer()
    #expect(try read(Self.ignoreCounts[3]) == 0x1FF_FFFF)
    #expect(cchip.pins(of: 3).timer)
    try write(Self.misc, 1 << 7)
    cchip.tickIntervalTimer()
    #expect(cchip.pins(of: 3).timer, "past zero, every tick interrupts")
    try write(Self.ignoreCounts[3], .max)
    #expect(try read(Self.ignoreCounts[3]) == 0xFF_FFFF, "a write clears OF")
  }

  @Test func arbitrationIsWonOnce() throws {
    try write(Self.misc, 0b0010 << 20 | 0b0010 << 16)
    #expect(try miscField(20) == 0b0010 && miscField(16) == 0b0010)
    try write(Self.misc, 0b0001 << 20 | 0b0001 << 16)
    #expect(try miscField(20) == 0b0011, "tries accumulate")
    #expect(try miscField(16) == 0b0010, "the first writer has won")
    try write(Self.misc, 1 << 20)
    #expect(try miscField(16) == 0b0010, "bit 20 is a try, not ACL")
    try write(Self.misc, 1 << 24)
    #expect(try read(Self.misc) == 0x8_0000_0000)
    try write(Self.misc, 0b1000 << 16)
    #expect(try miscField(16) == 0b1000)
  }

  @Test func deviceSuppressionIsWriteOnly() throws {
    try write(Self.misc, 0xF << 40)
    #expect(try read(Self.misc) == 0x8_0000_0000)
  }

  @Test func firstNonExistentMemoryAccessIsHeld() throws {
    try write(Self.masks[0], 1 << 63)
    cchip.recordNonExistentMemory(from: .pchip0)
    cchip.recordNonExistentMemory(from: .cpu(2))
    #expect(try read(Self.misc) == 0x8_9000_0000)
    #expect(try read(Self.drir) == 1 << 63)
    #expect(cchip.pins(of: 0) == CPUPins(error: true))
    try write(Self.misc, 1 << 28)
    #expect(try read(Self.misc) == 0x8_0000_0000)
    #expect(try read(Self.drir) == 0 && cchip.pins(of: 0) == CPUPins())
    cchip.recordNonExistentMemory(from: .cpu(2))
    #expect(try read(Self.misc) == 0x8_5000_0000)
  }

  @Test func presenceDetectBusHasNobodyOnIt() throws {
    for lines in UInt64(0)..<4 {
      try write(0x0C0, lines)
      #expect(try read(0x0C0) == lines << 2)
    }
  }

  @Test func resetKeepsTheInputs() throws {
    try write(Self.masks[0], .max)
    cchip.driveInterrupt(12, true)
    cchip.recordNonExistentMemory(from: .cpu(0))
    cchip.tickIntervalTimer()
    cchip.reset()
    #expect(cchip.pins(of: 0) == CPUPins())
    #expect(try read(Self.drir) == 1 << 12)
    #expect(try read(Self.misc) == 0x8_0000_0000)
  }

  @Test func savedStateDrivesThePinsAgain() throws {
    try write(Self.masks[1], 1 << 20)
    cchip.driveInterrupt(20, true)
    cchip.tickIntervalTimer()
    try write(Self.misc, 1 << 14)
    let copy = Cchip()
    try copy.restore(cchip.save())
    #expect(copy.save() == cchip.save())
    for cpu in 0..<4 { #expect(copy.pins(of: cpu) == cchip.pins(of: cpu)) }
    #expect(copy.pins(of: 1) == CPUPins(device: true, timer: true))
    #expect(copy.pins(of: 2) == CPUPins(timer: true, processor: true))

    var bad = cchip.save()
    bad.registers["DIR0"] = 1
    #expect(throws: RestoreFault("Cchip: register DIR0 cannot hold 0x1")) {
      try copy.restore(bad)
    }
    #expect(copy.save() == cchip.save())
  }

  @Test func hostileRegisterTraffic() throws {
    var random = SeededGenerator(1)
    for _ in 0..<20_000 {
      let offset = random.next() % 0x1000
      let width = AccessWidth.allCases[Int(random.next() % 4)]
      try? cchip.write(offset & ~7, width, random.next())
      try? cchip.write(offset & 0xFC0, .quadword, random.next())
      _ = try? cchip.read(offset, width, cpu: Int(truncatingIfNeeded: random.next()))
      cchip.driveInterrupt(Int(random.next() % 80), random.next() & 1 == 0)
      if random.next() % 16 == 0 { cchip.tickIntervalTimer() }
      let drir = try read(Self.drir)
      for cpu in 0..<4 {
        let enabled = try read(Self.masks[cpu]) & drir
        #expect(try read(Self.requests[cpu]) == enabled)
        #expect(cchip.pins(of: cpu).device == (enabled << 8 != 0))
        #expect(cchip.pins(of: cpu).error == (enabled >> 58 != 0))
      }
    }
  }
}
