/// A disk that is only read, and has no backing image of its own.
public protocol ReadOnlyDiskImage: DiskImage {}

extension ReadOnlyDiskImage {
  /// Always true.
  public var isReadOnly: Bool { true }
  /// Always nil.
  public var backing: (any DiskImage)? { nil }

  /// Is refused.
  public func write(at offset: UInt64, from bytes: Span<UInt8>) throws(ImageFault) {
    try checkWritable(offset, byteCount: bytes.count)
  }
  /// Nothing to do.
  public func flush() throws(ImageFault) {}
  /// Is refused.
  public func discard(_ range: Range<UInt64>) throws(ImageFault) { try checkWritable(range) }
  /// Is refused.
  public func writeZeroes(_ range: Range<UInt64>, mayUnmap: Bool) throws(ImageFault) {
    try checkWritable(range)
  }
}
