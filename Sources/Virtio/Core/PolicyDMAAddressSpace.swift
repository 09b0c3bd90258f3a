public import GuestMemory

/// A device's memory, seen translated or untranslated as its ``DMAPolicy`` has chosen.
///
/// Before a choice is latched, no address means anything: every access faults.
public final class PolicyDMAAddressSpace: DMAAddressSpace {
  /// How addresses are understood.
  public enum View: String, Sendable, Codable {
    /// As bus addresses, through the host bridge's windows.
    case translated
    /// As physical addresses.
    case physical
  }

  /// The latched choice; nil until the first queue is set up.
  public internal(set) var view: View?

  private let translated: any DMAAddressSpace
  private let physical: any DMAAddressSpace

  /// A space over the two ways to memory.
  public init(translated: any DMAAddressSpace, physical: any DMAAddressSpace) {
    self.translated = translated
    self.physical = physical
  }

  /// Memory as one view shows it, chosen or not.
  func space(_ view: View) -> any DMAAddressSpace {
    view == .translated ? translated : physical
  }

  /// Reads through the chosen view.
  public func read(_ address: BusAddress, into bytes: inout MutableSpan<UInt8>) throws(DMAFault) {
    try chosen(address, .read).read(address, into: &bytes)
  }

  /// Writes through the chosen view.
  public func write(_ address: BusAddress, from bytes: Span<UInt8>) throws(DMAFault) {
    try chosen(address, .write).write(address, from: bytes)
  }

  /// Probes the chosen view.
  public func probe(
    _ address: BusAddress, byteCount: UInt64, _ direction: DMADirection
  ) throws(DMAFault) {
    try chosen(address, direction).probe(address, byteCount: byteCount, direction)
  }

  private func chosen(
    _ address: BusAddress, _ direction: DMADirection
  ) throws(DMAFault) -> any DMAAddressSpace {
    guard let view else { throw DMAFault(.noWindow(inHole: false), at: address, direction) }
    return space(view)
  }
}
