/// What `image info` says about a qcow2 image beyond its size.
public struct QcowInformation: Equatable, Sendable {
  /// 2 or 3.
  public var version: Int
  /// Bytes in a cluster.
  public var clusterSize: Int
  /// Bits in a refcount.
  public var refcountBits: Int
  /// The backing file's name as the image has it.
  public var backingName: String?
  /// The backing file's format as the image has it.
  public var backingFormat: String?
  /// Whether a writer may postpone refcounts.
  public var hasLazyRefcounts: Bool
  /// Whether the image was not closed cleanly.
  public var isDirty: Bool
  /// Whether damaged metadata has been seen.
  public var isCorrupt: Bool
}

extension QcowImage {
  /// What the header says.
  public var information: QcowInformation {
    QcowInformation(
      version: Int(header.version), clusterSize: Int(geometry.clusterSize),
      refcountBits: header.refcountBits,
      backingName: header.backingName.isEmpty
        ? nil : String(decoding: header.backingName, as: UTF8.self),
      backingFormat: header.backingFormat,
      hasLazyRefcounts: header.compatibleFeatures & QcowFeatures.lazyRefcounts != 0,
      isDirty: header.isDirty, isCorrupt: header.isCorrupt)
  }
}
