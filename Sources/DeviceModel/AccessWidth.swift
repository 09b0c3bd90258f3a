/// How many bytes one access moves.
public enum AccessWidth: Int, Sendable, Codable, CaseIterable {
  /// 1 byte.
  case byte = 1
  /// 2 bytes.
  case word = 2
  /// 4 bytes.
  case longword = 4
  /// 8 bytes.
  case quadword = 8

  /// The bits that an access of this width carries: what a master abort reads.
  public var allOnes: UInt64 { UInt64.max >> (64 - 8 * UInt64(rawValue)) }
}
