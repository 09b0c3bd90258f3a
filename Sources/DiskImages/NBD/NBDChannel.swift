/// The bytes between a client and its server, in order, both ways.
package protocol NBDChannel: AnyObject {
  /// Starts the time in which the server must make progress.
  ///
  /// - Parameter isSlow: whether what it does now may take long, whatever the number of bytes.
  func startClock(isSlow: Bool)

  /// Sends all bytes. `hasMore`: what follows at once may go with them.
  func send(_ bytes: Span<UInt8>, hasMore: Bool) throws(NBDFault)

  /// Fills `bytes` with what the server sends.
  func receive(into bytes: inout MutableSpan<UInt8>) throws(NBDFault)
}

extension NBDChannel {
  func send(_ bytes: [UInt8], hasMore: Bool = false) throws(NBDFault) {
    try send(bytes.span, hasMore: hasMore)
  }

  /// The next `count` bytes. The caller bounds the count.
  func receive(_ count: Int) throws(NBDFault) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    try receive(into: &span)
    return bytes
  }

  /// The next integer.
  func receive<Value: FixedWidthInteger>(
    _ type: Value.Type = Value.self
  ) throws(NBDFault) -> Value {
    try receive(Value.bitWidth / 8).bigEndian(at: 0) ?? 0
  }
}
