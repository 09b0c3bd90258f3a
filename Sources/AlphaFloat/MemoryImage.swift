/// How loads, stores and register moves rearrange floating-point values (Alpha AHB 2.2.5,
/// 2.2.6, 4.8 and 4.10). None of them rounds, checks or traps.
///
/// T values and quadwords (LDT, STT, ITOFT, FTOIT) move unchanged.
public enum MemoryImage {
  /// LDS and ITOFS: a longword to an S register image. Exponent 255 stays the largest, 0 stays
  /// 0: a denormal's register image is not its value.
  @inlinable
  public static func loadS(_ longword: UInt32) -> UInt64 {
    let bits = UInt64(longword)
    let exponent = bits >> 23 & 0xff
    let mapped = exponent == 0xff ? 0x7ff : expanded(exponent)
    return (bits & 0x8000_0000) << 32 | mapped << 52 | (bits & 0x007f_ffff) << 29
  }

  /// STS and FTOIS: register bits 63:62 and 58:29.
  @inlinable
  public static func storeS(_ image: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: image >> 32 & 0xc000_0000 | image >> 29 & 0x3fff_ffff)
  }

  /// LDF: a longword in memory order, whose low word holds sign and exponent.
  @inlinable
  public static func loadF(_ longword: UInt32) -> UInt64 { moveF(longword << 16 | longword >> 16) }

  /// STF: the longword to store.
  @inlinable
  public static func storeF(_ image: UInt64) -> UInt32 {
    let bits = storeS(image)
    return bits << 16 | bits >> 16
  }

  /// ITOFF: as LDF, but the longword's words are not swapped.
  @inlinable
  public static func moveF(_ longword: UInt32) -> UInt64 {
    let bits = UInt64(longword)
    return (bits & 0x8000_0000) << 32 | expanded(bits >> 23 & 0xff) << 52
      | (bits & 0x007f_ffff) << 29
  }

  /// LDG and STG: the four words of a G or D value change places.
  @inlinable
  public static func swapG(_ bits: UInt64) -> UInt64 {
    bits << 48 | (bits & 0xffff_0000) << 16 | bits >> 16 & 0xffff_0000 | bits >> 48
  }

  /// MAP_F, and MAP_S below 255: 8 exponent bits to 11 around the wider bias.
  @inlinable
  static func expanded(_ exponent: UInt64) -> UInt64 {
    if exponent & 0x80 != 0 { return 0x400 | exponent & 0x7f }
    return exponent == 0 ? 0 : 0x380 | exponent
  }
}
