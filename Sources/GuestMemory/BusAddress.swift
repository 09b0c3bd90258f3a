/// An address that a PCI device puts on the bus (64 bits with dual address cycles).
///
/// A bus address is not a ``PhysicalAddress``: only the Pchip's translation turns one into the
/// other, so passing one where the other belongs does not compile.
public struct BusAddress: RawRepresentable, Hashable, Comparable, Sendable, Codable,
  CustomStringConvertible
{
  /// The address in bytes.
  public var rawValue: UInt64

  /// Wraps an address in bytes.
  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Wraps an address in bytes.
  @inlinable
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// Orders addresses by value.
  @inlinable
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  /// The address `distance` bytes further on, or nil where 64 bits overflow.
  @inlinable
  public func advanced(by distance: UInt64) -> BusAddress? {
    let (sum, overflow) = rawValue.addingReportingOverflow(distance)
    return overflow ? nil : BusAddress(sum)
  }

  /// Hexadecimal with the prefix `0x`.
  public var description: String { "0x" + String(rawValue, radix: 16) }
}
