internal import ArgumentParser
internal import DiskImages

/// `breakwater image map`.
struct ImageMapping: ImageOperation {
  static let flags = "U"
  static let configuration = CommandConfiguration(
    commandName: "map", abstract: "Say where each part of a disk is, over all backing files.")

  @Option(
    name: .customShort("f"),
    help: ArgumentHelp("Format: raw, qcow2 or gzip.", valueName: "fmt"))
  var format: ImageFormat?

  @Option(help: "human or json.")
  var output = ImageOutput.human

  @Flag(name: [.customShort("U"), .long], help: "Read even while another process writes.")
  var forceShare = false

  @Argument(help: ArgumentHelp("The image.", valueName: "file"))
  var file: String

  func perform() throws -> Int32 {
    var opener = ImageOpener.forCommands
    opener.isLocking = !forceShare
    let image = try opener.open(file, format: format, readOnly: true)
    let layers = Array(sequence(first: image, next: \.backing))
    switch output {
    case .json: try printJSON(image, layers)
    case .human: try printTable(image, layers)
    }
    return 0
  }

  /// One object to a line, with qemu-img's keys in its order.
  private func printJSON(_ image: any DiskImage, _ layers: [any DiskImage]) throws(ImageFault) {
    var separator = "["
    try ImageMap.forEachSegment(of: image) { segment in
      let properties =
        switch segment.mapping {
        case .unallocated: #""present": false, "zero": true, "data": false"#
        case .zero: #""present": true, "zero": true, "data": false"#
        case .stored, .compressed: #""present": true, "zero": \#(segment.isHole), "data": true"#
        }
      let offset = segment.fileOffset(in: layers).map { ", \"offset\": \($0)" } ?? ""
      print(
        "\(separator){ \"start\": \(segment.start), \"length\": \(segment.length), "
          + "\"depth\": \(segment.depth), \(properties)\(offset)}", terminator: "")
      separator = ",\n"
    }
    print(separator == "[" ? "[]" : "]")
  }

  /// The stretches that hold data.
  private func printTable(_ image: any DiskImage, _ layers: [any DiskImage]) throws {
    func row(_ columns: String...) -> String {
      columns.map { $0 + String(repeating: " ", count: max(1, 16 - $0.count)) }.joined()
    }
    func hexadecimal(_ value: UInt64) -> String {
      value == 0 ? "0" : "0x" + String(value, radix: 16)
    }
    var hasCompressed = false
    print(row("Offset", "Length", "Mapped to") + "File")
    try ImageMap.forEachSegment(of: image) { segment in
      switch segment.mapping {
      case .stored(let offset) where !segment.isHole:
        print(
          row(hexadecimal(segment.start), hexadecimal(segment.length), hexadecimal(offset))
            + escaped(layers[segment.depth].description))
      case .compressed: hasCompressed = true
      case .stored, .zero, .unallocated: break
      }
    }
    guard !hasCompressed else {
      throw ImageFault(
        file,
        .refused("has compressed data, which this table cannot show; use --output json"))
    }
  }
}

extension ImageMap.Segment {
  /// Where the segment is in its file, if it is there byte for byte.
  fileprivate func fileOffset(in layers: [any DiskImage]) -> UInt64? {
    switch mapping {
    case .stored(let offset): offset
    case .zero(let reserved): layers[depth] is RawImage ? start : reserved
    case .unallocated, .compressed: nil
    }
  }
}
