/// VAX F and G operations, and the conversions of D (Alpha AHB 4.7 and 4.10).
///
/// Operands and results are register images; F values are G images with a shorter fraction.
/// There is no minus zero, no infinity, no NaN. Rounding is to nearest with ties away from zero,
/// or chopped. The FPCR has no part in it: its disable bits are for IEEE instructions, and
/// recording VAX exceptions in it is UNPREDICTABLE (AHB 4.7.8); here they are not recorded.
public enum VAX {
  /// ADDF, ADDG: Fa + Fb.
  public static func add(
    _ a: UInt64, _ b: UInt64, _ format: VAXFormat, _ control: FloatControl
  ) -> FloatResult {
    sum(a, b, negatingB: false, format, control)
  }

  /// SUBF, SUBG: Fa - Fb.
  public static func subtract(
    _ a: UInt64, _ b: UInt64, _ format: VAXFormat, _ control: FloatControl
  ) -> FloatResult {
    sum(a, b, negatingB: true, format, control)
  }

  private static func sum(
    _ a: UInt64, _ b: UInt64, negatingB: Bool, _ format: VAXFormat, _ control: FloatControl
  ) -> FloatResult {
    guard let x = number(a), var y = number(b) else { return trap(.invalid, control) }
    if negatingB { y.isNegative.toggle() }
    guard let total = x.isZero ? y : y.isZero ? x : SoftFloat.sum(x, y) else {
      return written(0, control)
    }
    return delivered(total, format.format, control)
  }

  /// MULF, MULG: Fa × Fb.
  public static func multiply(
    _ a: UInt64, _ b: UInt64, _ format: VAXFormat, _ control: FloatControl
  ) -> FloatResult {
    guard let x = number(a), let y = number(b) else { return trap(.invalid, control) }
    if x.isZero || y.isZero { return written(0, control) }
    return delivered(SoftFloat.product(x, y), format.format, control)
  }

  /// DIVF, DIVG: Fa / Fb. Zero by zero is a division by zero too.
  public static func divide(
    _ a: UInt64, _ b: UInt64, _ format: VAXFormat, _ control: FloatControl
  ) -> FloatResult {
    guard let x = number(a), let y = number(b) else { return trap(.invalid, control) }
    if y.isZero { return trap(.divisionByZero, control) }
    if x.isZero { return written(0, control) }
    return delivered(SoftFloat.quotient(x, y), format.format, control)
  }

  /// SQRTF, SQRTG of Fb.
  public static func squareRoot(
    _ b: UInt64, _ format: VAXFormat, _ control: FloatControl
  ) -> FloatResult {
    guard let x = number(b) else { return trap(.invalid, control) }
    if x.isZero { return written(0, control) }
    if x.isNegative { return trap(.invalid, control) }
    return delivered(x.squareRoot(), format.format, control)
  }
}

// MARK: - Compares

extension VAX {
  /// What a true compare writes: 0.5 as a G value (false writes a true zero).
  static let compareTrue: UInt64 = 0x4000_0000_0000_0000

  /// CMPGEQ: Fa = Fb.
  public static func compareEqual(
    _ a: UInt64, _ b: UInt64, _ control: FloatControl
  ) -> FloatResult {
    compare(a, b, control) { $0 == $1 }
  }

  /// CMPGLT: Fa < Fb.
  public static func compareLess(
    _ a: UInt64, _ b: UInt64, _ control: FloatControl
  ) -> FloatResult {
    compare(a, b, control) { $0 < $1 }
  }

  /// CMPGLE: Fa ≤ Fb.
  public static func compareLessOrEqual(
    _ a: UInt64, _ b: UInt64, _ control: FloatControl
  ) -> FloatResult {
    compare(a, b, control) { $0 <= $1 }
  }

  @inline(__always)
  private static func compare(
    _ a: UInt64, _ b: UInt64, _ control: FloatControl, _ order: (Int64, Int64) -> Bool
  ) -> FloatResult {
    guard number(a) != nil, number(b) != nil else { return trap(.invalid, control) }
    return written(order(rank(a), rank(b)) ? compareTrue : 0, control)
  }

  /// The signed magnitude as an integer, ordered as the numbers are.
  private static func rank(_ image: UInt64) -> Int64 {
    let magnitude = Int64(bitPattern: image & ~RegisterImage.sign)
    return RegisterImage.isNegative(image) ? -magnitude : magnitude
  }
}

// MARK: - Conversions

extension VAX {
  /// CVTGF: G to F.
  public static func convertGtoF(_ b: UInt64, _ control: FloatControl) -> FloatResult {
    guard let x = number(b) else { return trap(.invalid, control) }
    return delivered(x, .f, control)
  }

  /// CVTDG: D to G; three fraction bits are rounded off.
  public static func convertDtoG(_ b: UInt64, _ control: FloatControl) -> FloatResult {
    let field = Int(truncatingIfNeeded: b >> 55 & 0xff)
    if field == 0 { return b == 0 ? written(0, control) : trap(.invalid, control) }
    let x = SoftFloat(
      isNegative: RegisterImage.isNegative(b), exponent: field - 129,
      significand: 1 << 63 | b << 8)
    return delivered(x, .g, control)
  }

  /// CVTGD: G to D; the fraction is exact, the exponent may not fit.
  public static func convertGtoD(_ b: UInt64, _ control: FloatControl) -> FloatResult {
    guard let x = number(b) else { return trap(.invalid, control) }
    if x.isZero { return written(0, control) }
    if let failure = rangeFailure(x, .d, control) { return failure }
    let fraction = x.significand >> 8 & (1 << 55 - 1)
    return written(
      b & RegisterImage.sign | UInt64(truncatingIfNeeded: x.exponent + 129) << 55 | fraction,
      control)
  }

  /// CVTGQ: G to quadword. Out of range, the low 64 bits of the rounded integer; `/V` traps.
  public static func convertGtoQ(_ b: UInt64, _ control: FloatControl) -> FloatResult {
    guard let x = number(b) else { return trap(.invalid, control) }
    let (bits, _, isOutOfRange) = x.integer(rule(control))
    let traps = isOutOfRange && control.qualifiers.contains(.integerOverflow)
    return written(bits, trapping: traps ? .integerOverflow : [], control)
  }

  /// CVTQF, CVTQG: quadword to F or G.
  public static func convertQ(
    _ b: UInt64, to format: VAXFormat, _ control: FloatControl
  ) -> FloatResult {
    delivered(SoftFloat(Int64(bitPattern: b)), format.format, control)
  }
}

// MARK: - What the operations share

extension VAX {
  /// The number in a register; nil for exponent 0 that is not a true zero: reserved operands and
  /// dirty zeros, which are invalid (Alpha AHB 4.10.11).
  private static func number(_ image: UInt64) -> SoftFloat? {
    let x = SoftFloat(image: image, bias: 1025)
    return x.isZero && image != 0 ? nil : x
  }

  private static func rule(_ control: FloatControl) -> FloatingPointRoundingRule {
    control.rounding == .chopped ? .towardZero : .toNearestOrAwayFromZero
  }

  /// Rounds and packs a result as F or G.
  private static func delivered(
    _ exact: SoftFloat, _ format: FloatFormat, _ control: FloatControl
  ) -> FloatResult {
    if exact.isZero { return written(0, control) }
    let (result, _) = exact.rounded(to: format.precision, rule(control))
    return rangeFailure(result, format, control) ?? written(result.image(bias: 1025), control)
  }

  /// Overflow always traps; underflow is a true zero, and traps with `/U`.
  private static func rangeFailure(
    _ x: SoftFloat, _ format: FloatFormat, _ control: FloatControl
  ) -> FloatResult? {
    if x.exponent > format.exponents.upperBound { return trap(.overflow, control) }
    if x.exponent < format.exponents.lowerBound {
      let traps = control.qualifiers.contains(.underflow)
      return written(0, trapping: traps ? .underflow : [], control)
    }
    return nil
  }

  private static func written(
    _ bits: UInt64, trapping traps: FloatTraps = [], _ control: FloatControl
  ) -> FloatResult {
    let traps = completed(traps, control)
    return FloatResult(
      bits: bits, isWritten: !traps.contains(.softwareCompletion), traps: traps)
  }

  /// A trap whose result is UNPREDICTABLE; here Fc keeps its value.
  private static func trap(_ traps: FloatTraps, _ control: FloatControl) -> FloatResult {
    FloatResult(bits: 0, isWritten: false, traps: completed(traps, control))
  }

  private static func completed(_ traps: FloatTraps, _ control: FloatControl) -> FloatTraps {
    traps.isEmpty || !control.completes ? traps : traps.union(.softwareCompletion)
  }
}
