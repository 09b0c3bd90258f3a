import DeviceModel
import GuestMemory
import MachineTestKit
import Testing

@testable import Virtio

@Suite("Hostile drivers")
struct HostileDriverTests {
  @Test(
    "Random tables, rings and kicks never crash, hang or leave memory",
    arguments: 0..<40 as Range<UInt64>)
  func randomRings(seed: UInt64) throws {
    var random = SeededGenerator(seed)
    let rig = try Rig()
    let near =
      [0, 1, 15, 16, 17, 0x1000, 0x8000, 0xF_FFFF, 0x10_0000, 1 << 32, 1 << 63, .max] as [UInt64]
    for _ in 0..<50 {
      let features = [Rig.indirect, Rig.eventIndex].filter { _ in Bool.random(using: &random) }
      let queue = try rig.running(features.reduce(Rig.version1 | Rig.platform, |))
      for _ in 0..<Int.random(in: 1...40, using: &random) {
        try queue.setDescriptor(
          UInt16.random(in: 0..<16, using: &random),
          address: Bool.random(using: &random)
            ? UInt64.random(in: 0..<0x10_0000, using: &random)
            : near.randomElement(using: &random) ?? 0,
          length: [0, 1, 16, 32, 4096, 16384, 0x10_0000, .max].randomElement(using: &random) ?? 0,
          flags: UInt16.random(in: 0...7, using: &random),
          next: UInt16.random(in: 0..<18, using: &random))
      }
      for _ in 0..<8 {
        try queue.setAvailable(
          slot: UInt16.random(in: 0..<16, using: &random),
          head: UInt16.random(in: 0..<17, using: &random))
        try queue.setAvailableIndex(
          queue.availableIndex &+ UInt16.random(in: 0..<4, using: &random))
        try rig.registers.kick()
      }
    }
    #expect(rig.device.resets >= 50)
  }

  @Test("Random register accesses never crash", arguments: 0..<20 as Range<UInt64>)
  func randomRegisters(seed: UInt64) throws {
    var random = SeededGenerator(seed &+ 1000)
    let rig = try Rig(interface: .transitional)
    let values = [0, 1, 3, 7, 11, 15, 16, 0xFF, 0xFFFF, 0x1000, 1 << 31, 0xFFFF_FFFF] as [UInt64]
    let bases = [0, 0, 0, 0x1000, 0x2000, 0x3000] as [UInt64]
    for _ in 0..<3000 {
      let bar = Bool.random(using: &random) ? 4 : 0
      let offset =
        bar == 0
        ? UInt64.random(in: 0..<128, using: &random)
        : (bases.randomElement(using: &random) ?? 0) + UInt64.random(in: 0..<0x40, using: &random)
      let width = AccessWidth.allCases.randomElement(using: &random) ?? .byte
      if Bool.random(using: &random) {
        _ = try? rig.function.readBAR(bar, offset, width)
      } else {
        try? rig.function.writeBAR(
          bar, offset, width, values.randomElement(using: &random) ?? 0)
      }
      let configuration = Int.random(in: 0..<256, using: &random)
      if Bool.random(using: &random) {
        rig.function.writeConfiguration(
          configuration, width, values.randomElement(using: &random) ?? 0)
      } else {
        _ = rig.function.readConfiguration(configuration, width)
      }
    }
    // Whatever happened, a reset brings the device back.
    rig.function.reset()
    rig.function.writeConfiguration(4, .word, 7)
    let queue = try rig.running()
    try queue.add([.readable(0x8000, 1)])
    try rig.registers.kick()
    #expect(try queue.takeUsed().count == 1)
  }

  @Test("Random saved state is refused or lived with", arguments: 0..<20 as Range<UInt64>)
  func randomRestore(seed: UInt64) throws {
    var random = SeededGenerator(seed &+ 2000)
    let rig = try Rig()
    _ = try rig.running()
    let good = rig.function.save()
    for _ in 0..<100 {
      var saved = good
      saved.core.status = DeviceStatus(rawValue: UInt8.random(in: 0...255, using: &random))
      saved.core.queueSelect = UInt16.random(in: 0...3, using: &random)
      let size = UInt16(1) << UInt16.random(in: 0...5, using: &random)
      saved.core.queues[0].size = size
      saved.core.queues[0].virtqueue?.layout.size = size
      saved.core.queues[0].virtqueue?.nextAvailable = UInt16.random(
        in: 0...UInt16.max, using: &random)
      saved.core.queues[0].virtqueue?.usedIndex = UInt16.random(in: 0...UInt16.max, using: &random)
      let used = UInt64.random(in: 0...UInt64.max, using: &random) & ~3
      saved.core.queues[0].usedRing = used
      saved.core.queues[0].virtqueue?.layout.usedRing = BusAddress(used)
      try? rig.function.restore(saved)
      try rig.registers.kick()
      _ = try rig.registers.takeInterruptStatus()
    }
  }
}
