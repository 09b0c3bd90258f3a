internal import CZlib

/// A decoder of raw deflate (RFC 1951) that says where between two symbols it stands, and can be set
/// up to go on from there: zlib's inflate with its calls for random access.
///
/// It has no buffers of its own but the 32 KiB window.
@safe
final class RawInflater {
  /// Where a call stopped.
  enum Outcome: Equatable {
    /// All input is used, or all output is full.
    case paused
    /// Behind a block, before the next one's header.
    case blockEnd
    /// Behind the header of a block; only when asked for.
    case headerEnd
    /// Behind the last block. Bits up to the next whole byte are used.
    case streamEnd
    /// The stream breaks RFC 1951 in this way.
    case damaged(String)
  }

  /// Where in a block the decoder stands.
  enum Place: Equatable {
    /// In a header, or between blocks.
    case outside
    /// In a stored block of which so many bytes are to come.
    case stored(remaining: Int)
    /// In a compressed block. The symbol at hand began `bits` bits back and has already given
    /// `bytes` bytes of output.
    case symbol(bits: Int, bytes: Int)
  }

  /// What a call did.
  struct Progress {
    var consumed: Int
    var produced: Int
    var outcome: Outcome
  }

  // zlib compares the address of the stream with the one it was set up at, so it must not move.
  @unsafe private let stream: UnsafeMutablePointer<z_stream>

  /// Nil when there is no memory for it.
  init?() {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // Negative window bits: no wrapper. 15: any distance that deflate knows.
    guard
      unsafe inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else {
      unsafe stream.deallocate()
      return nil
    }
  }

  deinit {
    _ = unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Starts a stream, before the header of a block. `window`: the output before it, to which its
  /// distances may reach; at most 32 KiB.
  func reset(window: [UInt8]) {
    _ = unsafe inflateReset(stream)
    unsafe stream.pointee.data_type = 0
    guard !window.isEmpty else { return }
    unsafe window.withUnsafeBufferPointer {
      _ = unsafe inflateSetDictionary(stream, $0.baseAddress, UInt32(clamping: $0.count))
    }
  }

  /// Puts the lowest `count` bits of `value`, 0 to 8 of them, before the input to come.
  func prime(_ value: UInt8, bits count: Int) {
    _ = unsafe inflatePrime(stream, Int32(count), Int32(value))
  }

  /// Forgets the bits that were taken from the input and not used.
  func dropPendingBits() { _ = unsafe inflatePrime(stream, -1, 0) }

  /// Bits that were taken from the input and not used.
  var pendingBits: Int { Int(unsafe stream.pointee.data_type & 63) }

  /// Whether the block at hand, or just behind, is the stream's last.
  var isInLastBlock: Bool { unsafe stream.pointee.data_type & 64 != 0 }

  /// Where the decoder stands.
  var place: Place {
    let mark = Int(unsafe inflateMark(stream))
    let (bits, bytes) = (mark >> 16, mark & 0xFFFF)
    if bits >= 0 { return .symbol(bits: bits, bytes: bytes) }
    return bytes > 0 ? .stored(remaining: bytes) : .outside
  }

  /// Goes on to the end of the input, of the output, or of a block.
  ///
  /// - Parameter stopsBehindHeader: whether to stop behind the header of a block too.
  func inflate(
    _ input: Span<UInt8>, into output: inout MutableSpan<UInt8>, stopsBehindHeader: Bool = false
  ) -> Progress {
    let room = output.count
    return unsafe output.withUnsafeMutableBufferPointer { target in
      unsafe input.withUnsafeBufferPointer { source in
        // zlib does not write through next_in; its type only lacks the const.
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
        unsafe stream.pointee.avail_in = UInt32(clamping: source.count)
        unsafe stream.pointee.next_out = target.baseAddress
        unsafe stream.pointee.avail_out = UInt32(clamping: room)
        let status = unsafe CZlib.inflate(stream, stopsBehindHeader ? Z_TREES : Z_BLOCK)
        return Progress(
          consumed: source.count - Int(unsafe stream.pointee.avail_in),
          produced: room - Int(unsafe stream.pointee.avail_out), outcome: outcome(status))
      }
    }
  }

  private func outcome(_ status: Int32) -> Outcome {
    switch status {
    case Z_STREAM_END: .streamEnd
    case Z_OK, Z_BUF_ERROR:
      // Bits 7 and 8 as the description of Z_BLOCK and Z_TREES in zlib.h has them.
      switch unsafe stream.pointee.data_type & 0x180 {
      case 0x80: .blockEnd
      case 0x100: .headerEnd
      default: .paused
      }
    default:
      if let message = unsafe stream.pointee.msg {
        .damaged(unsafe String(cString: message))
      } else {
        .damaged("zlib refuses it with status \(status)")
      }
    }
  }
}

/// CRC-32 as gzip uses it (RFC 1952, 8).
enum CRC32 {
  /// The sum of what `sum` covers with `bytes` behind it. The sum of nothing is 0.
  static func extend(_ sum: UInt32, with bytes: Span<UInt8>) -> UInt32 {
    unsafe bytes.withUnsafeBufferPointer {
      UInt32(
        truncatingIfNeeded: unsafe crc32(UInt(sum), $0.baseAddress, UInt32(clamping: $0.count)))
    }
  }

  /// The sum of an array.
  static func of(_ bytes: [UInt8]) -> UInt32 { extend(0, with: bytes.span) }
}
