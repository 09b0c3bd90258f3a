/// An address on the system bus, as the CPU and the chipset see memory (44 bits on the 21272).
public struct PhysicalAddress: RawRepresentable, Hashable, Comparable, Sendable, Codable,
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

  /// Hexadecimal with the prefix `0x`.
  public var description: String { "0x" + String(rawValue, radix: 16) }
}
