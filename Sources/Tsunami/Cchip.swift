public import DeviceModel

/// The interrupt pins of one CPU.
public struct CPUPins: Equatable, Sendable {
  /// b_irq0: chipset errors, DRIR bits 63:58.
  public var error = false
  /// b_irq1: device interrupts, DRIR bits 55:0.
  public var device = false
  /// b_irq2: interval timer, MISC.ITINTR.
  public var timer = false
  /// b_irq3: another processor, MISC.IPINTR.
  public var processor = false

  /// Pins, all low unless given.
  public init(
    error: Bool = false, device: Bool = false, timer: Bool = false, processor: Bool = false
  ) {
    self.error = error
    self.device = device
    self.timer = timer
    self.processor = processor
  }
}

extension CPUPins: CustomStringConvertible {
  /// The asserted pins by the manual's names, or `none`.
  public var description: String {
    let asserted = [
      ("b_irq0", error), ("b_irq1", device), ("b_irq2", timer), ("b_irq3", processor),
    ]
    .filter(\.1).map(\.0)
    return asserted.isEmpty ? "none" : asserted.joined(separator: " ")
  }
}

/// The controller chip: interrupts of up to four CPUs, arbitration, and who touched memory that is
/// not there (21272 HRM 6.3, 10.2.2).
public final class Cchip {
  /// How many CPUs the chip has pins for.
  public static let cpuCount = 4

  /// Who touched memory that does not exist, as MISC.NXS encodes it.
  public enum MemorySource: Equatable, Sendable {
    /// A CPU, 0 to 3.
    case cpu(Int)
    /// The Pchip.
    case pchip0

    var code: UInt64 {
      switch self {
      case .cpu(let number): UInt64(truncatingIfNeeded: number & 3)
      case .pchip0: 4
      }
    }
  }

  /// DRIR bits that belong to devices.
  public static let deviceInterrupts: UInt64 = 0x00FF_FFFF_FFFF_FFFF
  /// DRIR bits that belong to errors; bit 63 is MISC.NXM.
  public static let errorInterrupts: UInt64 = 0xFC00_0000_0000_0000
  /// The DRIR bit of Pchip 0's error output.
  public static let pchip0Error = 62
  private static let memoryError: UInt64 = 1 << 63

  /// Told when the pins of a CPU have changed: its number and the levels now.
  public var pinsDidChange: ((Int, CPUPins) -> Void)?

  private var registers = RegisterFile(registerMap)
  private var pins = [CPUPins](repeating: CPUPins(), count: cpuCount)

  /// A chip after reset.
  public init() {}

  /// Returns every register to its reset value. The interrupt inputs keep the level that the
  /// devices drive.
  public func reset() {
    let inputs = registers[.drir] & ~Self.memoryError
    registers.reset()
    registers[.drir] = inputs
    drivePins()
  }

  /// The pins of a CPU, 0 to 3, as they are driven now; all low for other numbers.
  public func pins(of cpu: Int) -> CPUPins {
    pins.indices.contains(cpu) ? pins[cpu] : CPUPins()
  }
}

// MARK: - Register accesses

extension Cchip {
  /// Reads a register for a CPU, whose number MISC shows it.
  public func read(
    _ offset: UInt64, _ width: AccessWidth, cpu: Int
  ) throws(AccessRefusal) -> UInt64 {
    let register = try Self.registerMap.register(at: offset, width).name
    return switch register {
    case .misc: registers[.misc] | UInt64(truncatingIfNeeded: cpu & 3)
    case .dir0: requests(0)
    case .dir1: requests(1)
    case .dir2: requests(2)
    case .dir3: requests(3)
    default: registers[register]
    }
  }

  /// Writes a register.
  public func write(
    _ offset: UInt64, _ width: AccessWidth, _ value: UInt64
  ) throws(AccessRefusal) {
    let register = try Self.registerMap.register(at: offset, width).name
    registers.write(register, value)
    switch register {
    case .misc:
      didWriteMISC(value)
      drivePins()
    case .iic0, .iic1, .iic2, .iic3:
      registers[register] &= ~IIC.overflow
    case .mpd:
      // No DIMM drives the bus, so the data and clock wires (DR, CKR) show what DS and CKS drive.
      registers[.mpd] = (value & 3) << 2
    case .dim0, .dim1, .dim2, .dim3:
      drivePins()
    default:
      break
    }
  }

  /// What is left after the table has cleared W1C and set W1S bits. DEVSUP (43:40) hides device
  /// interrupts until the next poll of the inputs is complete; ours are always up to date.
  private func didWriteMISC(_ value: UInt64) {
    if value & MISC.arbitrationClear != 0 {
      registers[.misc] &= ~(MISC.field(MISC.arbitrationTry) | MISC.field(MISC.arbitrationWon))
      registers[.misc] |= value & MISC.field(MISC.arbitrationTry)
    }
    // The first writer wins; later ones change nothing until ACL.
    let won = MISC.field(MISC.arbitrationWon)
    if registers[.misc] & won == 0 { registers[.misc] |= value & won }
    // A request sets IPINTR even when the same write clears it: no interrupt is lost.
    let shift = UInt64(MISC.processorRequest - MISC.processorInterrupt)
    registers[.misc] |= (value & MISC.field(MISC.processorRequest)) >> shift
    if registers[.misc] & MISC.nonExistentMemory == 0 {
      registers[.misc] &= ~(7 << UInt64(MISC.nonExistentMemorySource))
      registers[.drir] &= ~Self.memoryError
    }
  }
}

// MARK: - Inputs and outputs

extension Cchip {
  /// Drives a DRIR input: 0 to 55 are devices, 58 to 62 errors. Other bits have no input.
  public func driveInterrupt(_ bit: Int, _ level: Bool) {
    guard (0...55).contains(bit) || (58...62).contains(bit) else { return }
    let mask: UInt64 = 1 << UInt64(bit)
    let inputs = level ? registers[.drir] | mask : registers[.drir] & ~mask
    guard inputs != registers[.drir] else { return }
    registers[.drir] = inputs
    drivePins()
  }

  /// The interval timer's edge: counts down each CPU's ignore count, and interrupts the CPUs whose
  /// count has gone past zero.
  public func tickIntervalTimer() {
    for (cpu, register) in CchipRegister.intervalIgnoreCounts.enumerated() {
      let old = registers[register]
      let count = (old &- 1) & IIC.count
      let overflow = old & IIC.overflow != 0 || count == IIC.count
      registers[register] = count | (overflow ? IIC.overflow : 0)
      if overflow { registers[.misc] |= 1 << UInt64(MISC.timerInterrupt + cpu) }
    }
    drivePins()
  }

  /// Latches ITINTR of one CPU, 0 to 3, without its ignore count: that CPU's own alarm went off.
  public func requestTimerInterrupt(cpu: Int) {
    guard (0..<Self.cpuCount).contains(cpu) else { return }
    registers[.misc] |= 1 << UInt64(MISC.timerInterrupt + cpu)
    drivePins()
  }

  /// Latches the first access to memory that does not exist (MISC.NXM, NXS, DRIR<63>).
  public func recordNonExistentMemory(from source: MemorySource) {
    guard registers[.misc] & MISC.nonExistentMemory == 0 else { return }
    registers[.misc] |=
      MISC.nonExistentMemory | source.code << UInt64(MISC.nonExistentMemorySource)
    registers[.drir] |= Self.memoryError
    drivePins()
  }

  /// DIRn: the requests that a CPU has not masked.
  private func requests(_ cpu: Int) -> UInt64 {
    registers[CchipRegister.deviceInterruptMasks[cpu]] & registers[.drir]
  }

  private func drivePins() {
    let misc = registers[.misc]
    for cpu in 0..<Self.cpuCount {
      let requests = requests(cpu)
      let levels = CPUPins(
        error: requests & Self.errorInterrupts != 0,
        device: requests & Self.deviceInterrupts != 0,
        timer: misc >> UInt64(MISC.timerInterrupt + cpu) & 1 != 0,
        processor: misc >> UInt64(MISC.processorInterrupt + cpu) & 1 != 0)
      guard levels != pins[cpu] else { continue }
      pins[cpu] = levels
      pinsDidChange?(cpu, levels)
    }
  }
}

// MARK: - Saved state

extension Cchip: Snapshotting {
  /// The registers, among them DRIR with the levels of the inputs.
  public struct Saved: Codable, Equatable, Sendable {
    /// Values by register name.
    public var registers: [String: UInt64]
  }

  /// Version 1.
  public static var savedVersion: Int { 1 }

  /// The present state.
  public func save() -> Saved { Saved(registers: registers.save()) }

  /// Restores the registers and drives the pins accordingly.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    do {
      try registers.restore(saved.registers)
    } catch {
      throw RestoreFault("Cchip: \(error)")
    }
    drivePins()
  }
}
