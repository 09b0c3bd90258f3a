/// What one base address register asks for (PCI 2.2, 6.2.5.1). Sizes are in bytes, powers of two.
public enum BaseAddressRegister: Equatable, Sendable {
  /// I/O ports, at least 4. All of bits 31:2 are implemented: firmware that sizes the register in
  /// 32 bits computes nonsense from one that stops at bit 15.
  case io(size: UInt32)
  /// Memory below 4 GiB, at least 16 bytes.
  case memory32(size: UInt32, prefetchable: Bool)
  /// Memory anywhere, at least 16 bytes; takes the next register as its upper half.
  case memory64(size: UInt64, prefetchable: Bool)

  /// The two address spaces that PCI targets decode.
  public enum Space: String, Sendable {
    /// I/O ports.
    case io
    /// Memory.
    case memory
  }

  /// The space in which the register claims addresses.
  public var space: Space {
    if case .io = self { .io } else { .memory }
  }

  /// How many bytes the register claims.
  public var size: UInt64 {
    switch self {
    case .io(let size), .memory32(let size, _): UInt64(size)
    case .memory64(let size, _): size
    }
  }

  /// The read-only low bits that name the kind.
  var kindBits: UInt32 {
    switch self {
    case .io: 0b0001
    case .memory32(_, let prefetchable): prefetchable ? 0b1000 : 0b0000
    case .memory64(_, let prefetchable): prefetchable ? 0b1100 : 0b0100
    }
  }

  /// Which address bits can be written: those not below the size.
  var addressMask: UInt64 {
    let mask = ~(size &- 1)
    if case .memory64 = self { return mask }
    return mask & 0xFFFF_FFFF
  }

  /// Whether the next register is the upper half of this one.
  var isWide: Bool {
    if case .memory64 = self { true } else { false }
  }

  var isWellFormed: Bool {
    size.nonzeroBitCount == 1 && size >= (space == .io ? 4 : 16)
  }
}
