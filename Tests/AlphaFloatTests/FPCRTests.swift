import AlphaFloat
import Testing

@Suite struct FPCRTests {
  @Test("SUM is the OR of the six status bits, whatever was written (AHB 4.7.8)")
  func summaryBit() {
    let summary: UInt64 = 1 << 63
    for bit in 52...57 as ClosedRange<UInt64> {
      let status: UInt64 = 1 << bit
      #expect(FPCR(status).value == status | summary)
    }
    #expect(FPCR(1 << 63).value == 0)
    #expect(FPCR(1 << 62).value == 1 << 62)
  }

  @Test("Bits 46:0 read as zero, the rest as written")
  func writeMask() {
    #expect(FPCR(~0).value == 0xffff_8000_0000_0000)
  }

  @Test("DYN has the encoding of the rounding modes")
  func dynamicRounding() {
    for rounding in Rounding.allCases {
      let fpcr = FPCR(UInt64(rounding.rawValue) << 58)
      #expect(fpcr.dynamicRounding == rounding)
      #expect(Rounding(function: 0xc0, fpcr: fpcr) == rounding)
    }
    #expect(Rounding(function: 0x5a0, fpcr: FPCR()) == .nearest)
    #expect(Rounding(function: 0x52f, fpcr: FPCR(3 << 58)) == .chopped)
  }

  @Test("Recorded exceptions stay until they are cleared by a write")
  func recording() {
    var fpcr = FPCR(2 << 58)
    fpcr.record([.inexact, .softwareCompletion])
    fpcr.record(.integerOverflow)
    #expect(fpcr.status == [.inexact, .integerOverflow])
    let expected: UInt64 = 1 << 63 | 1 << 57 | 1 << 56 | 2 << 58
    #expect(fpcr.value == expected)
  }

  @Test("UNFD disables only together with UNDZ (21264 HRM A.8)")
  func disabled() {
    #expect(FPCR(1 << 61).disabled.isEmpty)
    #expect(FPCR(1 << 60).disabled.isEmpty)
    #expect(FPCR(3 << 60).disabled == .underflow)
    #expect(FPCR(1 << 62).disabled == .inexact)
    #expect(FPCR(1 << 49).disabled == .invalid)
    #expect(FPCR(1 << 50).disabled == .divisionByZero)
    #expect(FPCR(1 << 51).disabled == .overflow)
  }
}
