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
