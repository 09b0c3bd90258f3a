/// IEEE operations in nearest rounding on the host's hardware, for operands and results without
/// a special rule: zeros and normal numbers in, zeros and normal numbers out. Matrix products and
/// the like live here; the tests hold every answer against the exact path.
///
/// Each returns nil when the exact path must decide: an operand is a denormal, an infinity, a NaN
/// or (for S operations) no S value; the result may overflow or underflow; or it is inexact and
/// `allowInexact` is false. A caller passes ``FPCR/ignoresInexact(_:)``: once INE is recorded
/// and not trapped, nothing remains to be found out about a rounded result.
///
/// Inexactness is found without the host's status flags, by error-free transformations: the
/// residual of a sum in floating point, those of products, quotients and roots in integers (a
/// fused multiply-add would be a library call on baseline x86-64).
public enum HostFloat {}

// MARK: - T operations

extension HostFloat {
  /// ADDT: Fa + Fb, or nil.
  @inlinable @inline(__always)
  public static func addT(_ a: UInt64, _ b: UInt64, allowInexact: Bool) -> UInt64? {
    if isDenormal(a, b) { return nil }
    let (x, y) = (Double(bitPattern: a), Double(bitPattern: b))
    let sum = x + y
    // A sum in the denormal range is exact, so the smallest normal number can be trusted here.
    guard isNormal(sum.bitPattern) || sum == 0 else { return nil }
    return allowInexact || isExactSum(x, y, sum) ? sum.bitPattern : nil
  }

  /// SUBT: Fa - Fb, or nil.
  @inlinable @inline(__always)
  public static func subtractT(_ a: UInt64, _ b: UInt64, allowInexact: Bool) -> UInt64? {
    addT(a, b ^ 1 << 63, allowInexact: allowInexact)
  }

  /// MULT: Fa × Fb, or nil.
  @inlinable @inline(__always)
  public static func multiplyT(_ a: UInt64, _ b: UInt64, allowInexact: Bool) -> UInt64? {
    if isDenormal(a, b) { return nil }
    let product = (Double(bitPattern: a) * Double(bitPattern: b)).bitPattern
    if isSafe(product) {
      return allowInexact || isExactProduct(a, b) ? product : nil
    }
    return isZero(product) && (isZero(a) || isZero(b)) ? product : nil
  }

  /// DIVT: Fa / Fb, or nil.
  @inlinable @inline(__always)
  public static func divideT(_ a: UInt64, _ b: UInt64, allowInexact: Bool) -> UInt64? {
    if isDenormal(a, b) { return nil }
    let quotient = (Double(bitPattern: a) / Double(bitPattern: b)).bitPattern
    if isSafe(quotient) {
      return allowInexact || isExactQuotient(a, b, quotient) ? quotient : nil
    }
    return isZero(a) && isNormal(b) ? quotient : nil
  }

  /// SQRTT of Fb, or nil. Not inlinable, as the compiler gives a square root a cold library call.
  public static func squareRootT(_ b: UInt64, allowInexact: Bool) -> UInt64? {
    guard b >> 63 == 0, isNormal(b) else { return nil }
    let root = Double(bitPattern: b).squareRoot().bitPattern
    return allowInexact || isExactRoot(b, root) ? root : nil
  }
}

// MARK: - S operations

extension HostFloat {
  // The T result of S operands, rounded again to S, is the S result: 53 ≥ 2·24 + 2 bits make
  // the double rounding of +, -, ×, / and √ harmless. Operands whose exponent is no S value's
  // are right nevertheless, as the exact path takes them.

  /// ADDS: Fa + Fb, or nil.
  @inlinable @inline(__always)
  public static func addS(_ a: UInt64, _ b: UInt64, allowInexact: Bool) -> UInt64? {
    if isDenormal(a, b) || isWiderThanS(a | b) { return nil }
    let (x, y) = (Double(bitPattern: a), Double(bitPattern: b))
    let sum = x + y
    let rounded = Double(Float(sum))
    guard isSafeS(rounded.bitPattern) || sum == 0 else { return nil }
    return allowInexact || rounded == sum && isExactSum(x, y, sum) ? rounded.bitPattern : nil
  }

  /// SUBS: Fa - Fb, or nil.
  @inlinable @inline(__always)
  public static func subtractS(_ a: UInt64, _ b: UInt64, allowInexact: Bool) -> UInt64? {
    addS(a, b ^ 1 << 63, allowInexact: allowInexact)
  }

  /// MULS: Fa × Fb, or nil.
  @inlinable @inline(__always)
  public static func multiplyS(_ a: UInt64, _ b: UInt64, allowInexact: Bool) -> UInt64? {
    if isDenormal(a, b) || isWiderThanS(a | b) { return nil }
    let product = Double(bitPattern: a) * Double(bitPattern: b)  // 48 bits: exact
    let rounded = Double(Float(product))
    if isSafeS(rounded.bitPattern) {
      return allowInexact || rounded == product ? rounded.bitPattern : nil
    }
    return product == 0 && (isZero(a) || isZero(b)) ? product.bitPattern : nil
  }

  /// DIVS: Fa / Fb, or nil.
  @inlinable @inline(__always)
  public static func divideS(_ a: UInt64, _ b: UInt64, allowInexact: Bool) -> UInt64? {
    if isDenormal(a, b) || isWiderThanS(a | b) { return nil }
    let (x, y) = (Double(bitPattern: a), Double(bitPattern: b))
    let rounded = Double(Float(x / y))
    if isSafeS(rounded.bitPattern) {
      return allowInexact || rounded * y == x ? rounded.bitPattern : nil
    }
    return isZero(a) && isNormal(b) ? rounded.bitPattern : nil
  }

  /// SQRTS of Fb, or nil.
  public static func squareRootS(_ b: UInt64, allowInexact: Bool) -> UInt64? {
    guard b >> 63 == 0, isNormal(b), !isWiderThanS(b) else { return nil }
    let x = Double(bitPattern: b)
    let rounded = Double(Float(x.squareRoot()))
    guard isSafeS(rounded.bitPattern) else { return nil }
    return allowInexact || rounded * rounded == x ? rounded.bitPattern : nil
  }
}

// MARK: - Compares

extension HostFloat {
  /// CMPTEQ: the register image of Fa = Fb, or nil.
  @inlinable @inline(__always)
  public static func compareEqual(_ a: UInt64, _ b: UInt64) -> UInt64? {
    if isDenormal(a, b) { return nil }
    let (x, y) = (Double(bitPattern: a), Double(bitPattern: b))
    if x == y { return IEEE.compareTrue }
    return x < y || x > y ? 0 : nil
  }

  /// CMPTLT: the register image of Fa < Fb, or nil.
  @inlinable @inline(__always)
  public static func compareLess(_ a: UInt64, _ b: UInt64) -> UInt64? {
    if isDenormal(a, b) { return nil }
    let (x, y) = (Double(bitPattern: a), Double(bitPattern: b))
    if x < y { return IEEE.compareTrue }
    return x >= y ? 0 : nil
  }

  /// CMPTLE: the register image of Fa ≤ Fb, or nil.
  @inlinable @inline(__always)
  public static func compareLessOrEqual(_ a: UInt64, _ b: UInt64) -> UInt64? {
    if isDenormal(a, b) { return nil }
    let (x, y) = (Double(bitPattern: a), Double(bitPattern: b))
    if x <= y { return IEEE.compareTrue }
    return x > y ? 0 : nil
  }

  /// CMPTUN: false for ordered operands, or nil.
  @inlinable @inline(__always)
  public static func compareUnordered(_ a: UInt64, _ b: UInt64) -> UInt64? {
    if isDenormal(a, b) { return nil }
    let (x, y) = (Double(bitPattern: a), Double(bitPattern: b))
    return x <= y || x > y ? 0 : nil
  }
}

// MARK: - Conversions

extension HostFloat {
  /// CVTTS in nearest rounding, or nil.
  @inlinable @inline(__always)
  public static func convertTtoS(_ b: UInt64, allowInexact: Bool) -> UInt64? {
    let rounded = Double(Float(Double(bitPattern: b))).bitPattern
    if isSafeS(rounded) { return allowInexact || rounded == b ? rounded : nil }
    return isZero(b) ? b : nil
  }

  /// CVTST: the operand itself, or nil.
  @inlinable @inline(__always)
  public static func convertStoT(_ b: UInt64) -> UInt64? {
    isNormal(b) || isZero(b) ? b : nil
  }

  /// CVTQT in nearest rounding, or nil.
  @inlinable @inline(__always)
  public static func convertQtoT(_ b: UInt64, allowInexact: Bool) -> UInt64? {
    allowInexact || significantBits(b) <= 53
      ? Double(Int64(bitPattern: b)).bitPattern : nil
  }

  /// CVTQS in nearest rounding, or nil.
  @inlinable @inline(__always)
  public static func convertQtoS(_ b: UInt64, allowInexact: Bool) -> UInt64? {
    allowInexact || significantBits(b) <= 24
      ? Double(Float(Int64(bitPattern: b))).bitPattern : nil
  }

  /// CVTTQ/C, as compilers truncate, or nil.
  @inlinable @inline(__always)
  public static func convertTtoQChopped(_ b: UInt64, allowInexact: Bool) -> UInt64? {
    let x = Double(bitPattern: b)
    guard !isDenormal(b, b), x.magnitude < 0x1p62 else { return nil }
    let integer = Int64(x)
    return allowInexact || Double(integer) == x ? UInt64(bitPattern: integer) : nil
  }

  /// CVTTQ in nearest rounding, or nil.
  @inlinable @inline(__always)
  public static func convertTtoQ(_ b: UInt64, allowInexact: Bool) -> UInt64? {
    let x = Double(bitPattern: b)
    guard !isDenormal(b, b), x.magnitude < 0x1p51 else { return nil }
    // Adding 1.5 × 2^52 leaves no fraction bits; the addition rounds to nearest, ties to even.
    let rounded = (x + 0x1.8p52) - 0x1.8p52
    return allowInexact || rounded == x ? UInt64(bitPattern: Int64(rounded)) : nil
  }
}

// MARK: - Which values are ordinary, and which results exact

extension HostFloat {
  /// Normal: the magnitude, doubled to drop the sign, is within the normal exponents.
  @inlinable @inline(__always)
  static func isNormal(_ image: UInt64) -> Bool {
    image << 1 &- 0x0020_0000_0000_0000 < 0xffc0_0000_0000_0000
  }

  @inlinable @inline(__always)
  static func isZero(_ image: UInt64) -> Bool { image << 1 == 0 }

  /// Whether one of two operands is a denormal. Of all that is not ordinary only a denormal can
  /// give an ordinary result, so nothing else needs to be looked for before the operation.
  /// Subtracting 1 takes zeros out of the denormals' way.
  @inlinable @inline(__always)
  static func isDenormal(_ a: UInt64, _ b: UInt64) -> Bool {
    min(a << 1 &- 1, b << 1 &- 1) < 0x001f_ffff_ffff_ffff
  }

  /// Whether a fraction has bits that no S value has.
  @inlinable @inline(__always)
  static func isWiderThanS(_ image: UInt64) -> Bool { image & 0x1fff_ffff != 0 }

  /// Normal and larger than the smallest normal number, which the host may have rounded up to
  /// from a result that is tiny by the Alpha's rule.
  @inlinable @inline(__always)
  static func isSafe(_ image: UInt64) -> Bool {
    image << 1 &- 0x0020_0000_0000_0001 < 0xffbf_ffff_ffff_ffff
  }

  /// Likewise for S results: larger than 2^-126, finite.
  @inlinable @inline(__always)
  static func isSafeS(_ image: UInt64) -> Bool {
    image << 1 &- 0x7020_0000_0000_0001 < 0x1fc0_0000_0000_0000 - 1
  }

  /// Knuth's two-sum: the rounding error of a sum is itself a floating-point number.
  @inlinable @inline(__always)
  static func isExactSum(_ x: Double, _ y: Double, _ sum: Double) -> Bool {
    let yPart = sum - x
    let xPart = sum - yPart
    return (x - xPart) + (y - yPart) == 0
  }

  @inlinable @inline(__always)
  static func significand(_ image: UInt64) -> UInt64 {
    image & 0x000f_ffff_ffff_ffff | 0x0010_0000_0000_0000
  }

  /// Whether the product of two normal numbers fits 53 bits.
  @inlinable @inline(__always)
  static func isExactProduct(_ a: UInt64, _ b: UInt64) -> Bool {
    let (high, low) = (significand(a) << 11).multipliedFullWidth(by: significand(b) << 11)
    let below: UInt64 = high >> 63 != 0 ? 0x7ff : 0x3ff
    return low == 0 && high & below == 0
  }

  /// Whether quotient × b = a. The error is less than 2^64 units of the product's last place, so
  /// its low 64 bits decide.
  @inlinable @inline(__always)
  static func isExactQuotient(_ a: UInt64, _ b: UInt64, _ quotient: UInt64) -> Bool {
    let (x, y) = (significand(a), significand(b))
    return significand(quotient) &* y == x << (x >= y ? 52 : 53)
  }

  /// Whether root² = b, by the low 64 bits as for a quotient.
  @inlinable @inline(__always)
  static func isExactRoot(_ b: UInt64, _ root: UInt64) -> Bool {
    let hasEvenExponent = b >> 52 & 1 != 0
    return significand(root) &* significand(root)
      == significand(b) << (hasEvenExponent ? 52 : 53)
  }

  /// The length of an integer's magnitude without trailing zeros.
  @inlinable @inline(__always)
  static func significantBits(_ integer: UInt64) -> Int {
    if integer == 0 { return 0 }
    let magnitude = Int64(bitPattern: integer).magnitude
    return 64 - magnitude.leadingZeroBitCount - magnitude.trailingZeroBitCount
  }
}
