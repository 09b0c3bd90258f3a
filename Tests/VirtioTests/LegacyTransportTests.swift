import DeviceModel
import GuestMemory
import MachineTestKit
import PCI
import Testing

@testable import Virtio

@Suite("Legacy interface")
struct LegacyTransportTests {
  let rig: Rig
  var legacy: DriverSideRegisters { rig.legacy }

  init() throws {
    rig = try Rig(interface: .transitional, policy: DMAPolicy(unnegotiated: .translated))
  }

  /// Resets and acknowledges, as a legacy driver does.
  func acknowledge() throws {
    try legacy.write(18, .byte, 0)
    try legacy.write(18, .byte, 1)
    try legacy.write(18, .byte, 3)
  }

  func setQueue(_ queue: DriverSideQueue, _ index: UInt64 = 0) throws {
    try legacy.write(14, .word, index)
    try legacy.write(8, .longword, queue.descriptorTable >> 12)
  }

  @Test("The registers of BAR 0 (a.5, ST15)")
  func registers() throws {
    #expect(try legacy.read(0, .longword) == 0x3800_0020)  // ANY_LAYOUT, INDIRECT, EVENT_IDX
    #expect(try legacy.read(12, .word) == 16)
    try legacy.write(14, .word, 2)
    #expect(try legacy.read(12, .word) == 0)
    #expect(try legacy.read(14, .word) == 2)
    #expect(try legacy.read(18, .byte) == 0)
    #expect(try legacy.read(20, .longword) == 0x0403_0201)
    #expect(try legacy.read(24, .byte) == 5)
    #expect(try legacy.read(25, .byte) == 0xFF)
    for (offset, width) in [(1, .byte), (12, .longword), (19, .word)] as [(UInt64, AccessWidth)] {
      #expect(throws: AccessRefusal.self) { try legacy.read(offset, width) }
      #expect(throws: AccessRefusal.self) { try legacy.write(offset, width, 0) }
    }
  }

  @Test("Queue use before DRIVER_OK (ST17, H50), without features (ST18)")
  func earlyUse() throws {
    let queue = try rig.queue()
    try acknowledge()
    try setQueue(queue)
    #expect(try legacy.read(8, .longword) == 1)
    try queue.add([.readable(0x8000, 1)])
    try legacy.write(16, .word, 0)
    #expect(try queue.takeUsed().count == 1)
    #expect(try legacy.read(19, .byte) == 1)
    #expect(!rig.line.isAsserted)
    try legacy.write(18, .byte, 7)
    #expect(rig.device.starts == 1)
    #expect(try legacy.read(18, .byte) == 7)
  }

  @Test(
    "FEATURES_OK does not exist; features beyond the offer are masked, and frozen at DRIVER_OK (ST8, H52)"
  )
  func features() throws {
    try acknowledge()
    try legacy.write(4, .longword, 0xFFFF_FFFF)
    #expect(try legacy.read(4, .longword) == 0x3800_0020)
    try legacy.write(18, .byte, 0xF & ~4)
    #expect(try legacy.read(18, .byte) == 3)
    try legacy.write(18, .byte, 7)
    try legacy.write(4, .longword, 0)
    #expect(try legacy.read(4, .longword) == 0x3800_0020)
  }

  @Test("Queue address 0 takes that queue away, not the device (QS9)")
  func removeQueue() throws {
    let first = try rig.queue()
    let second = try rig.queue(at: 0x4000)
    try acknowledge()
    try setQueue(first)
    try setQueue(second, 1)
    try legacy.write(8, .longword, 0)
    #expect(try legacy.read(8, .longword) == 0)
    for queue in [first, second] { try queue.add([.readable(0x8000, 1)]) }
    try legacy.write(16, .word, 0)
    try legacy.write(16, .word, 1)
    #expect(try first.takeUsed().count == 1)
    #expect(try second.takeUsed().isEmpty)
    #expect(try legacy.read(18, .byte) == 3)
  }

  @Test("Bad queue addresses (H45, H100, QS6)")
  func badAddress() throws {
    try acknowledge()
    try legacy.write(14, .word, 9)
    try legacy.write(8, .longword, 1)
    #expect(!rig.needsReset)
    try legacy.write(14, .word, 0)
    try legacy.write(8, .longword, 0xFFFF_FFFF)
    #expect(rig.needsReset)
    #expect(rig.warnings.contains { $0.contains("0xffffffff000") })
  }

  @Test("A legacy driver sees the queue stop, without an interrupt (ST19)")
  func silentStop() throws {
    let queue = try rig.queue()
    try acknowledge()
    try setQueue(queue)
    try legacy.write(18, .byte, 7)
    try queue.offer(99)
    try legacy.write(16, .word, 0)
    #expect(try legacy.read(18, .byte) == 0x47)
    #expect(!rig.line.isAsserted)
    #expect(rig.warnings.count == 1)
  }

  @Test("The first interface used has the device until any reset (ST16)")
  func oneInterface() throws {
    try acknowledge()
    try rig.registers.setStatus(15)
    try rig.registers.acceptFeatures(Rig.version1)
    #expect(try legacy.read(18, .byte) == 3)
    #expect(rig.warnings.count == 3)
    try rig.registers.setStatus(0)
    #expect(try legacy.read(18, .byte) == 0)
    let queue = try rig.running(Rig.version1)
    try legacy.write(18, .byte, 3)
    try legacy.write(8, .longword, 9)
    #expect(try rig.registers.status() == 15)
    try queue.add([.readable(0x8000, 1)])
    try rig.registers.kick()
    #expect(try queue.takeUsed().count == 1)
    try legacy.write(18, .byte, 0)
    #expect(try rig.registers.status() == 0)
  }

  @Test("Bus mastering is turned on for legacy drivers that never do (PC8)")
  func busMaster() throws {
    let rig = try Rig(interface: .legacy, busMaster: false)
    let queue = try rig.queue()
    try rig.legacy.write(18, .byte, 3)
    try rig.legacy.write(8, .longword, queue.descriptorTable >> 12)
    try queue.add([.readable(0x8000, 1)])
    try rig.legacy.write(16, .word, 0)
    #expect(rig.function.configuration.isBusMaster)
    #expect(try queue.takeUsed().count == 1)
  }
}
