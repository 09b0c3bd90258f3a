import Foundation

/// How much the long tests do; `scripts/check-float` raises it through the environment.
enum Settings {
  /// Random pairs per operation against the host and between the two paths.
  static let pairs = number("BREAKWATER_FLOAT_PAIRS", default: 4000)
  /// Replay every Nth vector of the cross product of special values.
  static let every = number("BREAKWATER_FLOAT_EVERY", default: 251)
  /// Random vectors per operation from the reference.
  static let vectors = number("BREAKWATER_FLOAT_VECTORS", default: 400)
  static let seed = UInt64(number("BREAKWATER_FLOAT_SEED", default: 1))

  private static func number(_ name: String, default value: Int) -> Int {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? value
  }
}

/// SplitMix64: small, seedable, and the same on every machine.
struct Generator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
