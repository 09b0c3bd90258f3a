/// Why a device did not serve an access. The bus, not the device, turns a refusal into all ones,
/// an ignored write or a machine check.
public enum AccessRefusal: Error, Equatable, Sendable {
  /// Nothing is decoded at this offset.
  case noRegister
  /// The register exists, but not at this access width.
  case badWidth
  /// The offset is not a multiple of the width.
  case misaligned
}
