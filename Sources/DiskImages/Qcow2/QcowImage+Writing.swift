/// An image opened here takes no writes; an overlay above it does.
extension QcowImage {
  /// Refused.
  public func write(at offset: UInt64, from bytes: Span<UInt8>) throws(ImageFault) {
    try checkWritable(offset, byteCount: bytes.count)
  }

  /// Nothing to do.
  public func flush() throws(ImageFault) {}

  /// Refused.
  public func discard(_ range: Range<UInt64>) throws(ImageFault) { try checkWritable(range) }

  /// Refused.
  public func writeZeroes(_ range: Range<UInt64>, mayUnmap: Bool) throws(ImageFault) {
    try checkWritable(range)
  }
}
