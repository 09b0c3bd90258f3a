internal import ArgumentParser
internal import DiskImages
internal import Foundation

/// `breakwater image bench`.
struct ImageBench: ImageOperation {
  static let flags = "qw"
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time requests on an image, one after the other.")

  @Option(
    name: .customShort("f"),
    help: ArgumentHelp("Format: raw, qcow2 or gzip.", valueName: "fmt"))
  var format: ImageFormat?

  @Option(
    name: [.customShort("c"), .long],
    help: ArgumentHelp("Number of requests.", valueName: "n"))
  var count = 75000

  @Option(
    name: [.customShort("d"), .long],
    help: ArgumentHelp(
      "Requests that are outstanding; the image serves them in their order.", valueName: "n"))
  var depth = 64

  @Option(
    name: [.customShort("s"), .long],
    help: ArgumentHelp("Bytes in a request.", valueName: "size"))
  var bufferSize = ByteSize(byteCount: 4096)

  @Option(
    name: [.customShort("S"), .long],
    help: ArgumentHelp(
      "Bytes from one request to the next; the size of a request if not given.", valueName: "size"))
  var stepSize: ByteSize?

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("Offset of the first request.", valueName: "offset"))
  var offset = ByteSize(byteCount: 0)

  @Flag(name: .shortAndLong, help: "Write instead of reading. The disk's content is lost.")
  var write = false

  @Option(help: ArgumentHelp("Byte that is written.", valueName: "byte"))
  var pattern = Number(0)

  @Option(
    help: ArgumentHelp(
      "Flush after this many writes, at least as many as --depth; 0: at the end.", valueName: "n"))
  var flushInterval = 0

  @Flag(help: "Do not wait for outstanding requests before a flush. None is ever left.")
  var noDrain = false

  @Flag(name: .shortAndLong, help: "Print nothing.")
  var quiet = false

  @Argument(help: ArgumentHelp("The image.", valueName: "file"))
  var file: String

  mutating func validate() throws {
    guard count > 0 else { throw ValidationError("--count \(count) is not a number above zero") }
    guard (1...1 << 30).contains(bufferSize.byteCount) else {
      throw ValidationError("--buffer-size is not from 1 to 1G")
    }
    guard pattern.value <= 255 else {
      throw ValidationError("--pattern \(pattern.value) is not a byte, from 0 to 255")
    }
    guard depth > 0 else { throw ValidationError("--depth \(depth) is not a number above zero") }
    guard flushInterval == 0 || flushInterval >= depth else {
      throw ValidationError(
        "--flush-interval \(flushInterval) is smaller than --depth \(depth)")
    }
    guard write || flushInterval == 0 else {
      throw ValidationError("--flush-interval goes with --write only")
    }
  }

  func perform() throws -> Int32 {
    let image = try ImageOpener.forCommands.open(file, format: format, readOnly: !write)
    let size = bufferSize.byteCount
    let step = stepSize?.byteCount ?? size
    guard image.byteCount >= size, offset.byteCount <= image.byteCount - size else {
      throw ImageFault(
        file, .refused("has no \(size) bytes at \(offset.byteCount), where the first request is"))
    }
    if !quiet {
      print(
        "Sending \(count) \(write ? "write" : "read") requests, \(size) bytes each, "
          + "\(depth) in parallel (starting at offset \(offset.byteCount), step size \(step))")
      if flushInterval > 0 {
        print("Sending flush every \(flushInterval) requests")
      }
    }
    var bytes = [UInt8](repeating: UInt8(pattern.value), count: Int(size))
    // Beyond the last whole request it goes on at the start.
    let places = image.byteCount - size + 1
    var position = offset.byteCount
    let start = ContinuousClock.now
    for number in 1...count {
      if write {
        try image.write(at: position, from: bytes.span)
        if flushInterval > 0, number % flushInterval == 0 { try image.flush() }
      } else {
        var span = bytes.mutableSpan
        try image.read(at: position, into: &span)
      }
      position = (position + step % places) % places
    }
    try image.close()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    if !quiet { print("Run completed in \(String(format: "%.3f", seconds)) seconds.") }
    return 0
  }
}
