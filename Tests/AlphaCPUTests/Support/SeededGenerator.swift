/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Operands at which integer instructions change their behaviour.
enum Operands {
  static let interesting: [UInt64] = [
    0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000,
    0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFF, 0x1_0000_0000, 0x7FFF_FFFF_FFFF_FFFF,
    0x8000_0000_0000_0000, 0x8000_0000_0000_0001, 0xFFFF_FFFF_7FFF_FFFF,
    0xFFFF_FFFF_8000_0000, 0xFFFF_FFFF_FFFF_FFFE, 0xFFFF_FFFF_FFFF_FFFF,
    0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, 0x8080_8080_8080_8080,
    0x7F7F_7F7F_7F7F_7F7F, 0x00FF_00FF_00FF_00FF, 0x0001_0203_0405_0607, 0xB504_F333,
    0xB504_F333_F9DE_6485,
  ]
}
