import DeviceModel
import GuestMemory
import MachineTestKit
import Testing

@testable import Virtio

@Suite("Split virtqueue")
struct VirtqueueTests {
  let memory: FlatDMASpace
  let driver: DriverSideQueue
  let layout: QueueLayout

  init() throws {
    memory = try FlatDMASpace()
    driver = try DriverSideQueue(memory, at: 0x1000, size: 8)
    layout = QueueLayout(
      size: 8, descriptorTable: BusAddress(driver.descriptorTable),
      availableRing: BusAddress(driver.availableRing), usedRing: BusAddress(driver.usedRing))
  }

  func queue(eventIndex: Bool = false, indirect: Bool = true) -> Virtqueue {
    var options = Virtqueue.Options()
    options.eventIndex = eventIndex
    options.indirect = indirect
    return Virtqueue(layout, memory: memory, options: options)
  }

  /// The next chain, which must be there. (`#require` takes no non-copyable values.)
  func taken(_ queue: Virtqueue) throws -> DescriptorChain {
    guard let chain = try queue.pop() else { throw RingIsEmpty() }
    return chain
  }
  struct RingIsEmpty: Error {}

  /// Pops one chain and gives it back; its head, or nil.
  func turn(_ queue: Virtqueue, written: UInt32 = 0) throws -> UInt16? {
    guard let chain = try queue.pop() else { return nil }
    let head = chain.head
    try queue.complete(chain, written: written)
    return head
  }

  @Test("An empty ring is nil, not an error (SR14)")
  func empty() throws {
    #expect(try turn(queue()) == nil)
  }

  @Test("A chain's bytes are gathered and scattered over its descriptors (SR15, BK1)")
  func gatherScatter() throws {
    try memory.writeBytes([1, 2, 3], at: BusAddress(0x8000))
    try memory.writeBytes([4, 5], at: BusAddress(0x9000))
    try driver.add([
      .readable(0x8000, 3), .readable(0x9000, 2), .writable(0xA000, 1), .writable(0xB000, 4),
    ])
    let queue = queue()
    var chain = try taken(queue)
    var bytes = [UInt8](repeating: 0, count: 16)
    var span = bytes.mutableSpan
    let count = try chain.readable.read(into: &span)
    #expect(count == 5)
    #expect(chain.readable.remaining == 0)
    let stored = try chain.writable.write(bytes.span.extracting(0..<5))
    #expect(stored == 5)
    #expect(chain.writable.written == 5)
    try queue.complete(chain, written: 5)
    #expect(try queue.publish())
    #expect(Array(bytes.prefix(5)) == [1, 2, 3, 4, 5])
    #expect(try memory.readBytes(BusAddress(0xA000), byteCount: 1) == [1])
    #expect(try memory.readBytes(BusAddress(0xB000), byteCount: 4) == [2, 3, 4, 5])
    #expect(try driver.takeUsed() == [.init(id: 0, length: 5)])
  }

  @Test("The last writable byte can be split off wherever it lies (BK2)")
  func splitLastByte() throws {
    try driver.add([.writable(0xA000, 4), .writable(0xB000, 1)])
    try driver.add([.writable(0xA000, 4)])
    let queue = queue()
    for (address, rest) in [(UInt64(0xB000), 4), (0xA003, 3)] {
      var chain = try taken(queue)
      let split = chain.writable.splitLastByte()
      var last = try #require(split)
      let remaining = chain.writable.remaining
      #expect(remaining == rest)
      _ = try last.write([0x5A].span)
      #expect(try memory.readBytes(BusAddress(address), byteCount: 1) == [0x5A])
      try queue.complete(chain, written: 1)
    }
  }

  @Test("Counters run freely through 2^16 and slots wrap (SR1)")
  func wrap() throws {
    let queue = queue()
    for round in 0..<66_000 {
      try driver.setDescriptor(UInt16(round % 8), address: 0x8000, length: 1)
      try driver.offer(UInt16(round % 8))
      #expect(try turn(queue) == UInt16(round % 8))
      _ = try queue.publish()
    }
    #expect(try driver.usedIndex() == UInt16(66_000 - 65_536))
  }

  @Test("used.idx moves once for a batch (SR10, SR13)")
  func batch() throws {
    let queue = queue()
    for _ in 0..<3 { try driver.add([.readable(0x8000, 1)]) }
    for _ in 0..<3 { _ = try turn(queue, written: 7) }
    #expect(try driver.usedIndex() == 0)
    #expect(try queue.publish())
    #expect(try !queue.publish())
    #expect(
      try driver.takeUsed()
        == [.init(id: 0, length: 7), .init(id: 1, length: 7), .init(id: 2, length: 7)])
  }

  @Test("Chains complete in any order (SR12)")
  func anyOrder() throws {
    let queue = queue()
    try driver.add([.readable(0x8000, 1)])
    try driver.add([.readable(0x8000, 1)])
    let first = try taken(queue)
    let second = try taken(queue)
    try queue.complete(second, written: 0)
    try queue.complete(first, written: 0)
    _ = try queue.publish()
    #expect(try driver.takeUsed().map(\.id) == [1, 0])
  }

  @Test(
    "What was checked is what is used: later changes of the descriptors do not matter (SR4, H35)")
  func localCopy() throws {
    try memory.writeBytes([0x11], at: BusAddress(0x8000))
    try driver.add([.readable(0x8000, 1)])
    let queue = queue()
    var chain = try taken(queue)
    try driver.setDescriptor(0, address: 0xFFFF_0000, length: 0xFFFF_FFFF, flags: 3, next: 99)
    var bytes: [UInt8] = [0]
    var span = bytes.mutableSpan
    let count = try chain.readable.read(into: &span)
    #expect(count == 1 && bytes == [0x11])
    try queue.complete(chain, written: 0)
  }

  @Test("A DMA fault names the piece and does not move the position (H12)")
  func dataFault() throws {
    memory.holes = [0x9000..<0xA000]
    try driver.add([.readable(0x8000, 4), .readable(0x9000, 4)])
    let queue = queue()
    var chain = try taken(queue)
    var bytes = [UInt8](repeating: 0, count: 8)
    var span = bytes.mutableSpan
    do throws(DMAFault) {
      _ = try chain.readable.read(into: &span)
      Issue.record("the hole was read")
    } catch {
      #expect(error.address == BusAddress(0x9000))
    }
    #expect(chain.readable.remaining == 4)
    try queue.complete(chain, written: 0)
  }

  // MARK: Notifications

  @Test("Without EVENT_IDX, avail.flags bit 0 is the hint (EV1)", arguments: [0, 1] as [UInt16])
  func flags(_ flags: UInt16) throws {
    let queue = queue()
    for _ in 0..<2 {
      try driver.setAvailableFlags(flags)
      try driver.add([.readable(0x8000, 1)])
      _ = try turn(queue)
      #expect(try queue.publish() == (flags == 0))
    }
  }

  @Test("With EVENT_IDX, the interrupt comes when used.idx steps over used_event (EV2, EV3, H92)")
  func usedEvent() throws {
    let queue = queue(eventIndex: true)
    func complete(_ count: Int, event: UInt16) throws -> Bool {
      try driver.setUsedEvent(event)
      for _ in 0..<count {
        try driver.add([.readable(0x8000, 1)])
        _ = try turn(queue)
      }
      return try queue.publish()
    }
    try driver.setAvailableFlags(1)  // ignored
    #expect(try complete(1, event: 0xFFFF))  // the first is always eligible; used.idx 1
    #expect(try !complete(1, event: 2))  // 2
    #expect(try complete(1, event: 2))  // 3
    #expect(try !complete(2, event: 7))  // 5
    #expect(try complete(4, event: 7))  // 9 steps over 7
    #expect(try !complete(1, event: 8))  // 10: event lies behind
    #expect(try !complete(1, event: 0x7FFF))
  }

  @Test("With EVENT_IDX, an empty ring asks for the next kick (EV4, EV5)")
  func availableEvent() throws {
    let queue = queue(eventIndex: true)
    for _ in 0..<3 { try driver.add([.readable(0x8000, 1)]) }
    for _ in 0..<3 { _ = try turn(queue) }
    #expect(try driver.availableEvent() == 0)
    #expect(try turn(queue) == nil)
    #expect(try driver.availableEvent() == 3)
  }

  @Test("The first kick is asked for whatever lies in avail_event before (EV4)")
  func firstAvailableEvent() throws {
    try memory.writeInteger(UInt16(0x7FFF), at: BusAddress(driver.end - 2))
    #expect(try turn(queue(eventIndex: true)) == nil)
    #expect(try driver.availableEvent() == 0)
  }

  // MARK: Indirect tables

  @Test("An indirect table, with direct descriptors before it (IN3, IN4, IN6, H34)")
  func indirect() throws {
    try memory.writeBytes([9, 8], at: BusAddress(0x8000))
    try driver.setDescriptor(0, address: 0x8000, length: 1, flags: 1, next: 1)
    try driver.setDescriptor(1, address: 0xC000, length: 48, flags: 4 | 2)
    // Out of order, and over its own table.
    try driver.setDescriptor(0, address: 0x8001, length: 1, flags: 1, next: 2, table: 0xC000)
    try driver.setDescriptor(2, address: 0xC000, length: 48, flags: 2, table: 0xC000)
    try driver.offer(0)
    let queue = queue()
    var chain = try taken(queue)
    let sizes = (chain.readable.remaining, chain.writable.remaining)
    #expect(sizes == (2, 48))
    _ = try chain.writable.write([UInt8](repeating: 0xEE, count: 48).span)
    try queue.complete(chain, written: 48)
  }

  @Test("A table may have more entries than the queue (IN2)")
  func longIndirect() throws {
    try driver.addIndirect(
      (0..<1024).map { .readable(0x8000 + UInt64($0), 1) }, table: 0x10000)
    let queue = queue()
    let chain = try taken(queue)
    #expect(chain.readable.remaining == 1024)
    try queue.complete(chain, written: 0)
  }

  // MARK: Broken rules

  /// What a driver does wrong, and the kind of fault it must get.
  struct Offence: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let kind: String
    var indirectAllowed = true
    let commit: @Sendable (DriverSideQueue) throws -> Void
    init(
      _ name: String, _ kind: String, indirectAllowed: Bool = true,
      _ commit: @escaping @Sendable (DriverSideQueue) throws -> Void
    ) {
      testDescription = name
      self.kind = kind
      self.indirectAllowed = indirectAllowed
      self.commit = commit
    }
  }

  static let offences: [Offence] = [
    Offence("H1 next outside the table", "next out of range") {
      try $0.setDescriptor(0, address: 0x8000, length: 1, flags: 1, next: 8)
      try $0.offer(0)
    },
    Offence("H2 chain loops to itself", "descriptor loop") {
      try $0.setDescriptor(3, address: 0x8000, length: 1, flags: 1, next: 3)
      try $0.offer(3)
    },
    Offence("H2 ring of two", "descriptor loop") {
      try $0.setDescriptor(0, address: 0x8000, length: 0, flags: 1, next: 1)
      try $0.setDescriptor(1, address: 0x8000, length: 0, flags: 1, next: 0)
      try $0.offer(0)
    },
    Offence("H3 head outside the table", "head out of range") { try $0.offer(8) },
    Offence("H4 index jumps", "available index jump") { try $0.setAvailableIndex(9) },
    Offence("H4 index backwards", "available index jump") { try $0.setAvailableIndex(0xFFFF) },
    Offence("H5 same head twice", "head outstanding") {
      try $0.setDescriptor(0, address: 0x8000, length: 1)
      try $0.offer(0)
      try $0.offer(0)
    },
    Offence("H8 readable after writable", "readable after writable") {
      try $0.add([.writable(0x8000, 1), .readable(0x9000, 1)])
    },
    Offence("H10 more than 2^32 bytes", "chain too large") {
      try $0.add([.readable(0, 0xFFFF_FFFF), .readable(0, 2)])
    },
    Offence("H27 indirect not negotiated", "indirect not negotiated", indirectAllowed: false) {
      try $0.addIndirect([.readable(0x8000, 1)], table: 0xC000)
    },
    Offence("H28 empty indirect table", "indirect length") {
      try $0.setDescriptor(0, address: 0xC000, length: 0, flags: 4)
      try $0.offer(0)
    },
    Offence("H28 indirect table of 24 bytes", "indirect length") {
      try $0.setDescriptor(0, address: 0xC000, length: 24, flags: 4)
      try $0.offer(0)
    },
    Offence("H29 indirect in indirect", "indirect nested") {
      try $0.setDescriptor(0, address: 0xC000, length: 16, flags: 4)
      try $0.setDescriptor(0, address: 0xD000, length: 16, flags: 4, table: 0xC000)
      try $0.offer(0)
    },
    Offence("H30 indirect and next", "indirect with next") {
      try $0.setDescriptor(0, address: 0xC000, length: 16, flags: 4 | 1, next: 1)
      try $0.offer(0)
    },
    Offence("H31 indirect table of 4 GiB", "indirect length") {
      try $0.setDescriptor(0, address: 0xC000, length: 0xFFFF_FFF0, flags: 4)
      try $0.offer(0)
    },
    Offence("H32 indirect table unmapped", "indirect unreachable") {
      try $0.setDescriptor(0, address: 0xF_FFF8, length: 16, flags: 4)
      try $0.offer(0)
    },
    Offence("H33 indirect next outside", "next out of range") {
      try $0.setDescriptor(0, address: 0xC000, length: 16, flags: 4)
      try $0.setDescriptor(0, address: 0x8000, length: 1, flags: 1, next: 1, table: 0xC000)
      try $0.offer(0)
    },
    Offence("H33 indirect loop", "descriptor loop") {
      try $0.setDescriptor(0, address: 0xC000, length: 32, flags: 4)
      try $0.setDescriptor(0, address: 0x8000, length: 1, flags: 1, next: 1, table: 0xC000)
      try $0.setDescriptor(1, address: 0x8000, length: 1, flags: 1, next: 0, table: 0xC000)
      try $0.offer(0)
    },
  ]

  @Test(
    "A broken rule is thrown once; then the queue reads as empty (SR2, SR5-SR7, IN1-IN6)",
    arguments: offences)
  func broken(_ offence: Offence) throws {
    let queue = queue(indirect: offence.indirectAllowed)
    try offence.commit(driver)
    var kind: String?
    do {
      for _ in 0..<2 { _ = try turn(queue) }
    } catch let fault as QueueFault {
      kind = fault.kind
      #expect(fault == queue.fault)
      #expect(!fault.description.isEmpty)
    }
    #expect(kind == offence.kind)
    #expect(try turn(queue) == nil)
  }

  @Test("Empty descriptors are skipped (H6)")
  func zeroLength() throws {
    try driver.add([.readable(0x8000, 0), .readable(0x8000, 2), .writable(0x9000, 0)])
    let queue = queue()
    let chain = try taken(queue)
    #expect(chain.readable.remaining == 2)
    #expect(chain.writable.remaining == 0)
    try queue.complete(chain, written: 0)
  }

  @Test("A buffer that wraps 2^64 is a fault of the access, not of the queue (H9)")
  func wrappingBuffer() throws {
    try driver.add([.readable(UInt64.max - 1, 4)])
    let queue = queue()
    var chain = try taken(queue)
    var bytes = [UInt8](repeating: 0, count: 4)
    var span = bytes.mutableSpan
    do throws(DMAFault) {
      _ = try chain.readable.read(into: &span)
      Issue.record("the range was read")
    } catch {
      #expect(error.cause == .addressOverflow)
    }
    try queue.complete(chain, written: 0)
  }

  @Test("Rings that vanish later are a fault (H38)")
  func ringVanishes() throws {
    let queue = queue()
    try driver.add([.readable(0x8000, 1)])
    let chain = try taken(queue)
    memory.holes = [driver.usedRing..<driver.end]
    do throws(QueueFault) {
      try queue.complete(chain, written: 0)
      Issue.record("the used ring was written")
    } catch {
      #expect(error.kind == "ring unreachable")
    }
  }

  @Test("Layouts are checked for alignment, wrap and reach (QS5, H36, H38, H39)")
  func layoutChecks() throws {
    for part in QueueLayout.Part.allCases {
      var layout = layout
      func move(_ address: UInt64) {
        switch part {
        case .descriptorTable: layout.descriptorTable = BusAddress(address)
        case .availableRing: layout.availableRing = BusAddress(address)
        case .usedRing: layout.usedRing = BusAddress(address)
        }
      }
      move(0x4001)
      #expect(throws: QueueFault.misaligned(part, BusAddress(0x4001))) {
        try layout.checkAddresses()
      }
      move(UInt64.max & ~15)
      #expect(throws: QueueFault.self) { try layout.checkAddresses() }
      for address in [0x10_0000 - 16, 1 << 60] as [UInt64] {
        move(address)
        try layout.checkAddresses()
        #expect(throws: QueueFault.self) { try layout.checkReachable(in: memory) }
      }
    }
  }

  @Test(
    "The legacy layout (QS8)",
    arguments: [
      (64, 1024, 4096, 4614), (128, 2048, 4096, 5126), (256, 4096, 8192, 10246),
      (1024, 16384, 20480, 28678),
    ] as [(UInt16, UInt64, UInt64, UInt64)])
  func legacyLayout(size: UInt16, available: UInt64, used: UInt64, total: UInt64) {
    let layout = QueueLayout(legacyPageFrame: 3, size: size)
    #expect(layout.descriptorTable.rawValue == 0x3000)
    #expect(layout.availableRing.rawValue == 0x3000 + available)
    #expect(layout.usedRing.rawValue == 0x3000 + used)
    #expect(layout.usedRing.rawValue + layout.byteCount(of: .usedRing) == 0x3000 + total)
    #expect(
      QueueLayout(legacyPageFrame: .max, size: size).descriptorTable.rawValue == 0xFFFF_FFFF_000)
  }

  @Test("A restored queue continues where the saved one stopped")
  func saveRestore() throws {
    let first = queue(eventIndex: true)
    try driver.add([.readable(0x8000, 1)])
    try driver.add([.readable(0x8000, 1)])
    _ = try turn(first)
    _ = try first.publish()
    let second = try Virtqueue(
      restoring: first.save(), memory: memory, options: first.options)
    #expect(second.save() == first.save())
    #expect(try turn(second) == 1)
    _ = try second.publish()
    #expect(try driver.takeUsed().map(\.id) == [0, 1])
  }

  @Test("Saved state that no driver could have made is refused")
  func hostileRestore() throws {
    var saved = queue().save()
    saved.layout.size = 3
    #expect(throws: RestoreFault.self) {
      _ = try Virtqueue(restoring: saved, memory: memory, options: .init())
    }
    saved.layout.size = 8
    saved.layout.usedRing = BusAddress(UInt64.max - 3)
    #expect(throws: RestoreFault.self) {
      _ = try Virtqueue(restoring: saved, memory: memory, options: .init())
    }
  }
}
