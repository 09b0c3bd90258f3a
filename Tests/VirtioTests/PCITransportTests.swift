import DeviceModel
import GuestMemory
import MachineTestKit
import PCI
import Testing

@testable import Virtio

@Suite("virtio-pci")
struct PCITransportTests {
  let rig: Rig
  var registers: DriverSideRegisters { rig.registers }
  var function: VirtioPCIFunction { rig.function }

  init() throws { rig = try Rig() }

  /// The vendor capabilities in the order of the list: offset and the first bytes.
  func capabilities() -> [(offset: Int, type: Int, length: Int)] {
    var result: [(Int, Int, Int)] = []
    var offset = Int(function.readConfiguration(0x34, .byte))
    while offset != 0, result.count < 16 {
      #expect(offset % 4 == 0)
      #expect(function.readConfiguration(offset, .byte) == 9)
      result.append(
        (
          offset, Int(function.readConfiguration(offset + 3, .byte)),
          Int(function.readConfiguration(offset + 2, .byte))
        ))
      offset = Int(function.readConfiguration(offset + 1, .byte))
    }
    return result
  }

  // MARK: Identity

  @Test(
    "Identity of the three interfaces",
    arguments: [
      (VirtioInterface.modern, 0x1042, 1, 0x1042), (.transitional, 0x1001, 0, 2),
      (.legacy, 0x1001, 0, 2),
    ])
  func identity(interface: VirtioInterface, device: UInt64, revision: UInt64, subsystem: UInt64)
    throws
  {
    let function = try Rig(interface: interface).function
    #expect(function.readConfiguration(0, .longword) == device << 16 | 0x1AF4)
    #expect(function.readConfiguration(8, .byte) == revision)
    #expect(function.readConfiguration(0x2E, .word) == subsystem)
    #expect(function.readConfiguration(0x3D, .byte) == 1)
    let bars = function.configuration.baseAddressRegisters
    #expect((bars[0] != nil) == (interface != .modern))
    #expect((bars[4] != nil) == (interface != .legacy))
    #expect((function.readConfiguration(0x34, .byte) != 0) == (interface != .legacy))
  }

  @Test("All five capability kinds, none padded (PC3)")
  func capabilityList() throws {
    let list = capabilities()
    #expect(list.map(\.type) == [1, 2, 3, 4, 5])
    #expect(list.map(\.length) == [16, 20, 16, 16, 20])
    let structures = list.prefix(4).map { entry in
      [4, 8, 12].map {
        function.readConfiguration(entry.offset + $0, .longword) & ($0 == 4 ? 0xFF : .max)
      }
    }
    #expect(
      structures == [[4, 0, 56], [4, 0x3000, 8], [4, 0x1000, 1], [4, 0x2000, 5]])
    #expect(function.readConfiguration(list[1].offset + 16, .longword) == 4)
  }

  // MARK: The window in configuration space

  @Test("The PCI_CFG window reaches every structure (PC3)")
  func window() throws {
    let window = try #require(capabilities().last?.offset)
    func aim(_ offset: UInt64, _ length: UInt64, bar: UInt64 = 4) {
      function.writeConfiguration(window + 4, .byte, bar)
      function.writeConfiguration(window + 8, .longword, offset)
      function.writeConfiguration(window + 12, .longword, length)
    }
    func data(_ width: AccessWidth) -> UInt64 { function.readConfiguration(window + 16, width) }
    aim(0x14, 1)
    function.writeConfiguration(window + 16, .byte, 3)
    #expect(data(.byte) == 3)
    #expect(try registers.status() == 3)
    aim(0x2000, 4)
    #expect(data(.longword) == 0x0403_0201)
    function.core.interruptStatus = [.queue]
    aim(0x1000, 1)
    #expect(data(.byte) == 1)
    #expect(!rig.line.isAsserted)

    // PC4, H69: bad lengths, alignment, BARs and offsets.
    for (offset, length, bar) in [
      (0, 3, 4), (0, 8, 4), (0, 0, 4), (1, 4, 4), (0x4000, 4, 4), (0xFFFF_FFFC, 4, 4), (0, 4, 1),
      (0x14, 1, 0),
    ] as [(UInt64, UInt64, UInt64)] {
      aim(offset, length, bar: bar)
      #expect(data(.longword) == 0xFFFF_FFFF)
      function.writeConfiguration(window + 16, .longword, 0)
    }
    #expect(try registers.status() == 3)
  }

  @Test("A window that nobody has set up is read without a word (lspci -xxx)")
  func untouchedWindow() {
    for offset in stride(from: 0, to: 256, by: 4) {
      _ = function.readConfiguration(offset, .longword)
    }
    #expect(rig.warnings.isEmpty)
  }

  // MARK: Registers

  @Test("Reset values (a.3)")
  func resetValues() throws {
    for (offset, width, value) in [
      (0x00, .longword, 0), (0x08, .longword, 0), (0x10, .word, 0xFFFF), (0x12, .word, 2),
      (0x14, .byte, 0), (0x15, .byte, 0), (0x16, .word, 0), (0x18, .word, 16),
      (0x1A, .word, 0xFFFF), (0x1C, .word, 0), (0x1E, .word, 0), (0x20, .longword, 0),
      (0x24, .longword, 0), (0x28, .longword, 0), (0x2C, .longword, 0), (0x30, .longword, 0),
      (0x34, .longword, 0),
    ] as [(UInt64, AccessWidth, UInt64)] {
      #expect(try registers.read(offset, width) == value, "offset \(offset)")
    }
  }

  @Test("Address halves are independent (PC1)")
  func halves() throws {
    try registers.write(0x24, .longword, 0x1122_3344)
    #expect(try registers.read(0x20, .longword) == 0)
    try registers.write(0x20, .longword, 0x5566_7788)
    #expect(try registers.read(0x24, .longword) == 0x1122_3344)
    // PC2: any read is served, odd writes are not.
    #expect(try registers.read(0x20, .quadword) == 0x1122_3344_5566_7788)
    #expect(try registers.read(0x22, .longword) == 0x3344_5566)
    try registers.write(0x20, .quadword, 0)
    try registers.write(0x22, .word, 0)
    #expect(try registers.read(0x20, .quadword) == 0x1122_3344_5566_7788)
    #expect(rig.warnings.count == 2)
  }

  @Test("Nonexistent queues read as absent and ignore writes (QS1, QS7, H44)")
  func noQueue() throws {
    try registers.write(0x16, .word, 2)
    for offset in stride(from: 0x18, to: 0x38, by: 2) as StrideTo<UInt64> where offset != 0x1A {
      try registers.write(offset, offset < 0x20 ? .word : .longword, 1)
      #expect(try registers.read(offset, .word) == 0, "offset \(offset)")
    }
    #expect(try registers.read(0x1A, .word) == 0xFFFF)
  }

  @Test("Only powers of two up to the maximum are sizes (QS2, QS3, H41)")
  func sizes() throws {
    for (written, read) in [(8, 8), (0, 8), (3, 8), (65535, 8), (32, 8), (1, 1)]
      as [(UInt64, UInt64)]
    {
      try registers.write(0x18, .word, written)
      #expect(try registers.read(0x18, .word) == read)
    }
    try registers.setStatus(0)
    #expect(try registers.read(0x18, .word) == 16)  // QS10
  }

  @Test("Enabled queues ignore new sizes and addresses; 0 disables (QS3, QS4, QS6, H42)")
  func enabledQueue() throws {
    let queue = try rig.running()
    try registers.write(0x18, .word, 4)
    try registers.writeHalves(0x20, 0x10000)
    #expect(try registers.read(0x18, .word) == 16)
    #expect(try registers.read(0x20, .longword) == queue.descriptorTable)
    try registers.write(0x1C, .word, 2)
    #expect(try registers.read(0x1C, .word) == 1)
    try registers.write(0x1C, .word, 0)
    #expect(try registers.read(0x1C, .word) == 0)
    try queue.add([.readable(0x8000, 1)])
    try registers.kick()
    #expect(try queue.takeUsed().isEmpty)
    #expect(!rig.needsReset)
  }

  @Test(
    "Misplaced rings fail the device at enable (QS5, H36, H38, H39)",
    arguments: [
      (0x20, 0x1008), (0x28, 0x1001), (0x30, 0x1002), (0x20, 0xF_FFF0), (0x30, 1 << 48),
    ] as [(UInt64, UInt64)])
  func misplacedRing(field: UInt64, address: UInt64) throws {
    let queue = try rig.queue()
    try registers.negotiate(Rig.version1 | Rig.platform)
    try registers.writeHalves(0x20, queue.descriptorTable)
    try registers.writeHalves(0x28, queue.availableRing)
    try registers.writeHalves(0x30, queue.usedRing)
    try registers.writeHalves(field, address)
    try registers.write(0x1C, .word, 1)
    #expect(try registers.status() == 11 | 64)
    #expect(rig.warnings.count == 1)
    #expect(rig.line.isAsserted == false)  // no DRIVER_OK yet (ST10)
  }

  @Test("Kicks before DRIVER_OK are not lost (QS11, QS12, H49)")
  func earlyKick() throws {
    let queue = try rig.queue()
    try registers.negotiate(Rig.version1 | Rig.platform)
    try registers.enable(queue)
    try queue.add([.readable(0x8000, 1)])
    try registers.kick()
    #expect(try queue.takeUsed().isEmpty)  // ST2
    try registers.driverOK()
    #expect(try queue.takeUsed().count == 1)
  }

  @Test("Bad notifications are ignored (H46, H47, H48)")
  func badKicks() throws {
    _ = try rig.running()
    rig.device.notifications = []
    try registers.kick(queue: 1)
    try registers.kick(queue: 700)
    try registers.write(0x3002, .word, 0)
    try registers.write(0x3000, .byte, 0)
    #expect(rig.device.notifications.isEmpty)
    try registers.write(0x3000, .word, 1)  // the address decides
    #expect(rig.device.notifications == [0])
    for _ in 0..<1000 { try registers.kick() }
    #expect(rig.device.notifications.count == 1001)
    #expect(!rig.needsReset)
  }

  @Test("Read-only fields and gaps ignore writes (PC5, H70)")
  func readOnly() throws {
    for (offset, width) in [(0x04, .longword), (0x12, .word), (0x15, .byte), (0x1E, .word)]
      as [(UInt64, AccessWidth)]
    {
      let before = try registers.read(offset, width)
      try registers.write(offset, width, ~before & width.allOnes)
      #expect(try registers.read(offset, width) == before)
    }
    for offset in [0x38, 0xFFF, 0x1001, 0x1FFF, 0x3FFF] as [UInt64] {
      #expect(try registers.read(offset, .byte) == 0)
      try registers.write(offset, .byte, 0xFF)
    }
  }

  @Test("Device configuration at any width; all ones past its end (PC5, H67)")
  func deviceConfiguration() throws {
    #expect(try registers.read(0x2001, .word) == 0x0302)
    #expect(try registers.read(0x2004, .longword) == 0xFFFF_FF05)
    #expect(try registers.read(0x2FFC, .longword) == 0xFFFF_FFFF)
    try registers.write(0x2001, .word, 0xBBAA)
    try registers.write(0x2004, .word, 0xBBAA)
    #expect(rig.device.configurationWrites.map(\.offset) == [1])
    #expect(rig.device.configurationWrites.first?.bytes == [0xAA, 0xBB])
  }

  @Test(
    "config_generation moves when a driver may have read half (IR9); the interrupt waits for DRIVER_OK (IR10)"
  )
  func generation() throws {
    rig.function.core.configurationDidChange()
    #expect(try registers.read(0x15, .byte) == 0)
    _ = try registers.read(0x2000, .byte)
    rig.function.core.configurationDidChange()
    rig.function.core.configurationDidChange()
    #expect(try registers.read(0x15, .byte) == 1)
    #expect(!rig.line.isAsserted)
    _ = try rig.running()
    rig.function.core.configurationDidChange()
    #expect(rig.line.isAsserted)
    #expect(try registers.takeInterruptStatus() == 2)
  }

  // MARK: Interrupts

  @Test("INTx is the ISR, level, read to clear (IR1, IR3, IR4)")
  func interrupt() throws {
    let queue = try rig.running()
    #expect(!rig.line.isAsserted)
    try queue.add([.readable(0x8000, 1)])
    try registers.kick()
    #expect(rig.line.isAsserted)
    #expect(function.readConfiguration(6, .word) & 8 != 0)
    // PC6: INTx disable silences the pin, not the status.
    function.writeConfiguration(4, .word, 0x407)
    #expect(!rig.line.isAsserted)
    #expect(function.readConfiguration(6, .word) & 8 != 0)
    function.writeConfiguration(4, .word, 7)
    #expect(rig.line.isAsserted)
    #expect(try registers.takeInterruptStatus() == 1)
    #expect(!rig.line.isAsserted)
    #expect(function.readConfiguration(6, .word) & 8 == 0)
    #expect(try registers.takeInterruptStatus() == 0)
  }

  @Test("Reset drops the interrupt (IR11)")
  func resetInterrupt() throws {
    let queue = try rig.running()
    try queue.add([.readable(0x8000, 1)])
    try registers.kick()
    try registers.setStatus(0)
    #expect(!rig.line.isAsserted)
    #expect(try registers.takeInterruptStatus() == 0)
  }

  @Test("Without bus mastering nothing moves, and nothing is lost (PC7, H62)")
  func busMaster() throws {
    let queue = try rig.running()
    function.writeConfiguration(4, .word, 3)
    try queue.add([.readable(0x8000, 1)])
    try registers.kick()
    #expect(try queue.takeUsed().isEmpty)
    function.writeConfiguration(4, .word, 7)
    #expect(try queue.takeUsed().count == 1)
    #expect(!rig.needsReset)
  }

  @Test("A driver that masters the bus only after DRIVER_OK is served then (PC7)")
  func lateBusMaster() throws {
    let rig = try Rig(busMaster: false)
    let queue = try rig.running()
    try queue.add([.readable(0x8000, 1)])
    try rig.registers.kick()
    #expect(try queue.takeUsed().isEmpty)
    #expect(rig.device.starts == 1)
    rig.function.writeConfiguration(4, .word, 7)
    #expect(try queue.takeUsed().count == 1)
  }

  @Test("RST# is a device reset with configuration defaults (RS1, RS5, H63)")
  func busReset() throws {
    _ = try rig.running()
    function.writeConfiguration(0x20, .longword, 0x1234_0000)
    function.reset()
    #expect(try registers.status() == 0)
    #expect(function.readConfiguration(4, .word) == 0)
    #expect(function.readConfiguration(0x20, .longword) == 0)
    #expect(rig.function.core.queues.allSatisfy { !$0.isEnabled && $0.descriptorTable == 0 })
  }

  // MARK: Saved state

  @Test("A device in mid-life continues elsewhere")
  func saveRestore() throws {
    let queue = try rig.running(Rig.version1 | Rig.platform | Rig.eventIndex)
    try queue.add([.readable(0x8000, 1)])
    try registers.kick()
    let saved = function.save()

    let other = try Rig()
    try other.restoreTransport(from: rig)
    #expect(other.function.save() == saved)
    #expect(other.line.isAsserted)
    #expect(other.device.notifications.isEmpty)
    #expect(other.warnings.isEmpty)
    #expect(other.function.core.isLive)
  }

  @Test("Restoring refuses what this device could not have reached, and changes nothing")
  func hostileRestore() throws {
    _ = try rig.running()
    let before = function.save()
    let offences: [(inout VirtioPCIFunction.Saved) -> Void] = [
      { $0.core.queues.removeLast() },
      { $0.core.queues[0].size = 3 },
      { $0.core.queues[0].size = 32 },
      { $0.core.features = VirtioFeatures(rawValue: .max) },
      { $0.core.queues[0].descriptorTable = 0 },
      { $0.core.queues[0].isEnabled = false },
      { $0.core.view = nil },
      { $0.core.status = DeviceStatus(rawValue: 0x20) },
      { $0.core.interruptStatus = InterruptStatus(rawValue: 4) },
      { $0.configuration.bytes.removeLast() },
      { $0.configuration.bytes[0] = 0 },
    ]
    for (index, offend) in offences.enumerated() {
      var saved = before
      offend(&saved)
      #expect(throws: RestoreFault.self, "offence \(index)") { try function.restore(saved) }
      #expect(function.save() == before)
    }
  }
}
