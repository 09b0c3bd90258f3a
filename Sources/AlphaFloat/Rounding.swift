/// How an IEEE operation rounds: the encoding of both FPCR.DYN and the function field's RND
/// (Alpha AHB 4.7.5, 4.7.8 and 4.7.9).
public enum Rounding: UInt8, Sendable, CaseIterable {
  /// Towards zero: `/C`.
  case chopped = 0
  /// Towards minus infinity: `/M`.
  case minusInfinity = 1
  /// To nearest, ties to even: no qualifier.
  case nearest = 2
  /// Towards plus infinity: only through `/D`.
  case plusInfinity = 3

  /// The rounding that an IEEE function code selects; RND = 3 is `/D`, the mode in FPCR.DYN.
  @inlinable
  public init(function: UInt32, fpcr: FPCR) {
    switch function >> 6 & 3 {
    case 0: self = .chopped
    case 1: self = .minusInfinity
    case 2: self = .nearest
    default: self = fpcr.dynamicRounding
    }
  }

  var rule: FloatingPointRoundingRule {
    switch self {
    case .chopped: .towardZero
    case .minusInfinity: .down
    case .nearest: .toNearestOrEven
    case .plusInfinity: .up
    }
  }
}
