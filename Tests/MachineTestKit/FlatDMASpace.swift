public import GuestMemory

/// RAM at bus address 0, untranslated, for device tests that need no chipset.
public final class FlatDMASpace: DMAAddressSpace {
  /// The memory behind the space.
  public let ram: GuestRAM
  /// Addresses in these ranges fault as if no window claimed them.
  public var holes: [Range<UInt64>] = []
  /// The accesses that failed.
  public private(set) var faults: [DMAFault] = []

  /// A space of `byteCount` bytes.
  public init(byteCount: UInt64 = 1 << 20) throws { ram = try GuestRAM(byteCount: byteCount) }

  /// A space over memory that is there.
  public init(ram: GuestRAM) { self.ram = ram }

  /// Takes over what another space of the same size holds.
  public func copy(from other: FlatDMASpace) throws {
    try writeBytes(
      other.readBytes(BusAddress(0), byteCount: Int(ram.byteCount)), at: BusAddress(0))
  }

  /// Copies memory out.
  public func read(_ address: BusAddress, into bytes: inout MutableSpan<UInt8>) throws(DMAFault) {
    try check(address, UInt64(bytes.count), .read)
    _ = ram.read(PhysicalAddress(address.rawValue), into: &bytes)
  }

  /// Copies into memory.
  public func write(_ address: BusAddress, from bytes: Span<UInt8>) throws(DMAFault) {
    try check(address, UInt64(bytes.count), .write)
    _ = ram.write(PhysicalAddress(address.rawValue), from: bytes)
  }

  /// Checks a range.
  public func probe(
    _ address: BusAddress, byteCount: UInt64, _ direction: DMADirection
  ) throws(DMAFault) {
    guard let end = address.advanced(by: byteCount) else {
      throw DMAFault(.addressOverflow, at: address, direction)
    }
    for hole in holes where hole.lowerBound < end.rawValue && address.rawValue < hole.upperBound {
      throw DMAFault(.noWindow(inHole: false), at: address, direction)
    }
    guard end.rawValue <= ram.byteCount else {
      throw DMAFault(
        .nonExistentMemory(window: nil, physical: PhysicalAddress(address.rawValue)),
        at: address, direction)
    }
  }

  private func check(
    _ address: BusAddress, _ byteCount: UInt64, _ direction: DMADirection
  ) throws(DMAFault) {
    do {
      try probe(address, byteCount: byteCount, direction)
    } catch {
      faults.append(error)
      throw error
    }
  }
}
