internal import ArgumentParser
internal import DiskImages
internal import Foundation

/// `breakwater image create`.
struct ImageCreate: ImageOperation {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make an empty image, or an overlay over another.")

  @Option(name: .customShort("f"), help: ArgumentHelp("Format: raw or qcow2.", valueName: "fmt"))
  var format = ImageFormat.raw

  @Option(
    name: .customShort("o"),
    help: ArgumentHelp(
      "size, backing_file, backing_fmt, cluster_size, compat, refcount_bits.",
      valueName: "key=value,..."))
  var options: [String] = []

  @Option(
    name: .customShort("b"),
    help: ArgumentHelp("Backing file, relative to the new image.", valueName: "file"))
  var backing: String?

  @Option(
    name: .customShort("F"),
    help: ArgumentHelp("Format of the backing file.", valueName: "fmt"))
  var backingFormat: ImageFormat?

  @Flag(name: .customShort("u"), help: "Do not look at the backing file.")
  var isUnsafe = false

  @Flag(name: .shortAndLong, help: "Print nothing.")
  var quiet = false

  @Argument(help: ArgumentHelp("The new image.", valueName: "file"))
  var file: String

  @Argument(help: ArgumentHelp("Size of the disk, such as 20G.", valueName: "size"))
  var size: ByteSize?

  func perform() throws -> Int32 {
    let given = try ImageCreationOptions(parsing: options, for: format)
    let name = backing ?? given.backingName
    guard name == nil || format == .qcow2 else {
      throw ValidationError("a raw image cannot have a backing file; use -f qcow2")
    }
    guard name == nil || (backingFormat ?? given.backingFormat) != nil else {
      throw ValidationError("a backing file needs its format: -F raw or -F qcow2")
    }
    var byteCount = size?.byteCount ?? given.byteCount
    if let name, !isUnsafe {
      let base = try openBase(resolved(name, from: file), given)
      byteCount = byteCount ?? base.byteCount
    }
    guard let byteCount else { throw ValidationError("the size of the disk is missing") }
    var options = QcowImage.CreationOptions(byteCount: byteCount)
    options.clusterSize = given.clusterSize
    options.version = given.version
    options.refcountBits = given.refcountBits
    options.backingName = name
    options.backingFormat = name == nil ? nil : backingFormat ?? given.backingFormat
    let image = NewImage(path: file, format: format, options: options)
    _ = try image.create()
    if !quiet { print(image.announcement) }
    return 0
  }

  private func openBase(_ path: String, _ given: ImageCreationOptions) throws -> any DiskImage {
    if try ImageOpener.isSame(file, path) {
      throw ImageFault(file, .refused("cannot be its own backing file"))
    }
    return try ImageOpener.forCommands.open(
      path, format: backingFormat ?? given.backingFormat, readOnly: true)
  }
}
