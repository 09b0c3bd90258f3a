/// The operations that only look at a register's bits: no format, no trap (Alpha AHB 4.9, 4.10.1
/// and 4.10.3).
public enum SignBits {
  /// CPYS: the sign of Fa, the rest of Fb.
  @inlinable
  public static func copySign(_ a: UInt64, _ b: UInt64) -> UInt64 {
    a & 1 << 63 | b & ~(1 << 63)
  }

  /// CPYSN: the complemented sign of Fa, the rest of Fb.
  @inlinable
  public static func copySignNegated(_ a: UInt64, _ b: UInt64) -> UInt64 {
    copySign(~a, b)
  }

  /// CPYSE: the sign and exponent of Fa, the fraction of Fb.
  @inlinable
  public static func copySignAndExponent(_ a: UInt64, _ b: UInt64) -> UInt64 {
    a & 0xfff << 52 | b & ~(0xfff << 52)
  }

  /// FBEQ, FCMOVEQ: plus or minus zero. FBNE and FCMOVNE are its negation.
  @inlinable
  public static func isZero(_ a: UInt64) -> Bool { a << 1 == 0 }

  /// FBLT, FCMOVLT: sign set, and not minus zero. FBGE and FCMOVGE are its negation.
  @inlinable
  public static func isLess(_ a: UInt64) -> Bool { a > 1 << 63 }

  /// FBLE, FCMOVLE: sign set, or zero. FBGT and FCMOVGT are its negation.
  @inlinable
  public static func isLessOrEqual(_ a: UInt64) -> Bool { a == 0 || a >> 63 != 0 }
}
