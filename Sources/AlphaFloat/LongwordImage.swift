/// Longword integers in floating-point registers: bits 63:62 and 58:29 (Alpha AHB 2.2.7, 4.10.2).
public enum LongwordImage {
  /// CVTLQ: the longword in a register, sign-extended. Never traps.
  @inlinable
  public static func toQuadword(_ b: UInt64) -> UInt64 {
    let longword = b >> 32 & 0xc000_0000 | b >> 29 & 0x3fff_ffff
    return UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: longword)))
  }

  /// The register image of the low 32 bits of a quadword.
  @inlinable
  public static func image(_ quadword: UInt64) -> UInt64 {
    (quadword & 0xc000_0000) << 32 | (quadword & 0x3fff_ffff) << 29
  }

  /// CVTQL: quadword to longword, truncated if it overflows; `/V` and `/SV` trap on that.
  public static func fromQuadword(
    _ b: UInt64, qualifiers: TrapQualifiers, fpcr: FPCR
  ) -> FloatResult {
    let fits = Int64(Int32(truncatingIfNeeded: b)) == Int64(bitPattern: b)
    return FloatResult(
      image(b), raising: fits ? [] : .integerOverflow,
      FloatControl(rounding: .chopped, qualifiers: qualifiers, fpcr: fpcr))
  }
}
