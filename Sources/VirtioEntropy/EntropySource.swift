/// Where the bytes of an entropy device come from.
public enum EntropySource: Equatable, Sendable {
  /// A sequence that depends on this number alone, so that runs repeat. It is no secret: keys that a
  /// guest makes from it can be computed by anybody.
  case seed(UInt64)
  /// The host's random numbers (`getrandom`).
  case host
}

/// SplitMix64 (Steele, Lea and Flood, 2014): every seed has a sequence of its own, and the state is
/// one word.
struct SeededBytes {
  /// All there is to save.
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
