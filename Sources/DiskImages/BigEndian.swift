/// Big-endian fields, as qcow2 stores them.
extension [UInt8] {
  /// The integer at `offset`, or nil when it does not lie wholly inside.
  func bigEndian<Value: FixedWidthInteger>(
    at offset: Int, as type: Value.Type = Value.self
  ) -> Value? {
    let width = Value.bitWidth / 8
    guard offset >= 0, offset <= count - width else { return nil }
    return self[offset..<offset + width].reduce(0) { ($0 << 8) | Value(truncatingIfNeeded: $1) }
  }

  /// Appends an integer.
  mutating func appendBigEndian(_ value: some FixedWidthInteger) {
    for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  /// Appends zeroes until the count is a multiple of `alignment`.
  mutating func pad(to alignment: Int) {
    append(contentsOf: repeatElement(0, count: (alignment - count % alignment) % alignment))
  }
}

/// `count` big-endian quadwords: how L1, L2 and refcount tables look.
func quadwords(_ bytes: [UInt8]) -> [UInt64] {
  var words: [UInt64] = []
  words.reserveCapacity(bytes.count / 8)
  var word: UInt64 = 0
  for (index, byte) in bytes.enumerated() {
    word = (word << 8) | UInt64(byte)
    if index & 7 == 7 { words.append(word) }
  }
  return words
}

/// The bytes of a table of big-endian quadwords.
func bytes(_ words: some Collection<UInt64>) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(words.count * 8)
  for word in words { bytes.appendBigEndian(word) }
  return bytes
}
