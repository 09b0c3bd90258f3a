/// The index as a file: big-endian fields, then the windows.
///
///     0   "breakwater gzip index", one NUL, version (2 bytes)
///     24  CRC-32 of all that follows
///     28  the file: device, inode, size, modification time (8 bytes each), fingerprint (4)
///     64  size of the data, members, bytes of garbage (8 each), number of checkpoints (4)
///     92  checkpoints of 44 bytes: output offset, input bit, member, bit of the block (8 each),
///         kind (1), whether a stored block is the last (1), what remains of it (2), bytes of the
///         window (4), bytes of it deflated (4)
///
/// An index that is damaged, of another version, or of another file is none: it costs a pass to
/// make a new one.
extension GzipIndex {
  private static let magic = Array("breakwater gzip index\0".utf8) + [0, 1]
  private static let headerSize = 92
  private static let recordSize = 44

  /// More bytes than an index within `limits` can have.
  static func byteLimit(_ limits: Limits) -> Int {
    headerSize + limits.checkpointCount * recordSize + limits.windowByteCount + GzipWindow.limit
  }

  /// The index as bytes.
  package var encoded: [UInt8] {
    var bytes = Self.magic
    bytes.appendBigEndian(UInt32(0))
    let start = bytes.count
    bytes.appendBigEndian(stamp.identity?.device ?? 0)
    bytes.appendBigEndian(stamp.identity?.inode ?? 0)
    bytes.appendBigEndian(stamp.byteCount)
    bytes.appendBigEndian(stamp.modificationTime)
    bytes.appendBigEndian(fingerprint)
    bytes.appendBigEndian(dataByteCount)
    bytes.appendBigEndian(memberCount)
    bytes.appendBigEndian(garbageByteCount)
    bytes.appendBigEndian(UInt32(clamping: checkpoints.count))
    for checkpoint in checkpoints { Self.append(checkpoint, to: &bytes) }
    for checkpoint in checkpoints { bytes += checkpoint.window.stored }
    var sum: [UInt8] = []
    sum.appendBigEndian(CRC32.extend(0, with: bytes.span.extracting(start...)))
    bytes.replaceSubrange(Self.magic.count..<start, with: sum)
    return bytes
  }

  private static func append(_ checkpoint: GzipCheckpoint, to bytes: inout [UInt8]) {
    var (kind, block, isLast, remaining): (UInt8, UInt64, UInt8, UInt16)
    switch checkpoint.place {
    case .member: (kind, block, isLast, remaining) = (0, 0, 0, 0)
    case .block: (kind, block, isLast, remaining) = (1, 0, 0, 0)
    case .symbol(let blockBit): (kind, block, isLast, remaining) = (2, blockBit, 0, 0)
    case .stored(let count, let last):
      (kind, block, isLast, remaining) = (3, 0, last ? 1 : 0, count)
    }
    bytes.appendBigEndian(checkpoint.outputOffset)
    bytes.appendBigEndian(checkpoint.inputBit)
    bytes.appendBigEndian(checkpoint.member)
    bytes.appendBigEndian(block)
    bytes += [kind, isLast]
    bytes.appendBigEndian(remaining)
    bytes.appendBigEndian(UInt32(checkpoint.window.byteCount))
    bytes.appendBigEndian(UInt32(checkpoint.window.stored.count))
  }

  /// Reads an index.
  ///
  /// - Parameters:
  ///   - stamp: the file that it must be of.
  ///   - fingerprint: that file's.
  ///   - limits: bounds that a good index keeps, so that a forged one costs no more.
  /// - Returns: nil when it is no such index.
  package init?(
    decoding bytes: [UInt8], of stamp: FileStamp, fingerprint: UInt32, limits: Limits
  ) {
    var reader = BigEndianReader(bytes)
    guard stamp.byteCount <= Self.fileLimit, bytes.count <= Self.byteLimit(limits),
      bytes.starts(with: Self.magic),
      reader.skip(Self.magic.count), let sum: UInt32 = reader.next(),
      CRC32.extend(0, with: bytes.span.extracting((Self.magic.count + 4)...)) == sum,
      reader.next() == stamp.identity?.device ?? 0, reader.next() == stamp.identity?.inode ?? 0,
      reader.next() == stamp.byteCount, reader.next() == stamp.modificationTime,
      reader.next() == fingerprint,
      let dataByteCount: UInt64 = reader.next(), dataByteCount <= limits.diskByteCount,
      let memberCount: UInt64 = reader.next(), let garbageByteCount: UInt64 = reader.next(),
      let count: UInt32 = reader.next(), (1...limits.checkpointCount).contains(Int(count))
    else { return nil }
    self.stamp = stamp
    self.fingerprint = fingerprint
    self.dataByteCount = dataByteCount
    self.memberCount = memberCount
    self.garbageByteCount = garbageByteCount
    checkpoints = []
    var windows = BigEndianReader(bytes)
    guard windows.skip(Self.headerSize + Int(count) * Self.recordSize) else { return nil }
    for _ in 0..<count {
      guard let checkpoint = Self.checkpoint(&reader, windows: &windows),
        checkpoint.inputBit / 8 <= stamp.byteCount,
        checkpoint.outputOffset < max(1, dataByteCount),
        checkpoints.last.map({ $0.outputOffset < checkpoint.outputOffset }) ?? true
      else { return nil }
      checkpoints.append(checkpoint)
    }
    guard checkpoints.first?.outputOffset == 0, windows.isAtEnd else { return nil }
  }

  private static func checkpoint(
    _ reader: inout BigEndianReader, windows: inout BigEndianReader
  ) -> GzipCheckpoint? {
    guard let outputOffset: UInt64 = reader.next(), let inputBit: UInt64 = reader.next(),
      let member: UInt64 = reader.next(), let blockBit: UInt64 = reader.next(),
      let kind: UInt8 = reader.next(), let isLast: UInt8 = reader.next(),
      let remaining: UInt16 = reader.next(), let byteCount: UInt32 = reader.next(),
      let storedCount: UInt32 = reader.next(), let stored = windows.bytes(Int(storedCount)),
      let window = GzipWindow(byteCount: Int(byteCount), stored: stored)
    else { return nil }
    let place: GzipCheckpoint.Place
    switch kind {
    case 0: place = .member
    case 1: place = .block
    case 2 where blockBit <= inputBit: place = .symbol(blockBit: blockBit)
    case 3: place = .stored(remaining: remaining, isLast: isLast != 0)
    default: return nil
    }
    return GzipCheckpoint(
      outputOffset: outputOffset, inputBit: inputBit, member: member, place: place, window: window)
  }
}

/// Takes big-endian fields off an array, one after the other.
private struct BigEndianReader {
  private let source: [UInt8]
  private var offset = 0

  init(_ source: [UInt8]) { self.source = source }

  var isAtEnd: Bool { offset == source.count }

  mutating func skip(_ count: Int) -> Bool {
    guard count <= source.count - offset else { return false }
    offset += count
    return true
  }

  mutating func next<Value: FixedWidthInteger>() -> Value? {
    guard let value = source.bigEndian(at: offset, as: Value.self) else { return nil }
    offset += Value.bitWidth / 8
    return value
  }

  mutating func bytes(_ count: Int) -> [UInt8]? {
    let start = offset
    return skip(count) ? Array(source[start..<offset]) : nil
  }
}
