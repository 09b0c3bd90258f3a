internal import ArgumentParser
internal import DiskImages

/// `breakwater image resize`.
struct ImageResize: ImageOperation {
  static let flags = "q"
  static let configuration = CommandConfiguration(
    commandName: "resize", abstract: "Make a disk bigger or smaller.",
    usage: "breakwater image resize [-f <fmt>] [--shrink] "
      + "[--preallocation <mode>] [--quiet] <file> [+|-]<size>")

  @Option(
    name: .customShort("f"),
    help: ArgumentHelp("Format: raw or qcow2.", valueName: "fmt"))
  var format: ImageFormat?

  @Flag(help: "Allow that what lies behind the new end is lost.")
  var shrink = false

  @Option(
    help: ArgumentHelp(
      "How the new part's space is taken: off, metadata (qcow2 only), falloc or full.",
      valueName: "mode"))
  var preallocation = Preallocation.off

  @Flag(name: .shortAndLong, help: "Print nothing.")
  var quiet = false

  // A size such as -1G must not be taken for options.
  @Argument(
    parsing: .allUnrecognized,
    help: "The image, and its new size, or what it is to grow (+) or shrink (-) by.")
  var operands: [String]

  mutating func validate() throws {
    let unmarked = operands.prefix { $0 != "--" }
    if let option = unmarked.first(where: { $0.hasPrefix("-") && SizeChange($0) == nil }) {
      throw ValidationError("unknown option '\(option)'")
    }
    // What follows `--` is no option.
    if unmarked.count < operands.count { operands.remove(at: unmarked.count) }
    guard operands.count == 2, SizeChange(operands[1]) != nil else {
      throw ValidationError("resize takes an image and a size such as 20G, +1G or -512M")
    }
  }

  func perform() throws -> Int32 {
    let file = operands[0]
    guard let change = SizeChange(operands[1]) else { return Self.failureStatus }
    switch try format ?? recognized(file) {
    case .raw: try resizeRaw(file, change)
    case .qcow2: try resizeQcow2(file, change)
    case .gzip: _ = try ImageOpener.forCommands.open(file, format: .gzip, readOnly: false)
    }
    if !quiet { print("Image resized.") }
    return 0
  }

  private func recognized(_ path: String) throws(ImageFault) -> ImageFormat {
    let looksLike = try ImageOpener.recognize(ImageOpener.store(path, writable: false))
    guard looksLike == .raw else {
      throw ImageFault(path, .formatNotGiven(found: looksLike.rawValue))
    }
    return .raw
  }

  private static func badSize(_ path: String, _ old: UInt64) -> ImageFault {
    ImageFault(
      path,
      .refused("of \(old) bytes cannot be resized to that; a disk has from 1 byte to 8 EiB"))
  }

  private func resizeRaw(_ path: String, _ change: SizeChange) throws(ImageFault) {
    let file = try ImageOpener.file(path, writable: true)
    let old = try file.byteCount()
    guard let size = change.applied(to: old), size <= UInt64(Int64.max) - 511 else {
      throw Self.badSize(path, old)
    }
    let sectors = (size + 511) & ~511
    guard sectors >= old || shrink else {
      throw ImageFault(
        path, .refused("would lose its content behind \(sectors) bytes; --shrink allows that"))
    }
    try RawImage.resize(file, to: sectors, preallocation)
    try file.flush()
  }

  private func resizeQcow2(_ path: String, _ change: SizeChange) throws(ImageFault) {
    let image = try ImageOpener.forCommands.open(path, format: .qcow2, readOnly: false)
    guard let image = image as? QcowImage, let size = change.applied(to: image.byteCount) else {
      throw Self.badSize(path, image.byteCount)
    }
    guard size >= image.byteCount || shrink else {
      throw ImageFault(
        path, .refused("would lose its content behind \(size) bytes; --shrink allows that"))
    }
    try image.resize(to: size, mayShrink: shrink, preallocation: preallocation)
    try image.close()
  }
}

/// A new size, or a difference from the old one.
private enum SizeChange {
  case to(UInt64)
  case more(UInt64)
  case less(UInt64)

  init?(_ text: String) {
    let sign = text.first.flatMap { "+-".contains($0) ? $0 : nil }
    guard let size = ByteSize(argument: String(text.dropFirst(sign == nil ? 0 : 1))) else {
      return nil
    }
    self =
      switch sign {
      case "+": .more(size.byteCount)
      case "-": .less(size.byteCount)
      default: .to(size.byteCount)
      }
  }

  /// The new size, or nil if there is no such size.
  func applied(to old: UInt64) -> UInt64? {
    let (size, overflow) =
      switch self {
      case .to(let size): (size, false)
      case .more(let difference): old.addingReportingOverflow(difference)
      case .less(let difference): old.subtractingReportingOverflow(difference)
      }
    // A disk of no bytes is rather a mistake than a wish.
    return overflow || size == 0 ? nil : size
  }
}
