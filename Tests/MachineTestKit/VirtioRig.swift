public import DeviceModel
import GuestMemory
import PCI
public import Virtio

/// A virtio device on PCI over flat memory, with a driver's hands on its registers and queues.
public final class VirtioRig<Device: VirtioDevice> {
  /// The device under test.
  public let device: Device
  /// Memory, as translated addresses reach it.
  public let memory: FlatDMASpace
  /// Memory, as physical addresses reach it: the same, unless asked for otherwise.
  public let physical: FlatDMASpace
  /// Guest time.
  public let clock = VirtualClock()
  /// The device on PCI.
  public let function: VirtioPCIFunction
  /// The modern interface.
  public let registers: DriverSideRegisters
  /// The legacy interface.
  public let legacy: DriverSideRegisters
  /// INTA.
  public let line = InterruptLine()
  /// The queues, as the last start has laid them out.
  public private(set) var queues: [DriverSideQueue] = []
  /// What was reported.
  public var warnings: [String] { log.lines }
  private let log = Log()

  private final class Log {
    var lines: [String] = []
  }

  /// Memory that no queue takes.
  public static var buffers: UInt64 { 0x8_0000 }

  /// Puts a device on PCI; bus mastering is on.
  public init(
    interface: VirtioInterface = .modern, policy: DMAPolicy = DMAPolicy(unnegotiated: .physical),
    memoryByteCount: UInt64 = 2 << 20, separatePhysical: Bool = false,
    make: (VirtualClock, DeviceTrace) throws -> Device
  ) throws {
    memory = try FlatDMASpace(byteCount: memoryByteCount)
    physical = separatePhysical ? try FlatDMASpace(byteCount: memoryByteCount) : memory
    let log = log
    let trace = DeviceTrace(warningSink: { log.lines.append($0) })
    device = try make(clock, trace)
    let ways = VirtioPCIFunction.Memory(translated: memory, physical: physical)
    let function = try VirtioPCIFunction(
      device, interface: interface, policy: policy, trace: trace
    ) { _ in ways }
    self.function = function
    function.configuration.interruptOutput = line
    registers = DriverSideRegisters(
      load: { try function.readBAR(4, $0, $1) }, store: { try function.writeBAR(4, $0, $1, $2) })
    legacy = DriverSideRegisters(
      load: { try function.readBAR(0, $0, $1) }, store: { try function.writeBAR(0, $0, $1, $2) })
    function.writeConfiguration(4, .word, 7)
    try layOutQueues()
  }

  private func layOutQueues() throws {
    queues = try device.queueSizes.enumerated().map { index, size in
      try DriverSideQueue(memory, at: 0x1000 + 0x3000 * UInt64(index), size: size)
    }
  }

  /// Brings the device up as a modern driver does, with every queue enabled. Without `features`, it
  /// accepts all that are offered.
  public func start(_ features: UInt64? = nil) throws {
    try layOutQueues()
    try registers.negotiate(features ?? registers.offeredFeatures())
    for (index, queue) in queues.enumerated() {
      try registers.enable(queue: UInt64(index), queue)
    }
    try registers.driverOK()
    try settle()
  }

  /// Brings the device up as a legacy driver does.
  public func startLegacy(_ features: UInt64? = nil) throws {
    try layOutQueues()
    for status in [0, 1, 3] as [UInt64] { try legacy.write(18, .byte, status) }
    try legacy.write(4, .longword, features ?? legacy.read(0, .longword))
    for (index, queue) in queues.enumerated() {
      try legacy.write(14, .word, UInt64(index))
      try legacy.write(8, .longword, queue.descriptorTable >> 12)
    }
    try legacy.write(18, .byte, 7)
    try settle()
  }

  /// Makes a chain available and lets the device serve it. What it answered.
  @discardableResult
  public func submit(
    _ chain: [DriverSideQueue.Buffer], to queue: Int = 0, legacy isLegacy: Bool = false
  ) throws -> [DriverSideQueue.Used] {
    try queues[queue].add(chain)
    if isLegacy {
      try legacy.write(16, .word, UInt64(queue))
    } else {
      try registers.kick(queue: UInt64(queue))
    }
    try settle()
    return try queues[queue].takeUsed()
  }

  /// Lets every alarm fire; throws if there is no end of them.
  public func settle() throws {
    for _ in 0..<1000 {
      guard let deadline = clock.nextDeadline else { return }
      clock.advance(to: deadline)
      clock.runDueAlarms()
    }
    guard clock.nextDeadline == nil else { throw NeverSettles() }
  }

  /// Memory as bytes.
  public func bytes(_ count: Int, at address: UInt64 = VirtioRig.buffers) throws -> [UInt8] {
    try memory.readBytes(BusAddress(address), byteCount: count)
  }

  /// Whether the device has given up.
  public var needsReset: Bool { function.core.status.contains(.needsReset) }

  /// Copies memory and transport from another rig; the device and the clock are the caller's.
  public func restoreTransport(from other: VirtioRig) throws {
    try memory.copy(from: other.memory)
    try function.restore(other.function.save())
    queues = other.queues.map { DriverSideQueue(continuing: $0, in: memory) }
  }

  /// The vendor capabilities in the order of the list: type and length of the structure.
  public func capabilities() -> [(type: Int, byteCount: Int)] {
    var result: [(Int, Int)] = []
    var offset = Int(function.readConfiguration(0x34, .byte))
    while offset != 0, result.count < 16 {
      result.append(
        (
          Int(function.readConfiguration(offset + 3, .byte)),
          Int(function.readConfiguration(offset + 12, .longword))
        ))
      offset = Int(function.readConfiguration(offset + 1, .byte))
    }
    return result
  }
}

/// A device sets an alarm each time that one fires.
public struct NeverSettles: Error {}

// MARK: - Drivers that break rules

extension VirtioRig {
  /// Rings, descriptors and register accesses at random, over many starts of the device: whatever
  /// comes of it, nothing may trap, hang or leave memory. `poll` is called in between.
  public func driveAtRandom(seed: UInt64, poll: () -> Void = {}) throws {
    var random = SeededGenerator(seed)
    let addresses =
      [0, 1, 0x1000, 0x1400, 0x2000, Self.buffers, 0x1F_FFF0, 0x20_0000, 1 << 40, .max] as [UInt64]
    let lengths = [0, 1, 7, 8, 16, 64, 4096, 0x10_0000, 0x4000_0000, .max] as [UInt32]
    for _ in 0..<12 {
      let features = try registers.offeredFeatures()
      try start(features & ~(UInt64.random(in: 0...7, using: &random)))
      for _ in 0..<24 {
        guard let number = queues.indices.randomElement(using: &random) else { return }
        let queue = queues[number]
        for _ in 0..<Int.random(in: 1...6, using: &random) {
          try queue.setDescriptor(
            UInt16.random(in: 0..<min(queue.size, 12), using: &random),
            address: addresses.randomElement(using: &random) ?? 0,
            length: lengths.randomElement(using: &random) ?? 0,
            flags: UInt16.random(in: 0...3, using: &random),
            next: UInt16.random(in: 0..<13, using: &random))
        }
        try queue.setAvailable(
          slot: queue.availableIndex, head: UInt16.random(in: 0..<13, using: &random))
        try queue.setAvailableIndex(
          queue.availableIndex &+ UInt16.random(in: 0...2, using: &random))
        try registers.kick(queue: UInt64(number))
        try registers.write(
          0x2000 + UInt64.random(in: 0..<16, using: &random), .byte,
          UInt64.random(in: 0...255, using: &random))
        if Bool.random(using: &random) { try settle() }
        poll()
      }
      try settle()
    }
  }
}
