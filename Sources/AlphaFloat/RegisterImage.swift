/// The register image of IEEE values: S and T share it (Alpha AHB 2.2.6).
enum RegisterImage {
  static let sign: UInt64 = 1 << 63
  static let infinity: UInt64 = 0x7ff0_0000_0000_0000
  static let fraction: UInt64 = 0x000f_ffff_ffff_ffff
  static let quiet: UInt64 = 0x0008_0000_0000_0000
  /// The NaN of an operation without NaN operands; its sign is set (Alpha AHB 4.7.10.3).
  static let canonicalNaN: UInt64 = 0xfff8_0000_0000_0000
  /// The fraction bits that an S value leaves zero.
  static let belowS: UInt64 = 0x1fff_ffff

  static func isNegative(_ bits: UInt64) -> Bool { bits >> 63 != 0 }
  static func isZero(_ bits: UInt64) -> Bool { bits << 1 == 0 }
  static func isInfinity(_ bits: UInt64) -> Bool { bits & ~sign == infinity }
  static func isNaN(_ bits: UInt64) -> Bool { bits & ~sign > infinity }
  static func isSignalingNaN(_ bits: UInt64) -> Bool { isNaN(bits) && bits & quiet == 0 }
  static func isDenormal(_ bits: UInt64) -> Bool {
    bits & infinity == 0 && bits & fraction != 0
  }
  static func infinity(isNegative: Bool) -> UInt64 { infinity | (isNegative ? sign : 0) }

  /// The largest finite number of a format.
  static func largest(_ format: IEEEFormat, isNegative: Bool) -> UInt64 {
    let magnitude: UInt64 = format == .s ? 0x47ef_ffff_e000_0000 : 0x7fef_ffff_ffff_ffff
    return magnitude | (isNegative ? sign : 0)
  }
}

extension SoftFloat {
  /// Unpacks a register image that is zero or normal; exponent 0 counts as zero.
  ///
  /// - Parameter bias: what the exponent field exceeds the exponent of 1.f by: 1023 for IEEE,
  ///   1025 for VAX F and G, whose fractions are 0.1f with a bias of 1024.
  init(image: UInt64, bias: Int) {
    let field = Int(truncatingIfNeeded: image >> 52 & 0x7ff)
    let isZero = field == 0
    self.init(
      isNegative: RegisterImage.isNegative(image), exponent: isZero ? 0 : field - bias,
      significand: isZero ? 0 : 1 << 63 | image << 11)
  }

  /// Packs a number that was rounded to 53 bits or fewer, and whose exponent is in range.
  func image(bias: Int) -> UInt64 {
    (isNegative ? RegisterImage.sign : 0)
      | UInt64(truncatingIfNeeded: exponent + bias) << 52
      | significand >> 11 & RegisterImage.fraction
  }
}
