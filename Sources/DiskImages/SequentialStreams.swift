/// Recognises requests that follow each other, also where several rows of them alternate.
struct SequentialStreams {
  /// A row of requests, each of which began where the one before ended.
  private struct Stream {
    /// End of the last request.
    var end: UInt64
    /// Bytes of the requests that continued the first.
    var byteCount: UInt64 = 0
    /// End of what was fetched ahead.
    var fetched: UInt64
  }

  /// Most rows that are remembered.
  private static let limit = 8
  /// The least recently continued row first.
  private var streams: [Stream] = []

  /// Enters a request and answers what should be fetched ahead now, if anything.
  ///
  /// That goes as far beyond the request as the row has come until now, at most `window` bytes. To
  /// fetch much at once, nothing is answered while half of that is still ahead.
  mutating func enter(_ request: Range<UInt64>, window: UInt64) -> Range<UInt64>? {
    guard let index = streams.firstIndex(where: { $0.end == request.lowerBound }) else {
      if streams.count == Self.limit { streams.removeFirst() }
      streams.append(Stream(end: request.upperBound, fetched: request.upperBound))
      return nil
    }
    var stream = streams.remove(at: index)
    defer { streams.append(stream) }
    stream.end = request.upperBound
    stream.byteCount += request.upperBound - request.lowerBound
    stream.fetched = max(stream.fetched, request.upperBound)
    let distance = min(window, stream.byteCount)
    guard stream.fetched - request.upperBound < distance / 2 else { return nil }
    let range = stream.fetched..<request.upperBound + distance
    stream.fetched = range.upperBound
    return range
  }
}
