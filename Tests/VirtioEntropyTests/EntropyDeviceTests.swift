import DeviceModel
import GuestMemory
import MachineTestKit
import PCI
import Testing
import Virtio

@testable import VirtioEntropy

@Suite("Entropy device")
struct EntropyDeviceTests {
  typealias Rig = VirtioRig<EntropyDevice>
  let data = Rig.buffers

  static func rig(
    _ source: EntropySource = .seed(0), interface: VirtioInterface = .modern
  ) throws -> Rig {
    try Rig(interface: interface) {
      EntropyDevice("virtio-rng0", source: source, clock: $0, trace: $1)
    }
  }

  // MARK: Interfaces

  @Test(
    "Identity, queue and offer through each interface (a.1, ST4, AP1)",
    arguments: [
      (VirtioInterface.modern, 0x1044 as UInt64, 1 as UInt64), (.transitional, 0x1005, 0),
      (.legacy, 0x1005, 0),
    ])
  func identity(_ interface: VirtioInterface, _ device: UInt64, _ revision: UInt64) throws {
    let rig = try Self.rig(interface: interface)
    #expect(rig.function.readConfiguration(0, .longword) == device << 16 | 0x1AF4)
    #expect(rig.function.readConfiguration(8, .byte) == revision)
    if interface != .legacy {
      #expect(try rig.registers.offeredFeatures() == 0x3_3000_0000)
      #expect(try rig.registers.read(0x12, .word) == 1)
      #expect(try rig.registers.read(0x18, .word) == 64)
      // No configuration, so no capability for it.
      #expect(rig.capabilities().map(\.type) == [1, 2, 3, 5])
      #expect(try rig.registers.read(0x2000, .longword) == 0xFFFF_FFFF)
    }
    if interface != .modern {
      #expect(rig.function.readConfiguration(0x2E, .word) == 4)
      #expect(try rig.legacy.read(0, .longword) == 0x3800_0000)
      #expect(try rig.legacy.read(12, .word) == 64)
      #expect(try rig.legacy.read(20, .longword) == 0xFFFF_FFFF)
    }
  }

  @Test("A modern driver gets bytes, a used length and an interrupt (IR1, IR3)")
  func modern() throws {
    let rig = try Self.rig()
    try rig.start()
    #expect(try rig.submit([.writable(data, 16)]) == [.init(id: 0, length: 16)])
    // The first two numbers of SplitMix64 from 0, as its authors publish them.
    #expect(try rig.memory.readInteger(BusAddress(data)) as UInt64 == 0xE220_A839_7B1D_CDAF)
    #expect(try rig.memory.readInteger(BusAddress(data + 8)) as UInt64 == 0x6E78_9E6A_A1B9_65F4)
    #expect(try rig.bytes(1, at: data + 16) == [0])
    #expect(rig.line.isAsserted)
    #expect(try rig.registers.takeInterruptStatus() == 1)
    #expect(!rig.line.isAsserted)
    #expect(rig.warnings.isEmpty)
  }

  @Test(
    "A legacy driver gets bytes, even before DRIVER_OK (ST17)",
    arguments: [VirtioInterface.transitional, .legacy])
  func legacy(_ interface: VirtioInterface) throws {
    let rig = try Self.rig(interface: interface)
    try rig.startLegacy()
    #expect(try rig.submit([.writable(data, 8)], legacy: true).map(\.length) == [8])
    try rig.legacy.write(18, .byte, 0)
    let queue = try DriverSideQueue(rig.memory, at: 0x1000, size: 64)
    try rig.legacy.write(18, .byte, 3)
    try rig.legacy.write(8, .longword, 1)
    try queue.add([.writable(data, 8)])
    try rig.legacy.write(16, .word, 0)
    try rig.settle()
    #expect(try queue.takeUsed().map(\.length) == [8])
  }

  // MARK: Requests

  @Test("The bytes spread over the buffers of a chain, direct or indirect (5.4.6)")
  func scatter() throws {
    let whole = try Self.rig()
    try whole.start()
    try whole.submit([.writable(data, 24)])
    let rig = try Self.rig()
    try rig.start()
    let chain: [DriverSideQueue.Buffer] = [
      .writable(data, 5), .writable(data + 0x100, 0), .writable(data + 0x200, 19),
    ]
    #expect(try rig.submit(chain).map(\.length) == [24])
    #expect(try rig.bytes(5) + rig.bytes(19, at: data + 0x200) == whole.bytes(24))
    try rig.queues[0].addIndirect(chain, table: data + 0x1000)
    try rig.registers.kick()
    try rig.settle()
    #expect(try rig.queues[0].takeUsed().map(\.length) == [24])
  }

  @Test("An answer has at most 4096 bytes, however large the buffer (H10, H11)")
  func limit() throws {
    let rig = try Self.rig()
    try rig.start()
    #expect(try rig.submit([.writable(data, 0x1_0000)]).map(\.length) == [4096])
    #expect(try rig.bytes(8, at: data + 4096).allSatisfy { $0 == 0 })
    #expect(try rig.submit([.writable(data, 0xFFFF_FFFF)]).map(\.length) == [4096])
    #expect(!rig.needsReset)
    try rig.submit([.writable(data, 0xFFFF_FFFF), .writable(data, 2)])
    #expect(rig.needsReset)
  }

  @Test("Requests without writable bytes, and with readable ones, are answered and said")
  func oddRequests() throws {
    let rig = try Self.rig()
    try rig.start()
    #expect(try rig.submit([.readable(data, 16)]).map(\.length) == [0])
    #expect(try rig.bytes(16).allSatisfy { $0 == 0 })
    #expect(try rig.submit([.readable(data, 4), .writable(data + 4, 8)]).map(\.length) == [8])
    #expect(try rig.bytes(4).allSatisfy { $0 == 0 })
    #expect(rig.warnings.count == 3)
    #expect(!rig.needsReset)
  }

  @Test("A buffer that cannot be reached is answered up to there (H12, H13)")
  func unreachable() throws {
    let rig = try Self.rig()
    try rig.start()
    rig.memory.holes = [data + 0x2000..<data + 0x4000]
    #expect(
      try rig.submit([.writable(data, 8), .writable(data + 0x2000, 8)]).map(\.length) == [8])
    #expect(try rig.submit([.writable(data + 0x3000, 8)]).map(\.length) == [0])
    #expect(!rig.needsReset)
  }

  // MARK: Life

  @Test("Service comes one latency later; a reset in between leaves nothing behind (RS1-RS3, H56)")
  func latency() throws {
    let rig = try Self.rig()
    try rig.start()
    rig.clock.advance(to: 1_000_000)
    try rig.queues[0].add([.writable(data, 8)])
    try rig.registers.kick()
    #expect(rig.clock.nextDeadline == 1_000_000 + EntropyDevice.latency)
    #expect(try rig.queues[0].takeUsed().isEmpty)
    try rig.registers.setStatus(0)
    #expect(rig.clock.nextDeadline == nil)
    try rig.settle()
    #expect(try rig.bytes(8).allSatisfy { $0 == 0 })
    #expect(!rig.line.isAsserted)
  }

  @Test("Bus master off: the request waits (PC7)")
  func busMaster() throws {
    let rig = try Self.rig()
    try rig.start()
    rig.function.writeConfiguration(4, .word, 3)
    #expect(try rig.submit([.writable(data, 8)]).isEmpty)
    rig.function.writeConfiguration(4, .word, 7)
    try rig.settle()
    #expect(try rig.queues[0].takeUsed().map(\.length) == [8])
  }

  @Test("Equal seeds give equal bytes, others do not, and a reset does not repeat them")
  func seeds() throws {
    func bytes(_ source: EntropySource) throws -> [[UInt8]] {
      let rig = try Self.rig(source)
      return try (0..<2).map { _ in
        try rig.start()
        try rig.submit([.writable(data, 64)])
        return try rig.bytes(64)
      }
    }
    let first = try bytes(.seed(7))
    #expect(try bytes(.seed(7)) == first)
    #expect(try bytes(.seed(8))[0] != first[0])
    #expect(first[0] != first[1])
    #expect(try bytes(.host) != bytes(.host))
  }

  @Test("Saved in mid-life and restored elsewhere, the same bytes come there (H97)")
  func saveRestore() throws {
    let rig = try Self.rig(.seed(3))
    try rig.start()
    try rig.submit([.writable(data, 32)])
    try rig.queues[0].add([.writable(data, 32)])
    try rig.registers.kick()
    let other = try Self.rig(.seed(99))
    try other.restoreTransport(from: rig)
    try other.device.restore(rig.device.save())
    try other.clock.restore(rig.clock.save())
    #expect(other.device.save() == rig.device.save())
    try rig.settle()
    try other.settle()
    #expect(try other.bytes(32) == rig.bytes(32))
    #expect(try other.queues[0].takeUsed().map(\.length) == [32])
  }

  @Test("Saved state of another source, or with queues that do not exist, is refused")
  func badState() throws {
    let rig = try Self.rig()
    for saved in [
      EntropyDevice.Saved(sequence: nil, notified: []),
      EntropyDevice.Saved(sequence: 1, notified: [1]),
    ] {
      #expect(throws: RestoreFault.self) { try rig.device.restore(saved) }
    }
    let host = try Self.rig(.host)
    #expect(throws: RestoreFault.self) {
      try host.device.restore(EntropyDevice.Saved(sequence: 1, notified: []))
    }
  }

  @Test(
    "Drivers at random never crash the device, and a reset brings it back",
    arguments: 0..<12 as Range<UInt64>)
  func hostile(_ seed: UInt64) throws {
    let rig = try Self.rig()
    try rig.driveAtRandom(seed: seed)
    try rig.start()
    #expect(try rig.submit([.writable(data, 8)]).map(\.length) == [8])
  }
}
