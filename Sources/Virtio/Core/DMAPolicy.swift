/// Whose addresses a driver puts into its rings.
///
/// VIRTIO_F_ACCESS_PLATFORM, accepted or not, says whether they are bus addresses (VIRTIO 1.2, 6).
/// Not every driver follows: NetBSD hands out bus addresses without accepting the bit. On a machine
/// whose bus addresses differ from physical ones, that has to be somebody's decision.
public struct DMAPolicy: Equatable, Sendable, Codable {
  /// Whether the device offers VIRTIO_F_ACCESS_PLATFORM.
  public enum AccessPlatform: String, Sendable, Codable, CaseIterable {
    /// Not offered.
    case off
    /// Offered; a driver may leave it.
    case offered
    /// Offered; without it FEATURES_OK is refused.
    case required
  }

  /// What the addresses of a driver are that did not accept the feature.
  public enum Unnegotiated: String, Sendable, Codable, CaseIterable {
    /// Physical addresses, as the specification says.
    case physical
    /// Bus addresses.
    case translated
    /// Decided when the first queue is set up, by where the rings lie.
    case auto
  }

  /// Whether the feature is offered.
  public var accessPlatform: AccessPlatform
  /// What applies without it.
  public var unnegotiated: Unnegotiated

  /// A policy; the defaults serve every driver whose rings tell.
  public init(
    accessPlatform: AccessPlatform = .offered, unnegotiated: Unnegotiated = .auto
  ) {
    self.accessPlatform = accessPlatform
    self.unnegotiated = unnegotiated
  }
}
