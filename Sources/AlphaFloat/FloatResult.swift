/// What an operation depends on besides its operands.
public struct FloatControl: Sendable, Hashable {
  /// The rounding mode, `/D` already resolved. VAX operations round to nearest unless chopped.
  public var rounding: Rounding
  /// The instruction's trapping qualifiers.
  public var qualifiers: TrapQualifiers
  /// The control register as it is before the instruction.
  public var fpcr: FPCR

  /// Makes the control of one instruction.
  public init(rounding: Rounding, qualifiers: TrapQualifiers, fpcr: FPCR) {
    self.rounding = rounding
    self.qualifiers = qualifiers
    self.fpcr = fpcr
  }

  /// The control that an 11-bit function code of opcodes 14, 15 and 16 selects.
  public init(function: UInt32, fpcr: FPCR) {
    self.init(
      rounding: Rounding(function: function, fpcr: fpcr),
      qualifiers: TrapQualifiers(function: function), fpcr: fpcr)
  }

  var completes: Bool { qualifiers.contains(.completion) }

  /// The exceptions that this instruction traps on.
  var enabled: FloatTraps {
    var set: FloatTraps = [.invalid, .divisionByZero, .overflow]
    if qualifiers.contains(.underflow) { set.formUnion([.underflow, .integerOverflow]) }
    if qualifiers.contains(.inexact) { set.insert(.inexact) }
    return completes ? set.subtracting(fpcr.disabled) : set
  }
}

/// The complete answer of one operation: write `bits` to Fc if `isWritten`, record `status` in
/// the FPCR, and take an arithmetic trap if `traps` is not empty.
public struct FloatResult: Sendable, Hashable {
  /// The register image of the result.
  public var bits: UInt64
  /// False when the operands trapped before there was a result, and for every trap with `/S`:
  /// Fc keeps its value, because it may be an operand, too, from which software completes the
  /// instruction (Alpha AHB 4.7.7.3, B.2).
  public var isWritten: Bool
  /// The exceptions to record in the FPCR, whether or not they trap.
  public var status: FloatTraps
  /// The exception summary; empty: no trap.
  public var traps: FloatTraps

  /// Makes an answer; by default a result that raised nothing.
  @inlinable
  public init(
    bits: UInt64, isWritten: Bool = true, status: FloatTraps = [], traps: FloatTraps = []
  ) {
    self.bits = bits
    self.isWritten = isWritten
    self.status = status
    self.traps = traps
  }

  /// A result with the exceptions it raised: all are recorded, the enabled ones trap.
  init(_ bits: UInt64, raising raised: FloatTraps = [], _ control: FloatControl) {
    var traps = control.enabled.intersection(raised)
    if !traps.isEmpty && control.completes { traps.insert(.softwareCompletion) }
    self.init(
      bits: bits, isWritten: !traps.contains(.softwareCompletion), status: raised, traps: traps)
  }
}
