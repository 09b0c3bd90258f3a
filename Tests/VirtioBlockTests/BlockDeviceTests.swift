import DeviceModel
import DiskImages
import GuestMemory
import MachineTestKit
import PCI
import Testing
import Virtio

@testable import VirtioBlock

@Suite("Block device")
struct BlockDeviceTests {
  typealias Feature = BlockRig.Feature
  let data = BlockRig.data

  @Test("The configuration (a.8, BK3, BK22, BK26, BK33, BK35)")
  func configuration() throws {
    let rig = try BlockRig()
    let fields: [(UInt64, AccessWidth, UInt64)] = [
      (0, .longword, 64), (4, .longword, 0), (8, .longword, 1 << 17), (12, .longword, 14),
      (16, .longword, 0), (20, .longword, 512), (24, .longword, 0), (28, .longword, 0),
      (32, .byte, 1), (33, .byte, 0), (34, .word, 1), (36, .longword, 1 << 13),
      (40, .longword, 4), (44, .longword, 1), (48, .longword, 1 << 13), (52, .longword, 4),
      (56, .byte, 1), (57, .byte, 0), (58, .word, 0),
    ]
    for (offset, width, value) in fields {
      #expect(try rig.registers.read(0x2000 + offset, width) == value, "offset \(offset)")
    }
    #expect(try rig.registers.offeredFeatures() == 0x3_3000_6A46)
    try rig.start(Feature.all)
    for offset in 0..<60 as Range<UInt64> { try rig.registers.write(0x2000 + offset, .byte, 0) }
    #expect(try rig.registers.read(0x2000, .byte) == 64)
    #expect(try rig.registers.read(0x2020, .byte) == 1)  // H86
  }

  @Test("The largest request suits drivers that cannot chain scatter lists (BK26)")
  func segmentLimit() throws {
    for (size, limit) in [(4, 2), (128, 126), (256, 126), (1024, 126)] as [(UInt16, UInt64)] {
      let rig = try BlockRig(options: BlockOptions(queueSize: size))
      #expect(try rig.registers.read(0x200C, .longword) == limit, "queue size \(size)")
    }
  }

  @Test("Read-only disks and several queues in the offer (BK7, BK33)")
  func offers() throws {
    #expect(try BlockRig(readOnly: true).registers.offeredFeatures() == 0x3_3000_0266)
    let rig = try BlockRig(options: BlockOptions(queueCount: 3, queueSize: 16))
    #expect(try rig.registers.offeredFeatures() & 1 << 12 != 0)
    #expect(try rig.registers.read(0x2022, .word) == 3)
    #expect(try rig.registers.read(0x12, .word) == 3)
  }

  @Test("A notification is served one latency later, kicks in between included")
  func latency() throws {
    let rig = try BlockRig()
    try rig.start()
    rig.clock.advance(to: 1_000_000)
    try rig.setHeader(0)
    let chain: [BlockRig.Buffer] = [
      .readable(BlockRig.header, 16), .writable(data, 512), .writable(BlockRig.status, 1),
    ]
    try rig.queue.add(chain)
    try rig.registers.kick()
    #expect(rig.clock.nextDeadline == 1_020_000)
    #expect(try rig.queue.takeUsed().isEmpty)
    rig.clock.advance(to: 1_010_000)
    rig.clock.runDueAlarms()
    try rig.queue.add(chain)
    try rig.registers.kick()
    #expect(rig.clock.nextDeadline == 1_020_000)
    rig.clock.advance(to: 1_020_000)
    rig.clock.runDueAlarms()
    #expect(try rig.queue.takeUsed().count == 2)
    #expect(rig.clock.nextDeadline == nil)
  }

  @Test("An alarm does its budget of work, and the next one goes on")
  func budget() throws {
    let rig = try BlockRig(options: BlockOptions(queueSize: 64))
    try rig.start()
    try rig.setHeader(4)
    for _ in 0..<20 {
      try rig.queue.add([.readable(BlockRig.header, 16), .writable(BlockRig.status, 1)])
    }
    try rig.registers.kick()
    let flushes = NotifiedQueues.budget / (BlockDevice.flushCost + BlockDevice.requestCost) + 1
    for count in [flushes, 20 - flushes] {
      let deadline = try #require(rig.clock.nextDeadline)
      rig.clock.advance(to: deadline)
      rig.clock.runDueAlarms()
      #expect(try rig.queue.takeUsed().count == count)
    }
    #expect(rig.clock.nextDeadline == nil)
  }

  @Test("No request moves more than the limits let a driver ask for")
  func requestLimit() throws {
    #expect(
      Int(BlockDevice.maximumDataElements) * Int(BlockDevice.maximumElementSize)
        <= BlockDevice.maximumRequestSize)
    #expect(
      BlockDevice.maximumSegments * Int(BlockDevice.maximumSegmentSectors) * 512
        == BlockDevice.maximumRequestSize)
    let rig = try BlockRig(over: MemoryFileStore([UInt8](repeating: 7, count: (16 << 20) + 512)))
    try rig.start()
    let buffers = [BlockRig.Buffer](repeating: .writable(0x10_0000, 1 << 20), count: 16)
    #expect(try rig.request(0, buffers).status == 0)
    #expect(try rig.request(0, buffers + [.writable(0x10_0000, 512)]).status == 1)
    #expect(rig.warnings.count == 1)
  }

  @Test("Windows that change under a running request take effect (H16)")
  func windowChange() throws {
    let rig = try BlockRig()
    try rig.start()
    try rig.setHeader(0)
    try rig.queue.add([
      .readable(BlockRig.header, 16), .writable(data, 512), .writable(BlockRig.status, 1),
    ])
    try rig.registers.kick()
    rig.memory.holes = [data..<data + 512]
    try rig.settle()
    #expect(try rig.bytes(1, at: BlockRig.status) == [1])
    #expect(!rig.needsReset)
  }

  @Test("A reset before service moves nothing any more (RS1-RS3, H56)")
  func resetInFlight() throws {
    let rig = try BlockRig()
    try rig.start()
    try rig.setHeader(0, sector: 1)
    try rig.queue.add([
      .readable(BlockRig.header, 16), .writable(data, 512), .writable(BlockRig.status, 1),
    ])
    try rig.registers.kick()
    try rig.registers.setStatus(0)
    #expect(rig.clock.nextDeadline == nil)
    try rig.settle()
    #expect(try rig.queue.takeUsed().isEmpty)
    #expect(try rig.bytes(512).allSatisfy { $0 == 0 })
    #expect(!rig.line.isAsserted)
  }

  @Test("Decode off or the BAR moved: requests go on (H59, H61); bus master off: they wait (PC7)")
  func commandBits() throws {
    let rig = try BlockRig()
    try rig.start()
    func request() throws {
      try rig.setHeader(0)
      try rig.queue.add([
        .readable(BlockRig.header, 16), .writable(data, 512), .writable(BlockRig.status, 1),
      ])
      try rig.registers.kick()
    }
    try request()
    rig.function.writeConfiguration(4, .word, 4)
    try rig.settle()
    #expect(try rig.queue.takeUsed().count == 1)
    try request()
    rig.function.writeConfiguration(4, .word, 3)
    try rig.settle()
    #expect(try rig.queue.takeUsed().isEmpty)
    rig.function.writeConfiguration(4, .word, 7)
    try rig.settle()
    #expect(try rig.queue.takeUsed().count == 1)
  }

  @Test("Several queues serve alike (BK33)")
  func multiQueue() throws {
    let rig = try BlockRig(options: BlockOptions(queueCount: 2, queueSize: 16))
    try rig.start(Feature.all | 1 << 12)
    let second = rig.virtio.queues[1]
    try rig.setHeader(0)
    try second.add([
      .readable(BlockRig.header, 16), .writable(data, 512), .writable(BlockRig.status, 1),
    ])
    try rig.registers.kick(queue: 1)
    try rig.settle()
    #expect(try second.takeUsed().count == 1)
    #expect(try rig.queue.takeUsed().isEmpty)
  }

  @Test("Bad options are refused in words")
  func badOptions() {
    for options in [
      BlockOptions(serial: "twenty-one characters"), BlockOptions(serial: "é"),
      BlockOptions(queueCount: 0), BlockOptions(queueCount: 17), BlockOptions(queueSize: 2),
      BlockOptions(queueSize: 100), BlockOptions(queueSize: 2048),
    ] {
      #expect(throws: BlockSetUpError.self) { _ = try BlockRig(options: options) }
    }
  }

  @Test("Saved in mid-life and restored elsewhere, the request completes there (H97)")
  func saveRestore() throws {
    let rig = try BlockRig()
    try rig.start(Feature.modern | Feature.flush | Feature.configWCE)
    try rig.registers.write(0x2020, .byte, 0)
    try rig.setHeader(0, sector: 4)
    try rig.queue.add([
      .readable(BlockRig.header, 16), .writable(data, 512), .writable(BlockRig.status, 1),
    ])
    try rig.registers.kick()

    let other = try BlockRig()
    try other.virtio.restoreTransport(from: rig.virtio)
    try other.device.restore(rig.device.save())
    try other.clock.restore(rig.clock.save())
    #expect(other.device.save() == rig.device.save())
    try other.settle()
    #expect(try other.bytes(512) == [UInt8](repeating: 4, count: 512))
    #expect(try other.registers.takeInterruptStatus() == 1)
    #expect(try other.registers.read(0x2020, .byte) == 0)
    #expect(throws: RestoreFault.self) {
      try other.device.restore(BlockDevice.Saved(isWriteback: true, pending: [1]))
    }
  }
}
