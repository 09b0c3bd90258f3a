public import AlphaCPU
public import Console
public import DeviceModel
internal import DiskImages
public import GuestMemory
public import PCI
public import SouthBridge
internal import Synchronization
public import Tsunami
public import Virtio
internal import VirtioConsole

/// An Alpha machine of the clipper board: one EV67, a 21272 with one Pchip, an ISA bridge in slot 7,
/// and virtio devices in slots 1 to 6.
///
/// Everything is put together here and nowhere else: which wire goes where, and through which layers
/// a device reaches memory.
public final class Machine {
  /// What the machine was made from.
  public let configuration: MachineConfiguration
  /// Main memory.
  public let ram: GuestRAM
  /// Guest time.
  public let clock = VirtualClock()
  /// Where devices report.
  public let trace: DeviceTrace
  /// The PCI bus.
  public let pci: PCIBus
  /// The chipset.
  public let io: SystemIO
  /// The ISA side.
  public let southBridge: SouthBridge
  /// The processors.
  public let cpus: [AlphaCPU]
  /// The virtio functions, by slot.
  public private(set) var functions: [VirtioPCIFunction] = []
  /// The slots that devices still to be attached name.
  private var reservedSlots: Set<Int> = []
  /// The disks' images, until ``closeDisks()``.
  var images: [any DiskImage] = []
  /// The virtio consoles.
  var consoles: [ConsoleDevice] = []
  /// What listens to the consoles for a panic's message, the serial port first.
  var panicRecorders: [PanicLineRecorder]

  private let console: any CharacterEndpoint
  let bus: SystemBus
  let exit = ExitBox()
  private let loader: BootLoader

  /// What the guest has said about how it ended.
  final class ExitBox {
    /// The value that a guest test wrote to the exit register.
    var value: UInt32?
    /// Whether the guest reported a panic.
    var hasPanicked = false
  }

  /// Builds the machine and loads its memory. Disks are attached afterwards, then ``reset()``.
  ///
  /// - Throws: ``MachineSetUpError``, with what was wrong in one line.
  public init(
    _ configuration: MachineConfiguration, console: any CharacterEndpoint, trace: DeviceTrace
  ) throws {
    loader = try Self.loader(for: configuration)
    ram = loader.ram
    self.configuration = configuration
    let console = PanicLineRecorder(console)
    self.console = console
    panicRecorders = [console]
    self.trace = trace
    pci = PCIBus(trace: trace)
    io = SystemIO(
      memory: ram, bus: pci, isLenient: configuration.isChipsetLenient, trace: trace)
    bus = SystemBus(io: io, clock: clock, trace: trace, startDate: configuration.startDate)
    bus.registerAlarms(cpuCount: configuration.cpuCount)
    southBridge = SouthBridge(
      clock: clock, startDate: Int64(clamping: configuration.startDate), console: console,
      SouthBridge.Connections(
        interrupt: InterruptLine { [cchip = io.cchip] in
          cchip.driveInterrupt(InterruptRouting.isaBridge, $0)
        },
        intervalTick: { [cchip = io.cchip] in cchip.tickIntervalTimer() },
        exit: { [exit, clock] in
          exit.value = $0
          clock.deadlineDidChange?()
        }))
    cpus = (0..<configuration.cpuCount).map { [ram, bus] in
      AlphaCPU(number: $0, ram: ram, bus: bus)
    }
    bus.cpus = cpus

    // Not `io`, which holds the bus: the wires end at the Cchip.
    pci.interruptPinDidChange = { [cchip = io.cchip] slot, pin, level in
      guard let bit = InterruptRouting.inputBit(slot: slot, pin: pin) else { return }
      cchip.driveInterrupt(bit, level)
    }
    pci.subtractiveAgent = southBridge.ports
    try pci.attach(southBridge.bridge, slot: 7)
    let panicNotifier = PanicNotifier { [exit, clock] in
      exit.hasPanicked = true
      clock.deadlineDidChange?()
    }
    try pci.attach(panicNotifier, slot: 7, function: 1)
    io.pciWindows.acknowledgeInterrupt = { [unowned southBridge] in
      southBridge.acknowledgeInterrupt()
    }
    io.cchip.pinsDidChange = { [cpus, trace] number, pins in
      guard cpus.indices.contains(number) else { return }
      trace.trace(.interrupts, "cpu\(number): \(pins)")
      cpus[number].drive(.device, pins.device)
      cpus[number].drive(.timer, pins.timer)
      cpus[number].drive(.interprocessor, pins.processor)
      cpus[number].drive(.error, pins.error)
    }
    clock.deadlineDidChange = { [cpus] in
      for cpu in cpus { cpu.requestAttention() }
    }
  }

  /// Throws what ``init(_:console:trace:)`` or ``reset()`` would throw, before anything on the host is
  /// opened for a machine.
  public static func check(_ configuration: MachineConfiguration) throws {
    _ = try loader(for: configuration).layOut()
  }

  private static func loader(for configuration: MachineConfiguration) throws -> BootLoader {
    guard configuration.cpuCount == 1 else {
      throw MachineSetUpError(
        "\(configuration.cpuCount) CPUs asked for; this version of the machine has one")
    }
    guard configuration.memoryByteCount <= SystemIO.memoryLimit else {
      throw MachineSetUpError(
        "\(configuration.memoryByteCount) bytes of memory asked for; the 21272 addresses "
          + "\(SystemIO.memoryLimit >> 30) GB at most")
    }
    let ram = try GuestRAM(byteCount: configuration.memoryByteCount)
    return try BootLoader(ram: ram, configuration: configuration)
  }

  /// The host's ends of the serial port and of every port of the virtio consoles.
  var lines: [any CharacterEndpoint] { [console] + consoles.flatMap(\.lines) }

  /// Keeps the slots that devices name which are still to be attached: a device that names none takes
  /// another.
  ///
  /// - Throws: ``MachineSetUpError`` where there are not enough slots, or two devices name one.
  public func reserveSlots(for placements: [VirtioPlacement]) throws {
    guard placements.count <= InterruptRouting.slots.count else {
      throw MachineSetUpError("\(placements.count) devices do not fit into \(Self.slotNames)")
    }
    for slot in placements.compactMap(\.slot) {
      guard reservedSlots.insert(slot).inserted else {
        throw MachineSetUpError("two devices name slot \(slot); a PCI slot takes one")
      }
    }
  }

  /// Puts a virtio device into its slot, or into a free one that is not reserved, and builds its way to
  /// memory: address policy, bus-master gate, fault reports, Pchip windows, RAM.
  public func attach(_ device: any VirtioDevice, _ placement: VirtioPlacement) throws {
    let used = Set(pci.targets.map(\.slot))
    let free = InterruptRouting.slots.first { !used.contains($0) && !reservedSlots.contains($0) }
    guard let slot = placement.slot ?? free else {
      throw MachineSetUpError("\(device.name): \(Self.slotNames) are all taken")
    }
    guard InterruptRouting.slots.contains(slot) else {
      throw MachineSetUpError("\(device.name): slot \(slot) is none of \(Self.slotNames)")
    }
    let function = try VirtioPCIFunction(
      device, interface: placement.interface, policy: placement.policy, trace: trace
    ) { [ram, io, trace] configuration in
      func layers(_ space: any DMAAddressSpace, isTranslated: Bool) -> any DMAAddressSpace {
        ReportingDMAAddressSpace(
          name: device.name, configuration: configuration, next: space,
          translator: io.pchip.translator, isTranslated: isTranslated, trace: trace)
      }
      return VirtioPCIFunction.Memory(
        translated: layers(PchipDMAAddressSpace(io.pchip, memory: ram), isTranslated: true),
        physical: layers(PhysicalDMAAddressSpace(memory: ram), isTranslated: false))
    }
    try pci.attach(function, slot: slot)
    functions.append(function)
  }

  private static var slotNames: String {
    "PCI slots \(InterruptRouting.slots.lowerBound) to \(InterruptRouting.slots.upperBound)"
  }

  /// The battery-backed memory of the real-time clock, where the firmware has its nonvolatile
  /// variables: 114 bytes, and no other number is taken.
  public var nonvolatileMemory: [UInt8] {
    get { southBridge.nonvolatileMemory }
    set { southBridge.nonvolatileMemory = newValue }
  }

  /// Power-on or reset: devices and CPUs start anew, firmware and kernel are loaded again. Guest
  /// time goes on.
  public func reset() throws {
    bus.haltRequest = nil
    pci.reset()
    io.reset()
    for alarm in cpus.indices { bus.setAlarm(at: 0, cpu: alarm) }
    try loader.load()
    let arguments = loader.resetArguments
    for cpu in cpus {
      cpu.reset(
        pc: loader.firmware.entry, arguments: cpu.number == 0 ? arguments : (0, 0, 0))
    }
  }

  /// Asked at every look at the host; true ends the run as interrupted.
  public var stopCondition: () -> Bool = { false }

  /// Ends a run from another thread.
  public let stopper = Stopper()

  /// A request to stop that any thread may make.
  public final class Stopper: Sendable {
    private let isRequested = Atomic<Bool>(false)

    /// Makes ``Machine/run(_:)`` return after the slice of the CPU that it executes, at most a
    /// millisecond of guest time.
    public func requestStop() { isRequested.store(true, ordering: .relaxed) }

    /// Whether somebody has.
    public var isStopRequested: Bool { isRequested.load(ordering: .relaxed) }
  }
}
