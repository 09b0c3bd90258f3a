/// The floating-point control register (Alpha AHB 4.7.8; 21264 HRM 2.13).
public struct FPCR: Sendable, Hashable {
  /// The stored bits: 62:47. SUM is derived.
  @usableFromInline
  var stored: UInt64

  /// The bits that MT_FPCR can change. SUM follows the status bits, 46:0 read as zero.
  @inlinable
  static var writable: UInt64 { 0x7fff_8000_0000_0000 }

  @inlinable
  static var statusBits: UInt64 { 0x03f0_0000_0000_0000 }

  /// The register as MT_FPCR writes `value`.
  @inlinable
  public init(_ value: UInt64 = 0) { stored = value & FPCR.writable }

  /// The register as MF_FPCR reads it, with SUM.
  @inlinable
  public var value: UInt64 { stored & FPCR.statusBits == 0 ? stored : stored | 1 << 63 }

  /// DYN, the rounding mode of `/D`.
  @inlinable
  public var dynamicRounding: Rounding {
    switch stored >> 58 & 3 {
    case 0: .chopped
    case 1: .minusInfinity
    case 2: .nearest
    default: .plusInfinity
    }
  }

  /// The status bits, as the summary names them.
  @inlinable
  public var status: FloatTraps {
    FloatTraps(rawValue: UInt8(truncatingIfNeeded: (stored & FPCR.statusBits) >> 51))
  }

  /// ORs exceptions into the status bits; they stay until MT_FPCR clears them.
  @inlinable
  public mutating func record(_ exceptions: FloatTraps) {
    stored |= UInt64(exceptions.rawValue) << 51 & FPCR.statusBits
  }

  /// The exceptions whose trap an instruction with `/S` suppresses.
  ///
  /// UNFD alone does not count: the 21264 cannot deliver a denormal result, so without UNDZ it
  /// traps for software to do it (21264 HRM A.8).
  public var disabled: FloatTraps {
    // OVFD, DZED and INVD are in the summary's order.
    var set = FloatTraps(rawValue: UInt8(truncatingIfNeeded: stored >> 48) & 0b1110)
    if stored & FPCR.ined != 0 { set.insert(.inexact) }
    if stored & FPCR.unfd != 0 && stored & FPCR.undz != 0 { set.insert(.underflow) }
    return set
  }

  /// DNZ: instructions with `/S` take denormal operands as zeros of their sign.
  @inlinable
  public var denormalOperandsAreZero: Bool { stored & FPCR.dnz != 0 }

  /// Whether an inexact result with these qualifiers leaves nothing to do: INE is recorded
  /// already, and the instruction does not trap on it. The condition of ``HostFloat``'s
  /// `allowInexact`.
  @inlinable
  public func ignoresInexact(_ qualifiers: TrapQualifiers) -> Bool {
    stored & FPCR.ine != 0 && (!qualifiers.contains(.inexact) || stored & FPCR.ined != 0)
  }

  @inlinable
  static var ined: UInt64 { 1 << 62 }
  static var unfd: UInt64 { 1 << 61 }
  static var undz: UInt64 { 1 << 60 }
  @inlinable
  static var ine: UInt64 { 1 << 56 }
  @inlinable
  static var dnz: UInt64 { 1 << 48 }
}
