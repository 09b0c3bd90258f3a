/// A first-in, first-out queue of bytes with a fixed limit.
struct ByteQueue {
  /// The most bytes it holds.
  let limit: Int
  private var bytes: [UInt8] = []
  private var head = 0

  init(limit: Int) { self.limit = limit }

  var count: Int { bytes.count - head }
  var isEmpty: Bool { count == 0 }
  /// How many more bytes fit.
  var space: Int { limit - count }
  /// What is queued, oldest first.
  var contents: ArraySlice<UInt8> { bytes[head...] }

  /// Appends at the end, and drops the oldest bytes that no longer fit.
  mutating func append(droppingOldest byte: UInt8) {
    bytes.append(byte)
    if count > limit { removeFirst(1) }
  }

  mutating func popFirst() -> UInt8? {
    guard !isEmpty else { return nil }
    let byte = bytes[head]
    removeFirst(1)
    return byte
  }

  mutating func removeFirst(_ number: Int) {
    head += min(number, count)
    // Moves the rest down only when most of the array is dead, so each byte moves O(1) times.
    guard head >= 4096, head * 2 >= bytes.count else { return }
    bytes.removeFirst(head)
    head = 0
  }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    head = 0
  }
}
