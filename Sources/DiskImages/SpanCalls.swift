#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension MutableSpan<UInt8> {
  /// Copies all of `source` to the start of this span (memcpy). Copies nothing and answers false
  /// when it does not fit.
  @discardableResult
  mutating func copy(from source: Span<UInt8>) -> Bool {
    guard source.count <= count else { return false }
    unsafe withUnsafeMutableBytes { target in
      unsafe source.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
    return true
  }
}

extension Span<UInt8> {
  /// Whether every byte is zero (memcmp of the bytes with themselves, one further on).
  var isAllZero: Bool {
    unsafe withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress, let first = unsafe bytes.first else { return true }
      return unsafe first == 0 && memcmp(start, start + 1, bytes.count - 1) == 0
    }
  }
}
