internal import ArgumentParser
internal import DiskImages

/// `breakwater image commit`.
struct ImageCommit: ImageOperation {
  static let flags = "dpq"
  static let configuration = CommandConfiguration(
    commandName: "commit", abstract: "Write an overlay's content into its backing file.",
    discussion: """
      The backing file grows to the overlay's size if it is smaller. Other overlays of it are no \
      longer valid afterwards.
      """)

  @Option(
    name: .customShort("f"),
    help: ArgumentHelp("Format of the overlay: qcow2.", valueName: "fmt"))
  var format = ImageFormat.qcow2

  @Flag(name: .customShort("d"), help: "Leave the overlay as it is instead of emptying it.")
  var keepsContent = false

  @Option(
    name: .customShort("b"),
    help: ArgumentHelp(
      "Commit all that lies above this file of the chain; implies -d.", valueName: "base"))
  var base: String?

  @Flag(name: .shortAndLong, help: "Show progress on a terminal.")
  var progress = false

  @Flag(name: .shortAndLong, help: "Print nothing.")
  var quiet = false

  @Argument(help: ArgumentHelp("The overlay.", valueName: "file"))
  var file: String

  mutating func validate() throws {
    guard format == .qcow2 else { throw ValidationError("only a qcow2 image has a backing file") }
  }

  func perform() throws -> Int32 {
    let layers = try openLayers()
    guard let overlay = layers.first, let last = layers.last else { return Self.failureStatus }
    let (path, format) = try backing(of: last)
    let target = try openBase(path, format, atLeast: overlay.byteCount)
    let bar = ProgressBar(isWanted: progress && !quiet)
    try OverlayCommit.run(layers, to: target) { bar.show($0, of: $1) }
    // The base is durable before the overlay lets go of anything.
    try target.close()
    if !keepsContent, base == nil { try overlay.dropContent() }
    try overlay.close()
    bar.finish()
    if !quiet { print("Image committed.") }
    return 0
  }

  /// The overlay and what lies between it and the base, each without its backing file, of which
  /// the last is about to be written.
  private func openLayers() throws(ImageFault) -> [QcowImage] {
    let opener = ImageOpener.forCommands
    var layers = [try opener.qcow2(file, readOnly: keepsContent || base != nil)]
    guard let base else { return layers }
    let identity = try HostFile(base, writable: false).identity
    while let last = layers.last {
      let (path, format) = try backing(of: last)
      if try HostFile(path, writable: false).identity == identity { break }
      guard format == .qcow2, layers.count < ImageOpener.maximumDepth else {
        throw ImageFault(file, .refused("has no backing file \"\(base)\" in its chain"))
      }
      layers.append(try opener.qcow2(path, readOnly: true))
    }
    return layers
  }

  /// The backing file that an image names.
  private func backing(of image: QcowImage) throws(ImageFault) -> (path: String, ImageFormat) {
    guard let name = image.information.backingName else {
      throw ImageFault(image.description, .refused("has no backing file to commit to"))
    }
    guard let format = image.information.backingFormat.flatMap(ImageFormat.init) else {
      throw ImageFault(
        image.description,
        .refused("does not say which format its backing file has; rebase -u -F names it"))
    }
    return (try resolved(name, from: image.description), format)
  }

  private func openBase(
    _ path: String, _ format: ImageFormat, atLeast byteCount: UInt64
  ) throws(ImageFault) -> any DiskImage {
    switch format {
    case .raw:
      let store = try ImageOpener.file(path, writable: true)
      if try store.byteCount() < byteCount { try store.setByteCount(byteCount) }
      return try RawImage(store, readOnly: false)
    case .qcow2:
      let image = try ImageOpener.forCommands.open(path, format: .qcow2, readOnly: false)
      if image.byteCount < byteCount { try (image as? QcowImage)?.resize(to: byteCount) }
      return image
    case .gzip:
      return try ImageOpener.forCommands.open(path, format: .gzip, readOnly: false)
    }
  }
}
