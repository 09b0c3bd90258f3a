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

  let virtio: VirtioRig<BlockDevice>
  let store: MemoryFileStore
  var memory: FlatDMASpace { virtio.memory }
  var clock: VirtualClock { virtio.clock }
  var device: BlockDevice { virtio.device }
  var function: VirtioPCIFunction { virtio.function }
  var registers: DriverSideRegisters { virtio.registers }
  var legacy: DriverSideRegisters { virtio.legacy }
  var line: InterruptLine { virtio.line }
  var queue: DriverSideQueue { virtio.queues[0] }
  var warnings: [String] { virtio.warnings }
  var needsReset: Bool { virtio.needsReset }

  init(
    over disk: MemoryFileStore? = nil, readOnly: Bool = false,
    interface: VirtioInterface = .modern,
    options: BlockOptions = BlockOptions(serial: "BREAKWATER-1", queueSize: 16)
  ) throws {
    let store =
      disk
      ?? MemoryFileStore(
        (0..<Int(Self.sectors) * 512).map { UInt8(truncatingIfNeeded: $0 / 512) })
    self.store = store
    virtio = try VirtioRig(interface: interface, memoryByteCount: 4 << 20) {
      try BlockDevice(
        "virtio-blk0", image: RawImage(store, readOnly: readOnly), options: options, clock: $0,
        trace: $1)
    }
    store.isRecording = true
  }

  /// Brings the device up.
  func start(_ features: UInt64 = Feature.all) throws { try virtio.start(features) }

  /// Lets every alarm fire.
  func settle() throws { try virtio.settle() }

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
    try settle()
  }

  func bytes(_ count: Int, at address: UInt64 = data) throws -> [UInt8] {
    try memory.readBytes(BusAddress(address), byteCount: count)
  }

  var flushes: Int { store.changes.count { $0 == .flush } }
  var imageIsUntouched: Bool { store.changes.allSatisfy { $0 == .flush } }
}
