/// Feature bits (VIRTIO 1.2, 2.2 and 6). Bits 0 to 23 belong to the device type.
public struct VirtioFeatures: OptionSet, Hashable, Sendable, Codable {
  /// One bit per feature.
  public let rawValue: UInt64
  /// Wraps the bits.
  public init(rawValue: UInt64) { self.rawValue = rawValue }
  /// The feature with this number (0 to 63).
  public init(bit: Int) { rawValue = 1 << UInt64(bit) }

  /// VIRTIO_F_ANY_LAYOUT, legacy interface only.
  public static let anyLayout = VirtioFeatures(bit: 27)
  /// VIRTIO_F_INDIRECT_DESC.
  public static let indirectDescriptors = VirtioFeatures(bit: 28)
  /// VIRTIO_F_EVENT_IDX.
  public static let eventIndex = VirtioFeatures(bit: 29)
  /// VIRTIO_F_VERSION_1.
  public static let version1 = VirtioFeatures(bit: 32)
  /// VIRTIO_F_ACCESS_PLATFORM: addresses are the platform's bus addresses.
  public static let accessPlatform = VirtioFeatures(bit: 33)

  /// What the legacy interface can express.
  public static let legacyMask = VirtioFeatures(rawValue: 0xFFFF_FFFF)
}

extension VirtioFeatures: CustomStringConvertible {
  /// The bits in hexadecimal.
  public var description: String { "0x" + String(rawValue, radix: 16) }
}
