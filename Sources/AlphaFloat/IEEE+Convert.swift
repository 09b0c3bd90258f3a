extension IEEE {
  /// CVTTS: T to S.
  public static func convertTtoS(_ b: UInt64, _ control: FloatControl) -> FloatResult {
    reformat(b, .s, control)
  }

  /// CVTST: S to T. Both have one register image, so only NaNs and denormals meet a rule.
  public static func convertStoT(_ b: UInt64, _ control: FloatControl) -> FloatResult {
    reformat(b, .t, control)
  }

  private static func reformat(
    _ b: UInt64, _ format: IEEEFormat, _ control: FloatControl
  ) -> FloatResult {
    if let early = operandTrap(b, b, control) ?? propagatedNaN(b, b, format, control) {
      return early
    }
    if RegisterImage.isInfinity(b) { return FloatResult(b, control) }
    let x = number(b)
    if x.isZero { return FloatResult(b & RegisterImage.sign, control) }
    return delivered(x, format, control)
  }

  /// CVTTQ: T to quadword. Out of range, the low 64 bits of the rounded integer.
  public static func convertTtoQ(_ b: UInt64, _ control: FloatControl) -> FloatResult {
    if let trap = operandTrap(b, b, control) { return trap }
    if RegisterImage.isNaN(b) || RegisterImage.isInfinity(b) {
      return FloatResult(0, raising: .invalid, control)
    }
    let (bits, isInexact, isOutOfRange) = number(b).integer(control.rounding.rule)
    // A truncated integer differs from the true result, so it is inexact too.
    return FloatResult(
      bits,
      raising: isOutOfRange ? [.integerOverflow, .inexact] : isInexact ? .inexact : [], control)
  }

  /// CVTQS, CVTQT: quadword to S or T.
  public static func convertQ(
    _ b: UInt64, to format: IEEEFormat, _ control: FloatControl
  ) -> FloatResult {
    if b == 0 { return FloatResult(0, control) }
    return delivered(SoftFloat(Int64(bitPattern: b)), format, control)
  }
}
