/// The combinations of qualifiers that the architecture assigns to a floating-point operate
/// instruction (Alpha AHB appendix C, tables of IEEE and VAX function codes).
public enum QualifierSet: Sendable {
  /// The function code is complete as it stands.
  case none
  /// Any rounding; nothing, /U, /SU or /SUI (/V for a conversion to integer).
  case ieee
  /// Any rounding; nothing or /SUI: the result can be inexact, but not out of range.
  case ieeeFromInteger
  /// Nothing or /SU.
  case ieeeCompare
  /// CVTST: nothing or /S, with a function bit of its own.
  case cvtst
  /// Nearest or /C; nothing, /U, /S or /SU (/V for a conversion to integer).
  case vax
  /// Nearest or /C: no VAX instruction traps inexact.
  case vaxFromInteger
  /// Nothing or /S.
  case vaxCompare

  /// Whether an 11-bit function is a combination of this set.
  public func contains(_ qualifiers: FloatQualifiers) -> Bool {
    // /S, /I and /U or /V, from high to low.
    let trap = qualifiers.function &>> 8 & 7
    let isNearest = qualifiers.rounding == .nearest
    let isNearestOrChopped = isNearest || qualifiers.rounding == .chopped
    return switch self {
    case .none: true
    case .ieee: trap == 0 || trap == 1 || trap == 5 || trap == 7
    case .ieeeFromInteger: trap == 0 || trap == 7
    case .ieeeCompare: isNearest && (trap == 0 || trap == 5)
    case .cvtst: isNearest && (trap == 2 || trap == 6)
    case .vax: isNearestOrChopped && trap & 2 == 0
    case .vaxFromInteger: isNearestOrChopped && trap == 0
    case .vaxCompare: isNearest && (trap == 0 || trap == 4)
    }
  }
}
