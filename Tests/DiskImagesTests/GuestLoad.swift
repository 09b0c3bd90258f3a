@testable import DiskImages

/// Random requests of a guest against an image and a plain array, which must agree.
struct GuestLoad {
  var random: TestRandom
  var model: [UInt8]
  /// What the disk holds if the last request did all it was to do.
  private(set) var attempted: [UInt8]?

  init(seed: UInt64, content: [UInt8]) {
    random = TestRandom(seed: seed)
    model = content
  }

  /// One request, of at most `limit` bytes.
  mutating func step(_ image: any DiskImage, limit: Int) throws {
    let sectors = Bool.random(using: &random)
    var start = Int.random(in: 0..<model.count, using: &random)
    var count = Int.random(in: 0...min(limit, model.count - start), using: &random)
    if sectors {
      start &= ~511
      count = min((count + 511) & ~511, model.count - start)
    }
    let range = start..<start + count
    let guestRange = UInt64(range.lowerBound)..<UInt64(range.upperBound)
    switch Int.random(in: 0..<12, using: &random) {
    case 0..<6:
      let bytes = random.bytes(count)
      attempt(range, bytes)
      try image.write(at: guestRange.lowerBound, bytes)
      model.replaceSubrange(range, with: bytes)
    case 6, 7:
      attempt(range, [UInt8](repeating: 0, count: count))
      try image.writeZeroes(guestRange, mayUnmap: Bool.random(using: &random))
      model.replaceSubrange(range, with: repeatElement(0, count: count))
    case 8:
      attempt(range, [UInt8](repeating: 0, count: count))
      try image.discard(guestRange)
      // A discarded byte reads zero or what it was.
      let after = try image.bytes(at: guestRange.lowerBound, count: count)
      for (index, byte) in zip(range, after) {
        guard byte == 0 || byte == model[index] else { throw Disagreement(offset: index) }
      }
      model.replaceSubrange(range, with: after)
    case 9:
      try image.flush()
    default:
      guard try image.bytes(at: guestRange.lowerBound, count: count) == Array(model[range]) else {
        throw Disagreement(offset: start)
      }
    }
  }

  private mutating func attempt(_ range: Range<Int>, _ bytes: [UInt8]) {
    var content = model
    content.replaceSubrange(range, with: bytes)
    attempted = content
  }

  struct Disagreement: Error { var offset: Int }
}
