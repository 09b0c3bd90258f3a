internal import SystemPackage

/// An image format that can be opened by name.
public enum ImageFormat: String, CaseIterable, Sendable {
  /// The file's bytes are the disk's.
  case raw
  /// QEMU's format, versions 2 and 3.
  case qcow2
  /// A raw disk compressed by gzip; read-only.
  case gzip
}

/// Opens images with their backing files.
public struct ImageOpener {
  /// Whether images are locked against other processes, as QEMU's tools lock them.
  public var isLocking = true
  /// How much memory each qcow2 image may use.
  public var cacheLimits = QcowImage.CacheLimits()
  /// Told, in one line each whatever the names in it, of oddities that do not keep an image from
  /// working.
  public var report: (String) -> Void = { _ in } {
    didSet { report = { [report] in report(escaped($0)) } }
  }
  /// Told, while a gzip image without an index is read through, how many bytes of the file are done.
  /// Answers whether to go on.
  public var progress: (_ done: UInt64, _ total: UInt64) -> Bool = { _, _ in true }
  /// The biggest disk that a gzip image may hold, in bytes.
  public var gzipDiskLimit: UInt64 = 1 << 44
  let gzipIndexes = GzipIndexMemory()

  /// Longest chain of backing files that is followed.
  public static let maximumDepth = 64

  /// An opener with default settings.
  public init() {}

  /// Opens the image at `path`.
  ///
  /// - Parameters:
  ///   - path: a file, or an NBD export; see ``store(_:writable:)``.
  ///   - format: nil recognises qcow2 and gzip by their magic and takes anything else for raw, which
  ///     is safe only for an image that is not written: a guest can write any magic into a raw disk.
  ///   - readOnly: whether writes are refused. An overlay needs its base read-only.
  /// - Throws: ``ImageFault`` in one line; also for a writable image that starts like a qcow2 or gzip
  ///   image and whose format was not given, and for a writable gzip image.
  public func open(
    _ path: String, format: ImageFormat? = nil, readOnly: Bool
  ) throws(ImageFault) -> any DiskImage {
    var chain: [FileIdentity] = []
    return try open(
      Self.store(path, writable: !readOnly), format: format, readOnly: readOnly, chain: &chain)
  }

  /// Opens the image at `path` to be read while `target` is overwritten.
  ///
  /// - Throws: ``ImageFault``; also when `target` is a file or export of the image itself, or of what
  ///   lies below it.
  public func open(
    _ path: String, format: ImageFormat? = nil, whileOverwriting target: String
  ) throws(ImageFault) -> any DiskImage {
    var chain: [FileIdentity] = []
    let image = try open(
      Self.store(path, writable: false), format: format, readOnly: true, chain: &chain)
    let export = try NBDLocation(parsing: target)
    // A file that does not exist yet is part of nothing.
    let file = export == nil ? try? HostFile(target, writable: false).identity : nil
    let isPart =
      if let export { try NBDLocation(parsing: path) == export } else {
        chain.contains { $0 == file }
      }
    guard !isPart else {
      throw ImageFault(
        target, .refused("cannot be overwritten: it is read, as part of \"\(path)\""))
    }
    return image
  }

  /// Opens the image at `path` read-only under an overlay whose bytes lie in an unlinked file of
  /// `scratchDirectory`: the disk takes writes and the image never changes.
  public func openWithTemporaryOverlay(
    _ path: String, format: ImageFormat? = nil, scratchDirectory: String = "/var/tmp"
  ) throws(ImageFault) -> TemporaryOverlay {
    let base = try open(path, format: format, readOnly: true)
    return TemporaryOverlay(
      over: base, scratch: try HostFile.unlinked(in: scratchDirectory))
  }

  /// Makes a new image at `path`. Its backing file, if it names one, is not looked at.
  ///
  /// - Parameters:
  ///   - options: of these, a raw image has a size and a preallocation only.
  ///   - replacing: whether a file that exists, and that nobody uses, may be overwritten. It keeps
  ///     its content until the options have been found in order.
  ///   - fill: writes the new disk. If that fails a regular file is removed: half a disk must not be
  ///     taken for a whole one.
  /// - Throws: ``ImageFault``; a file that did not exist before is then gone again.
  public func create(
    _ path: String, format: ImageFormat, _ options: QcowImage.CreationOptions,
    replacing: Bool = false,
    filledBy fill: ((any DiskImage) throws(ImageFault) -> Void)? = nil
  ) throws(ImageFault) {
    try Self.checkMakesFile(path)
    let (file, isNew) = try Self.file(path, replacing: replacing)
    // A file that somebody else uses is not ours to remove.
    try lock(file)
    var isLost = isNew
    do throws(ImageFault) {
      switch format {
      case .raw: try RawImage.create(on: file, options)
      case .qcow2: try QcowImage.create(on: file, options)
      case .gzip: throw Self.gzipIsReadOnly(path)
      }
      guard let fill else { return }
      isLost = file.isRegular
      var chain: [FileIdentity] = []
      try fill(open(file, format: format, readOnly: false, chain: &chain))
    } catch {
      if isLost { HostFile.remove(HostFile.absolutePath(path) ?? path) }
      throw error
    }
  }

  /// Opens a file for a new image, and tells whether it was made for that.
  private static func file(
    _ path: String, replacing: Bool
  ) throws(ImageFault) -> (file: HostFile, isNew: Bool) {
    do {
      return (try HostFile.create(path), isNew: true)
    } catch {
      guard replacing, error.isFileExists else { throw error }
      return (try HostFile.create(path, replacing: true), isNew: false)
    }
  }

  private static func gzipIsReadOnly(_ path: String) -> ImageFault {
    ImageFault(
      path,
      .readOnly(reason: "a gzip image is read-only; convert it, or lay a qcow2 overlay over it"))
  }

  /// Keeps other writers off a file; who may write an export is its server's business.
  private func lock(_ store: any FileStore) throws(ImageFault) {
    if isLocking, let file = store as? HostFile, try !file.lock() {
      report("\(file.name): the file system has no locks; nothing keeps a second writer away")
    }
  }

  /// The format that the first bytes of `store` look like.
  public static func recognize(_ store: any FileStore) throws(ImageFault) -> ImageFormat {
    let start = try store.bytes(at: 0, count: 4)
    if start.bigEndian(at: 0) == QcowHeader.magic { return .qcow2 }
    // The magic, and the only method that there is.
    return start.starts(with: GzipDecoder.magic + [8]) ? .gzip : .raw
  }

  /// Opens the image in `file`.
  ///
  /// - Parameter base: its backing image, if that is open already.
  func open(
    _ file: any FileStore, format: ImageFormat?, readOnly: Bool, chain: inout [FileIdentity],
    over base: (any DiskImage)? = nil
  ) throws(ImageFault) -> any DiskImage {
    guard readOnly || format != .gzip else { throw Self.gzipIsReadOnly(file.name) }
    if let identity = file.identity {
      guard !chain.contains(identity) else {
        throw ImageFault(file.name, .refused("is its own backing file: the chain is a loop"))
      }
      guard chain.count < Self.maximumDepth else {
        throw ImageFault(
          file.name, .refused("the chain of backing files is longer than \(Self.maximumDepth)"))
      }
      chain.append(identity)
    }
    try lock(file)
    if !readOnly, let export = file as? NBDStore, !export.canFlush {
      report("\(file.name): its server has no flush; nothing says when writes are durable")
    }
    let known: ImageFormat =
      if let format { format } else { try recognized(file, readOnly: readOnly) }
    switch known {
    case .raw:
      return try RawImage(file, readOnly: readOnly)
    case .qcow2:
      var header = try QcowHeader(reading: file)
      if !readOnly, header.isDirty, !header.isCorrupt {
        // Its refcounts may be stale, and a writer relies on them.
        report("\(file.name): it was not closed cleanly; its refcounts are being rebuilt")
        _ = try QcowImage.repair(file, .all)
        header = try QcowHeader(reading: file)
      }
      let backing =
        if let base { base } else { try openBacking(of: header, in: file, chain: &chain) }
      return try QcowImage(
        file, header: header, readOnly: readOnly, backing: backing, cacheLimits: cacheLimits,
        report: report)
    case .gzip:
      return try openGzip(file)
    }
  }

  private func recognized(_ file: any FileStore, readOnly: Bool) throws(ImageFault) -> ImageFormat {
    let format = try Self.recognize(file)
    guard readOnly || format == .raw else {
      throw ImageFault(file.name, .formatNotGiven(found: format.rawValue))
    }
    return format
  }

  /// Opens the backing file that a header names: always read-only, always a plain file, and
  /// relative to the image that names it, not to this process.
  private func openBacking(
    of header: QcowHeader, in file: any FileStore, chain: inout [FileIdentity]
  ) throws(ImageFault) -> (any DiskImage)? {
    guard !header.backingName.isEmpty else { return nil }
    let name = String(decoding: header.backingName, as: UTF8.self)
    func refusal(_ reason: String) -> ImageFault {
      ImageFault(file.name, .backing(name: name, reason: reason))
    }
    guard Array(name.utf8) == header.backingName, !header.backingName.contains(0) else {
      throw refusal("its name is not UTF-8 text without NUL")
    }
    guard !Self.looksLikeProtocol(name) else {
      throw refusal(
        "its name looks like a protocol; only plain files are followed, "
          + "unless you name the base yourself and this image as its overlay")
    }
    // A server must not choose files of this host.
    guard !(file is NBDStore) else {
      throw refusal("an NBD export names no files here; let its server open the chain of images")
    }
    let format: ImageFormat?
    switch header.backingFormat {
    case nil: format = nil
    case let text?:
      guard let known = ImageFormat(rawValue: text) else {
        throw refusal("its format \"\(text)\" is not implemented")
      }
      format = known
    }
    let target = FilePath(file.name).removingLastComponent().pushing(FilePath(name))
    do {
      let image = try open(
        HostFile(target.string, writable: false), format: format, readOnly: true, chain: &chain)
      if format == nil {
        let guess = image is QcowImage ? "qcow2" : image is GzipImage ? "gzip" : "raw"
        report("\(file.name): does not say which format its backing file has; \(guess) is assumed")
      }
      return image
    } catch {
      throw refusal(error.description)
    }
  }
}
