internal import ArgumentParser
internal import DiskImages

/// `breakwater image rebase`.
struct ImageRebase: ImageOperation {
  static let configuration = CommandConfiguration(
    commandName: "rebase", abstract: "Give an overlay another backing file, or none.",
    discussion: """
      The disk keeps its content: where the new backing file differs from the old, the overlay gets \
      what the old one held. With -u only the name in the overlay changes.
      """)

  @Option(
    name: .customShort("f"), help: ArgumentHelp("Format of the overlay: qcow2.", valueName: "fmt"))
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
    let opener = ImageOpener.forCommands
    let overlay: QcowImage
    if isUnsafe {
      overlay = try opener.qcow2(file, readOnly: false)
    } else {
      guard
        let image = try opener.open(file, format: .qcow2, readOnly: false) as? QcowImage
      else { return Self.failureStatus }
      overlay = image
      let base =
        backing.isEmpty
        ? nil
        : try opener.open(resolved(backing, from: file), format: backingFormat, readOnly: true)
      try keepDifferences(of: overlay, from: base)
      try overlay.flush()
    }
    try overlay.setBacking(name: backing.isEmpty ? nil : backing, format: backingFormat)
    return 0
  }

  /// Writes into the overlay what it now shows of its old backing file and would no longer show
  /// over the new one.
  private func keepDifferences(
    of overlay: QcowImage, from base: (any DiskImage)?
  ) throws(ImageFault) {
    let unit = overlay.information.clusterSize
    let bar = ProgressBar(isWanted: progress && !quiet)
    defer { bar.finish() }
    var old = [UInt8](repeating: 0, count: unit)
    var new = old
    var offset: UInt64 = 0
    while offset < overlay.byteCount {
      let extent = try overlay.mapping(at: offset)
      let end = offset + extent.byteCount
      guard case .unallocated = extent.mapping else {
        offset = end
        continue
      }
      while offset < end {
        let count = Int(min(UInt64(unit), end - offset))
        try overlay.read(at: offset, into: &old, count: count)
        try base.read(at: offset, into: &new, count: count)
        if old != new {
          try overlay.write(at: offset, from: old.span.extracting(0..<count))
        }
        offset += UInt64(count)
        bar.show(offset, of: overlay.byteCount)
      }
    }
  }
}

extension DiskImage {
  /// Reads the first `count` bytes of an array, with zeroes past the end of the disk.
  func read(at offset: UInt64, into bytes: inout [UInt8], count: Int) throws(ImageFault) {
    let available = offset < byteCount ? Int(min(UInt64(count), byteCount - offset)) : 0
    var span = bytes.mutableSpan
    var head = span._mutatingExtracting(0..<available)
    if available > 0 { try read(at: offset, into: &head) }
    var rest = span._mutatingExtracting(available..<count)
    rest.update(repeating: 0)
  }
}

extension Optional<any DiskImage> {
  /// Reads as above; where there is no disk, there are zeroes.
  fileprivate func read(
    at offset: UInt64, into bytes: inout [UInt8], count: Int
  ) throws(ImageFault) {
    if let self { return try self.read(at: offset, into: &bytes, count: count) }
    var span = bytes.mutableSpan
    var piece = span._mutatingExtracting(0..<count)
    piece.update(repeating: 0)
  }
}
