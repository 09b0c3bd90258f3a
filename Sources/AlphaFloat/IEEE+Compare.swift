extension IEEE {
  /// What a true compare writes: 2.0 (false writes a true zero).
  @inlinable
  static var compareTrue: UInt64 { 0x4000_0000_0000_0000 }

  /// CMPTUN: whether the operands are unordered.
  public static func compareUnordered(
    _ a: UInt64, _ b: UInt64, _ control: FloatControl
  ) -> FloatResult {
    compare(a, b, quietNaNSignals: false, unordered: true, control) { _, _ in false }
  }

  /// CMPTEQ: Fa = Fb.
  public static func compareEqual(
    _ a: UInt64, _ b: UInt64, _ control: FloatControl
  ) -> FloatResult {
    compare(a, b, quietNaNSignals: false, unordered: false, control) { $0 == $1 }
  }

  /// CMPTLT: Fa < Fb.
  public static func compareLess(
    _ a: UInt64, _ b: UInt64, _ control: FloatControl
  ) -> FloatResult {
    compare(a, b, quietNaNSignals: true, unordered: false, control) { $0 < $1 }
  }

  /// CMPTLE: Fa ≤ Fb.
  public static func compareLessOrEqual(
    _ a: UInt64, _ b: UInt64, _ control: FloatControl
  ) -> FloatResult {
    compare(a, b, quietNaNSignals: true, unordered: false, control) { $0 <= $1 }
  }

  /// Compares by `order` on integers that are ordered as the numbers are.
  @inline(__always)
  private static func compare(
    _ a: UInt64, _ b: UInt64, quietNaNSignals: Bool, unordered: Bool, _ control: FloatControl,
    _ order: (Int64, Int64) -> Bool
  ) -> FloatResult {
    if let trap = operandTrap(a, b, acceptsInfinity: true, control) { return trap }
    if RegisterImage.isNaN(a) || RegisterImage.isNaN(b) {
      let signals =
        quietNaNSignals || RegisterImage.isSignalingNaN(a) || RegisterImage.isSignalingNaN(b)
      return FloatResult(unordered ? compareTrue : 0, raising: signals ? .invalid : [], control)
    }
    return FloatResult(order(rank(a), rank(b)) ? compareTrue : 0, control)
  }

  /// The signed magnitude as an integer. Denormals are zeros here: DNZ let them through.
  private static func rank(_ image: UInt64) -> Int64 {
    if image & RegisterImage.infinity == 0 { return 0 }
    let magnitude = Int64(bitPattern: image & ~RegisterImage.sign)
    return RegisterImage.isNegative(image) ? -magnitude : magnitude
  }
}
