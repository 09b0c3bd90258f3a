import DeviceModel
import DiskImages
import GuestMemory
import MachineTestKit
import PCI
import Virtio

@testable import VirtioBlock

/// A block device on PCI over an image in memory, with a driver that submits requests.
final class BlockRig {
  /// Feature bits of the block device and of virtio.
  enum Feature {
    static let readOnly: UInt64 = 1 << 5
    static let flush: UInt64 = 1 << 9
    static let configWCE: UInt64 = 1 << 11
    static let discard: UInt64 = 1 << 13
    static let writeZeroes: UInt64 = 1 << 14
    static let indirect: UInt64 = 1 << 28
    static let modern: UInt64 = 1 << 32 | 1 << 33
    static let all = modern | indirect | flush | discard | writeZeroes
  }

  typealias Buffer = DriverSideQueue.Buffer

  static let header: UInt64 = 0x2_0000
  static let data: UInt64 = 0x3_0000
  static let status: UInt64 = 0x2_1000
  static let sectors: UInt64 = 64

  let memory: FlatDMASpace
  let store: MemoryFileStore
  let clock = VirtualClock()
  let device: BlockDevice
  let function: VirtioPCIFunction
  let registers: DriverSideRegisters
  let legacy: DriverSideRegisters
  let line = InterruptLine()
  private(set) var queue: DriverSideQueue
  private let log = Log()
  var warnings: [String] { log.lines }

  private final class Log {
    var lines: [String] = []
  }

  init(
    over disk: MemoryFileStore? = nil, readOnly: Bool = false,
    interface: VirtioInterface = .modern,
    options: BlockOptions = BlockOptions(serial: "BREAKWATER-1", queueSize: 16)
  ) throws {
    memory = try FlatDMASpace(byteCount: 4 << 20)
    store =
      disk
      ?? MemoryFileStore(
        (0..<Int(Self.sectors) * 512).map { UInt8(truncatingIfNeeded: $0 / 512) })
    let log = log
    let trace = DeviceTrace(warningSink: { log.lines.append($0) })
    device = try BlockDevice(
      "virtio-blk0", image: RawImage(store, readOnly: readOnly), options: options, clock: clock,
      trace: trace)
    let ways = VirtioPCIFunction.Memory(translated: memory, physical: memory)
    let function = try VirtioPCIFunction(
      device, interface: interface, policy: DMAPolicy(unnegotiated: .physical), trace: trace
    ) { _ in ways }
    self.function = function
    function.configuration.interruptOutput = line
    registers = DriverSideRegisters(
      load: { try function.readBAR(4, $0, $1) }, store: { try function.writeBAR(4, $0, $1, $2) })
    legacy = DriverSideRegisters(
      load: { try function.readBAR(0, $0, $1) }, store: { try function.writeBAR(0, $0, $1, $2) })
    function.writeConfiguration(4, .word, 7)
    queue = try DriverSideQueue(memory, at: 0x1000, size: options.queueSize)
    store.isRecording = true
  }

  /// Brings the device up.
  func start(_ features: UInt64 = Feature.all) throws {
    queue = try DriverSideQueue(memory, at: 0x1000, size: queue.size)
    try registers.negotiate(features)
    try registers.enable(queue)
    try registers.driverOK()
    settle()
  }

  /// Lets every alarm fire.
  func settle() {
    while let deadline = clock.nextDeadline {
      clock.advance(to: deadline)
      clock.runDueAlarms()
    }
  }

  // MARK: Requests

  /// Stores a request header.
  func setHeader(_ type: UInt32, sector: UInt64 = 0) throws {
    try memory.writeInteger(type, at: BusAddress(Self.header))
    try memory.writeInteger(UInt32(0), at: BusAddress(Self.header + 4))
    try memory.writeInteger(sector, at: BusAddress(Self.header + 8))
  }

  /// Submits header, data and status; what the device answered.
  @discardableResult
  func request(_ type: UInt32, sector: UInt64 = 0, _ data: [Buffer] = []) throws -> Answer {
    try setHeader(type, sector: sector)
    return try submit([.readable(Self.header, 16)] + data + [.writable(Self.status, 1)])
  }

  /// What the driver sees of a completed request.
  struct Answer: Equatable {
    /// The status byte, or 0xEE where none was written.
    var status: UInt8
    /// The used length; nil when nothing was completed.
    var length: UInt32?
  }

  /// Submits a chain as it stands.
  func submit(_ chain: [Buffer]) throws -> Answer {
    try memory.writeBytes([0xEE], at: BusAddress(Self.status))
    if chain.count > Int(queue.size) {
      try queue.addIndirect(chain, table: 0x10_0000)
    } else {
      try queue.add(chain)
    }
    try kick()
    let status = try memory.readBytes(BusAddress(Self.status), byteCount: 1)
    return try Answer(status: status[0], length: queue.takeUsed().first?.length)
  }

  func kick() throws {
    try registers.kick()
    settle()
  }

  func bytes(_ count: Int, at address: UInt64 = data) throws -> [UInt8] {
    try memory.readBytes(BusAddress(address), byteCount: count)
  }

  var needsReset: Bool { function.core.status.contains(.needsReset) }
  var flushes: Int { store.changes.count { $0 == .flush } }
  var imageIsUntouched: Bool { store.changes.allSatisfy { $0 == .flush } }
}
