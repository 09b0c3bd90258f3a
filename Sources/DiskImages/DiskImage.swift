/// A guest's disk: a row of bytes that some file format stores.
///
/// All calls are synchronous and belong to one thread at a time. Offsets are in bytes from the
/// start of the disk; a request that leaves the disk is refused whole.
public protocol DiskImage: AnyObject {
  /// The format and the file, for messages.
  var description: String { get }
  /// Size of the disk as the guest sees it, a multiple of 512.
  var byteCount: UInt64 { get }
  /// Whether writes are refused.
  var isReadOnly: Bool { get }
  /// The image that answers where this one holds nothing.
  var backing: (any DiskImage)? { get }

  /// Fills `bytes` with the disk's content.
  func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(ImageFault)

  /// Stores `bytes`. Durable after the next ``flush()``.
  func write(at offset: UInt64, from bytes: Span<UInt8>) throws(ImageFault)

  /// Returns once every write that completed before is durable.
  func flush() throws(ImageFault)

  /// The guest no longer needs these bytes. What they read as afterwards is the format's choice;
  /// a part that the format cannot release keeps its content.
  func discard(_ range: Range<UInt64>) throws(ImageFault)

  /// Makes the range read zero.
  ///
  /// - Parameter mayUnmap: whether the space may go back to the host.
  func writeZeroes(_ range: Range<UInt64>, mayUnmap: Bool) throws(ImageFault)

  /// Where the byte at `offset` is, and for how many bytes from there on the answer holds
  /// (at least one, at most to the end of the disk). Backing images are not asked.
  func mapping(at offset: UInt64) throws(ImageFault) -> Extent

  /// Flushes, and leaves the file as a clean shutdown should. No call may follow.
  func close() throws(ImageFault)
}

/// A run of a disk's bytes that are stored in one way.
public struct Extent: Equatable, Sendable {
  /// Where the first byte is.
  public var mapping: ClusterMapping
  /// Length of the run.
  public var byteCount: UInt64
  /// Whether bytes that are stored are a hole of the file, and so read zero.
  public var isHole = false

  /// Describes a run.
  public init(_ mapping: ClusterMapping, byteCount: UInt64) {
    self.mapping = mapping
    self.byteCount = byteCount
  }
}

/// Where the bytes of a disk are: the answer alone, without their transfer.
public enum ClusterMapping: Hashable, Sendable {
  /// This image holds nothing here: the backing image answers, or zeroes.
  case unallocated
  /// Reads zero, whatever a backing image holds. `reservedAt`: space kept for it in the file.
  case zero(reservedAt: UInt64?)
  /// Plain bytes from `fileOffset` on.
  case stored(fileOffset: UInt64)
  /// Part of a cluster that is compressed in this stretch of the file.
  case compressed(CompressedExtent)
}

/// Where a compressed cluster's stream is: it starts at `fileOffset` and may end before
/// `byteCount`.
public struct CompressedExtent: Hashable, Sendable {
  /// Offset of the first byte, at any alignment.
  public var fileOffset: UInt64
  /// Most bytes that the stream can have.
  public var byteCount: Int
}

extension DiskImage {
  /// Flushes.
  public func close() throws(ImageFault) {
    if !isReadOnly { try flush() }
  }

  /// Throws unless the range lies on the disk.
  func check(_ offset: UInt64, byteCount count: Int) throws(ImageFault) {
    let (end, overflow) = offset.addingReportingOverflow(UInt64(count))
    guard !overflow, end <= byteCount else {
      throw ImageFault(
        description,
        .outOfRange(offset: offset, byteCount: UInt64(count), diskByteCount: byteCount))
    }
  }

  /// Throws unless the range lies on the disk and the disk takes writes.
  func checkWritable(_ offset: UInt64, byteCount count: Int) throws(ImageFault) {
    guard !isReadOnly else {
      throw ImageFault(description, .readOnly(reason: "it was opened read-only"))
    }
    try check(offset, byteCount: count)
  }

  /// Throws unless the range lies on the disk and the disk takes writes.
  func checkWritable(_ range: Range<UInt64>) throws(ImageFault) {
    try checkWritable(range.lowerBound, byteCount: 0)
    guard range.upperBound <= byteCount else {
      throw ImageFault(
        description,
        .outOfRange(
          offset: range.lowerBound, byteCount: range.upperBound - range.lowerBound,
          diskByteCount: byteCount))
    }
  }

  /// Fills `bytes` from `offset` on, with zeroes past the end of the disk: how an overlay sees an
  /// image below it that may be smaller.
  func readPadded(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(ImageFault) {
    let available = offset < byteCount ? Int(min(UInt64(bytes.count), byteCount - offset)) : 0
    if available > 0 {
      var piece = bytes._mutatingExtracting(0..<available)
      try read(at: offset, into: &piece)
    }
    if available < bytes.count {
      var rest = bytes._mutatingExtracting(available..<bytes.count)
      rest.update(repeating: 0)
    }
  }
}
