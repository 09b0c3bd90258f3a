public import DeviceModel
public import GuestMemory
public import PCI

/// Which register interfaces a device shows (VIRTIO 1.2, 4.1.2).
public enum VirtioInterface: String, Sendable, Codable, CaseIterable {
  /// VIRTIO 1.0 and later only.
  case modern
  /// Both.
  case transitional
  /// The one before 1.0 only.
  case legacy
}

/// A virtio device on PCI (VIRTIO 1.2, 4.1), with INTx interrupts.
public final class VirtioPCIFunction: PCIFunction {
  /// The base address register with the legacy registers.
  static let legacyBAR = 0
  /// The base address register with the modern structures. Not prefetchable, because reading the
  /// interrupt status has an effect.
  static let modernBAR = 4

  /// Configuration space.
  public let configuration: ConfigurationSpace
  /// The state behind the registers.
  public let core: VirtioCore
  /// The register interfaces the function shows.
  public let interface: VirtioInterface
  /// Where the PCI configuration access capability lies; nil without modern interface.
  private let accessWindow: Int?
  private var isRestoring = false

  /// A function's ways to memory.
  public struct Memory {
    /// Behind the host bridge's windows.
    public var translated: any DMAAddressSpace
    /// At physical addresses, for drivers that use those (see ``DMAPolicy``).
    public var physical: any DMAAddressSpace

    /// Names both ways.
    public init(translated: any DMAAddressSpace, physical: any DMAAddressSpace) {
      self.translated = translated
      self.physical = physical
    }
  }

  /// Puts `device` on PCI.
  ///
  /// - Parameter memory: Builds the ways to memory of the function with this configuration space.
  /// - Throws: ``VirtioSetUpError`` when interface and policy exclude each other.
  public init(
    _ device: any VirtioDevice, interface: VirtioInterface = .modern,
    policy: DMAPolicy = DMAPolicy(), trace: DeviceTrace,
    memory: (ConfigurationSpace) -> Memory
  ) throws(VirtioSetUpError) {
    guard interface == .modern || policy.accessPlatform != .required else {
      throw .legacyCannotRequireAccessPlatform(device.name)
    }
    let configuration = ConfigurationSpace(
      .virtio(device.type, interface),
      baseAddressRegisters: BaseAddressRegister.virtio(interface))
    self.configuration = configuration
    self.interface = interface
    accessWindow = interface == .legacy ? nil : configuration.addVirtioCapabilities(for: device)
    let memory = memory(configuration)
    core = VirtioCore(
      device,
      memory: PolicyDMAAddressSpace(
        translated: BusMasterGate(configuration, next: memory.translated),
        physical: BusMasterGate(configuration, next: memory.physical)),
      policy: policy, trace: trace)
    core.isBusMaster = configuration.isBusMaster
    core.enableBusMaster = { configuration.enableBusMaster() }
    core.interruptStatusDidChange = { [weak core] in
      configuration.isInterruptPending = core?.interruptStatus.isEmpty == false
    }
    configuration.observe { [weak self] change in
      if change.contains(.command) { self?.commandDidChange() }
    }
  }

  /// Mastering the bus again, the device looks for what it missed.
  private func commandDidChange() {
    let wasBusMaster = core.isBusMaster
    core.isBusMaster = configuration.isBusMaster
    if core.isBusMaster, !wasBusMaster, !isRestoring { core.startQueues() }
  }

  /// Reads a register.
  public func readBAR(
    _ bar: Int, _ offset: UInt64, _ width: AccessWidth
  ) throws(AccessRefusal) -> UInt64 {
    switch bar {
    case Self.modernBAR: core.readModern(offset, width)
    case Self.legacyBAR: try core.readLegacy(offset, width)
    default: throw .noRegister
    }
  }

  /// Writes a register.
  public func writeBAR(
    _ bar: Int, _ offset: UInt64, _ width: AccessWidth, _ value: UInt64
  ) throws(AccessRefusal) {
    switch bar {
    case Self.modernBAR: core.writeModern(offset, width, value)
    case Self.legacyBAR: try core.writeLegacy(offset, width, value)
    default: throw .noRegister
    }
  }

  /// RST#: a device reset, then the configuration space anew.
  public func reset() {
    core.reset()
    configuration.reset()
  }
}

// MARK: - The window in configuration space

extension VirtioPCIFunction {
  /// Reads configuration space; reading the window's data reads the register it points to.
  public func readConfiguration(_ offset: Int, _ width: AccessWidth) -> UInt64 {
    guard let window = accessWindow, offset == window + 16 else {
      return configuration.read(offset, width)
    }
    guard let (register, length) = windowTarget(window) else { return width.allOnes }
    return core.readModern(register, length) & width.allOnes
  }

  /// Writes configuration space; writing the window's data writes the register it points to.
  public func writeConfiguration(_ offset: Int, _ width: AccessWidth, _ value: UInt64) {
    configuration.write(offset, width, value)
    guard let window = accessWindow, offset == window + 16,
      let (register, length) = windowTarget(window)
    else { return }
    core.writeModern(register, length, value & length.allOnes)
  }

  /// Where the window points (VIRTIO 1.2, 4.1.4.9): only at aligned registers of the structures, and
  /// nowhere while the driver has not set it up.
  private func windowTarget(_ window: Int) -> (UInt64, AccessWidth)? {
    let bar = configuration.read(window + 4, .byte)
    let offset = configuration.read(window + 8, .longword)
    let length = configuration.read(window + 12, .longword)
    if length == 0 { return nil }
    guard bar == UInt64(Self.modernBAR), length <= 4,
      let width = AccessWidth(rawValue: Int(length)),
      offset.isMultiple(of: length), offset < UInt64(ModernRegion.totalSize)
    else {
      core.warn(
        "bad configuration window",
        "PCI configuration access to BAR \(bar) offset 0x\(hex(offset)) length \(length) ignored: "
          + "only aligned 1, 2 or 4 bytes of BAR \(Self.modernBAR) can be reached")
      return nil
    }
    return (offset, width)
  }
}

/// Why a virtio function cannot be built.
public enum VirtioSetUpError: Error, Equatable, CustomStringConvertible {
  /// A legacy driver cannot accept VIRTIO_F_ACCESS_PLATFORM.
  case legacyCannotRequireAccessPlatform(String)

  /// One line for the user.
  public var description: String {
    switch self {
    case .legacyCannotRequireAccessPlatform(let name):
      "\(name): access-platform=required needs interface=modern; legacy drivers cannot accept "
        + "feature bit 33"
    }
  }
}

// MARK: - Saved state

extension VirtioPCIFunction: Snapshotting {
  /// Configuration space and registers; the device saves itself.
  public struct Saved: Codable, Equatable, Sendable {
    /// Configuration space.
    public var configuration: ConfigurationSpace.Saved
    /// The state behind the registers.
    public var core: VirtioCore.Saved
  }

  /// Version 1.
  public static var savedVersion: Int { 1 }

  /// The present state.
  public func save() -> Saved { Saved(configuration: configuration.save(), core: core.save()) }

  /// Restores configuration space and registers.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    isRestoring = true
    defer { isRestoring = false }
    let old = configuration.save()
    try configuration.restore(saved.configuration)
    do {
      try core.restore(saved.core)
    } catch {
      try configuration.restore(old)
      throw error
    }
  }
}
