/// What an image format does its input and output through: the bytes of one file.
///
/// A format never touches the host itself, so its crash and fault tests run in memory. Offsets and
/// sizes are in bytes.
public protocol FileStore: AnyObject {
  /// The file as the user named it, for messages.
  var name: String { get }
  /// Which file this is, whatever its name; nil when the question makes no sense.
  var identity: FileIdentity? { get }
  /// Whether the file was opened for writing.
  var isWritable: Bool { get }

  /// The size beyond which the file cannot grow; nil when only the host's space bounds it.
  var capacity: UInt64? { get }

  /// The present size.
  func byteCount() throws(ImageFault) -> UInt64

  /// What changes when somebody changes the file.
  func stamp() throws(ImageFault) -> FileStamp

  /// Fills `bytes` from `offset` on, with zeroes past the end of the file.
  ///
  /// - Returns: how many bytes the file really had there.
  @discardableResult
  func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(ImageFault) -> Int

  /// Stores all of `bytes`, extending the file where needed.
  func write(at offset: UInt64, from bytes: Span<UInt8>) throws(ImageFault)

  /// Returns once everything written before is durable. After one failure every later call fails
  /// too, because the host may have dropped the data it could not write.
  func flush() throws(ImageFault)

  /// Cuts the file, or extends it with zeroes.
  func setByteCount(_ count: UInt64) throws(ImageFault)

  /// Gives the range's space back to the host; it then reads zero. The size does not change.
  ///
  /// - Returns: false, with nothing done, when the host cannot do this.
  func punchHole(_ range: Range<UInt64>) throws(ImageFault) -> Bool

  /// Takes space on the host for the range, which keeps its content. The file grows to its end.
  ///
  /// - Returns: false, with nothing done, when the host cannot do this.
  func allocate(_ range: Range<UInt64>) throws(ImageFault) -> Bool

  /// Tells the host that the range's content is no longer needed; what it reads as afterwards is
  /// the host's choice. The size does not change.
  ///
  /// - Returns: false, with nothing done, when the host cannot do this.
  func discard(_ range: Range<UInt64>) throws(ImageFault) -> Bool

  /// Makes the range read zero and keeps its space.
  func writeZeroes(_ range: Range<UInt64>) throws(ImageFault)

  /// Whether the file holds data at `offset`, and where that run ends. A host that cannot tell
  /// calls everything data. Past the end of the file all is a hole that ends at `UInt64.max`.
  func run(at offset: UInt64) throws(ImageFault) -> (isData: Bool, end: UInt64)
}

/// A file's identity on its host: two names of one file have the same.
public struct FileIdentity: Hashable, Sendable {
  /// The device that holds the file.
  public var device: UInt64
  /// The file's number on the device.
  public var inode: UInt64

  /// Names a file.
  public init(device: UInt64, inode: UInt64) {
    self.device = device
    self.inode = inode
  }
}

/// One state of a file, to be compared with another.
public struct FileStamp: Hashable, Sendable {
  /// Which file.
  public var identity: FileIdentity?
  /// Its size.
  public var byteCount: UInt64
  /// When it was last written: nanoseconds since 1970, or 0 where nobody knows.
  public var modificationTime: Int64

  /// Describes a state.
  public init(identity: FileIdentity?, byteCount: UInt64, modificationTime: Int64) {
    self.identity = identity
    self.byteCount = byteCount
    self.modificationTime = modificationTime
  }
}

extension FileStore {
  /// A host that cannot.
  public func allocate(_ range: Range<UInt64>) throws(ImageFault) -> Bool { false }

  /// The size alone, where the store knows no time.
  public func stamp() throws(ImageFault) -> FileStamp {
    FileStamp(identity: identity, byteCount: try byteCount(), modificationTime: 0)
  }

  /// Nil.
  public var capacity: UInt64? { nil }

  /// Punches a hole.
  public func discard(_ range: Range<UInt64>) throws(ImageFault) -> Bool { try punchHole(range) }

  /// Stores zeroes.
  public func writeZeroes(_ range: Range<UInt64>) throws(ImageFault) { try storeZeroes(range) }

  /// `count` bytes from `offset` on. The caller bounds the count.
  func bytes(at offset: UInt64, count: Int) throws(ImageFault) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    try read(at: offset, into: &span)
    return bytes
  }

  /// Stores the bytes of an array.
  func write(at offset: UInt64, _ bytes: [UInt8]) throws(ImageFault) {
    try write(at: offset, from: bytes.span)
  }

  /// Replaces the content by `count` zeroes. A file whose size is fixed keeps what lies behind them.
  func clear(_ count: UInt64) throws(ImageFault) {
    guard let capacity else {
      try setByteCount(0)
      return try setByteCount(count)
    }
    guard count <= capacity else {
      throw ImageFault(name, .refused("has \(capacity) bytes, but \(count) are needed"))
    }
    if try !punchHole(0..<count) { try writeZeroes(0..<count) }
  }

  /// Stores zeroes over a range, a piece at a time.
  func storeZeroes(_ range: Range<UInt64>) throws(ImageFault) {
    let length = range.upperBound - range.lowerBound
    let zeroes = [UInt8](repeating: 0, count: Int(min(length, 1 << 20)))
    var offset = range.lowerBound
    while offset < range.upperBound {
      let count = Int(min(UInt64(zeroes.count), range.upperBound - offset))
      try write(at: offset, from: zeroes.span.extracting(0..<count))
      offset += UInt64(count)
    }
  }
}
