public import GuestMemory

/// Memory as PCI devices see it: through the windows and maps of the Pchip.
///
/// A request is cut at page boundaries, and each piece is translated when its turn comes. When a
/// piece fails, the pieces before it have been moved and nothing of it or after it.
public final class PchipDMAAddressSpace: DMAAddressSpace {
  private let pchip: Pchip
  private let memory: GuestRAM

  /// The space that `pchip` makes of `memory`.
  public init(_ pchip: Pchip, memory: GuestRAM) {
    self.pchip = pchip
    self.memory = memory
  }

  /// Reads memory; failures are recorded by the Pchip.
  public func read(_ address: BusAddress, into bytes: inout MutableSpan<UInt8>) throws(DMAFault) {
    try checkEnd(address, UInt64(bytes.count), .read)
    var offset = 0
    while offset < bytes.count {
      let start = BusAddress(address.rawValue &+ UInt64(offset))
      let translation = try pchip.translate(start, .read)
      let end = offset + Int(min(translation.byteCount, UInt64(bytes.count - offset)))
      var piece = bytes._mutatingExtracting(offset..<end)
      // A translation ends in memory, and so does the rest of its page.
      _ = memory.read(translation.physical, into: &piece)
      offset = end
    }
  }

  /// Writes memory; failures are recorded by the Pchip.
  public func write(_ address: BusAddress, from bytes: Span<UInt8>) throws(DMAFault) {
    try checkEnd(address, UInt64(bytes.count), .write)
    var offset = 0
    while offset < bytes.count {
      let start = BusAddress(address.rawValue &+ UInt64(offset))
      let translation = try pchip.translate(start, .write)
      let end = offset + Int(min(translation.byteCount, UInt64(bytes.count - offset)))
      _ = memory.write(translation.physical, from: bytes.extracting(offset..<end))
      offset = end
    }
  }

  /// Checks every page of a range, against the cache as it is, without a record in the Pchip.
  public func probe(
    _ address: BusAddress, byteCount: UInt64, _ direction: DMADirection
  ) throws(DMAFault) {
    try checkEnd(address, byteCount, direction)
    var offset: UInt64 = 0
    while offset < byteCount {
      let start = BusAddress(address.rawValue &+ offset)
      offset += try pchip.translator.peek(start, direction).byteCount
    }
  }

  private func checkEnd(
    _ address: BusAddress, _ byteCount: UInt64, _ direction: DMADirection
  ) throws(DMAFault) {
    guard address.advanced(by: byteCount) != nil else {
      throw DMAFault(.addressOverflow, at: address, direction)
    }
  }
}
