public import GuestMemory

/// Memory at its physical addresses, past the Pchip.
///
/// No real PCI device has this. A virtio device whose driver has not accepted
/// VIRTIO_F_ACCESS_PLATFORM is told physical addresses (VIRTIO 1.2, 6.1), and the machine's
/// configuration may choose to believe the driver.
public final class PhysicalDMAAddressSpace: DMAAddressSpace {
  private let memory: GuestRAM

  /// The whole of `memory`, from address 0 on.
  public init(memory: GuestRAM) { self.memory = memory }

  /// Reads memory.
  public func read(_ address: BusAddress, into bytes: inout MutableSpan<UInt8>) throws(DMAFault) {
    try probe(address, byteCount: UInt64(bytes.count), .read)
    _ = memory.read(PhysicalAddress(address.rawValue), into: &bytes)
  }

  /// Writes memory.
  public func write(_ address: BusAddress, from bytes: Span<UInt8>) throws(DMAFault) {
    try probe(address, byteCount: UInt64(bytes.count), .write)
    _ = memory.write(PhysicalAddress(address.rawValue), from: bytes)
  }

  /// Checks that a range lies in memory; the fault names its first byte that does not.
  public func probe(
    _ address: BusAddress, byteCount: UInt64, _ direction: DMADirection
  ) throws(DMAFault) {
    guard let end = address.advanced(by: byteCount) else {
      throw DMAFault(.addressOverflow, at: address, direction)
    }
    guard end.rawValue <= memory.byteCount else {
      let first = max(address.rawValue, memory.byteCount)
      throw DMAFault(
        .nonExistentMemory(window: nil, physical: PhysicalAddress(first)),
        at: BusAddress(first), direction)
    }
  }
}
