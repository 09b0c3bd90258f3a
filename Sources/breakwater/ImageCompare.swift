internal import ArgumentParser
internal import DiskImages

/// `breakwater image compare`.
struct ImageCompare: ImageOperation {
  static let flags = "Upqs"
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare what two disks hold.",
    discussion: "Exit status: 0 equal, 1 different, 2 an image cannot be opened or read.")

  static let failureStatus: Int32 = 2

  @Option(
    name: .customShort("f"),
    help: ArgumentHelp("Format of the first.", valueName: "fmt"))
  var firstFormat: ImageFormat?

  @Option(
    name: .customShort("F"),
    help: ArgumentHelp("Format of the second.", valueName: "fmt"))
  var secondFormat: ImageFormat?

  @Flag(
    name: .shortAndLong, help: "Sizes must be equal too, and what is stored must be stored alike.")
  var strict = false

  @Flag(name: [.customShort("U"), .long], help: "Read even while another process writes.")
  var forceShare = false

  @Flag(name: .shortAndLong, help: "Show progress on a terminal.")
  var progress = false

  @Flag(name: .shortAndLong, help: "Print nothing.")
  var quiet = false

  @Argument(help: ArgumentHelp("One image.", valueName: "first"))
  var first: String

  @Argument(help: ArgumentHelp("The other.", valueName: "second"))
  var second: String

  func perform() throws -> Int32 {
    var opener = ImageOpener.forCommands
    opener.isLocking = !forceShare
    let left = try opener.open(first, format: firstFormat, readOnly: true)
    let right = try opener.open(second, format: secondFormat, readOnly: true)
    if strict, left.byteCount != right.byteCount {
      say("Strict mode: Image size mismatch!")
      return 1
    }
    let bar = ProgressBar(isWanted: progress && !quiet)
    let outcome = try ImageComparison.run(left, right, isStrict: strict) { bar.show($0, of: $1) }
    bar.finish()
    // As qemu-img: only where the part that both have is equal.
    let common = min(left.byteCount, right.byteCount)
    if left.byteCount != right.byteCount, outcome.isEqual(upTo: common) {
      say("Warning: Image size mismatch!")
    }
    switch outcome {
    case .same:
      say("Images are identical.")
      return 0
    case .differs(let offset):
      say("Content mismatch at offset \(offset)!")
      return 1
    case .storedDifferently(let offset):
      say("Strict mode: Offset \(offset) block status mismatch!")
      return 1
    }
  }

  private func say(_ text: String) {
    if !quiet { print(text) }
  }
}
