/// The range and precision of a floating-point format, apart from its register image.
struct FloatFormat: Sendable {
  /// Significant bits, the hidden one included.
  let precision: Int
  /// Exponents of the smallest and largest finite numbers, as powers of two: 1.f × 2^e.
  let exponents: ClosedRange<Int>

  static let s = FloatFormat(precision: 24, exponents: -126...127)
  static let t = FloatFormat(precision: 53, exponents: -1022...1023)
  // VAX numbers are 0.1f × 2^(e - bias), and all exponents but 0 are ordinary.
  static let f = FloatFormat(precision: 24, exponents: -128...126)
  static let g = FloatFormat(precision: 53, exponents: -1024...1022)
  static let d = FloatFormat(precision: 56, exponents: -128...126)
}

/// The precision of an IEEE operation.
public enum IEEEFormat: Sendable {
  /// S_floating: IEEE single, in a register as a T image.
  case s
  /// T_floating: IEEE double.
  case t

  var format: FloatFormat { self == .s ? .s : .t }
}

/// The precision of a VAX operation.
public enum VAXFormat: Sendable, CaseIterable {
  /// F_floating: VAX single, in a register as a G image.
  case f
  /// G_floating: VAX double with 11 exponent bits.
  case g

  var format: FloatFormat { self == .f ? .f : .g }
}
