extension SoftFloat {
  /// Rounds a number that is not zero to `precision` bits with an unbounded exponent.
  ///
  /// - Returns: the rounded number, and whether it differs from the true one.
  func rounded(to precision: Int, _ rule: FloatingPointRoundingRule) -> (SoftFloat, isInexact: Bool)
  {
    let dropped = UInt64(64 - precision)
    let unit = UInt64(1) << dropped
    let rest = significand & (unit - 1)
    var result = self
    result.significand -= rest
    if SoftFloat.roundsUp(
      rest: rest, half: unit >> 1, isOdd: significand & unit != 0, isNegative: isNegative, rule)
    {
      let (sum, carry) = result.significand.addingReportingOverflow(unit)
      result.significand = carry ? 1 << 63 : sum
      if carry { result.exponent += 1 }
    }
    return (result, rest != 0)
  }

  /// Rounds to an integer.
  ///
  /// - Returns: the low 64 bits of the rounded integer in two's complement, whether rounding
  ///   changed the value, and whether the integer is outside -2^63 ... 2^63 - 1.
  func integer(
    _ rule: FloatingPointRoundingRule
  ) -> (bits: UInt64, isInexact: Bool, isOutOfRange: Bool) {
    if isZero { return (0, false, false) }
    if exponent > 63 {
      let bits = exponent < 127 ? significand << UInt64(exponent - 63) : 0
      return (isNegative ? 0 &- bits : bits, false, true)
    }
    // Below 1/2 only the fact that something is left matters.
    let wide = UInt128(significand) << 64
    let point = exponent < -1 ? 1 : wide >> UInt128(63 - exponent)
    let rest = UInt64(truncatingIfNeeded: point)
    var magnitude = point >> 64
    let isOdd = magnitude & 1 == 1
    if SoftFloat.roundsUp(
      rest: rest, half: 1 << 63, isOdd: isOdd, isNegative: isNegative, rule)
    {
      magnitude += 1
    }
    let limit = UInt128(1) << 63
    let bits = UInt64(truncatingIfNeeded: magnitude)
    return (
      isNegative ? 0 &- bits : bits, rest != 0,
      isNegative ? magnitude > limit : magnitude >= limit
    )
  }

  /// Whether the magnitude goes up when `rest`, in units where `half` is one half, is dropped.
  private static func roundsUp(
    rest: UInt64, half: UInt64, isOdd: Bool, isNegative: Bool, _ rule: FloatingPointRoundingRule
  ) -> Bool {
    switch rule {
    case .toNearestOrEven: rest > half || rest == half && isOdd
    case .toNearestOrAwayFromZero: rest >= half
    case .up: rest != 0 && !isNegative
    case .down: rest != 0 && isNegative
    case .awayFromZero: rest != 0
    case .towardZero: false
    @unknown default: false
    }
  }
}
