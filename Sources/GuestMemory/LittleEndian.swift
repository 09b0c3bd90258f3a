/// Little-endian integers in bytes, as the Alpha, PCI, ELF and virtio (VIRTIO 1.2, 1.4) have them.
extension Span<UInt8> {
  /// The integer whose first byte is at `offset`, which must lie inside with all its bytes.
  @inlinable
  package func integer<Value: FixedWidthInteger>(
    at offset: Int, as type: Value.Type = Value.self
  ) -> Value {
    var value: Value = 0
    for index in stride(from: Value.bitWidth / 8 - 1, through: 0, by: -1) {
      value = (value << 8) | Value(truncatingIfNeeded: self[offset + index])
    }
    return value
  }
}

extension MutableSpan<UInt8> {
  /// Stores an integer with its first byte at `offset`; all its bytes must lie inside.
  @inlinable
  package mutating func store<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
    for index in 0..<Value.bitWidth / 8 {
      self[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
  }
}

extension [UInt8] {
  /// Appends the bytes of an integer.
  @inlinable
  package mutating func append<Value: FixedWidthInteger>(littleEndian value: Value) {
    for index in 0..<Value.bitWidth / 8 {
      append(UInt8(truncatingIfNeeded: value >> (8 * index)))
    }
  }
}
