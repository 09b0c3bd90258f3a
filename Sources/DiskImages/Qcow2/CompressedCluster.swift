internal import CZlib

/// Raw deflate streams (RFC 1951, no zlib or gzip wrapper): the content of compressed clusters, each
/// inflated whole. ``RawInflater`` goes step by step.
enum CompressedCluster {
  /// Inflates until `output` is full, whatever follows in `input`.
  ///
  /// A stream that breaks off after the last byte of output is accepted; one that is damaged, or
  /// ends before, is not. Time and memory are bounded by the two counts.
  ///
  /// - Returns: whether `output` was filled.
  static func inflate(_ input: Span<UInt8>, into output: inout MutableSpan<UInt8>) -> Bool {
    var stream = unsafe z_stream()
    // Negative window bits: no wrapper. 15: any distance that deflate knows.
    guard
      unsafe inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return false }
    defer { _ = unsafe inflateEnd(&stream) }
    return unsafe output.withUnsafeMutableBufferPointer { target in
      unsafe input.withUnsafeBufferPointer { source in
        // zlib does not write through next_in; its type only lacks the const.
        unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
        unsafe stream.avail_in = UInt32(clamping: source.count)
        unsafe stream.next_out = target.baseAddress
        unsafe stream.avail_out = UInt32(clamping: target.count)
        // One call does it all; what it answers matters less than what it wrote.
        _ = unsafe CZlib.inflate(&stream, Z_FINISH)
        return unsafe stream.avail_out == 0
      }
    }
  }

  /// Deflates `input`, or answers nil when the result would have `limit` bytes or more.
  ///
  /// The window is 4 KiB, as QEMU's own, so that a reader with no bigger one can follow.
  static func deflate(_ input: Span<UInt8>, limit: Int, level: Int32 = Z_DEFAULT_COMPRESSION)
    -> [UInt8]?
  {
    guard limit > 1 else { return nil }
    var stream = unsafe z_stream()
    guard
      unsafe deflateInit2_(
        &stream, level, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return nil }
    defer { _ = unsafe deflateEnd(&stream) }
    var output = [UInt8](repeating: 0, count: limit - 1)
    let produced: Int? = unsafe output.withUnsafeMutableBufferPointer { target in
      unsafe input.withUnsafeBufferPointer { source in
        unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
        unsafe stream.avail_in = UInt32(clamping: source.count)
        unsafe stream.next_out = target.baseAddress
        unsafe stream.avail_out = UInt32(clamping: target.count)
        let isComplete = unsafe CZlib.deflate(&stream, Z_FINISH) == Z_STREAM_END
        return unsafe isComplete ? target.count - Int(stream.avail_out) : nil
      }
    }
    guard let produced else { return nil }
    output.removeLast(output.count - produced)
    return output
  }
}
