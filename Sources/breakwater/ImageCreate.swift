internal import ArgumentParser
internal import DiskImages

/// `breakwater image create`.
struct ImageCreate: ImageOperation {
  static let flags = "qu"
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make an empty image, or an overlay over another.",
    usage: "breakwater image create [<options>] <file> [<size>]")

  @Option(
    name: .customShort("f"),
    help: ArgumentHelp("Format: raw or qcow2.", valueName: "fmt"))
  var format = ImageFormat.raw

  @OptionGroup var creation: ImageCreationArguments

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
  var file = ""

  @Argument(help: ArgumentHelp("Size of the disk, such as 20G.", valueName: "size"))
  var size: ByteSize?

  mutating func validate() throws {
    try format.checkWritable(option: "-f")
    let given = try creation.parsed(for: format)
    guard !file.isEmpty else { throw ValidationError("create takes a file") }
    guard size == nil || given.byteCount == nil else {
      throw ValidationError("the size of the disk is given twice: behind the file and in -o size")
    }
  }

  func perform() throws -> Int32 {
    let given = try creation.parsed(for: format)
    var options = try given.options(backing: backing, backingFormat, for: format)
    var byteCount = size?.byteCount ?? given.byteCount
    if let name = options.backingName, !isUnsafe {
      let base = try ImageOpener.forCommands.open(
        resolved(name, from: file), format: options.backingFormat, whileOverwriting: file)
      byteCount = byteCount ?? base.byteCount
    }
    guard let byteCount else { throw ValidationError("the size of the disk is missing") }
    options.byteCount = byteCount
    try ImageOpener.forCommands.create(file, format: format, options, replacing: true)
    if !quiet { print(ImageOpener.announcement(file, format, options, given: given.keys)) }
    return 0
  }
}
