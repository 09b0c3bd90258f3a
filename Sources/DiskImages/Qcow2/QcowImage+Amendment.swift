/// Changing what kind of image an image is: what `image amend` does.
extension QcowImage {
  /// Sets whether writers may postpone refcounts.
  public func setLazyRefcounts(_ isLazy: Bool) throws(ImageFault) {
    let writer = try writable(0, byteCount: 0)
    guard header.version >= 3 || !isLazy else {
      throw ImageFault(
        store.name, .refused("version 2 has no lazy refcounts; make it compat=1.1 first"))
    }
    try commit()
    try finishRefcounts(writer)
    try changeHeader {
      $0.compatibleFeatures =
        isLazy
        ? $0.compatibleFeatures | QcowFeatures.lazyRefcounts
        : $0.compatibleFeatures & ~QcowFeatures.lazyRefcounts
    }
  }

  /// Makes a version 2 image one of version 3, whose header has more fields.
  public func upgradeToVersion3() throws(ImageFault) {
    let writer = try writable(0, byteCount: 0)
    guard header.version < 3 else { return }
    try commit()
    // Version 3 wants a size in each snapshot. In version 2 a disk with snapshots keeps its own.
    if snapshots.contains(where: { $0.diskByteCount == nil }) {
      let sized = snapshots.map { snapshot in
        var sized = snapshot
        sized.diskByteCount = snapshot.diskByteCount ?? header.byteCount
        return sized
      }
      try replaceSnapshotTable(sized, writer)
      try commit()
    }
    var changed = header
    changed.version = 3
    changed.headerLength = 112
    changed.laterBytes = QcowHeader().laterBytes
    try replaceHeader(with: changed)
  }
}
