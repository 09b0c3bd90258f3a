internal import ArgumentParser
internal import DiskImages

/// `breakwater image convert`.
struct ImageConvert: ImageOperation {
  static let flags = "UWcnpq"
  static let configuration = CommandConfiguration(
    commandName: "convert", abstract: "Copy a disk, with all that its backing files hold.",
    usage: "breakwater image convert [<options>] <source> ... <target>",
    discussion: "Several sources are copied one after the other, to one disk.")

  @Option(
    name: .customShort("f"),
    help: ArgumentHelp("Format of the source.", valueName: "fmt"))
  var format: ImageFormat?

  @Option(
    name: .customShort("O"),
    help: ArgumentHelp("Format of the target: raw or qcow2.", valueName: "fmt"))
  var outputFormat = ImageFormat.raw

  @OptionGroup var creation: ImageCreationArguments

  @Option(
    name: .customShort("B"),
    help: ArgumentHelp(
      "The target gets this backing file; what that holds already is not copied.",
      valueName: "file"))
  var backing: String?

  @Option(
    name: .customShort("F"),
    help: ArgumentHelp("Format of the backing file.", valueName: "fmt"))
  var backingFormat: ImageFormat?

  @Option(
    name: .customShort("l"),
    help: ArgumentHelp("Copy what a snapshot of the source holds.", valueName: "name|id"))
  var snapshot: String?

  @Option(
    name: .customShort("S"),
    help: ArgumentHelp(
      "Zeroes are left out in stretches of this size; 0: nothing is left out.", valueName: "size"))
  var sparseSize = ByteSize(byteCount: 4096)

  @Flag(name: [.customShort("c"), .long], help: "Store compressed clusters.")
  var compress = false

  @Option(
    name: [.customShort("m"), .long],
    help: ArgumentHelp("Threads that compress and decompress, from 1 to 64.", valueName: "n"))
  var threads = 4

  @Flag(name: .customShort("W"), help: "Allow any order of writes. It is that of the disk anyway.")
  var allowsAnyOrder = false

  @Flag(name: .customShort("n"), help: "Write into an image that exists.")
  var intoExisting = false

  @Flag(
    name: [.customShort("U"), .long], help: "Read the source even while another process writes.")
  var forceShare = false

  @Flag(name: .shortAndLong, help: "Show progress on a terminal.")
  var progress = false

  @Flag(name: .shortAndLong, help: "Print nothing.")
  var quiet = false

  @Argument(help: ArgumentHelp("The images to copy, and the new image.", valueName: "file"))
  var files: [String] = []

  private var sources: ArraySlice<String> { files.dropLast() }
  private var target: String { files.last ?? "" }

  mutating func validate() throws {
    let given = try creation.parsed(for: outputFormat)
    guard files.count >= 2 else {
      throw ValidationError("convert takes one source or several, and a target")
    }
    try outputFormat.checkWritable(option: "-O")
    guard !compress || outputFormat == .qcow2 else {
      throw ValidationError("a raw image cannot be compressed; use -O qcow2")
    }
    guard (1...64).contains(threads) else {
      throw ValidationError("-m \(threads) is not a number from 1 to 64")
    }
    guard !intoExisting || (given.keys.isEmpty && backing == nil) else {
      throw ValidationError("-n writes into an image as it is; -o and -B do not go with it")
    }
    guard sparseSize.byteCount <= 16 << 20, sparseSize.byteCount % 512 == 0 else {
      throw ValidationError("-S takes a multiple of 512 up to 16M, or 0")
    }
    guard snapshot == nil || sources.count == 1 else {
      throw ValidationError("-l names a snapshot of one source, not of several")
    }
  }

  func perform() throws -> Int32 {
    let input = try openSource()
    let interruption = Interruption()
    let bar = ProgressBar(isWanted: progress && !quiet)
    var conversion = ImageConversion()
    conversion.isCompressing = compress
    conversion.isTargetNew = !intoExisting
    conversion.sparseSize = Int(sparseSize.byteCount)
    conversion.workers = threads
    conversion.progress = {
      bar.show($0, of: $1)
      return !interruption.hasHappened
    }
    let opener = ImageOpener.forCommands
    if intoExisting {
      let output = try opener.open(target, format: outputFormat, readOnly: false)
      try conversion.run(from: input, to: output)
    } else {
      try opener.create(
        target, format: outputFormat, targetOptions(for: input), replacing: true
      ) { output throws(ImageFault) in try conversion.run(from: input, to: output) }
    }
    return 0
  }

  private func openSource() throws(ImageFault) -> any DiskImage {
    var opener = ImageOpener.forCommands
    opener.isLocking = !forceShare
    opener.cacheLimits.workers = threads - 1
    var disks: [any DiskImage] = []
    for source in sources {
      disks.append(try opener.open(source, format: format, whileOverwriting: target))
    }
    if let snapshot { try disks[0].show(snapshot: snapshot) }
    return disks.count == 1 ? disks[0] : try ConcatenatedDisk(disks)
  }

  /// What kind of image the target is to be.
  private func targetOptions(for input: any DiskImage) throws -> QcowImage.CreationOptions {
    let given = try creation.parsed(for: outputFormat)
    var options = try given.options(backing: backing, backingFormat, for: outputFormat)
    options.byteCount = given.byteCount ?? input.byteCount
    guard options.byteCount >= input.byteCount else {
      throw ImageFault(
        target, .refused("would be smaller than the \(input.byteCount) bytes to be copied"))
    }
    if let name = options.backingName {
      // Before anything is made: it may not be there.
      _ = try ImageOpener.forCommands.open(
        resolved(name, from: target), format: options.backingFormat, whileOverwriting: target)
    }
    return options
  }
}
