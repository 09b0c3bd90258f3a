/// Finds one text in a stream of bytes, a byte at a time and without keeping the stream
/// (Knuth-Morris-Pratt).
struct TextMatcher {
  private let text: [UInt8]
  /// For each prefix of the text, the length of its longest proper prefix that is also its suffix.
  private let fallback: [Int]
  private var matched = 0

  init(_ text: String) {
    let bytes = Array(text.utf8)
    var table = [Int](repeating: 0, count: bytes.count)
    var length = 0
    for index in bytes.indices.dropFirst() {
      while length > 0, bytes[index] != bytes[length] { length = table[length - 1] }
      if bytes[index] == bytes[length] { length += 1 }
      table[index] = length
    }
    self.text = bytes
    fallback = table
  }

  /// Whether the whole text has been seen. An empty text needs no byte.
  var isComplete: Bool { matched == text.count }

  mutating func take(_ byte: UInt8) {
    guard !isComplete else { return }
    while matched > 0, byte != text[matched] { matched = fallback[matched - 1] }
    if byte == text[matched] { matched += 1 }
  }
}
