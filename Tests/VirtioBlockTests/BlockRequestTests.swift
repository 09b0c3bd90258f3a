import DeviceModel
import DiskImages
import GuestMemory
import MachineTestKit
import PCI
import Testing
import Virtio

@testable import VirtioBlock

@Suite("Block requests")
struct BlockRequestTests {
  typealias Answer = BlockRig.Answer
  typealias Feature = BlockRig.Feature
  static let (ok, ioError, unsupported) = (UInt8(0), UInt8(1), UInt8(2))

  let rig: BlockRig
  let data = BlockRig.data

  init() throws {
    rig = try BlockRig()
    try rig.start()
  }

  // MARK: Data

  @Test("IN moves the sectors asked for (BK1-BK4, BK28, BK29)")
  func read() throws {
    let answer = try rig.request(0, sector: 5, [.writable(data, 1024)])
    #expect(answer == Answer(status: Self.ok, length: 1025))
    #expect(
      try rig.bytes(1024) == [UInt8](repeating: 5, count: 512) + [UInt8](repeating: 6, count: 512))
    #expect(rig.line.isAsserted)
  }

  @Test(
    "OUT stores what the driver gave; bit 31 is ignored (H84)",
    arguments: [1, 0x8000_0001] as [UInt32])
  func write(_ type: UInt32) throws {
    let pattern = (0..<1024).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try rig.memory.writeBytes(pattern, at: BusAddress(data))
    let answer = try rig.request(
      type, sector: 9, [.readable(data, 100), .readable(data + 100, 924)])
    #expect(answer == Answer(status: Self.ok, length: 1))
    #expect(Array(rig.store.bytes[9 * 512..<11 * 512]) == pattern)
  }

  @Test("Transfers larger than a chunk")
  func longTransfer() throws {
    let rig = try BlockRig()
    let size = 3 << 19
    rig.store.bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
    let device = try BlockDevice(
      "big", image: RawImage(rig.store, readOnly: false), clock: rig.clock, trace: DeviceTrace())
    let function = try VirtioPCIFunction(
      device, trace: DeviceTrace()
    ) { _ in VirtioPCIFunction.Memory(translated: rig.memory, physical: rig.memory) }
    function.writeConfiguration(4, .word, 7)
    let registers = DriverSideRegisters(
      load: { try function.readBAR(4, $0, $1) }, store: { try function.writeBAR(4, $0, $1, $2) })
    let queue = try DriverSideQueue(rig.memory, at: 0x1000, size: 16)
    try registers.negotiate(Feature.all)
    try registers.enable(queue)
    try registers.driverOK()
    try rig.setHeader(0)
    try queue.add([
      .readable(BlockRig.header, 16), .writable(0x10_0000, 700_001),
      .writable(0x20_0000, size - 700_001), .writable(BlockRig.status, 1),
    ])
    try registers.kick()
    try rig.settle()
    #expect(try queue.takeUsed().first?.length == UInt32(size + 1))
    let read = try rig.bytes(700_001, at: 0x10_0000) + rig.bytes(size - 700_001, at: 0x20_0000)
    #expect(read == rig.store.bytes)
  }

  @Test("A header of single bytes, status behind the data in one element (H24-H26)")
  func scatteredHeader() throws {
    try rig.setHeader(0, sector: 2)
    let chain =
      (0..<16).map { BlockRig.Buffer.readable(BlockRig.header + UInt64($0), 1) }
      + [.writable(data, 513)]
    try rig.memory.writeBytes([0xEE], at: BusAddress(data + 512))
    let answer = try rig.submit(chain)
    #expect(answer.length == 513)
    #expect(try rig.bytes(513) == [UInt8](repeating: 2, count: 512) + [0])
  }

  @Test("OUT as 528 one-byte elements in one table (H74)")
  func scatteredWrite() throws {
    try rig.setHeader(1, sector: 3)
    try rig.memory.writeBytes([UInt8](repeating: 0xAB, count: 512), at: BusAddress(data))
    let chain =
      (0..<16).map { BlockRig.Buffer.readable(BlockRig.header + UInt64($0), 1) }
      + (0..<512).map { BlockRig.Buffer.readable(data + UInt64($0), 1) }
      + [.writable(BlockRig.status, 1)]
    #expect(try rig.submit(chain) == Answer(status: Self.ok, length: 1))
    #expect(rig.store.bytes[3 * 512..<4 * 512].allSatisfy { $0 == 0xAB })
  }

  @Test("Status inside the header, data over the rings, overlapping elements (H18-H20)")
  func overlaps() throws {
    try rig.setHeader(0, sector: 1)
    _ = try rig.submit([
      .readable(BlockRig.header, 16), .writable(data, 512), .writable(BlockRig.header + 8, 1),
    ])
    #expect(try rig.bytes(512) == [UInt8](repeating: 1, count: 512))
    #expect(try rig.bytes(1, at: BlockRig.header + 8) == [Self.ok])
    let twice = try rig.request(0, sector: 7, [.writable(data, 512), .writable(data, 512)])
    #expect(twice.length == 1025)
    #expect(try rig.bytes(512) == [UInt8](repeating: 8, count: 512))
    // Sector 0 is all zeroes: the table and the rings are gone, and the device lives on or says so.
    _ = try rig.request(0, sector: 0, [.writable(0x1000, 512)])
    try rig.start()
    #expect(try rig.request(0, [.writable(data, 512)]).status == Self.ok)
  }

  @Test(
    "Bounds and lengths (BK4-BK6, H11, H71-H73)",
    arguments: [
      (0, 64, 0, 0), (0, 64, 512, 1), (0, 63, 512, 0), (0, 63, 1024, 1), (0, 65, 0, 1),
      (0, .max, 512, 1), (0, 1 << 55, 512, 1), (0, 0, 511, 1), (0, 0, 513, 1), (1, 64, 512, 1),
      (1, 64, 0, 0), (1, .max, 512, 1), (1, 0, 100, 1), (0, 0, 0xFFFF_FE00, 1),
    ] as [(UInt32, UInt64, Int, UInt8)])
  func bounds(type: UInt32, sector: UInt64, length: Int, status: UInt8) throws {
    try rig.memory.writeBytes([UInt8](repeating: 0x77, count: 1024), at: BusAddress(data))
    let buffer = type == 0 ? BlockRig.Buffer.writable(data, length) : .readable(data, length)
    let answer = try rig.request(type, sector: sector, length > 0 ? [buffer] : [])
    #expect(answer.status == status)
    #expect(rig.imageIsUntouched)
    if status != 0 {
      #expect(answer.length == (type == 0 && length > 0 ? 0 : 1))
      #expect(try rig.bytes(1024).allSatisfy { $0 == 0x77 })
    }
    #expect(!rig.needsReset)
  }

  @Test("Data in the wrong direction is a transfer of nothing (H76, H77)")
  func wrongDirection() throws {
    try rig.memory.writeBytes([UInt8](repeating: 0x77, count: 512), at: BusAddress(data))
    #expect(try rig.request(0, [.readable(data, 512)]).status == Self.ok)
    #expect(try rig.request(1, [.writable(data, 512)]).status == Self.ok)
    #expect(try rig.bytes(512).allSatisfy { $0 == 0x77 })
    #expect(rig.imageIsUntouched)
    #expect(rig.warnings.count == 2)
  }

  // MARK: Other requests

  @Test(
    "GET_ID is cut or padded (BK16, H79)",
    arguments: [
      (1, 2), (12, 13), (19, 20), (20, 21), (4096, 20),
    ] as [(Int, UInt32)])
  func identify(room: Int, length: UInt32) throws {
    try rig.memory.writeBytes([UInt8](repeating: 0x77, count: 4096), at: BusAddress(data))
    #expect(try rig.request(8, [.writable(data, room)]) == Answer(status: Self.ok, length: length))
    let serial = Array("BREAKWATER-1".utf8) + [UInt8](repeating: 0, count: 8)
    #expect(try rig.bytes(min(room, 20)) == Array(serial.prefix(room)))
    #expect(try rig.bytes(1, at: data + UInt64(min(room, 20))) == [0x77])
  }

  @Test("GET_ID without a buffer (BK16)")
  func identifyNothing() throws {
    #expect(try rig.request(8).status == Self.ioError)
  }

  @Test(
    "FLUSH makes the image durable, whatever comes with it (BK9, H78)",
    arguments: [4, 5] as [UInt32])
  func flush(_ type: UInt32) throws {
    #expect(try rig.request(type, sector: 99, [.readable(data, 7)]).status == Self.ok)
    #expect(rig.flushes == 1)
  }

  @Test(
    "Unknown types are UNSUPP (BK25, H84)",
    arguments: [2, 3, 6, 7, 10, 12, 14, 15, 16, 0xFFFF_FFFF] as [UInt32])
  func unsupported(_ type: UInt32) throws {
    #expect(try rig.request(type) == Answer(status: Self.unsupported, length: 1))
    #expect(rig.imageIsUntouched)
  }

  // MARK: Ranges

  func setSegments(_ segments: [(UInt64, UInt32, UInt32)]) throws {
    for (index, segment) in segments.enumerated() {
      let address = data + 16 * UInt64(index)
      try rig.memory.writeInteger(segment.0, at: BusAddress(address))
      try rig.memory.writeInteger(segment.1, at: BusAddress(address + 8))
      try rig.memory.writeInteger(segment.2, at: BusAddress(address + 12))
    }
  }

  @Test(
    "WRITE_ZEROES reads zero afterwards, with and without unmap (BK20, BK23)",
    arguments: [0, 1] as [UInt32])
  func writeZeroes(_ flags: UInt32) throws {
    try setSegments([(8, 16, flags), (40, 1, flags), (3, 0, flags)])
    #expect(try rig.request(13, [.readable(data, 48)]).status == Self.ok)
    let bytes = rig.store.bytes
    for sector in 0..<Int(BlockRig.sectors) {
      let isZero = bytes[sector * 512..<(sector + 1) * 512].allSatisfy { $0 == 0 }
      #expect(
        isZero == ((8..<24).contains(sector) || sector == 40 || sector == 0), "sector \(sector)")
    }
  }

  @Test("DISCARD releases space (BK21)")
  func discard() throws {
    try setSegments([(8, 16, 0)])
    #expect(try rig.request(11, [.readable(data, 16)]).status == Self.ok)
    #expect(rig.store.changes.contains(.punchHole(4096..<12288)))
  }

  @Test(
    "Bad ranges touch nothing (BK17-BK19, H80-H83)",
    arguments: [
      (11, [(0, 1, 1)], nil, 2), (11, [(0, 1, 2)], nil, 2), (13, [(0, 1, 2)], nil, 2),
      (13, [(0, 1, 0x8000_0001)], nil, 2), (11, [(0, 1, 0), (64, 1, 0)], nil, 1),
      (13, [(0, 1, 0), (.max, 1, 0)], nil, 1), (13, [(63, 2, 0)], nil, 1),
      (13, [(0, .max, 0)], nil, 1), (11, [(0, 1, 0)], 15, 1), (11, [(0, 1, 0)], 17, 1),
      (11, [], 0, 1), (13, [(0, 1, 0)], 65 * 16, 1), (11, [(0, 1, 0)], 65536 * 16, 1),
    ] as [(UInt32, [(UInt64, UInt32, UInt32)], Int?, UInt8)])
  func badRanges(
    type: UInt32, segments: [(UInt64, UInt32, UInt32)], length: Int?, status: UInt8
  ) throws {
    try setSegments(segments)
    let count = length ?? 16 * segments.count
    #expect(try rig.request(type, count > 0 ? [.readable(data, count)] : []).status == status)
    #expect(rig.imageIsUntouched)
  }

  @Test("Range requests need their feature (BK24)", arguments: [11, 13] as [UInt32])
  func rangesWithoutFeature(_ type: UInt32) throws {
    try rig.start(Feature.modern)
    try setSegments([(0, 1, 0)])
    #expect(try rig.request(type, [.readable(data, 16)]).status == Self.unsupported)
    #expect(rig.imageIsUntouched)
  }

  // MARK: Read-only disks

  @Test(
    "A read-only disk refuses every change, RO accepted or not (BK7, BK8, H75)",
    arguments: [0, Feature.readOnly] as [UInt64])
  func readOnly(_ accepted: UInt64) throws {
    let rig = try BlockRig(readOnly: true)
    #expect(
      try rig.registers.offeredFeatures()
        & (Feature.discard | Feature.writeZeroes | Feature.configWCE) == 0)
    try rig.start(Feature.modern | accepted)
    try rig.memory.writeInteger(UInt32(1), at: BusAddress(data + 8))
    for type in [1, 11, 13] as [UInt32] {
      let length = type == 1 ? 512 : 16
      #expect(try rig.request(type, [.readable(data, length)]).status == Self.ioError)
    }
    #expect(rig.imageIsUntouched)
    #expect(try rig.request(4).status == Self.ok)
    #expect(try rig.request(0, sector: 4, [.writable(data, 512)]).status == Self.ok)
  }

  // MARK: Durability

  @Test(
    "Write-back or write-through by what the driver accepted (BK10-BK12)",
    arguments: [
      (0, true), (Feature.flush, false), (Feature.configWCE, true),
      (Feature.configWCE | Feature.flush, false),
    ] as [(UInt64, Bool)])
  func durability(features: UInt64, writeThrough: Bool) throws {
    try rig.start(Feature.modern | features)
    #expect(try rig.request(1, [.readable(data, 512)]).status == Self.ok)
    #expect(rig.flushes == (writeThrough ? 1 : 0))
    #expect(try rig.request(4).status == Self.ok)  // BK15
    #expect(rig.flushes == (writeThrough ? 2 : 1))
  }

  @Test("The writeback byte switches, and switching off flushes (BK11, H85)")
  func writeback() throws {
    try rig.start(Feature.modern | Feature.flush | Feature.configWCE)
    #expect(try rig.registers.read(0x2020, .byte) == 1)
    try rig.request(1, [.readable(data, 512)])
    #expect(rig.flushes == 0)
    // Nothing is left to flush after the first time.
    for _ in 0..<10 {
      try rig.registers.write(0x2020, .byte, 1)
      try rig.registers.write(0x2020, .byte, 0)
      #expect(rig.flushes == 1)
    }
    #expect(try rig.registers.read(0x2020, .byte) == 0)
    try rig.request(1, [.readable(data, 512)])
    #expect(rig.flushes == 2)
    try rig.registers.write(0x2020, .byte, 0xFF)
    #expect(try rig.registers.read(0x2020, .byte) == 1)
    try rig.request(1, [.readable(data, 512)])
    #expect(rig.flushes == 2)
    try rig.registers.write(0x2020, .byte, 0)
    #expect(rig.flushes == 3)
    try rig.registers.setStatus(0)
    #expect(try rig.registers.read(0x2020, .byte) == 1)  // RS4
  }

  @Test("A legacy driver's writes are durable until it has said what it can (BK10, BK13, ST17)")
  func legacyDurability() throws {
    let rig = try BlockRig(interface: .transitional)
    try rig.legacy.write(18, .byte, 3)
    try rig.legacy.write(4, .longword, Feature.flush)
    try rig.legacy.write(8, .longword, rig.queue.descriptorTable >> 12)
    func write() throws {
      try rig.setHeader(1)
      try rig.queue.add([
        .readable(BlockRig.header, 16), .readable(data, 512), .writable(BlockRig.status, 1),
      ])
      try rig.legacy.write(16, .word, 0)
      try rig.settle()
    }
    try write()
    #expect(rig.flushes == 1)
    try rig.legacy.write(18, .byte, 7)
    try write()
    #expect(rig.flushes == 1)
    #expect(try rig.queue.takeUsed().count == 2)
  }

  // MARK: Faults

  @Test("An image that fails is IOERR for that request only, with a line (BK30, H98)")
  func imageFault() throws {
    rig.store.failure = { operation, _ in operation == .read ? 5 : nil }
    let answer = try rig.request(0, sector: 3, [.writable(data, 512)])
    #expect(answer == Answer(status: Self.ioError, length: 0))
    #expect(rig.warnings.count == 1)
    #expect(rig.warnings[0].hasPrefix("virtio-blk0: read at sector 3: memory"))
    rig.store.failure = { _, _ in nil }
    #expect(try rig.request(0, sector: 3, [.writable(data, 512)]).status == Self.ok)
  }

  @Test("A flush that fails fails the write it was for (BK10)")
  func flushFault() throws {
    try rig.start(Feature.modern)
    rig.store.failure = { operation, _ in operation == .flush ? 28 : nil }
    #expect(try rig.request(1, [.readable(data, 512)]).status == Self.ioError)
  }

  @Test(
    "Unreachable data is IOERR, and the next request works (H9, H12, H13, H16)",
    arguments: [
      (0, 0x3F_FF00), (0, 1 << 40), (0, UInt64.max - 100), (1, 1 << 40), (1, 0x3F_FF00),
    ] as [(UInt32, UInt64)])
  func dataFault(type: UInt32, address: UInt64) throws {
    let buffer = type == 0 ? BlockRig.Buffer.writable(address, 512) : .readable(address, 512)
    let answer = try rig.request(type, [buffer])
    #expect(answer.status == Self.ioError)
    #expect(!rig.needsReset)
    #expect(rig.imageIsUntouched)
    #expect(rig.warnings.isEmpty)  // the memory below reports
    #expect(try rig.request(0, [.writable(data, 512)]).status == Self.ok)
  }

  @Test("A fault in the middle reports the bytes before it (BK28)")
  func partialRead() throws {
    let answer = try rig.request(0, [.writable(data, 512), .writable(1 << 40, 512)])
    #expect(answer == Answer(status: Self.ioError, length: 512))
  }

  @Test("An unreadable header with a reachable status is IOERR (H13)")
  func headerFault() throws {
    let answer = try rig.submit([.readable(1 << 40, 16), .writable(BlockRig.status, 1)])
    #expect(answer.status == Self.ioError)
  }

  @Test(
    "A request that cannot be answered needs a reset; the image stays untouched (H7, H21-H23)",
    arguments: [
      [.readable(BlockRig.header, 16)],
      [.readable(BlockRig.header, 16), .readable(BlockRig.data, 512)],
      [.readable(BlockRig.header, 15), .writable(BlockRig.status, 1)],
      [.writable(BlockRig.status, 1)],
      [.readable(BlockRig.header, 0), .writable(BlockRig.status, 0)],
      [.readable(BlockRig.header, 16), .writable(1 << 40, 1)],
    ] as [[BlockRig.Buffer]])
  func unanswerable(chain: [BlockRig.Buffer]) throws {
    try rig.setHeader(1)
    let answer = try rig.submit(chain)
    #expect(answer.length == nil)
    #expect(rig.needsReset)
    #expect(rig.imageIsUntouched)
    #expect(rig.warnings.count == 1)
    #expect(try rig.registers.takeInterruptStatus() == 2)
  }
}
