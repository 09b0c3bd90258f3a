/// Memory as one PCI function sees it: bus addresses in, typed faults out.
///
/// This is all the memory a device ever gets. Layers (bus-master gate, Pchip windows, fault
/// reports) conform to the same protocol and are stacked in one place, the machine's assembly.
public protocol DMAAddressSpace: AnyObject {
  /// Fills `bytes` from bus address `address` on. Throws at the first piece that fails; earlier
  /// pieces may have been copied.
  func read(_ address: BusAddress, into bytes: inout MutableSpan<UInt8>) throws(DMAFault)

  /// Stores `bytes` from bus address `address` on. Throws at the first piece that fails; earlier
  /// pieces may have been stored.
  func write(_ address: BusAddress, from bytes: Span<UInt8>) throws(DMAFault)

  /// Whether the whole range would translate and lie in memory, without moving a byte, without
  /// error registers and without a report.
  func probe(_ address: BusAddress, byteCount: UInt64, _ direction: DMADirection) throws(DMAFault)
}
