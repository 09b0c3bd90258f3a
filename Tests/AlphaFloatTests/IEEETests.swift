import AlphaFloat
import Testing

/// The rules of the manuals, one by one; ReferenceVectorTests has the full cross product.
@Suite struct IEEETests {
  private let one = (1.0).bitPattern
  private let infinity = Double.infinity.bitPattern
  private let largest = Double.greatestFiniteMagnitude.bitPattern
  private let smallest = Double.leastNormalMagnitude.bitPattern
  private let denormal: UInt64 = 1
  private let canonicalNaN: UInt64 = 0xfff8_0000_0000_0000
  private let su: TrapQualifiers = [.completion, .underflow]
  private let sui: TrapQualifiers = [.completion, .underflow, .inexact]
  private let allDisables: UInt64 = 0x700e << 48

  private func control(_ qualifiers: TrapQualifiers, _ fpcr: UInt64 = 0) -> FloatControl {
    FloatControl(rounding: .nearest, qualifiers: qualifiers, fpcr: FPCR(fpcr))
  }

  @Test("A denormal operand traps: INV without /S, SWC alone with /S, not at all with DNZ")
  func denormalOperand() {
    let plain = IEEE.add(denormal, one, .t, control([]))
    #expect(plain.traps == .invalid && plain.status == .invalid && !plain.isWritten)
    let completing = IEEE.add(one, denormal, .t, control(su, allDisables))
    #expect(completing.traps == .softwareCompletion)
    #expect(completing.status.isEmpty && !completing.isWritten)
    let zero = IEEE.divide(one, denormal | 1 << 63, .t, control(su, 1 << 48))
    #expect(zero.traps == [.softwareCompletion, .divisionByZero])
    #expect(zero.bits == infinity | 1 << 63)
  }

  @Test("NaNs and infinities trap without /S; compares accept infinities")
  func nonFiniteOperands() {
    for operand in [infinity, canonicalNaN, 0x7ff0_0000_0000_0001] {
      #expect(IEEE.multiply(one, operand, .t, control([])).traps == .invalid)
      #expect(IEEE.multiply(one, operand, .t, control([])).isWritten == false)
    }
    #expect(IEEE.compareLess(one, infinity, control([])).bits == 0x4000_0000_0000_0000)
    #expect(IEEE.compareEqual(one, canonicalNaN, control([])).traps == .invalid)
  }

  @Test("NaN results: Fb before Fa, quieted, canonical with the sign set (AHB 4.7.10)")
  func nanPropagation() {
    let (x, y): (UInt64, UInt64) = (0x7ff0_0000_0000_1234, 0xfff8_0000_0000_5678)
    #expect(IEEE.add(x, y, .t, control(su, allDisables)).bits == y)
    #expect(IEEE.add(y, x, .t, control(su, allDisables)).bits == x | 1 << 51)
    #expect(IEEE.add(y, one, .t, control(su)).bits == y)
    #expect(IEEE.add(y, one, .t, control(su)).status.isEmpty)
    let signaling = IEEE.add(x, one, .t, control(su))
    #expect(signaling.traps == [.invalid, .softwareCompletion] && signaling.status == .invalid)
    #expect(IEEE.subtract(infinity, infinity, .t, control(su)).bits == canonicalNaN)
  }

  @Test("Disabled traps deliver the default result, with /S only (21264 HRM A.8)")
  func disables() {
    let zero: UInt64 = 0
    #expect(IEEE.divide(one, zero, .t, control([], allDisables)).traps == .divisionByZero)
    let quiet = IEEE.divide(one, zero, .t, control(sui, allDisables))
    #expect(quiet.traps.isEmpty && quiet.bits == infinity && quiet.status == .divisionByZero)
    let overflow = IEEE.add(largest, largest, .t, control(sui, allDisables))
    #expect(overflow.traps.isEmpty && overflow.status == [.overflow, .inexact])
    let invalid = IEEE.squareRoot(one | 1 << 63, .t, control(su, allDisables))
    #expect(invalid.traps.isEmpty && invalid.bits == canonicalNaN)
  }

  @Test("INE is recorded with every qualifier, conversions of quadwords included (HRM A.8)")
  func inexactIsRecorded() {
    let odd: UInt64 = 1 << 62 | 1
    for qualifiers in [[], su, sui] as [TrapQualifiers] {
      let control = control(qualifiers, allDisables)
      #expect(IEEE.divide(one, (3.0).bitPattern, .t, control).status == .inexact)
      #expect(IEEE.convertQ(odd, to: .t, control).status == .inexact)
      #expect(IEEE.convertQ(odd, to: .s, control).status == .inexact)
    }
  }

  @Test("Overflow is an infinity or the largest number, by rounding mode")
  func overflow() {
    let minus: UInt64 = 1 << 63
    for (rounding, positive, negative) in [
      (Rounding.nearest, infinity, infinity | minus), (.chopped, largest, largest | minus),
      (.plusInfinity, infinity, largest | minus), (.minusInfinity, largest, infinity | minus),
    ] {
      let control = FloatControl(rounding: rounding, qualifiers: [], fpcr: FPCR())
      #expect(IEEE.add(largest, largest, .t, control).bits == positive)
      #expect(IEEE.add(largest | minus, largest | minus, .t, control).bits == negative)
    }
  }

  @Test("A tiny result is a true zero, even if exact or negative; /U traps (AHB 4.7.7.7)")
  func underflow() {
    let half = (0.5).bitPattern
    let silent = IEEE.multiply(smallest | 1 << 63, half, .t, control([]))
    #expect(silent.bits == 0 && silent.traps.isEmpty && silent.status == [.underflow, .inexact])
    let trapping = IEEE.multiply(smallest, half, .t, control(.underflow))
    #expect(trapping.traps == .underflow && trapping.isWritten && trapping.bits == 0)
    // (1 + 2^-52)(1 - 2^-52) rounds to 1: the smallest number itself is not tiny.
    let rounded = IEEE.multiply(smallest + 1, one - 2, .t, control([]))
    #expect(rounded.bits == smallest && rounded.status == .inexact)
    let unfdAlone = IEEE.multiply(smallest, half, .t, control(su, 1 << 61))
    #expect(unfdAlone.traps == [.underflow, .softwareCompletion])
    #expect(IEEE.multiply(smallest, half, .t, control(su, 3 << 60)).traps.isEmpty)
    #expect(
      IEEE.multiply(smallest, half, .t, control(sui, 3 << 60)).traps == [
        .inexact, .softwareCompletion,
      ])
  }

  @Test("A trap with /S leaves Fc alone, which may be an operand (AHB 4.7.7.3)")
  func completionKeepsOperands() {
    let (two, third) = ((2.0).bitPattern, (1.0 / 3).bitPattern)
    for result in [
      IEEE.multiply(smallest, (0.5).bitPattern, .t, control(su)),
      IEEE.multiply(largest, two, .t, control(su)),
      IEEE.divide(one, 0, .t, control(su)),
      IEEE.divide(0, 0, .t, control(su)),
      IEEE.add(one, third, .t, control(sui)),
      IEEE.convertTtoQ((0x1p80).bitPattern, control(su)),
    ] {
      #expect(result.traps.contains(.softwareCompletion) && !result.isWritten)
    }
  }

  @Test("CVTTQ out of range keeps the low 64 bits of the integer")
  func integerOverflow() {
    func convert(_ value: Double, _ qualifiers: TrapQualifiers) -> FloatResult {
      IEEE.convertTtoQ(value.bitPattern, control(qualifiers))
    }
    #expect(convert(0x1.8p64, []).bits == 1 << 63)
    #expect(convert(0x1p200, []).bits == 0)
    #expect(convert(-0x1p63, []).status.isEmpty)
    #expect(convert(0x1p63, []).status == [.integerOverflow, .inexact])
    #expect(convert(0x1p63, []).traps.isEmpty)
    #expect(convert(0x1p63, .integerOverflow).traps == .integerOverflow)
    let sv: TrapQualifiers = [.completion, .integerOverflow]
    let disabled = IEEE.convertTtoQ((0x1p63).bitPattern, control(sv, allDisables))
    #expect(disabled.traps == [.softwareCompletion, .integerOverflow])
    #expect(convert(2.5, []).bits == 2)
    #expect(convert(3.5, []).bits == 4)
  }

  @Test("CVTQL: truncated, IOV only with /V traps")
  func longwordOverflow() {
    let wide: UInt64 = 0x1_8000_0001
    let result = LongwordImage.fromQuadword(wide, qualifiers: .integerOverflow, fpcr: FPCR())
    #expect(result.traps == .integerOverflow && result.bits == 0x8000_0000_2000_0000)
    #expect(result.status == .integerOverflow)
    #expect(LongwordImage.toQuadword(result.bits) == 0xffff_ffff_8000_0001)
    #expect(LongwordImage.fromQuadword(wide, qualifiers: [], fpcr: FPCR()).traps.isEmpty)
  }

  @Test("An exact zero sum is +0, except when rounding down")
  func zeroSum() {
    let minusOne = one | 1 << 63
    let down = FloatControl(rounding: .minusInfinity, qualifiers: [], fpcr: FPCR())
    #expect(IEEE.add(one, minusOne, .t, control([])).bits == 0)
    #expect(IEEE.add(one, minusOne, .t, down).bits == 1 << 63)
    #expect(IEEE.add(1 << 63, 1 << 63, .t, control([])).bits == 1 << 63)
  }
}
