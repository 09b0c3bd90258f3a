/// A place in a gzip file where decoding can start (Mark Adler's technique of zlib's `zran`
/// example, with places inside blocks as well).
struct GzipCheckpoint: Equatable, Sendable {
  /// What has to be done before the data from ``inputBit`` on make sense.
  enum Place: Equatable, Sendable {
    /// Nothing: a member's header follows.
    case member
    /// Nothing but the window: a block's header follows.
    case block
    /// A symbol follows, of the block whose header is at this bit of the file: its codes must be
    /// read first.
    case symbol(blockBit: UInt64)
    /// So many bytes of a stored block follow.
    case stored(remaining: UInt16, isLast: Bool)
  }

  /// Bytes of output before this place.
  var outputOffset: UInt64
  /// Bits of the file before this place, in deflate's order: from the lowest bit of a byte.
  var inputBit: UInt64
  /// The number of the member, from 1 on.
  var member: UInt64
  /// What this place is.
  var place: Place
  /// The output before it.
  var window: GzipWindow

  /// The beginning of a file.
  static let start = GzipCheckpoint(
    outputOffset: 0, inputBit: 0, member: 1, place: .member, window: GzipWindow([]))
}

/// The output before a checkpoint, which later distances may reach back into: kept deflated.
struct GzipWindow: Equatable, Sendable {
  /// The furthest that a distance can reach (RFC 1951, 3.2.5).
  static let limit = 32768

  /// How many bytes it stands for, at most ``limit``.
  let byteCount: Int
  /// The bytes, deflated where that is shorter.
  let stored: [UInt8]

  /// Keeps `bytes`, at most ``limit``.
  init(_ bytes: ArraySlice<UInt8>) {
    byteCount = bytes.count
    // The fastest level: the first pass through the file makes one window for each MiB.
    let deflated = RawDeflater(level: 1)?.deflate(bytes.span, limit: bytes.count)
    stored = deflated ?? Array(bytes)
  }

  /// What an index says; nil when no window can look like this.
  init?(byteCount: Int, stored: [UInt8]) {
    guard byteCount <= Self.limit, stored.count <= byteCount else { return nil }
    self.byteCount = byteCount
    self.stored = stored
  }

  /// The bytes, or nil when they are damaged.
  var bytes: [UInt8]? {
    guard stored.count < byteCount else { return stored }
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var span = bytes.mutableSpan
    return CompressedCluster.inflate(stored.span, into: &span) ? bytes : nil
  }
}
