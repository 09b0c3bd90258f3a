internal import ArgumentParser
internal import DiskImages

/// `breakwater image create`.
struct ImageCreate: ImageOperation {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make an empty image, or an overlay over another.")

  @Option(name: .customShort("f"), help: ArgumentHelp("Format: raw or qcow2.", valueName: "fmt"))
  var format = ImageFormat.raw

  @Option(
    name: .customShort("o"),
    help: ArgumentHelp(
      "\(ImageCreationOptions.keysOfQcow2.joined(separator: ", ")).",
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

  mutating func validate() throws { try format.checkWritable(option: "-f") }

  func perform() throws -> Int32 {
    let given = try ImageCreationOptions(parsing: options, for: format)
    var options = given.options
    options.backingName = backing ?? options.backingName
    options.backingFormat = backingFormat ?? options.backingFormat
    guard options.backingName == nil || format == .qcow2 else {
      throw ValidationError("a raw image cannot have a backing file; use -f qcow2")
    }
    guard (options.backingName == nil) == (options.backingFormat == nil) else {
      throw ValidationError("a backing file needs its format: -b FILE with -F raw or -F qcow2")
    }
    var byteCount = size?.byteCount ?? given.byteCount
    if let name = options.backingName, !isUnsafe {
      let base = try openBase(resolved(name, from: file), options.backingFormat)
      byteCount = byteCount ?? base.byteCount
    }
    guard let byteCount else { throw ValidationError("the size of the disk is missing") }
    options.byteCount = byteCount
    try ImageOpener.forCommands.create(file, format: format, options, replacing: true)
    if !quiet { print(ImageOpener.announcement(file, format, options)) }
    return 0
  }

  private func openBase(_ path: String, _ format: ImageFormat?) throws -> any DiskImage {
    if try ImageOpener.isSame(file, path) {
      throw ImageFault(file, .refused("cannot be its own backing file"))
    }
    return try ImageOpener.forCommands.open(path, format: format, readOnly: true)
  }
}
