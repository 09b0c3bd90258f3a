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

/// A table of big-endian quadwords: how L1, L2 and refcount tables look.
func quadwords(_ bytes: [UInt8]) -> [UInt64] {
  let bytes = bytes.span
  var words: [UInt64] = []
  words.reserveCapacity(bytes.count / 8)
  for index in 0..<bytes.count / 8 {
    let field = bytes.extracting(8 * index..<8 * index + 8)
    var word: UInt64 = 0
    for place in 0..<8 { word = word << 8 | UInt64(field[place]) }
    words.append(word)
  }
  return words
}

/// The bytes of a table of big-endian quadwords.
func bigEndianBytes(of words: some Collection<UInt64>) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: words.count * 8)
  var span = bytes.mutableSpan
  var offset = 0
  for word in words {
    for place in 0..<8 {
      span[offset + place] = UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * place))
    }
    offset += 8
  }
  return bytes
}
