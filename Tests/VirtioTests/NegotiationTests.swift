import DeviceModel
import GuestMemory
import MachineTestKit
import Testing

@testable import Virtio

@Suite("Status and features")
struct NegotiationTests {
  let rig: Rig
  var registers: DriverSideRegisters { rig.registers }

  init() throws { rig = try Rig() }

  @Test("Status reads 0 after power-on and after reset (ST1)")
  func reset() throws {
    #expect(try registers.status() == 0)
    _ = try rig.running()
    #expect(try registers.status() == 15)
    let resets = rig.device.resets
    try registers.setStatus(0)
    #expect(try registers.status() == 0)
    #expect(rig.device.resets == resets + 1)
  }

  @Test("Offered features by word; unknown words read 0 (ST3, ST15)")
  func offered() throws {
    #expect(try registers.offeredFeatures() == 0x3_3000_0020)
    try registers.write(0x00, .longword, 2)
    #expect(try registers.read(0x04, .longword) == 0)
  }

  @Test(
    "FEATURES_OK is granted to valid subsets only (ST5, ST6, ST7, H52)",
    arguments: [
      (1 << 32, true), (0x3_3000_0020, true), (1 << 32 | 1 << 33, true), (0, false),
      (0x3000_0020, false), (1 << 32 | 1 << 34, false), (1 << 32 | 1 << 6, false),
    ] as [(UInt64, Bool)])
  func featuresOK(features: UInt64, granted: Bool) throws {
    #expect(try registers.negotiate(features) == granted)
    #expect(try registers.status() == (granted ? 11 : 3))
    #expect(rig.warnings.isEmpty == granted)
    #expect(try registers.negotiate(Rig.version1))
  }

  @Test("Features are frozen once agreed (ST8, H51)")
  func frozen() throws {
    try registers.negotiate(Rig.version1)
    try registers.acceptFeatures(Rig.version1 | Rig.indirect)
    #expect(rig.function.core.features.rawValue == Rig.version1)
    #expect(rig.warnings.count == 1 || rig.warnings.count == 2)
  }

  @Test("DRIVER_OK without FEATURES_OK starts nothing and shows as written (ST9, H54)")
  func earlyDriverOK() throws {
    let queue = try rig.queue()
    try queue.add([.readable(0x8000, 1)])
    try registers.enable(queue)
    try registers.setStatus(4)
    try registers.kick()
    #expect(try registers.status() == 4)
    #expect(rig.device.notifications.isEmpty)
    #expect(try queue.takeUsed().isEmpty)
    #expect(rig.warnings.contains { $0.contains("DRIVER_OK without FEATURES_OK") })
  }

  @Test("0xFF sets no device-owned bit; FAILED is honoured (ST14, H55)")
  func allOnes() throws {
    let queue = try rig.running()
    try registers.setStatus(0xFF)
    #expect(try registers.status() == 0x8F)
    try queue.add([.readable(0x8000, 1)])
    try registers.kick()
    #expect(try queue.takeUsed().isEmpty)
    #expect(rig.warnings.contains { $0.contains("FAILED") && $0.contains("0x300000000") })
  }

  @Test("NEEDS_RESET comes with a configuration interrupt and only a reset clears it (ST10, ST11)")
  func needsReset() throws {
    let queue = try rig.running()
    try queue.offer(99)
    try registers.kick()
    #expect(try registers.status() == 0x4F)
    #expect(try registers.takeInterruptStatus() == 2)
    try registers.setStatus(15)
    #expect(try registers.status() == 0x4F)
    try registers.setStatus(0)
    #expect(try registers.status() == 0)
  }

  @Test("After NEEDS_RESET no request completes, but registers work (ST13)")
  func stopsAfterFault() throws {
    let queue = try rig.running()
    try queue.add([.readable(0x8000, 1)])
    try queue.offer(99)
    try registers.kick()
    #expect(try queue.takeUsed().map(\.id) == [0])  // served before the fault
    try queue.setAvailableIndex(1)
    try queue.add([.readable(0x8000, 1)])
    try registers.kick()
    #expect(try queue.takeUsed().isEmpty)
    #expect(try registers.read(0x2000, .byte) == 1)
    #expect(try registers.read(0x18, .word) == 16)
  }

  @Test("Configuration is readable before FEATURES_OK (ST12)")
  func earlyConfiguration() throws {
    #expect(try registers.read(0x2000, .longword) == 0x0403_0201)
  }

  @Test("A reset during a reset is a reset (H57); rings still full are served after it (H58)")
  func resetTwice() throws {
    let queue = try rig.running()
    try queue.add([.readable(0x8000, 1)])
    try registers.kick()
    try registers.setStatus(0)
    try registers.setStatus(0)
    try registers.negotiate(Rig.version1 | Rig.platform)
    try registers.enable(queue)
    try registers.driverOK()
    #expect(try queue.usedIndex() == 1)
    #expect(!rig.needsReset)
  }

  @Test("The fault is one line with device, queue, raw words and policy")
  func diagnostics() throws {
    let queue = try rig.running()
    try queue.setDescriptor(5, address: 0x8000, length: 7, flags: 1, next: 77)
    try queue.offer(5)
    try registers.kick()
    #expect(
      rig.warnings == [
        "echo0: queue 0: descriptor 5 {addr 0x8000, len 0x7, flags 0x1, next 77} continues outside "
          + "its table of 16; the device needs a reset"
      ])
  }
}
