/// A set of arithmetic exceptions with the bit layout of the exception summary that entArith
/// receives (Alpha AHB, OSF/1 PALcode; 21264 HRM, EXC_SUM).
public struct FloatTraps: OptionSet, Sendable, Hashable {
  /// The exception summary bits.
  public let rawValue: UInt8

  /// Makes a set from exception summary bits.
  @inlinable
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Software completion: the trapping instruction carried `/S`. Alone: a denormal operand.
  @inlinable
  public static var softwareCompletion: FloatTraps { FloatTraps(rawValue: 1) }
  /// Invalid operation.
  @inlinable
  public static var invalid: FloatTraps { FloatTraps(rawValue: 2) }
  /// Division by zero.
  @inlinable
  public static var divisionByZero: FloatTraps { FloatTraps(rawValue: 4) }
  /// Overflow.
  @inlinable
  public static var overflow: FloatTraps { FloatTraps(rawValue: 8) }
  /// Underflow.
  @inlinable
  public static var underflow: FloatTraps { FloatTraps(rawValue: 16) }
  /// Inexact result.
  @inlinable
  public static var inexact: FloatTraps { FloatTraps(rawValue: 32) }
  /// Integer overflow.
  @inlinable
  public static var integerOverflow: FloatTraps { FloatTraps(rawValue: 64) }
}

/// The trapping qualifiers of a floating-point operate instruction, as its function field has
/// them (Alpha AHB 4.7.9, TRP).
public struct TrapQualifiers: OptionSet, Sendable, Hashable {
  /// The function code's bits 10:8.
  public let rawValue: UInt32

  /// Makes a set from the TRP bits of a function code.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The qualifiers in an 11-bit function code.
  @inlinable
  public init(function: UInt32) { self.rawValue = function & 0x700 }

  /// `/U`: underflow traps.
  @inlinable
  public static var underflow: TrapQualifiers { TrapQualifiers(rawValue: 0x100) }
  /// `/V`: integer overflow traps. The same bit as `/U`.
  @inlinable
  public static var integerOverflow: TrapQualifiers { TrapQualifiers(rawValue: 0x100) }
  /// `/I`: inexact results trap. Only encoded together with `/S`.
  @inlinable
  public static var inexact: TrapQualifiers { TrapQualifiers(rawValue: 0x200) }
  /// `/S`: exception completion; the FPCR's disable and denormal bits apply.
  @inlinable
  public static var completion: TrapQualifiers { TrapQualifiers(rawValue: 0x400) }
}
