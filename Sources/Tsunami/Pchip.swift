public import DeviceModel
public import GuestMemory

/// The PCI host bridge: the registers of Pchip 0, the translation of its devices' DMA, and its
/// error logic (21272 HRM 10.1.4, 10.2.5).
public final class Pchip {
  /// What the chip tells the rest of the machine.
  public struct Outputs {
    /// b_error, asserted while PERROR holds an error: DRIR<62> of the Cchip.
    public var error: InterruptLine
    /// A DMA cycle or a map fetch reached memory that does not exist.
    public var nonExistentMemory: () -> Void
    /// SPRST was written: the PCI bus is to be reset.
    public var softwareReset: () -> Void

    /// Outputs, unconnected unless given.
    public init(
      error: InterruptLine = InterruptLine(), nonExistentMemory: @escaping () -> Void = {},
      softwareReset: @escaping () -> Void = {}
    ) {
      self.error = error
      self.nonExistentMemory = nonExistentMemory
      self.softwareReset = softwareReset
    }
  }

  /// What bus addresses mean under the present registers.
  public let translator: DMATranslator

  private let outputs: Outputs
  private var registers = RegisterFile(registerMap)

  /// A chip after reset. `memory` holds the scatter-gather maps; `isLenient` turns the cache of
  /// their entries off.
  public init(memory: GuestRAM, isLenient: Bool = false, outputs: Outputs = Outputs()) {
    translator = DMATranslator(memory: memory, isLenient: isLenient)
    self.outputs = outputs
    loadTranslator()
  }

  /// Returns every register to its reset value and empties the cache of map entries.
  public func reset() {
    registers.reset()
    translator.tlb = ScatterGatherTLB()
    loadTranslator()
    driveError()
  }

  private func loadTranslator() {
    translator.settings = DMATranslator.Settings(
      windows: Self.windowRegisters.enumerated().map { number, names in
        DMAWindow(
          number: number, wsba: registers[names.wsba], wsm: registers[names.wsm],
          tba: registers[names.tba])
      },
      hasHole: registers[.pctl] & PCTL.hole != 0,
      hasMonsterWindow: registers[.pctl] & PCTL.monsterWindow != 0)
  }

  private func driveError() {
    outputs.error.drive(registers[.perror] & PERROR.errors != 0)
  }
}

// MARK: - Register accesses

extension Pchip: BusDevice {
  /// Reads a register.
  public func read(_ offset: UInt64, _ width: AccessWidth) throws(AccessRefusal) -> UInt64 {
    registers[try Self.registerMap.register(at: offset, width).name]
  }

  /// Writes a register.
  public func write(
    _ offset: UInt64, _ width: AccessWidth, _ value: UInt64
  ) throws(AccessRefusal) {
    let register = try Self.registerMap.register(at: offset, width).name
    registers.write(register, value)
    switch register {
    case .wsba0, .wsba1, .wsba2, .wsba3, .wsm0, .wsm1, .wsm2, .wsm3, .tba0, .tba1, .tba2, .tba3,
      .pctl:
      // The cache stays as it is: that is what TLBIA is for.
      loadTranslator()
    case .perror:
      driveError()
    case .perrset:
      registers[.perror] |= value & registers[.perrmask] & PERROR.errors
      driveError()
    case .tlbiv:
      translator.tlb.invalidate(value)
    case .tlbia:
      translator.tlb.invalidateAll()
    case .sprst:
      outputs.softwareReset()
    case .plat, .perrmask, .pmonctl, .pmoncnt:
      break
    }
  }
}

// MARK: - Errors

extension Pchip {
  /// Errors that this machine can have, by their bit in PERROR.
  enum ErrorBit: UInt64 {
    case invalidMapEntry = 4  // SGE
    case noDeviceSelect = 8  // NDS
    case uncorrectable = 10  // UECC
  }

  /// PCI commands (PCI 2.2, 3.1.1).
  enum Command: UInt64 {
    case ioRead = 2
    case ioWrite = 3
    case memoryRead = 6
    case memoryWrite = 7
  }

  /// Nobody answered a cycle that a CPU started.
  func recordMasterAbort(_ command: Command, at address: UInt64) {
    record(.noDeviceSelect, command: command.rawValue, info: Self.busInfo(address))
  }

  /// Translates for a DMA cycle; a failure has the effects it has on the chip.
  func translate(
    _ address: BusAddress, _ direction: DMADirection
  ) throws(DMAFault) -> DMATranslator.Translation {
    do {
      return try translator.translate(address, direction)
    } catch {
      recordFault(error)
      throw error
    }
  }

  private func recordFault(_ fault: DMAFault) {
    switch fault.cause {
    case .invalidMapEntry:
      let command = fault.direction == .read ? Command.memoryRead : .memoryWrite
      record(
        .invalidMapEntry, command: command.rawValue, info: Self.busInfo(fault.address.rawValue))
    case .mapOutsideMemory(_, let entryAddress):
      // For an ECC error, CMD 3 is a map fetch and ADDR 50:19 are system address bits 34:3.
      record(.uncorrectable, command: 3, info: (entryAddress.rawValue >> 3) << 19)
      outputs.nonExistentMemory()
    case .nonExistentMemory:
      outputs.nonExistentMemory()
    case .noWindow, .peerToPeer, .busMasterDisabled, .addressOverflow:
      // Not this chip's cycle.
      break
    }
  }

  /// PERROR.ADDR for a bus address: 47:18 are address bits 31:2, 17:16 tell the cycle (single, dual
  /// through window 3, dual through the monster window).
  private static func busInfo(_ address: UInt64) -> UInt64 {
    let cycle: UInt64 = address >> 32 == 0 ? 0 : address >> 40 == 0 ? 1 : 2
    return (address & 0xFFFF_FFFC) << 16 | cycle << 16
  }

  /// The first error that is not masked freezes what was captured; later ones only set LOST.
  private func record(_ error: ErrorBit, command: UInt64, info: UInt64) {
    let bit: UInt64 = 1 << error.rawValue
    let mask = registers[.perrmask]
    guard mask & bit != 0 else { return }
    if registers[.perror] & PERROR.errors == 0 {
      registers[.perror] = (command << PERROR.command | info) & PERROR.captured | bit
    } else {
      registers[.perror] |= PERROR.lost & mask
    }
    driveError()
  }
}

// MARK: - Saved state

extension Pchip: Snapshotting {
  /// The registers and the cache of map entries.
  public struct Saved: Codable, Equatable, Sendable {
    /// Values by register name.
    public var registers: [String: UInt64]
    var tlb: ScatterGatherTLB.Saved
  }

  /// Version 1.
  public static var savedVersion: Int { 1 }

  /// The present state.
  public func save() -> Saved {
    Saved(registers: registers.save(), tlb: translator.tlb.save())
  }

  /// Restores registers and cache, and drives the error output accordingly.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    var restored = registers
    do {
      try restored.restore(saved.registers)
      try translator.tlb.restore(saved.tlb)
    } catch {
      throw RestoreFault("Pchip: \(error)")
    }
    registers = restored
    loadTranslator()
    driveError()
  }
}
