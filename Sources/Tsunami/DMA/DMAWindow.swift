/// One of the Pchip's four windows onto memory, as its three registers describe it (21272 HRM
/// 10.1.4).
///
/// Registers can hold any value. The formulas are applied to whatever they hold, so a mask that is
/// not a row of ones from bit 20 up, which the manual leaves unspecified, gives some address below
/// 2^35 and nothing worse.
public struct DMAWindow: Equatable, Sendable {
  /// The number under which faults name the monster window.
  public static let monster = 4
  /// Addresses that leave the Pchip have 35 bits.
  static let physicalMask = SystemIO.memoryLimit - 1

  /// 0 to 3.
  public let number: Int
  /// WSBA.ENA.
  public let isEnabled: Bool
  /// WSBA.SG: addresses go through a scatter-gather map.
  public let usesMap: Bool
  /// WSBA3.DAC: the window claims dual-address cycles at 2^39, and those only.
  public let isDualAddress: Bool
  /// WSBA.ADDR: what the compared address bits must be.
  public let base: UInt64
  /// WSM.AM: address bits that are not compared.
  public let mask: UInt64
  /// TBA: where the window, or its map, lies in memory.
  public let translatedBase: UInt64

  /// Decodes the registers of window `number` (0 to 3).
  public init(number: Int, wsba: UInt64, wsm: UInt64, tba: UInt64) {
    self.number = number
    isEnabled = wsba & 1 != 0
    usesMap = wsba & 2 != 0 || number == 3
    isDualAddress = number == 3 && wsba & 1 << 39 != 0
    base = wsba & 0xFFF0_0000
    mask = wsm & 0xFFF0_0000
    translatedBase = tba & 0x7_FFFF_FC00
  }

  /// The low address bits that the window keeps.
  private var offsetMask: UInt64 { isDualAddress ? 0xFFFF_FFFF : mask | 0xF_FFFF }

  /// Whether the window claims a bus address.
  ///
  /// In dual-address mode the compare covers bits 63:32; the manual does not say what happens to
  /// addresses that differ in bits 38:35 only, so they miss.
  public func claims(_ address: UInt64) -> Bool {
    guard isEnabled else { return false }
    if isDualAddress { return address >> 32 == 0x80 }
    return address >> 32 == 0 && (address ^ base) & 0xFFF0_0000 & ~mask == 0
  }

  /// The memory address of a bus address that a directly mapped window claims.
  public func directAddress(of address: UInt64) -> UInt64 {
    (translatedBase & ~offsetMask & Self.physicalMask) | (address & offsetMask)
  }

  /// The memory address of the map entry for a bus address that a scatter-gather window claims:
  /// bits of the map's base and of the page number are joined, not added.
  public func mapEntryAddress(of address: UInt64) -> UInt64 {
    if isDualAddress {
      return (translatedBase & 0x7_FFC0_0000) | (address & 0xFFFF_E000) >> 10
    }
    return (translatedBase & ~(mask >> 10)) | (address & (mask | 0xF_E000)) >> 10
  }
}

extension DMAWindow: CustomStringConvertible {
  /// Number, kind, the bus addresses it claims, and where they lead, in one line.
  public var description: String {
    let first = isDualAddress ? 1 << 39 : base & ~offsetMask
    let range = "\(hexadecimal(first))-\(hexadecimal(first | offsetMask))"
    return usesMap
      ? "window \(number) \(range) by map at \(hexadecimal(mapBase))"
      : "window \(number) \(range) to \(hexadecimal(directAddress(of: 0)))"
  }

  private var mapBase: UInt64 { mapEntryAddress(of: 0) }
}

/// A number as the manual's readers expect it.
func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
