internal import ArgumentParser
internal import DiskImages

/// `breakwater image rebase`.
struct ImageRebase: ImageOperation {
  static let flags = "pqu"
  static let configuration = CommandConfiguration(
    commandName: "rebase", abstract: "Give an overlay another backing file, or none.",
    discussion: """
      The disk keeps its content: where the new backing file differs from the old, the overlay gets \
      what the old one held. With -u only the name in the overlay changes.
      """)

  @Option(
    name: .customShort("f"),
    help: ArgumentHelp("Format of the overlay: qcow2.", valueName: "fmt"))
  var format = ImageFormat.qcow2

  @Option(
    name: .customShort("b"),
    help: ArgumentHelp(
      "The new backing file, relative to the overlay; an empty name for none.", valueName: "file"))
  var backing: String

  @Option(
    name: .customShort("F"),
    help: ArgumentHelp("Format of the new backing file.", valueName: "fmt"))
  var backingFormat: ImageFormat?

  @Flag(name: .customShort("u"), help: "Change the name only; look at no backing file.")
  var isUnsafe = false

  @Flag(name: .shortAndLong, help: "Show progress on a terminal.")
  var progress = false

  @Flag(name: .shortAndLong, help: "Print nothing.")
  var quiet = false

  @Argument(help: ArgumentHelp("The overlay.", valueName: "file"))
  var file: String

  mutating func validate() throws {
    guard format == .qcow2 else { throw ValidationError("only a qcow2 image has a backing file") }
    guard backing.isEmpty || backingFormat != nil else {
      throw ValidationError("a backing file needs its format: -F raw or -F qcow2")
    }
  }

  func perform() throws -> Int32 {
    let name = backing.isEmpty ? nil : backing
    let opener = ImageOpener.forCommands
    let overlay: QcowImage
    if isUnsafe {
      overlay = try opener.qcow2(file, readOnly: false)
    } else {
      guard
        let image = try opener.open(file, format: .qcow2, readOnly: false) as? QcowImage
      else { return Self.failureStatus }
      overlay = image
      let base = try name.map {
        try opener.open(resolved($0, from: file), format: backingFormat, readOnly: true)
      }
      try overlay.checkBacking(name: name, format: backingFormat)
      let bar = ProgressBar(isWanted: progress && !quiet)
      try OverlayRebase.keepDifferences(of: overlay, over: base) { bar.show($0, of: $1) }
    }
    try overlay.setBacking(name: name, format: backingFormat)
    return 0
  }
}
