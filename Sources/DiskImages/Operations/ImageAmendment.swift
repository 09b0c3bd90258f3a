/// Changes what kind of qcow2 image an image is: what `image amend` does.
public struct ImageAmendment: Sendable {
  /// The version to be; nil: as it is.
  public var version: Int?
  /// The width of refcounts to be; nil: as it is.
  public var refcountBits: Int?
  /// Whether writers may postpone refcounts; nil: as it is.
  public var hasLazyRefcounts: Bool?

  /// An amendment that changes nothing yet.
  public init() {}

  /// Amends the clean image in `store`.
  ///
  /// - Throws: ``ImageFault``, before anything is changed if no image can be of such a kind. An image
  ///   whose refcounts do not fit the new width keeps a new version.
  public func run(on store: any FileStore) throws(ImageFault) {
    let before = try QcowImage(store)
    let now = before.information
    var kind = QcowImage.CreationOptions(byteCount: before.byteCount)
    kind.clusterSize = now.clusterSize
    kind.version = version ?? now.version
    kind.refcountBits = refcountBits ?? now.refcountBits
    kind.hasLazyRefcounts = hasLazyRefcounts ?? now.hasLazyRefcounts
    guard kind.version >= now.version else {
      throw ImageFault(
        store.name, .refused("is compat=1.1; going back to 0.10 is not implemented"))
    }
    _ = try QcowImage.header(for: kind, name: store.name)
    if kind.version > now.version {
      let image = try QcowImage(store, readOnly: false)
      try image.upgradeToVersion3()
      try image.close()
    }
    if kind.refcountBits != now.refcountBits {
      try QcowImage.setRefcountBits(kind.refcountBits, of: store)
    }
    if kind.hasLazyRefcounts != now.hasLazyRefcounts {
      let image = try QcowImage(store, readOnly: false)
      try image.setLazyRefcounts(kind.hasLazyRefcounts)
      try image.close()
    }
  }
}
