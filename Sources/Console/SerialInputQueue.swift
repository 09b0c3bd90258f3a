/// Input that waits for the guest to take it, oldest first.
struct SerialInputQueue {
  private var pieces: [SerialInput] = []
  private var next = 0

  var count: Int { pieces.count - next }
  var isEmpty: Bool { count == 0 }

  mutating func append(_ piece: SerialInput) { pieces.append(piece) }

  mutating func append(_ bytes: some Sequence<UInt8>) {
    pieces.append(contentsOf: bytes.lazy.map(SerialInput.byte))
  }

  mutating func popFirst() -> SerialInput? {
    guard next < pieces.count else { return nil }
    let piece = pieces[next]
    next += 1
    // Moves the rest down only when most of the array is dead, so each piece moves O(1) times.
    if next == pieces.count || (next >= 4096 && next * 2 >= pieces.count) {
      pieces.removeFirst(next)
      next = 0
    }
    return piece
  }
}
