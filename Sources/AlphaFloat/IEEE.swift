/// IEEE S and T operations, exactly as the 21264 answers them (Alpha AHB 4.7 and 4.10;
/// 21264 HRM A.8).
///
/// Operands and results are register images. Operations on S values accept any image; the
/// architecture leaves what is not an S value UNPREDICTABLE, here it is taken as a T value.
public enum IEEE {
  /// ADDS, ADDT: Fa + Fb.
  public static func add(
    _ a: UInt64, _ b: UInt64, _ format: IEEEFormat, _ control: FloatControl
  ) -> FloatResult {
    sum(a, b, negatingB: false, format, control)
  }

  /// SUBS, SUBT: Fa - Fb.
  public static func subtract(
    _ a: UInt64, _ b: UInt64, _ format: IEEEFormat, _ control: FloatControl
  ) -> FloatResult {
    sum(a, b, negatingB: true, format, control)
  }

  private static func sum(
    _ a: UInt64, _ b: UInt64, negatingB: Bool, _ format: IEEEFormat, _ control: FloatControl
  ) -> FloatResult {
    if let early = operandTrap(a, b, control) ?? propagatedNaN(a, b, format, control) {
      return early
    }
    let b = negatingB ? b ^ RegisterImage.sign : b
    if RegisterImage.isInfinity(a) || RegisterImage.isInfinity(b) {
      if RegisterImage.isInfinity(a) && RegisterImage.isInfinity(b) && a != b {
        return FloatResult(RegisterImage.canonicalNaN, raising: .invalid, control)
      }
      return FloatResult(RegisterImage.isInfinity(a) ? a : b, control)
    }
    let (x, y) = (number(a), number(b))
    if x.isZero && y.isZero && x.isNegative == y.isNegative {
      return FloatResult(a & RegisterImage.sign, control)
    }
    let total = x.isZero ? y : y.isZero ? x : SoftFloat.sum(x, y)
    guard let total, !total.isZero else {
      // An exact zero from unlike signs is +0, except when rounding down.
      return FloatResult(
        control.rounding == .minusInfinity ? RegisterImage.sign : 0, control)
    }
    return delivered(total, format, control)
  }

  /// MULS, MULT: Fa × Fb.
  public static func multiply(
    _ a: UInt64, _ b: UInt64, _ format: IEEEFormat, _ control: FloatControl
  ) -> FloatResult {
    if let early = operandTrap(a, b, control) ?? propagatedNaN(a, b, format, control) {
      return early
    }
    let (x, y) = (number(a), number(b))
    let sign = (a ^ b) & RegisterImage.sign
    if RegisterImage.isInfinity(a) || RegisterImage.isInfinity(b) {
      // number() of an infinity is not zero.
      return x.isZero || y.isZero
        ? FloatResult(RegisterImage.canonicalNaN, raising: .invalid, control)
        : FloatResult(RegisterImage.infinity | sign, control)
    }
    if x.isZero || y.isZero { return FloatResult(sign, control) }
    return delivered(SoftFloat.product(x, y), format, control)
  }

  /// DIVS, DIVT: Fa / Fb.
  public static func divide(
    _ a: UInt64, _ b: UInt64, _ format: IEEEFormat, _ control: FloatControl
  ) -> FloatResult {
    if let early = operandTrap(a, b, control) ?? propagatedNaN(a, b, format, control) {
      return early
    }
    let (x, y) = (number(a), number(b))
    let sign = (a ^ b) & RegisterImage.sign
    switch (RegisterImage.isInfinity(a), RegisterImage.isInfinity(b)) {
    case (true, true):
      return FloatResult(RegisterImage.canonicalNaN, raising: .invalid, control)
    case (true, false):
      return FloatResult(RegisterImage.infinity | sign, control)
    case (false, true):
      return FloatResult(sign, control)
    case (false, false):
      break
    }
    if y.isZero {
      return x.isZero
        ? FloatResult(RegisterImage.canonicalNaN, raising: .invalid, control)
        : FloatResult(RegisterImage.infinity | sign, raising: .divisionByZero, control)
    }
    if x.isZero { return FloatResult(sign, control) }
    return delivered(SoftFloat.quotient(x, y), format, control)
  }

  /// SQRTS, SQRTT of Fb.
  public static func squareRoot(
    _ b: UInt64, _ format: IEEEFormat, _ control: FloatControl
  ) -> FloatResult {
    if let early = operandTrap(b, b, control) ?? propagatedNaN(b, b, format, control) {
      return early
    }
    let x = number(b)
    if x.isZero { return FloatResult(b & RegisterImage.sign, control) }
    if x.isNegative {
      return FloatResult(RegisterImage.canonicalNaN, raising: .invalid, control)
    }
    if RegisterImage.isInfinity(b) { return FloatResult(b, control) }
    return delivered(x.squareRoot(), format, control)
  }
}

// MARK: - What the operations share

extension IEEE {
  static func number(_ image: UInt64) -> SoftFloat { SoftFloat(image: image, bias: 1023) }

  /// The trap on operands that hardware does not accept, which comes before any other.
  ///
  /// Without `/S`: NaNs, infinities (compares accept them) and denormals are invalid operands.
  /// With `/S`: a denormal asks software to complete the instruction, unless DNZ makes it zero.
  /// That is no IEEE exception, so the summary has SWC alone and nothing is recorded.
  static func operandTrap(
    _ a: UInt64, _ b: UInt64, acceptsInfinity: Bool = false, _ control: FloatControl
  ) -> FloatResult? {
    let hasDenormal = RegisterImage.isDenormal(a) || RegisterImage.isDenormal(b)
    if control.completes {
      return hasDenormal && !control.fpcr.denormalOperandsAreZero
        ? FloatResult(bits: 0, isWritten: false, traps: .softwareCompletion) : nil
    }
    let hasNaN = RegisterImage.isNaN(a) || RegisterImage.isNaN(b)
    let hasInfinity = RegisterImage.isInfinity(a) || RegisterImage.isInfinity(b)
    return hasDenormal || hasNaN || hasInfinity && !acceptsInfinity
      ? FloatResult(bits: 0, isWritten: false, status: .invalid, traps: .invalid) : nil
  }

  /// The NaN result of NaN operands: Fb goes before Fa, signaling ones are quieted
  /// (Alpha AHB 4.7.10.4).
  static func propagatedNaN(
    _ a: UInt64, _ b: UInt64, _ format: IEEEFormat, _ control: FloatControl
  ) -> FloatResult? {
    guard RegisterImage.isNaN(a) || RegisterImage.isNaN(b) else { return nil }
    let chosen = (RegisterImage.isNaN(b) ? b : a) | RegisterImage.quiet
    let signals = RegisterImage.isSignalingNaN(a) || RegisterImage.isSignalingNaN(b)
    return FloatResult(
      format == .s ? chosen & ~RegisterImage.belowS : chosen, raising: signals ? .invalid : [],
      control)
  }

  /// Rounds and packs a result that is not zero.
  ///
  /// Tininess is judged after rounding with an unbounded exponent; a tiny result is a true zero
  /// even if it was exact or negative (Alpha AHB 4.7.7.7).
  static func delivered(
    _ exact: SoftFloat, _ format: IEEEFormat, _ control: FloatControl
  ) -> FloatResult {
    let rule = control.rounding.rule
    let (result, isInexact) = exact.rounded(to: format.format.precision, rule)
    let exponents = format.format.exponents
    if result.exponent > exponents.upperBound {
      let staysFinite =
        rule == .towardZero || rule == (result.isNegative ? .up : .down)
      return FloatResult(
        staysFinite
          ? RegisterImage.largest(format, isNegative: result.isNegative)
          : RegisterImage.infinity(isNegative: result.isNegative),
        raising: [.overflow, .inexact], control)
    }
    if result.exponent < exponents.lowerBound {
      return FloatResult(0, raising: [.underflow, .inexact], control)
    }
    return FloatResult(
      result.image(bias: 1023), raising: isInexact ? .inexact : [], control)
  }
}
