internal import CLibdeflate
internal import CZlib

/// Inflating raw deflate streams (RFC 1951, no zlib or gzip wrapper): the content of compressed
/// clusters, each inflated whole. ``RawInflater`` goes step by step.
enum CompressedCluster {
  /// Inflates until `output` is full, whatever follows in `input`.
  ///
  /// A stream that breaks off after the last byte of output is accepted; one that is damaged, or
  /// ends before, is not. Time and memory are bounded by the two counts.
  ///
  /// - Returns: whether `output` was filled.
  static func inflate(_ input: Span<UInt8>, into output: inout MutableSpan<UInt8>) -> Bool {
    unsafe output.withUnsafeMutableBufferPointer { target in
      unsafe input.withUnsafeBufferPointer { unsafe inflate($0, into: target) }
    }
  }

  /// The same into a new array; nil where the stream does not fill it.
  static func inflated(_ input: Span<UInt8>, count: Int) -> [UInt8]? {
    var isFull = false
    let output = unsafe [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
      isFull = unsafe input.withUnsafeBufferPointer { unsafe inflate($0, into: target) }
      initialized = isFull ? count : 0
    }
    return isFull ? output : nil
  }

  private static func inflate(
    _ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
  ) -> Bool {
    // libdeflate is more than twice as fast, but knows only streams that end with the output.
    unsafe inflateExactly(input, into: output) || inflateStart(input, into: output)
  }

  /// Takes a stream whose output has exactly the expected length.
  private static func inflateExactly(
    _ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
  ) -> Bool {
    guard let decompressor = unsafe libdeflate_alloc_decompressor() else { return false }
    defer { unsafe libdeflate_free_decompressor(decompressor) }
    // Without a place for the length, less output than there is room for is an error.
    return unsafe libdeflate_deflate_decompress(
      decompressor, input.baseAddress, input.count, output.baseAddress, output.count, nil)
      == LIBDEFLATE_SUCCESS
  }

  /// Takes a stream whose output may go on, or which breaks off after the last byte of output.
  private static func inflateStart(
    _ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
  ) -> Bool {
    var stream = unsafe z_stream()
    // Negative window bits: no wrapper. 15: any distance that deflate knows.
    guard
      unsafe inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return false }
    defer { _ = unsafe inflateEnd(&stream) }
    // zlib does not write through next_in; its type only lacks the const.
    unsafe stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
    unsafe stream.avail_in = UInt32(clamping: input.count)
    unsafe stream.next_out = output.baseAddress
    unsafe stream.avail_out = UInt32(clamping: output.count)
    // One call does it all; what it answers matters less than what it wrote.
    _ = unsafe CZlib.inflate(&stream, Z_FINISH)
    return unsafe stream.avail_out == 0
  }
}
