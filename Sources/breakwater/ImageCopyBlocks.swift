internal import ArgumentParser
internal import DiskImages

/// `breakwater image dd`.
struct ImageCopyBlocks: ImageOperation {
  static let flags = "U"
  static let configuration = CommandConfiguration(
    commandName: "dd", abstract: "Copy blocks of a disk to a new image.",
    usage: "breakwater image dd [-f <fmt>] [-O <fmt>] [-U] [bs=<size>] [count=<n>] [skip=<n>] "
      + "if=<file> of=<file>",
    discussion: """
      skip blocks are left out, and then count blocks are copied, or all that follow. (qemu-img \
      counts those that are left out too.)
      """)

  @Option(
    name: .customShort("f"),
    help: ArgumentHelp("Format of the input.", valueName: "fmt"))
  var format: ImageFormat?

  @Option(
    name: .customShort("O"),
    help: ArgumentHelp("Format of the output.", valueName: "fmt"))
  var outputFormat = ImageFormat.raw

  @Flag(name: [.customShort("U"), .long], help: "Read even while another process writes.")
  var forceShare = false

  @Argument(help: ArgumentHelp("bs, count, skip, if and of.", valueName: "key=value"))
  var operands: [String]

  private struct Blocks {
    var input = ""
    var output = ""
    var size: UInt64 = 512
    var count: UInt64?
    var skip: UInt64 = 0

    init(_ operands: [String]) throws {
      for operand in operands {
        let pair = operand.split(separator: "=", maxSplits: 1).map(String.init)
        guard pair.count == 2 else { throw ValidationError("\(operand): is written key=value") }
        func number() throws -> UInt64 {
          guard let size = ByteSize(argument: pair[1]) else {
            throw ValidationError("\(operand): is not a number")
          }
          return size.byteCount
        }
        switch pair[0] {
        case "if": input = pair[1]
        case "of": output = pair[1]
        case "bs": size = try number()
        case "count": count = try number()
        case "skip": skip = try number()
        default: throw ValidationError("\(operand): is none of bs, count, skip, if and of")
        }
      }
      guard !input.isEmpty, !output.isEmpty else {
        throw ValidationError("dd takes an input and an output: if=FILE of=FILE")
      }
      guard (1...UInt64(Int32.max)).contains(size) else {
        throw ValidationError("bs=\(size) is not from 1 to \(Int32.max)")
      }
    }

    /// Whether the first block lies behind the end of a disk.
    func skipsBeyond(_ byteCount: UInt64) -> Bool {
      let start = size.multipliedReportingOverflow(by: skip)
      return start.overflow || start.partialValue > byteCount
    }

    /// The bytes of a disk that are copied.
    func range(of byteCount: UInt64) -> Range<UInt64> {
      let lower = skipsBeyond(byteCount) ? byteCount : size * skip
      guard let count else { return lower..<byteCount }
      let length = size.multipliedReportingOverflow(by: count)
      return
        lower..<(length.overflow ? byteCount : lower + min(length.partialValue, byteCount - lower))
    }
  }

  mutating func validate() throws {
    try outputFormat.checkWritable(option: "-O")
    _ = try Blocks(operands)
  }

  func perform() throws -> Int32 {
    let blocks = try Blocks(operands)
    var opener = ImageOpener.forCommands
    opener.isLocking = !forceShare
    let input = try opener.open(blocks.input, format: format, whileOverwriting: blocks.output)
    let range = blocks.range(of: input.byteCount)
    if blocks.skipsBeyond(input.byteCount) {
      StandardError.line("breakwater: \(blocks.input): cannot skip to specified offset")
    }
    let interruption = Interruption()
    var conversion = ImageConversion()
    conversion.progress = { _, _ in !interruption.hasHappened }
    try ImageOpener.forCommands.create(
      blocks.output, format: outputFormat, .init(byteCount: UInt64(range.count)), replacing: true
    ) { output throws(ImageFault) in
      try conversion.run(from: DiskSlice(input, range), to: output)
    }
    return 0
  }
}
