internal import ArgumentParser
internal import DiskImages

/// `breakwater image amend`.
struct ImageAmend: ImageOperation {
  static let flags = "q"
  static let configuration = CommandConfiguration(
    commandName: "amend", abstract: "Change what kind of image an image is.",
    usage: "breakwater image amend [<options>] -o <key=value,...> <file>",
    discussion: "What can be changed: compat to 1.1, lazy_refcounts, refcount_bits.")

  @Option(
    name: .customShort("f"),
    help: ArgumentHelp("Format: qcow2.", valueName: "fmt"))
  var format = ImageFormat.qcow2

  @Option(
    name: .customShort("o"),
    help: ArgumentHelp("\(Self.keys.joined(separator: ", ")).", valueName: "key=value,..."))
  var options: [String]

  @Flag(name: .shortAndLong, help: "Print nothing.")
  var quiet = false

  @Argument(help: ArgumentHelp("The qcow2 image.", valueName: "file"))
  var file = ""

  private static let keys = ["compat", "lazy_refcounts", "refcount_bits"]

  mutating func validate() throws {
    guard format == .qcow2 else { throw ValidationError("only a qcow2 image can be amended") }
    try ImageCreationOptions.checkHelp(options, Self.keys)
    _ = try parsed()
    guard !file.isEmpty else { throw ValidationError("amend takes a file") }
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
    let options = given.options
    var amendment = ImageAmendment()
    if given.keys.contains("compat") { amendment.version = options.version }
    if given.keys.contains("refcount_bits") { amendment.refcountBits = options.refcountBits }
    if given.keys.contains("lazy_refcounts") {
      amendment.hasLazyRefcounts = options.hasLazyRefcounts
    }
    // Rebuilds refcounts that may be stale.
    try ImageOpener.forCommands.qcow2(file, readOnly: false).close()
    try amendment.run(on: ImageOpener.file(file, writable: true))
    return 0
  }
}
