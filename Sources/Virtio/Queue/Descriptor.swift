public import GuestMemory

/// One entry of a descriptor table (VIRTIO 1.2, 2.7.5), copied out of guest memory once.
public struct Descriptor: Equatable, Sendable {
  /// Bytes of an entry.
  public static let byteCount = 16

  /// The flag bits of an entry.
  public struct Flags: OptionSet, Sendable {
    /// The flags as stored in memory.
    public let rawValue: UInt16
    /// Wraps the flags as stored in memory.
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// The chain continues at `next`.
    public static let next = Flags(rawValue: 1)
    /// The device writes the buffer; without it, the device reads it.
    public static let write = Flags(rawValue: 2)
    /// The buffer holds a table of descriptors.
    public static let indirect = Flags(rawValue: 4)
  }

  /// Where the buffer starts.
  public var address: BusAddress
  /// Bytes in the buffer.
  public var length: UInt32
  /// The flags.
  public var flags: Flags
  /// The next entry, if the flags say so.
  public var next: UInt16

  /// Decodes the sixteen bytes at `offset`.
  init(_ bytes: Span<UInt8>, at offset: Int = 0) {
    address = BusAddress(bytes.integer(at: offset, as: UInt64.self))
    length = bytes.integer(at: offset + 8)
    flags = Flags(rawValue: bytes.integer(at: offset + 12))
    next = bytes.integer(at: offset + 14)
  }
}

extension Descriptor: CustomStringConvertible {
  /// The raw words, for reports.
  public var description: String {
    "{addr \(address), len 0x\(String(length, radix: 16)), "
      + "flags 0x\(String(flags.rawValue, radix: 16)), next \(next)}"
  }
}
