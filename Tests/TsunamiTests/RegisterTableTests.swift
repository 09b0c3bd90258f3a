import DeviceModel
import GuestMemory
import Testing
import Tsunami

/// What the manual says about one register: its value after reset, after writing all ones, and
/// after writing zero to that.
private struct Expectation {
  let offset: UInt64
  let reset: UInt64
  let ones: UInt64
  let zero: UInt64

  init(_ offset: UInt64, reset: UInt64 = 0, ones: UInt64, zero: UInt64 = 0) {
    self.offset = offset
    self.reset = reset
    self.ones = ones
    self.zero = zero
  }

  /// Read-only, or write-only, which reads zero.
  init(_ offset: UInt64, constant: UInt64 = 0) {
    self.init(offset, reset: constant, ones: constant, zero: constant)
  }

  /// All 64 bits are stored.
  init(stored offset: UInt64) { self.init(offset, ones: .max) }
}

private func check(
  _ expectations: [Expectation], blockSize: UInt64,
  read: (UInt64, AccessWidth) throws(AccessRefusal) -> UInt64,
  write: (UInt64, AccessWidth, UInt64) throws(AccessRefusal) -> Void
) throws {
  for register in expectations {
    let place: Comment = "offset 0x\(String(register.offset, radix: 16))"
    #expect(try read(register.offset, .quadword) == register.reset, place)
    try write(register.offset, .quadword, .max)
    #expect(try read(register.offset, .quadword) == register.ones, place)
    try write(register.offset, .quadword, 0)
    #expect(try read(register.offset, .quadword) == register.zero, place)
    for width in [AccessWidth.byte, .word, .longword] {
      #expect(throws: AccessRefusal.badWidth) { try read(register.offset, width) }
      #expect(throws: AccessRefusal.badWidth) { try write(register.offset, width, 0) }
    }
    #expect(throws: AccessRefusal.misaligned) { try read(register.offset + 4, .quadword) }
    #expect(throws: AccessRefusal.misaligned) { try write(register.offset + 1, .quadword, 0) }
  }
  let known = Set(expectations.map(\.offset))
  for offset in stride(from: 0, to: blockSize, by: 8) where !known.contains(offset) {
    #expect(throws: AccessRefusal.noRegister) { try read(offset, .quadword) }
    #expect(throws: AccessRefusal.noRegister) { try write(offset, .quadword, 0) }
  }
}

@Suite struct RegisterTableTests {
  @Test func cchip() throws {
    let cchip = Cchip()
    try check(
      [
        Expectation(0x000, ones: 0x0777_777F_FF3F_0000),
        Expectation(stored: 0x040),
        // Writing ones clears and sets arbitration (ACL, ABT, ABW) and requests IPIs.
        Expectation(
          0x080, reset: 0x8_0000_0000, ones: 0x8_00FF_0F00, zero: 0x8_00FF_0F00),
        Expectation(0x0C0, ones: 0xC, zero: 0),
        Expectation(stored: 0x100), Expectation(stored: 0x140),
        Expectation(stored: 0x180), Expectation(stored: 0x1C0),
        Expectation(stored: 0x200), Expectation(stored: 0x240),
        Expectation(0x280), Expectation(0x2C0), Expectation(0x300), Expectation(0x340),
        Expectation(0x380, ones: 0xFF_FFFF), Expectation(0x3C0, ones: 0xFF_FFFF),
        Expectation(0x400), Expectation(0x440), Expectation(0x480), Expectation(0x4C0),
        Expectation(stored: 0x500), Expectation(stored: 0x580), Expectation(stored: 0x5C0),
        Expectation(stored: 0x600), Expectation(stored: 0x640),
        Expectation(0x680), Expectation(0x6C0),
        Expectation(0x700, ones: 0xFF_FFFF), Expectation(0x740, ones: 0xFF_FFFF),
        Expectation(stored: 0x780), Expectation(stored: 0xC00), Expectation(stored: 0xC40),
        Expectation(0xC80), Expectation(0xCC0),
      ], blockSize: 0x1000,
      read: { offset, width throws(AccessRefusal) in try cchip.read(offset, width, cpu: 0) },
      write: { offset, width, value throws(AccessRefusal) in
        try cchip.write(offset, width, value)
      })
  }

  @Test func pchip() throws {
    let pchip = Pchip(memory: try GuestRAM(byteCount: 8192))
    let windows = (0..<4).flatMap { (number: UInt64) in
      [
        number < 3
          ? Expectation(0x000 + 0x40 * number, ones: 0xFFF0_0003)
          : Expectation(0x0C0, reset: 2, ones: 0x80_FFF0_0003, zero: 2),
        Expectation(0x100 + 0x40 * number, ones: 0xFFF0_0000),
        Expectation(0x200 + 0x40 * number, ones: 0x7_FFFF_FC00),
      ]
    }
    try check(
      windows + [
        Expectation(
          0x300, reset: 0x1044_0144_0081, ones: 0x1CFF_01FC_FFFF, zero: 0x0100_0000),
        Expectation(0x340, ones: 0xFF00),
        Expectation(0x3C0),
        Expectation(0x400, ones: 0xFFF),
        Expectation(0x440), Expectation(0x480), Expectation(0x4C0),
        Expectation(stored: 0x500),
        Expectation(0x540), Expectation(0x800),
      ], blockSize: 0x1000, read: pchip.read, write: pchip.write)
  }

  @Test func dchip() throws {
    let dchip = Dchip()
    try check(
      [
        Expectation(0x800, constant: 0x4343_4343_4343_4343),
        Expectation(0x840, reset: 0x2525_2525_2525_2525, ones: .max),
        Expectation(0x880, constant: 0x0101_0101_0101_0101),
        Expectation(0x8C0, constant: 0x0303_0303_0303_0303),
      ], blockSize: 0x1000, read: dchip.read, write: dchip.write)
    #expect(dchip.save() != Dchip().save())
    dchip.reset()
    #expect(dchip.save() == Dchip().save())
  }

  @Test func everyNameHasALine() {
    #expect(Set(Cchip.registerMap.registers.map(\.name)) == Set(CchipRegister.allCases))
    #expect(Set(Pchip.registerMap.registers.map(\.name)) == Set(PchipRegister.allCases))
    #expect(Set(Dchip.registerMap.registers.map(\.name)) == Set(DchipRegister.allCases))
  }

  @Test func restoreRefusesWhatARegisterCannotHold() throws {
    let dchip = Dchip()
    try dchip.write(0x840, .quadword, 0x1234)
    let saved = dchip.save()
    let copy = Dchip()
    try copy.restore(saved)
    #expect(try copy.read(0x840, .quadword) == 0x1234)

    var bad = saved
    bad.registers["DREV"] = 0
    #expect(throws: RestoreFault("Dchip: register DREV cannot hold 0x0")) {
      try copy.restore(bad)
    }
    bad = saved
    bad.registers["STR"] = nil
    #expect(throws: RestoreFault("Dchip: 3 registers, not 4")) { try copy.restore(bad) }
    bad.registers["CSC"] = 0
    #expect(throws: RestoreFault("Dchip: register STR is missing")) { try copy.restore(bad) }
    #expect(copy.save() == saved)
  }
}
