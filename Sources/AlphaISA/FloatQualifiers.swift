/// The qualifiers of a floating-point operate instruction (Alpha AHB 4.7.9): how it rounds and
/// which exceptions trap. They are bits 10:6 of the 11-bit function.
@frozen
public struct FloatQualifiers: Hashable, Sendable {
  /// The rounding field, function bits 7:6.
  @frozen
  public enum Rounding: UInt8, Sendable {
    /// /C: towards zero.
    case chopped
    /// /M: towards minus infinity.
    case minusInfinity
    /// No qualifier: to nearest; ties go to even (IEEE) or away from zero (VAX).
    case nearest
    /// /D: as the FPCR says.
    case dynamic
  }

  /// The function, bits 15:5 of the instruction.
  public let function: UInt16

  /// Reads the qualifiers of an 11-bit function.
  @inlinable
  public init(function: UInt16) { self.function = function }

  /// How the result is rounded.
  @inlinable
  public var rounding: Rounding {
    switch function &>> 6 & 3 {
    case 0: .chopped
    case 1: .minusInfinity
    case 2: .nearest
    default: .dynamic
    }
  }

  /// /U on an instruction with a floating-point result, /V on one with an integer result:
  /// underflow or integer overflow traps.
  @inlinable
  public var trapsUnderflowOrIntegerOverflow: Bool { function & 0x100 != 0 }

  /// /I: an inexact result traps.
  @inlinable
  public var trapsInexact: Bool { function & 0x200 != 0 }

  /// /S: software completes what traps; the trap disable bits of the FPCR apply.
  @inlinable
  public var softwareCompletion: Bool { function & 0x400 != 0 }
}

extension InstructionWord {
  /// The qualifiers of a floating-point operate instruction.
  @inlinable
  public var floatQualifiers: FloatQualifiers { FloatQualifiers(function: floatFunction) }
}
