/// A number as the arithmetic core sees it: (-1)^sign × significand × 2^(exponent - 63).
///
/// The significand is 0, or normalized: bit 63 is set. Its lowest bit is sticky: set if any lower
/// bit of the true result was. No format keeps more than 56 bits, so one rounding of the 64 is
/// exact, and the four formats share this one core.
struct SoftFloat {
  var isNegative: Bool
  var exponent: Int
  var significand: UInt64

  var isZero: Bool { significand == 0 }

  /// An integer, exactly.
  init(_ integer: Int64) {
    let magnitude = integer.magnitude
    let shift = magnitude.leadingZeroBitCount
    isNegative = integer < 0
    exponent = 63 - shift
    significand = magnitude << UInt64(shift)
  }

  init(isNegative: Bool, exponent: Int, significand: UInt64) {
    self.isNegative = isNegative
    self.exponent = exponent
    self.significand = significand
  }

  /// Normalizes `wide` × 2^(exponent - 127) and keeps its upper 64 bits, the rest as sticky bit.
  private init(isNegative: Bool, exponent: Int, wide: UInt128) {
    let shift = wide.leadingZeroBitCount
    let normal = wide << UInt128(shift)
    self.isNegative = isNegative
    self.exponent = exponent - shift
    significand = UInt64(truncatingIfNeeded: normal >> 64)
    if UInt64(truncatingIfNeeded: normal) != 0 { significand |= 1 }
  }

  /// The sum of two numbers that are not zero; nil if they cancel exactly.
  static func sum(_ a: SoftFloat, _ b: SoftFloat) -> SoftFloat? {
    let (large, small) = a.exponent >= b.exponent ? (a, b) : (b, a)
    // One bit of headroom for the carry; 63 guard bits for the shifted operand.
    let left = UInt128(large.significand) << 63
    let right = shiftedRight(UInt128(small.significand) << 63, by: large.exponent - small.exponent)
    let exponent = large.exponent + 1
    if a.isNegative == b.isNegative {
      return SoftFloat(isNegative: a.isNegative, exponent: exponent, wide: left + right)
    }
    if left == right { return nil }
    let isNegative = left > right ? large.isNegative : small.isNegative
    let difference = left > right ? left - right : right - left
    return SoftFloat(isNegative: isNegative, exponent: exponent, wide: difference)
  }

  /// `value` / 2^count, with the bits that fall off ORed into the lowest.
  private static func shiftedRight(_ value: UInt128, by count: Int) -> UInt128 {
    if count > 127 { return value == 0 ? 0 : 1 }
    let shifted = value >> UInt128(count)
    return shifted << UInt128(count) == value ? shifted : shifted | 1
  }

  /// The product of two numbers that are not zero.
  static func product(_ a: SoftFloat, _ b: SoftFloat) -> SoftFloat {
    let (high, low) = a.significand.multipliedFullWidth(by: b.significand)
    return SoftFloat(
      isNegative: a.isNegative != b.isNegative, exponent: a.exponent + b.exponent + 1,
      wide: UInt128(high) << 64 | UInt128(low))
  }

  /// The quotient of two numbers that are not zero.
  static func quotient(_ a: SoftFloat, _ b: SoftFloat) -> SoftFloat {
    // The dividend is scaled so that the quotient has exactly 64 bits.
    let isSmaller = a.significand < b.significand
    let dividend = UInt128(a.significand) << (isSmaller ? 64 : 63)
    let (quotient, remainder) = dividend.quotientAndRemainder(
      dividingBy: UInt128(b.significand))
    return SoftFloat(
      isNegative: a.isNegative != b.isNegative,
      exponent: a.exponent - b.exponent - (isSmaller ? 1 : 0),
      significand: UInt64(truncatingIfNeeded: quotient) | (remainder == 0 ? 0 : 1))
  }

  /// The square root of a positive number.
  func squareRoot() -> SoftFloat {
    // significand × 2^(exponent - 63) = radicand × 2^(2·half - 126), radicand in 2^126 ..< 2^128.
    let half = exponent >> 1
    let radicand = UInt128(significand) << (exponent & 1 == 0 ? 63 : 64)
    var root: UInt64 = 0
    var rest = radicand
    for place in stride(from: UInt64(63), through: 0, by: -1) {
      // (root + bit)² - root² = (2·root + bit)·bit
      let bit = UInt64(1) << place
      let step = (UInt128(root) << 1 | UInt128(bit)) << UInt128(place)
      if rest >= step {
        rest -= step
        root |= bit
      }
    }
    return SoftFloat(
      isNegative: false, exponent: half, significand: root | (rest == 0 ? 0 : 1))
  }
}
