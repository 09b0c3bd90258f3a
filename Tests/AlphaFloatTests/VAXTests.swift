import AlphaFloat
import Testing

@Suite struct VAXTests {
  private let one: UInt64 = 0x4010_0000_0000_0000
  private let largest: UInt64 = 0x7fff_ffff_ffff_ffff
  private let plain = FloatControl(rounding: .nearest, qualifiers: [], fpcr: FPCR())

  @Test("F in memory: LDF of 1.0 and back")
  func loadF() {
    #expect(MemoryImage.loadF(0x0000_4080) == one)
    #expect(MemoryImage.storeF(one) == 0x0000_4080)
    #expect(MemoryImage.moveF(0x4080_0000) == one)
    #expect(MemoryImage.loadF(0xffff_00ff) == 0x380f_ffff_e000_0000 | 0x10 << 48)
  }

  @Test("G in memory: the four words change places")
  func loadG() {
    #expect(MemoryImage.swapG(0x0123_4567_89ab_cdef) == 0xcdef_89ab_4567_0123)
  }

  @Test("1 + 1, 1.5 × 1.5 and the square root of 2.25 in F and G", arguments: VAXFormat.allCases)
  func arithmetic(_ format: VAXFormat) {
    let (oneAndHalf, two, square): (UInt64, UInt64, UInt64) = (
      0x4018_0000_0000_0000, 0x4020_0000_0000_0000, 0x4022_0000_0000_0000
    )
    #expect(VAX.add(one, one, format, plain).bits == two)
    #expect(VAX.multiply(oneAndHalf, oneAndHalf, format, plain).bits == square)
    #expect(VAX.squareRoot(square, format, plain).bits == oneAndHalf)
    #expect(VAX.divide(two, two, format, plain).bits == one)
    #expect(VAX.subtract(one, one, format, plain).bits == 0)
  }

  @Test("Ties round away from zero; /C chops")
  func rounding() {
    let tie: UInt64 = one | 1 << 28  // halfway between two F values
    let chopped = FloatControl(rounding: .chopped, qualifiers: [], fpcr: FPCR())
    #expect(VAX.convertGtoF(tie, plain).bits == one | 1 << 29)
    #expect(VAX.convertGtoF(tie | 1 << 63, plain).bits == one | 1 << 29 | 1 << 63)
    #expect(VAX.convertGtoF(tie, chopped).bits == one)
  }

  @Test("Reserved operands and dirty zeros are invalid, with SWC under /S (AHB 4.10)")
  func reservedOperands() {
    let completing = FloatControl(rounding: .nearest, qualifiers: .completion, fpcr: FPCR())
    for operand in [1 << 63, 1, 1 << 63 | 5] as [UInt64] {
      let result = VAX.add(one, operand, .g, plain)
      #expect(result.traps == .invalid && !result.isWritten && result.status.isEmpty)
      #expect(
        VAX.compareEqual(operand, one, completing).traps == [.invalid, .softwareCompletion])
      #expect(VAX.convertGtoQ(operand, plain).traps == .invalid)
    }
  }

  @Test("Overflow and division by zero always trap, underflow only with /U")
  func traps() {
    let trapping = FloatControl(rounding: .nearest, qualifiers: .underflow, fpcr: FPCR())
    let tiny: UInt64 = 0x0010_0000_0000_0000
    #expect(VAX.add(largest, largest, .g, plain).traps == .overflow)
    #expect(VAX.divide(one, 0, .g, plain).traps == .divisionByZero)
    #expect(VAX.divide(0, 0, .g, plain).traps == .divisionByZero)
    #expect(VAX.multiply(tiny, tiny, .g, plain).traps.isEmpty)
    #expect(VAX.multiply(tiny, tiny, .g, plain).bits == 0)
    #expect(VAX.multiply(tiny, tiny, .g, trapping).traps == .underflow)
  }

  @Test("D: to G rounds off three bits, from G checks the exponent")
  func convertD() {
    let dOne: UInt64 = 129 << 55
    #expect(VAX.convertDtoG(dOne, plain).bits == one)
    #expect(VAX.convertDtoG(dOne | 4, plain).bits == one | 1)
    #expect(VAX.convertDtoG(dOne | 3, plain).bits == one)
    #expect(VAX.convertGtoD(one | 1, plain).bits == dOne | 8)
    #expect(VAX.convertGtoD(largest, plain).traps == .overflow)
    #expect(VAX.convertGtoD(0x0010_0000_0000_0000, plain).bits == 0)
  }
}
