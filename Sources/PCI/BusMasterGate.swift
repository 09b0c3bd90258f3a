public import GuestMemory

/// The function's bus-master bit as a layer of its memory: closed, no cycle reaches the bus.
public final class BusMasterGate: DMAAddressSpace {
  private let configuration: ConfigurationSpace
  private let next: any DMAAddressSpace

  /// A gate that follows Command bit 2 of `configuration`; behind it lies the bus, `next`.
  public init(_ configuration: ConfigurationSpace, next: any DMAAddressSpace) {
    self.configuration = configuration
    self.next = next
  }

  /// Reads through the open gate.
  public func read(_ address: BusAddress, into bytes: inout MutableSpan<UInt8>) throws(DMAFault) {
    try pass(address, .read)
    try next.read(address, into: &bytes)
  }

  /// Writes through the open gate.
  public func write(_ address: BusAddress, from bytes: Span<UInt8>) throws(DMAFault) {
    try pass(address, .write)
    try next.write(address, from: bytes)
  }

  /// Checks the gate and what lies behind it.
  public func probe(
    _ address: BusAddress, byteCount: UInt64, _ direction: DMADirection
  ) throws(DMAFault) {
    try pass(address, direction)
    try next.probe(address, byteCount: byteCount, direction)
  }

  private func pass(_ address: BusAddress, _ direction: DMADirection) throws(DMAFault) {
    guard configuration.isBusMaster else {
      throw DMAFault(.busMasterDisabled, at: address, direction)
    }
  }
}
