internal import ArgumentParser
internal import DiskImages

/// `breakwater image measure`.
struct ImageMeasure: ImageOperation {
  static let flags = "U"
  static let configuration = CommandConfiguration(
    commandName: "measure",
    abstract: "Say how big the file of a new image would be, empty or with a disk's content.")

  @Option(
    name: .customShort("O"),
    help: ArgumentHelp("Format of the new image.", valueName: "fmt"))
  var outputFormat = ImageFormat.raw

  @OptionGroup var creation: ImageCreationArguments

  @Option(help: ArgumentHelp("Size of the disk, instead of an image.", valueName: "size"))
  var size: ByteSize?

  @Option(
    name: .customShort("f"),
    help: ArgumentHelp("Format of the image.", valueName: "fmt"))
  var format: ImageFormat?

  @Option(
    name: .customShort("l"),
    help: ArgumentHelp("Measure what a snapshot holds.", valueName: "name|id"))
  var snapshot: String?

  @Option(help: "human or json.")
  var output = ImageOutput.human

  @Flag(name: [.customShort("U"), .long], help: "Read even while another process writes.")
  var forceShare = false

  @Argument(help: ArgumentHelp("The image whose content is to be copied.", valueName: "file"))
  var file: String?

  mutating func validate() throws {
    try outputFormat.checkWritable(option: "-O")
    _ = try creation.parsed(for: outputFormat)
    guard (size == nil) != (file == nil) else {
      throw ValidationError("measure takes an image or --size, not both")
    }
    guard file != nil || (format == nil && snapshot == nil) else {
      throw ValidationError("-f and -l are about an image; there is none")
    }
  }

  func perform() throws -> Int32 {
    var options = try creation.parsed(for: outputFormat).options
    var source: (any DiskImage)?
    if let file {
      var opener = ImageOpener.forCommands
      opener.isLocking = !forceShare
      let image = try opener.open(file, format: format, readOnly: true)
      if let snapshot { try image.show(snapshot: snapshot) }
      source = image
    }
    options.byteCount = size?.byteCount ?? source?.byteCount ?? 0
    let measured = try ImageMeasurement(outputFormat, options, source: source)
    switch output {
    case .json:
      try ImageOutput.printJSON(
        ["required": measured.required, "fully-allocated": measured.fullyAllocated])
    case .human:
      print("required size: \(measured.required)")
      print("fully allocated size: \(measured.fullyAllocated)")
    }
    return 0
  }
}
