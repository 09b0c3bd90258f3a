/// Changing what lies below an overlay: what `image rebase` and `image commit` do.
extension QcowImage {
  /// Makes `name` the backing file in the header; nil: the image has none any more. No content is
  /// looked at, and the image must be opened anew to see the new backing file.
  ///
  /// - Parameters:
  ///   - name: relative to the image's directory, or absolute.
  ///   - format: the backing file's format.
  public func setBacking(name: String?, format: ImageFormat?) throws(ImageFault) {
    let writer = try writable(0, byteCount: 0)
    try commit()
    try finishRefcounts(writer)
    try replaceHeader(with: header.withBacking(name: name, format: format))
    writer.refusal = ImageFault(
      store.name, .readOnly(reason: "its backing file was changed; open it anew"))
  }

  /// Throws, before anything is changed, if ``setBacking(name:format:)`` would find no room in the
  /// header.
  public func checkBacking(name: String?, format: ImageFormat?) throws(ImageFault) {
    var changed = header.withBacking(name: name, format: format)
    guard changed.backingName.count <= Int(QcowHeader.Limit.backingNameBytes),
      changed.encode() != nil
    else {
      throw ImageFault(
        store.name, .refused("the name of its new backing file does not fit its header"))
    }
  }

  /// Empties every cluster, so that the backing image shows everywhere. Snapshots keep theirs.
  public func dropContent() throws(ImageFault) {
    let writer = try writable(0, byteCount: 0)
    for index in l1.indices where l1[index] != 0 {
      try commitIfDue()
      try dropTable(for: UInt64(index) &* geometry.bytesPerL2, writer)
    }
    try commit()
  }

  /// Writes a header whose extensions or backing name have changed, durably.
  ///
  /// The first sector switches from the old one to the new: what lies behind it comes first, where the
  /// old one has nothing.
  func replaceHeader(with changed: QcowHeader) throws(ImageFault) {
    var extent = changed
    if let end = extent.encode()?.count, header.backingNameOffset < end,
      header.backingNameEnd > Self.headerSector
    {
      // The new extensions reach the old name: it makes room first.
      try writeHeader(header, nameBehind: end)
    }
    try writeHeader(changed, nameBehind: Self.headerSector)
  }

  /// What a power cut leaves whole: the header's fields and the beginning of its extensions.
  private static let headerSector = 512

  /// - Parameter nameBehind: where the backing name may begin if it does not fit the first sector.
  private func writeHeader(
    _ changed: QcowHeader, nameBehind end: Int
  ) throws(ImageFault) {
    let sector = Self.headerSector
    var changed = changed
    guard changed.backingName.count <= Int(QcowHeader.Limit.backingNameBytes),
      let encoded = changed.encode(besides: sector..<max(end, header.backingNameEnd))
    else {
      throw ImageFault(store.name, .refused("what its header is to hold does not fit a cluster"))
    }
    do {
      var first = try store.bytes(at: 0, count: sector)
      for (offset, bytes) in [(0, encoded), (Int(changed.backingNameOffset), changed.backingName)] {
        let inFirst = min(bytes.count, max(0, sector - offset))
        if inFirst > 0 { first.replaceSubrange(offset..<offset + inFirst, with: bytes[..<inFirst]) }
        if inFirst < bytes.count {
          try store.write(at: UInt64(offset + inFirst), Array(bytes[inFirst...]))
        }
      }
      try store.flush()
      try store.write(at: 0, first)
      try store.flush()
    } catch {
      refuseWrites(error)
      throw error
    }
    header = changed
  }
}

extension QcowHeader {
  /// Where the backing name ends in the file.
  fileprivate var backingNameEnd: Int { Int(backingNameOffset) + backingName.count }

  /// The same header with another backing file, or none.
  fileprivate func withBacking(name: String?, format: ImageFormat?) -> QcowHeader {
    var changed = self
    changed.backingName = Array((name ?? "").utf8)
    changed.extensions.removeAll { $0.type == Extension.Kind.backingFormat }
    if name != nil, let format {
      changed.extensions.insert(
        .init(type: Extension.Kind.backingFormat, payload: Array(format.rawValue.utf8)), at: 0)
    }
    return changed
  }
}
