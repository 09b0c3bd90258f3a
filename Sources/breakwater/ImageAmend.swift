internal import ArgumentParser
internal import DiskImages

/// `breakwater image amend`.
struct ImageAmend: ImageOperation {
  static let configuration = CommandConfiguration(
    commandName: "amend", abstract: "Change what kind of image an image is.",
    discussion: "What can be changed: compat to 1.1, lazy_refcounts, refcount_bits.")

  @Option(name: .customShort("f"), help: ArgumentHelp("Format: qcow2.", valueName: "fmt"))
  var format = ImageFormat.qcow2

  @Option(
    name: .customShort("o"),
    help: ArgumentHelp("\(Self.keys.joined(separator: ", ")).", valueName: "key=value,..."))
  var options: [String]

  @Flag(name: .shortAndLong, help: "Print nothing.")
  var quiet = false

  @Argument(help: ArgumentHelp("The qcow2 image.", valueName: "file"))
  var file: String

  private static let keys = ["compat", "lazy_refcounts", "refcount_bits"]

  mutating func validate() throws {
    guard format == .qcow2 else { throw ValidationError("only a qcow2 image can be amended") }
    _ = try parsed()
  }

  private func parsed() throws -> ImageCreationOptions {
    let given = try ImageCreationOptions(parsing: options, for: .qcow2)
    if let key = given.keys.subtracting(Self.keys).min() {
      throw ValidationError(
        "-o \(key): cannot be changed; what can is \(Self.keys.joined(separator: ", "))")
    }
    return given
  }

  func perform() throws -> Int32 {
    let given = try parsed()
    if given.keys.contains("compat") {
      let image = try ImageOpener.forCommands.qcow2(file, readOnly: false)
      guard given.options.version >= image.information.version else {
        throw ImageFault(file, .refused("is compat=1.1; going back to 0.10 is not implemented"))
      }
      try image.upgradeToVersion3()
      try image.close()
    }
    if given.keys.contains("refcount_bits") {
      let store = try ImageOpener.file(file, writable: true)
      try QcowImage.setRefcountBits(given.options.refcountBits, of: store)
    }
    if given.keys.contains("lazy_refcounts") {
      let image = try ImageOpener.forCommands.qcow2(file, readOnly: false)
      try image.setLazyRefcounts(given.options.hasLazyRefcounts)
      try image.close()
    }
    return 0
  }
}
