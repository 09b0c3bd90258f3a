import DiskImages
import MachineTestKit

/// Reads a gzip file at places that an input chooses, through an index that a pass through the file
/// has made or that somebody has forged.
///
/// Whatever the file and the index: nothing crashes or hangs, and every fault is one line. A file as
/// its maker left it, and any that a whole pass found sound, reads through its index what a pass
/// from its start reads.
///
/// An input is a byte of flags, a byte for the distance of checkpoints, eight bytes for the places of
/// reads, then a ``GzipSample``, or the file itself, then edits.
struct GzipFuzz {
  private enum Flag {
    static let fileItself: UInt8 = 1
    static let editsFile: UInt8 = 2
    static let forgesIndex: UInt8 = 4
  }

  /// Offset of the first byte that an index's checksum covers; the sum is before it.
  private static let sumEnd = 28

  private let flags: UInt8
  private let limits: GzipIndex.Limits
  private let places: [Int]
  private var input: FuzzInput

  /// Takes an input.
  static func run(_ bytes: [UInt8]) throws(FuzzFinding) {
    var fuzz = GzipFuzz(FuzzInput(bytes))
    try fuzz.run()
  }

  private init(_ input: FuzzInput) {
    var input = input
    flags = input.byte()
    var limits = GzipIndex.Limits()
    limits.spacing = 256 << UInt64(input.byte() % 10)
    limits.checkpointCount = 16
    limits.windowByteCount = 1 << 18
    // An input of a kilobyte can inflate to a megabyte.
    limits.diskByteCount = 1 << 20
    self.limits = limits
    places = (0..<4).map { _ in input.word() }
    self.input = input
  }

  private mutating func run() throws(FuzzFinding) {
    var content: [UInt8]?
    let store: MemoryFileStore
    if flags & Flag.fileItself != 0 {
      let count = flags & Flag.forgesIndex == 0 ? 4096 : input.word() % 4096
      store = MemoryFileStore(input.array(count), name: "image")
    } else {
      let sample = GzipSample(&input)
      store = MemoryFileStore(sample.file, name: "image")
      content = sample.content
    }
    if flags & Flag.editsFile != 0 {
      store.bytes = edited(store.bytes, from: 0)
      content = nil
    }
    var made: GzipIndex?
    let isMade = try attempt("scan", isSound: content != nil) { () throws(ImageFault) in
      made = try GzipIndex(scanning: store, limits: limits)
    }
    guard isMade, let index = made else { return }
    guard
      GzipIndex(
        decoding: index.encoded, of: index.stamp, fingerprint: index.fingerprint, limits: limits)
        == index
    else { throw FuzzFinding("an index does not come back as it was written") }
    let image = GzipImage(store, index: index)
    var expected = content ?? []
    if content == nil {
      expected = try read(image, 0..<Int(index.dataByteCount), isSound: true) ?? []
    }
    guard index.dataByteCount == expected.count else {
      throw FuzzFinding("the data have \(index.dataByteCount) bytes, not \(expected.count)")
    }
    // A decoder of its own, which starts where it is asked first.
    try readPlaces(of: GzipImage(store, index: index), isSound: true, expected)
    try readPlaces(of: image, isSound: true, expected)
    if flags & Flag.forgesIndex != 0 { try useForged(index, of: store) }
  }

  /// Reads through an index that says something else.
  private mutating func useForged(
    _ index: GzipIndex, of store: MemoryFileStore
  ) throws(FuzzFinding) {
    var bytes = edited(index.encoded, from: Self.sumEnd)
    let sum = bigEndian(crc32(bytes.dropFirst(Self.sumEnd)))
    bytes.replaceSubrange(Self.sumEnd - sum.count..<Self.sumEnd, with: sum)
    guard
      let forged = GzipIndex(
        decoding: bytes, of: index.stamp, fingerprint: index.fingerprint, limits: limits)
    else { return }
    var scans = 0
    let remade = GzipImage(store, index: forged) { () throws(ImageFault) in
      scans += 1
      return index
    }
    // What comes out is not the point: whoever can forge the index can forge the image.
    try readPlaces(of: remade, isSound: false, nil)
    guard scans <= 1 else { throw FuzzFinding("an index was made anew \(scans) times") }
  }

  /// Changes bytes as the rest of the input says.
  private mutating func edited(_ bytes: [UInt8], from start: Int) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<4 where !input.isAtEnd && bytes.count > start {
      let place = start + input.word() % (bytes.count - start)
      bytes[place] = input.byte()
    }
    return bytes
  }

  private func readPlaces(
    of image: GzipImage, isSound: Bool, _ expected: [UInt8]?
  ) throws(FuzzFinding) {
    let size = Int(clamping: image.byteCount)
    guard size > 0 else { return }
    for place in places {
      // Places are in every part of the disk, lengths up to more than a chunk's.
      let start = (size / 4096 * (place >> 4) + place % 4096) % size
      let count = place & 3 == 3 ? 200_000 : place % 5000
      let range = start..<min(start + count, size)
      guard let bytes = try read(image, range, isSound: isSound), let expected else { continue }
      // The last sector is completed with zeroes.
      let known = expected[range.clamped(to: 0..<expected.count)]
      let zeroes = repeatElement(0 as UInt8, count: bytes.count - known.count)
      guard bytes.elementsEqual(known + zeroes) else {
        throw FuzzFinding("\(range) of the disk is not what the file holds there")
      }
      try map(image, at: UInt64(start))
    }
  }

  private func read(
    _ image: GzipImage, _ range: Range<Int>, isSound: Bool
  ) throws(FuzzFinding) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0xEE, count: range.count)
    let isRead = try attempt("read", isSound: isSound) { () throws(ImageFault) in
      var span = bytes.mutableSpan
      try image.read(at: UInt64(range.lowerBound), into: &span)
    }
    return isRead ? bytes : nil
  }

  private func map(_ image: GzipImage, at offset: UInt64) throws(FuzzFinding) {
    try attempt("mapping", isSound: true) { () throws(ImageFault) in
      let extent = try image.mapping(at: offset)
      guard extent.byteCount > 0, extent.byteCount <= image.byteCount - offset else {
        throw ImageFault("image", .corrupt("\(extent.byteCount) bytes"))
      }
    }
  }

  /// Runs `body`, whose fault must be one line, and which must have none when all is sound.
  @discardableResult
  private func attempt(
    _ what: String, isSound: Bool, _ body: () throws(ImageFault) -> Void
  ) throws(FuzzFinding) -> Bool {
    do {
      try body()
      return true
    } catch {
      let line = try FuzzFinding.line(of: error)
      if isSound { throw FuzzFinding("\(what) of a sound file: \(line)") }
      return false
    }
  }
}
