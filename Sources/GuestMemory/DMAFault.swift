/// Which way a device's access went.
public enum DMADirection: String, Sendable, Codable {
  /// The device read memory.
  case read
  /// The device wrote memory.
  case write
}

/// Why a device's access to memory failed. No byte of the failing piece has been moved.
public struct DMAFault: Error, Equatable, Sendable {
  /// What went wrong on the way.
  public enum Cause: Equatable, Sendable {
    /// The function's bus-master bit is clear (PCI command register bit 2).
    case busMasterDisabled
    /// No Pchip window claims the address. `inHole`: PCTL.HOLE excluded it.
    case noWindow(inHole: Bool)
    /// The scatter-gather map entry is not valid. `cached`: it came from the Pchip's TLB.
    case invalidMapEntry(window: Int, entryAddress: PhysicalAddress, entry: UInt64, cached: Bool)
    /// The scatter-gather map itself lies outside memory.
    case mapOutsideMemory(window: Int, entryAddress: PhysicalAddress)
    /// Translation succeeded, but no memory answers there. `window` is nil for an untranslated
    /// access, 4 for the monster window.
    case nonExistentMemory(window: Int?, physical: PhysicalAddress)
    /// The map entry points back to PCI (peer-to-peer), which this machine does not forward.
    case peerToPeer(window: Int, entry: UInt64)
    /// The range wraps past the end of the 64-bit address space.
    case addressOverflow
  }

  /// What went wrong.
  public var cause: Cause
  /// The bus address of the piece that failed.
  public var address: BusAddress
  /// The direction of the access.
  public var direction: DMADirection

  /// Describes a failed access.
  public init(_ cause: Cause, at address: BusAddress, _ direction: DMADirection) {
    self.cause = cause
    self.address = address
    self.direction = direction
  }
}

extension DMAFault: CustomStringConvertible {
  /// The fault in one line: direction, bus address, and the reason.
  public var description: String {
    "DMA \(direction) of bus address \(address): \(cause)"
  }
}

extension DMAFault.Cause {
  /// A constant name of the cause, under which repetitions are counted.
  public var kind: String {
    switch self {
    case .busMasterDisabled: "bus master off"
    case .noWindow: "no window"
    case .invalidMapEntry: "invalid map entry"
    case .mapOutsideMemory: "map outside memory"
    case .nonExistentMemory: "non-existent memory"
    case .peerToPeer: "peer-to-peer"
    case .addressOverflow: "address overflow"
    }
  }
}

extension DMAFault.Cause: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .busMasterDisabled:
      "the function's bus-master bit is off"
    case .noWindow(let inHole):
      inHole ? "hits no window (excluded by PCTL.HOLE)" : "hits no window"
    case .invalidMapEntry(let window, let entryAddress, let entry, let cached):
      "window \(window), map entry 0x\(String(entry, radix: 16)) at \(entryAddress) is not valid"
        + (cached ? " (cached by the scatter-gather TLB)" : "")
    case .mapOutsideMemory(let window, let entryAddress):
      "window \(window), its map entry at \(entryAddress) lies outside memory"
    case .nonExistentMemory(let window, let physical):
      switch window {
      case nil: "untranslated physical address \(physical) is not memory"
      case 4: "monster window, physical address \(physical) is not memory"
      case let window?: "window \(window), physical address \(physical) is not memory"
      }
    case .peerToPeer(let window, let entry):
      "window \(window), map entry 0x\(String(entry, radix: 16)) points to PCI (peer-to-peer)"
    case .addressOverflow:
      "the range wraps past the end of the address space"
    }
  }
}
