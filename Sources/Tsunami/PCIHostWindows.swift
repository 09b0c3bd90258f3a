public import DeviceModel
public import PCI

/// The parts of the system address space through which a CPU reaches the PCI bus of Pchip 0 (21272
/// HRM 10.1.1, 10.1.3).
///
/// What nobody on the bus answers ends in a master abort: a read gives all ones, a write is lost,
/// and PERROR.NDS records it if the guest has asked for that. Never a machine check: probing is how
/// buses are explored. I/O below 64 KB always has an answer where there is an ISA bridge, which takes
/// by subtractive decoding what nobody else claims (82378 data sheet, 290473).
public final class PCIHostWindows {
  /// Reads the vector from the interrupt controllers; without one, the cycle is not answered.
  public var acknowledgeInterrupt: (() -> UInt8)?

  private let bus: PCIBus
  private let pchip: Pchip
  private let trace: DeviceTrace

  /// The windows that lead to `bus`, whose errors `pchip` records.
  public init(bus: PCIBus, pchip: Pchip, trace: DeviceTrace) {
    self.bus = bus
    self.pchip = pchip
    self.trace = trace
  }

  /// The windows.
  enum Window {
    /// Linear memory: 32-bit PCI addresses.
    case memory
    /// I/O ports: 25 bits.
    case io
    /// Configuration: bus in bits 23:16, device in 15:11, function in 10:8, register in 7:0.
    case configuration
    /// Interrupt acknowledge (reads) and special cycles (writes).
    case acknowledge
  }

  func read(_ window: Window, _ offset: UInt64, _ width: AccessWidth) -> UInt64 {
    // The PCI bus is 32 bits wide: a quadword is two data phases.
    if width == .quadword, window != .acknowledge {
      return read(window, offset, .longword) | read(window, offset &+ 4, .longword) << 32
    }
    do {
      return switch window {
      case .memory: try bus.readMemory(offset, width) & width.allOnes
      case .io: try bus.readIO(offset, width) & width.allOnes
      case .configuration: readConfiguration(offset, width)
      case .acknowledge: acknowledgeInterrupt.map { UInt64($0()) } ?? width.allOnes
      }
    } catch {
      didNotComplete(window, .read, offset, width)
      return width.allOnes
    }
  }

  func write(_ window: Window, _ offset: UInt64, _ width: AccessWidth, _ value: UInt64) {
    if width == .quadword, window != .acknowledge {
      write(window, offset, .longword, value & 0xFFFF_FFFF)
      write(window, offset &+ 4, .longword, value >> 32)
      return
    }
    do {
      switch window {
      case .memory: try bus.writeMemory(offset, width, value & width.allOnes)
      case .io: try bus.writeIO(offset, width, value & width.allOnes)
      case .configuration: writeConfiguration(offset, width, value & width.allOnes)
      case .acknowledge: break
      }
    } catch {
      didNotComplete(window, .write, offset, width)
    }
  }

  private func readConfiguration(_ offset: UInt64, _ width: AccessWidth) -> UInt64 {
    let target = ConfigurationAddress(offset)
    return bus.readConfiguration(
      bus: target.bus, device: target.device, function: target.function, register: target.register,
      width)
  }

  private func writeConfiguration(_ offset: UInt64, _ width: AccessWidth, _ value: UInt64) {
    let target = ConfigurationAddress(offset)
    bus.writeConfiguration(
      bus: target.bus, device: target.device, function: target.function, register: target.register,
      width, value)
  }

  private enum Direction: String {
    case read, write
  }

  /// Nobody served a cycle: a master abort, unless the ISA bridge has taken it.
  private func didNotComplete(
    _ window: Window, _ direction: Direction, _ address: UInt64, _ width: AccessWidth
  ) {
    trace.trace(
      .unclaimed,
      "PCI \(window) \(direction) of \(width.rawValue) bytes at \(hexadecimal(address))")
    if window == .io, address < 0x1_0000, bus.subtractiveAgent != nil { return }
    let command: Pchip.Command =
      switch (window, direction) {
      case (.io, .read): .ioRead
      case (.io, .write): .ioWrite
      case (_, .read): .memoryRead
      case (_, .write): .memoryWrite
      }
    pchip.recordMasterAbort(command, at: address)
  }
}

/// Where a configuration cycle goes.
private struct ConfigurationAddress {
  let bus: Int
  let device: Int
  let function: Int
  let register: Int

  init(_ offset: UInt64) {
    bus = Int(truncatingIfNeeded: offset >> 16 & 0xFF)
    device = Int(truncatingIfNeeded: offset >> 11 & 0x1F)
    function = Int(truncatingIfNeeded: offset >> 8 & 7)
    register = Int(truncatingIfNeeded: offset & 0xFF)
  }
}
