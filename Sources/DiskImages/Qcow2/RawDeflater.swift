internal import CZlib

/// Makes raw deflate streams (RFC 1951, no wrapper), one after the other with one zlib state: to make
/// a state takes a tenth of the time that a cluster of 64 KiB does.
@safe
final class RawDeflater {
  /// zlib keeps the address of the stream, so it must not move.
  @unsafe private let stream: UnsafeMutablePointer<z_stream>

  /// Nil when memory is exhausted. `level`: 1 fast to 9 small.
  init?(level: Int32 = Z_DEFAULT_COMPRESSION) {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // Negative window bits: no wrapper. 12: a window of 4 KiB, as QEMU's own, so that a reader with
    // no bigger one can follow. Memory level 8 gives smaller files than 9, which QEMU has, and its
    // hash table fits the caches of more processors.
    guard
      unsafe deflateInit2_(
        stream, level, Z_DEFLATED, -12, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else {
      unsafe stream.deallocate()
      return nil
    }
  }

  deinit {
    _ = unsafe deflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Deflates `input`, or answers nil when the result would have `limit` bytes or more.
  func deflate(_ input: Span<UInt8>, limit: Int) -> [UInt8]? {
    guard limit > 1, unsafe deflateReset(stream) == Z_OK else { return nil }
    let output = unsafe [UInt8](unsafeUninitializedCapacity: limit - 1) { target, initialized in
      initialized = unsafe input.withUnsafeBufferPointer { source in
        // zlib does not write through next_in; its type only lacks the const.
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
        unsafe stream.pointee.avail_in = UInt32(clamping: source.count)
        unsafe stream.pointee.next_out = target.baseAddress
        unsafe stream.pointee.avail_out = UInt32(clamping: target.count)
        let isComplete = unsafe CZlib.deflate(stream, Z_FINISH) == Z_STREAM_END
        return unsafe isComplete ? target.count - Int(stream.pointee.avail_out) : 0
      }
    }
    return output.isEmpty ? nil : output
  }
}
