internal import SystemPackage

/// Overlays in files: many disks can share one base that none of them changes.
extension ImageOpener {
  /// Opens the qcow2 image `overlay` over the image at `path`, for writing. An overlay that does
  /// not exist is made.
  ///
  /// The base may be an NBD export, whose name the overlay then records. An image with such a name
  /// is opened in this way only: the server must be the choice of the user, not of the image.
  ///
  /// - Parameter format: the base's format; nil recognises it, which is safe because the base is
  ///   not written, and the overlay records the answer.
  /// - Throws: ``ImageFault``; also when the overlay exists and has another backing file.
  public func open(
    _ path: String, format: ImageFormat? = nil, overlay: String
  ) throws(ImageFault) -> any DiskImage {
    try Self.checkMakesFile(overlay)
    let store = try Self.store(path, writable: false)
    let baseFormat: ImageFormat = if let format { format } else { try Self.recognize(store) }
    var chain: [FileIdentity] = []
    let base = try open(store, format: baseFormat, readOnly: true, chain: &chain)
    let recorded = store is NBDStore ? path : Self.backingName(for: path, in: overlay)
    try makeOverlay(overlay, over: recorded, base.byteCount, baseFormat)
    func refuse(_ what: String) -> ImageFault {
      ImageFault(overlay, .refused("exists and " + what))
    }
    let header = try QcowHeader(reading: HostFile(overlay, writable: false))
    guard !header.backingName.isEmpty else {
      throw refuse("is no overlay: it has no backing file")
    }
    let name = String(decoding: header.backingName, as: UTF8.self)
    guard isName(name, in: overlay, of: store, path) else {
      throw refuse("is an overlay of \"\(name)\", not of \"\(path)\"")
    }
    guard header.backingFormat == nil || header.backingFormat == baseFormat.rawValue else {
      throw refuse(
        "takes \"\(name)\" for \(header.backingFormat ?? ""), not \(baseFormat)")
    }
    return try open(
      HostFile(overlay, writable: true), format: .qcow2, readOnly: false, chain: &chain, over: base)
  }

  /// Whether the name in an overlay means the base.
  private func isName(
    _ name: String, in overlay: String, of base: any FileStore, _ path: String
  ) -> Bool {
    guard let identity = base.identity else {
      // Equal names of exports only: nothing is opened because an image says so.
      return (try? NBDLocation(parsing: name)) == (try? NBDLocation(parsing: path))
    }
    let target = FilePath(overlay).removingLastComponent().pushing(FilePath(name))
    return (try? HostFile(target.string, writable: false).identity) == identity
  }

  /// Makes an empty overlay unless there is a file of that name.
  private func makeOverlay(
    _ overlay: String, over name: String, _ byteCount: UInt64, _ format: ImageFormat
  ) throws(ImageFault) {
    var options = QcowImage.CreationOptions(byteCount: byteCount)
    options.backingName = name
    options.backingFormat = format
    do {
      try create(overlay, format: .qcow2, options)
    } catch {
      guard error.isFileExists else { throw error }
    }
  }

  /// How an image names a file: by its last component where both are in one directory, so that they
  /// can move together, else from the root.
  private static func backingName(for path: String, in overlay: String) -> String {
    let (base, image) = (FilePath(path), FilePath(overlay))
    if base.removingLastComponent() == image.removingLastComponent(),
      let name = base.lastComponent?.string, !name.contains(":")
    {
      return name
    }
    return HostFile.absolutePath(path) ?? path
  }
}
