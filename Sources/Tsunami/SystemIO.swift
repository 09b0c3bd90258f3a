public import DeviceModel
public import GuestMemory
public import PCI

/// The 21272 as the CPUs see it: everything at system addresses with bit 43 set (21272 HRM 10.1.1).
///
/// Owns the chips and wires them to each other. An access that is refused is one that no chip
/// answers; the CPU takes a machine check.
public final class SystemIO {
  /// The bytes of memory that 35 address bits reach (21272 HRM 10.1.1).
  public static let memoryLimit: UInt64 = 1 << 35

  /// Interrupts and errors.
  public let cchip = Cchip()
  /// The data chips.
  public let dchip = Dchip()
  /// The PCI host bridge.
  public let pchip: Pchip
  /// The bus with the board's odds and ends.
  public let tigBus = TIGBus()
  /// The way to the PCI bus.
  public let pciWindows: PCIHostWindows

  private let trace: DeviceTrace

  /// A chipset in front of `memory` and `bus`. `isLenient` turns the Pchip's cache of map entries
  /// off.
  public init(memory: GuestRAM, bus: PCIBus, isLenient: Bool = false, trace: DeviceTrace) {
    pchip = Pchip(
      memory: memory, isLenient: isLenient,
      outputs: Pchip.Outputs(
        error: InterruptLine { [cchip] in cchip.driveInterrupt(Cchip.pchip0Error, $0) },
        nonExistentMemory: { [cchip] in cchip.recordNonExistentMemory(from: .pchip0) },
        // Devices hold the Pchip for their DMA, and the bus holds the devices.
        softwareReset: { [weak bus] in bus?.reset() }))
    pciWindows = PCIHostWindows(bus: bus, pchip: pchip, trace: trace)
    self.trace = trace
  }

  /// Resets the chips. The devices on the PCI bus are reset by whoever resets the machine.
  public func reset() {
    cchip.reset()
    dchip.reset()
    pchip.reset()
  }

  /// Reads I/O space for a CPU. Throws where no chip answers: memory addresses, reserved ranges,
  /// Pchip 1, and registers that do not exist or have another width.
  public func read(
    _ physical: PhysicalAddress, _ width: AccessWidth, cpu: Int
  ) throws(AccessRefusal) -> UInt64 {
    let (region, offset) = try decode(physical, width)
    let value: UInt64 =
      switch region {
      case .pci(let window): pciWindows.read(window, offset, width)
      case .tigBus: try tigBus.read(offset, width)
      case .pchip: try pchip.read(offset, width)
      case .cchip: try cchip.read(offset, width, cpu: cpu)
      case .dchip: try dchip.read(offset, width)
      }
    trace.trace(
      .chipset,
      "cpu \(cpu) reads \(region.label(offset)) (\(width.rawValue) bytes): \(hexadecimal(value))")
    return value
  }

  /// Writes I/O space for a CPU. Throws where no chip answers, as ``read(_:_:cpu:)`` does.
  public func write(
    _ physical: PhysicalAddress, _ width: AccessWidth, _ value: UInt64, cpu: Int
  ) throws(AccessRefusal) {
    let (region, offset) = try decode(physical, width)
    trace.trace(
      .chipset,
      "cpu \(cpu) writes \(region.label(offset)) (\(width.rawValue) bytes): \(hexadecimal(value))")
    switch region {
    case .pci(let window): pciWindows.write(window, offset, width, value)
    case .tigBus: try tigBus.write(offset, width, value)
    case .pchip: try pchip.write(offset, width, value)
    case .cchip: try cchip.write(offset, width, value)
    case .dchip: try dchip.write(offset, width, value)
    }
  }
}

// MARK: - The address map

extension SystemIO {
  private enum Region {
    case pci(PCIHostWindows.Window)
    case tigBus
    case pchip
    case cchip
    case dchip

    func label(_ offset: UInt64) -> String {
      let register: String? =
        switch self {
        case .pchip: Pchip.registerMap.name(at: offset)
        case .cchip: Cchip.registerMap.name(at: offset)
        case .dchip: Dchip.registerMap.name(at: offset)
        case .pci, .tigBus: nil
        }
      return switch self {
      case .pci(let window): "PCI \(window) \(hexadecimal(offset))"
      default: "\(self) \(register ?? hexadecimal(offset))"
      }
    }
  }

  /// Which part of I/O space an address belongs to, and its offset there. Address bits 42:35 take
  /// no part.
  private func decode(
    _ physical: PhysicalAddress, _ width: AccessWidth
  ) throws(AccessRefusal) -> (Region, UInt64) {
    guard physical.rawValue >> 43 == 1 else { throw .noRegister }
    guard physical.rawValue.isMultiple(of: UInt64(width.rawValue)) else { throw .misaligned }
    let address = physical.rawValue & 0x7_FFFF_FFFF
    switch address {
    case 0..<0x1_0000_0000: return (.pci(.memory), address)
    case 0x1_0000_0000..<0x1_4000_0000: return (.tigBus, address & 0x3FFF_FFFF)
    case 0x1_8000_0000..<0x1_9000_0000: return (.pchip, address & 0xFFF_FFFF)
    case 0x1_A000_0000..<0x1_B000_0000: return (.cchip, address & 0xFFF_FFFF)
    case 0x1_B000_0000..<0x1_C000_0000: return (.dchip, address & 0xFFF_FFFF)
    case 0x1_F800_0000..<0x1_FC00_0000: return (.pci(.acknowledge), address & 0x3FF_FFFF)
    case 0x1_FC00_0000..<0x1_FE00_0000: return (.pci(.io), address & 0x1FF_FFFF)
    case 0x1_FE00_0000..<0x1_FF00_0000: return (.pci(.configuration), address & 0xFF_FFFF)
    default: throw .noRegister
    }
  }
}

extension RegisterMap {
  /// The register that starts at `offset`, by name.
  fileprivate func name(at offset: UInt64) -> String? {
    registers.first { $0.offset == offset }?.name.rawValue
  }
}

// MARK: - Saved state

extension SystemIO: Snapshotting {
  /// The chips' states.
  public struct Saved: Codable, Equatable, Sendable {
    /// The Cchip.
    public var cchip: Cchip.Saved
    /// The data chips.
    public var dchip: Dchip.Saved
    /// The Pchip.
    public var pchip: Pchip.Saved
  }

  /// Version 1.
  public static var savedVersion: Int { 1 }

  /// The present state.
  public func save() -> Saved {
    Saved(cchip: cchip.save(), dchip: dchip.save(), pchip: pchip.save())
  }

  /// Restores all chips, or throws and leaves them as they were.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    let before = save()
    do {
      try pchip.restore(saved.pchip)
      try dchip.restore(saved.dchip)
      // Last, as the Pchip drives one of its inputs.
      try cchip.restore(saved.cchip)
    } catch {
      try pchip.restore(before.pchip)
      try dchip.restore(before.dchip)
      try cchip.restore(before.cchip)
      throw error
    }
  }
}
