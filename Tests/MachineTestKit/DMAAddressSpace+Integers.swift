public import GuestMemory

extension DMAAddressSpace {
  /// One little-endian integer of at most 64 bits at `address`.
  public func readInteger<Value: FixedWidthInteger>(
    _ address: BusAddress, as type: Value.Type = Value.self
  ) throws(DMAFault) -> Value {
    let bytes = try readBytes(address, byteCount: Value.bitWidth / 8)
    return bytes.span.integer(at: 0)
  }

  /// Stores one little-endian integer at `address`.
  public func writeInteger<Value: FixedWidthInteger>(
    _ value: Value, at address: BusAddress
  ) throws(DMAFault) {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: value)
    try writeBytes(bytes, at: address)
  }

  /// `byteCount` bytes from `address` on.
  public func readBytes(_ address: BusAddress, byteCount: Int) throws(DMAFault) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var span = bytes.mutableSpan
    try read(address, into: &span)
    return bytes
  }

  /// Stores the bytes of an array from `address` on.
  public func writeBytes(_ bytes: [UInt8], at address: BusAddress) throws(DMAFault) {
    try write(address, from: bytes.span)
  }
}
