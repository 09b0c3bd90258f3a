internal import SystemPackage

/// Overlays in files: many disks can share one base that none of them changes.
extension ImageOpener {
  /// Opens the qcow2 image `overlay` over the image at `path`, for writing. An overlay that does
  /// not exist is made.
  ///
  /// - Parameter format: the base's format; nil recognises it, which is safe because the base is
  ///   not written, and the overlay records the answer.
  /// - Throws: ``ImageFault``; also when the overlay exists and has another backing file.
  public func open(
    _ path: String, format: ImageFormat? = nil, overlay: String
  ) throws(ImageFault) -> any DiskImage {
    let base = try HostFile(path, writable: false)
    let baseFormat: ImageFormat = if let format { format } else { try Self.recognize(base) }
    try makeOverlay(overlay, over: path, baseFormat)
    func refuse(_ what: String) -> ImageFault {
      ImageFault(overlay, .refused("exists and " + what))
    }
    let header = try QcowHeader(reading: HostFile(overlay, writable: false))
    guard !header.backingName.isEmpty else {
      throw refuse("is no overlay: it has no backing file")
    }
    let name = String(decoding: header.backingName, as: UTF8.self)
    let target = FilePath(overlay).removingLastComponent().pushing(FilePath(name))
    guard let found = try? HostFile(target.string, writable: false).identity,
      found == base.identity
    else {
      throw refuse("is an overlay of \"\(escaped(name))\", not of \"\(escaped(path))\"")
    }
    guard header.backingFormat == nil || header.backingFormat == baseFormat.rawValue else {
      throw refuse(
        "takes \"\(escaped(name))\" for \(escaped(header.backingFormat ?? "")), not \(baseFormat)")
    }
    return try open(overlay, format: .qcow2, readOnly: false)
  }

  /// Makes an empty overlay unless there is a file of that name.
  private func makeOverlay(
    _ overlay: String, over path: String, _ format: ImageFormat
  ) throws(ImageFault) {
    var options = QcowImage.CreationOptions(
      byteCount: try open(path, format: format, readOnly: true).byteCount)
    options.backingName = Self.backingName(for: path, in: overlay)
    options.backingFormat = format
    do {
      try create(overlay, format: .qcow2, options)
    } catch {
      if case .host(_, let number) = error.cause, Errno(rawValue: number) == .fileExists { return }
      throw error
    }
  }

  /// How an image names a base: by its last component where both are in one directory, so that they
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
