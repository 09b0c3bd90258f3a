internal import ArgumentParser
internal import DiskImages

/// `breakwater image commit`.
struct ImageCommit: ImageOperation {
  static let configuration = CommandConfiguration(
    commandName: "commit", abstract: "Write an overlay's content into its backing file.",
    discussion: """
      The backing file grows to the overlay's size if it is smaller. Other overlays of it are no \
      longer valid afterwards.
      """)

  @Option(
    name: .customShort("f"), help: ArgumentHelp("Format of the overlay: qcow2.", valueName: "fmt"))
  var format = ImageFormat.qcow2

  @Flag(name: .customShort("d"), help: "Leave the overlay as it is instead of emptying it.")
  var keepsContent = false

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
    // Without its backing file: that is about to be written.
    let overlay = try ImageOpener.forCommands.qcow2(file, readOnly: keepsContent)
    let information = overlay.information
    guard let name = information.backingName else {
      throw ImageFault(file, .refused("has no backing file to commit to"))
    }
    guard let baseFormat = information.backingFormat.flatMap(ImageFormat.init) else {
      throw ImageFault(
        file, .refused("does not say which format its backing file has; rebase -u -F names it"))
    }
    let base = try openBase(resolved(name, from: file), baseFormat, atLeast: overlay.byteCount)
    try copy(overlay, to: base)
    // The base is durable before the overlay lets go of anything.
    try base.close()
    if !keepsContent { try overlay.dropContent() }
    try overlay.close()
    if !quiet { print("Image committed.") }
    return 0
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

  private func copy(_ overlay: QcowImage, to base: any DiskImage) throws(ImageFault) {
    let bar = ProgressBar(isWanted: progress && !quiet)
    defer { bar.finish() }
    var bytes = [UInt8](repeating: 0, count: max(1 << 20, overlay.information.clusterSize))
    var offset: UInt64 = 0
    while offset < overlay.byteCount {
      let extent = try overlay.mapping(at: offset)
      let end = offset + extent.byteCount
      switch extent.mapping {
      case .unallocated: offset = end
      case .zero:
        try base.writeZeroes(offset..<end, mayUnmap: true)
        offset = end
      case .stored, .compressed:
        let count = Int(min(UInt64(bytes.count), end - offset))
        try overlay.read(at: offset, into: &bytes, count: count)
        try base.write(at: offset, from: bytes.span.extracting(0..<count))
        offset += UInt64(count)
      }
      bar.show(offset, of: overlay.byteCount)
    }
  }
}
