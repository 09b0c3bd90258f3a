internal import ArgumentParser
internal import DiskImages
internal import Foundation

/// `breakwater image convert`.
struct ImageConvert: ImageOperation {
  static let configuration = CommandConfiguration(
    commandName: "convert", abstract: "Copy a disk, with all that its backing files hold.")

  @Option(
    name: .customShort("f"), help: ArgumentHelp("Format of the source.", valueName: "fmt"))
  var format: ImageFormat?

  @Option(
    name: .customShort("O"),
    help: ArgumentHelp("Format of the target: raw or qcow2.", valueName: "fmt"))
  var outputFormat = ImageFormat.raw

  @Option(
    name: .customShort("o"),
    help: ArgumentHelp("cluster_size, compat, refcount_bits.", valueName: "key=value,..."))
  var options: [String] = []

  @Flag(name: [.customShort("c"), .long], help: "Store compressed clusters.")
  var compress = false

  @Option(
    name: [.customShort("m"), .long],
    help: ArgumentHelp("Threads that compress and decompress, from 1 to 64.", valueName: "n"))
  var threads = 4

  @Flag(name: .customShort("n"), help: "Write into an image that exists.")
  var intoExisting = false

  @Flag(name: .shortAndLong, help: "Show progress on a terminal.")
  var progress = false

  @Flag(name: .shortAndLong, help: "Print nothing.")
  var quiet = false

  @Argument(help: ArgumentHelp("The image to copy.", valueName: "source"))
  var source: String

  @Argument(help: ArgumentHelp("The new image.", valueName: "target"))
  var target: String

  mutating func validate() throws {
    guard !compress || outputFormat == .qcow2 else {
      throw ValidationError("a raw image cannot be compressed; use -O qcow2")
    }
    guard (1...64).contains(threads) else {
      throw ValidationError("-m \(threads) is not a number from 1 to 64")
    }
    guard !intoExisting || (options.isEmpty && !compress) else {
      throw ValidationError("-n writes into an image as it is; -o and -c do not go with it")
    }
  }

  func perform() throws -> Int32 {
    let given = try ImageCreationOptions(parsing: options, for: outputFormat)
    guard given.backingName == nil else {
      throw ValidationError("-o backing_file: the target of a conversion has no backing file")
    }
    if let existing = try? HostFile(target, writable: false).identity,
      try HostFile(source, writable: false).identity == existing
    {
      throw ImageFault(target, .refused("cannot be source and target at once"))
    }
    var opener = ImageOpener.forCommands
    opener.cacheLimits.workers = threads - 1
    let input = try opener.open(source, format: format, readOnly: true)
    let output = try intoExisting ? openTarget(for: input) : makeTarget(for: input, given)
    let interruption = Interruption()
    let bar = ProgressBar(isWanted: progress && !quiet)
    var conversion = ImageConversion()
    conversion.isCompressing = compress
    conversion.workers = threads
    conversion.progress = {
      bar.show($0, of: $1)
      return !interruption.hasHappened
    }
    defer { bar.finish() }
    do {
      try conversion.run(from: input, to: output)
    } catch {
      // Half a disk must not be taken for a whole one.
      if !intoExisting { try? FileManager.default.removeItem(atPath: target) }
      if interruption.hasHappened { throw ExitCode(130) }
      throw error
    }
    return 0
  }

  private func makeTarget(
    for input: any DiskImage, _ given: ImageCreationOptions
  ) throws(ImageFault) -> any DiskImage {
    var options = QcowImage.CreationOptions(byteCount: input.byteCount)
    options.clusterSize = given.clusterSize
    options.version = given.version
    options.refcountBits = given.refcountBits
    let file = try NewImage(path: target, format: outputFormat, options: options).create()
    return switch outputFormat {
    case .raw: try RawImage(file, readOnly: false)
    case .qcow2: try QcowImage(file, readOnly: false)
    }
  }

  /// An existing target, emptied: a conversion writes no zeroes.
  private func openTarget(for input: any DiskImage) throws(ImageFault) -> any DiskImage {
    let image = try ImageOpener.forCommands.open(target, format: outputFormat, readOnly: false)
    guard image.byteCount >= input.byteCount else {
      throw ImageFault(
        target,
        .refused("has \(image.byteCount) bytes, less than the \(input.byteCount) to be copied"))
    }
    try image.writeZeroes(0..<image.byteCount, mayUnmap: true)
    return image
  }
}
