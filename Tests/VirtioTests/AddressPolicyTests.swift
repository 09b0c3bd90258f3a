import DeviceModel
import GuestMemory
import MachineTestKit
import Testing

@testable import Virtio

/// The rings lie at 0x1000 of one of two memories; which one the device finds is the policy.
@Suite("Whose addresses")
struct AddressPolicyTests {
  /// A rig whose two views are different memories, started without ACCESS_PLATFORM unless asked.
  func start(
    _ policy: DMAPolicy, ringsIn view: PolicyDMAAddressSpace.View?,
    features: UInt64 = Rig.version1, prepare: (Rig) throws -> Void = { _ in }
  ) throws -> (Rig, DriverSideQueue) {
    let rig = try Rig(policy: policy, separatePhysical: true)
    let queue = try DriverSideQueue(
      view == .physical ? rig.physical : rig.memory, at: 0x1000, size: 16)
    if view != nil { try queue.add([.readable(0x8000, 1)]) }
    try prepare(rig)
    try rig.registers.negotiate(features)
    try rig.registers.enable(queue)
    try rig.registers.driverOK()
    return (rig, queue)
  }

  @Test(
    "An accepted bit 33 always means translated (AP2)", arguments: DMAPolicy.Unnegotiated.allCases)
  func accepted(_ unnegotiated: DMAPolicy.Unnegotiated) throws {
    let (rig, queue) = try start(
      DMAPolicy(unnegotiated: unnegotiated), ringsIn: .translated,
      features: Rig.version1 | Rig.platform)
    #expect(try queue.takeUsed().count == 1)
    #expect(rig.warnings.isEmpty)
  }

  @Test(
    "Without the bit, an explicit policy decides (AP3, AP4)",
    arguments: [
      (DMAPolicy.Unnegotiated.physical, PolicyDMAAddressSpace.View.physical),
      (.translated, .translated),
    ])
  func explicit(policy: DMAPolicy.Unnegotiated, view: PolicyDMAAddressSpace.View) throws {
    let (rig, queue) = try start(DMAPolicy(unnegotiated: policy), ringsIn: view)
    #expect(try queue.takeUsed().count == 1)
    #expect(rig.function.core.memory.view == view)
  }

  @Test("access-platform=off withholds bit 33 (AP4)")
  func off() throws {
    let rig = try Rig(policy: DMAPolicy(accessPlatform: .off))
    #expect(try rig.registers.offeredFeatures() & Rig.platform == 0)
  }

  @Test("access-platform=required refuses FEATURES_OK and says which bit was missing (AP5)")
  func required() throws {
    let rig = try Rig(policy: DMAPolicy(accessPlatform: .required))
    #expect(try !rig.registers.negotiate(Rig.version1))
    #expect(rig.warnings.count == 1)
    #expect(rig.warnings[0].contains("VIRTIO_F_ACCESS_PLATFORM (bit 33)"))
    #expect(try rig.registers.negotiate(Rig.version1 | Rig.platform))
  }

  @Test(
    "access-platform=required excludes a legacy interface",
    arguments: [.transitional, .legacy] as [VirtioInterface])
  func requiredLegacy(_ interface: VirtioInterface) {
    #expect(throws: VirtioSetUpError.self) {
      _ = try Rig(interface: interface, policy: DMAPolicy(accessPlatform: .required))
    }
  }

  @Test(
    "auto takes the only view in which the rings lie in memory, and says so once (AP6, AP7)",
    arguments: [.physical, .translated] as [PolicyDMAAddressSpace.View])
  func autoByReach(_ view: PolicyDMAAddressSpace.View) throws {
    let (rig, queue) = try start(DMAPolicy(), ringsIn: view) { rig in
      (view == .physical ? rig.memory : rig.physical).holes = [0x1000..<0x2000]
    }
    #expect(try queue.takeUsed().count == 1)
    #expect(rig.function.core.memory.view == view)
    #expect(rig.warnings.count == 1)
    let line = try #require(rig.warnings.first)
    #expect(line.contains("dma=auto takes its addresses as \(view.rawValue)"))
    #expect(
      line.contains("0x1000") && line.contains("in memory") && line.contains("hits no window"))

    // The same driver once more says nothing new.
    try rig.registers.negotiate(Rig.version1)
    #expect(rig.function.core.memory.view == nil)
    try rig.registers.enable(queue)
    #expect(rig.function.core.memory.view == view)
    #expect(rig.warnings.count == 1)
  }

  @Test(
    "auto decides by the rings' content where both views lie in memory (AP7)",
    arguments: [.physical, .translated] as [PolicyDMAAddressSpace.View])
  func autoByContent(_ view: PolicyDMAAddressSpace.View) throws {
    let (rig, queue) = try start(DMAPolicy(), ringsIn: view)
    #expect(try queue.takeUsed().count == 1)
    #expect(rig.function.core.memory.view == view)
  }

  @Test("auto reads no indirect table of a ring that is the driver's in the other view only")
  func autoByContentIndirect() throws {
    let (rig, queue) = try start(DMAPolicy(), ringsIn: nil, features: Rig.version1 | Rig.indirect)
    rig.physical.holes = [0x9000..<0xA000]
    try DriverSideQueue(rig.physical, at: 0x1000, size: 16)
      .addIndirectHead(table: 0x9000, byteCount: 32)
    try queue.add([.readable(0x8000, 1)])
    try rig.registers.kick()
    #expect(rig.function.core.memory.view == .translated)
    #expect(rig.physical.faults.isEmpty)
    #expect(try queue.takeUsed().count == 1)
  }

  @Test("auto takes an indirect chain that can be reached for one")
  func autoByIndirectContent() throws {
    let (rig, queue) = try start(DMAPolicy(), ringsIn: nil, features: Rig.version1 | Rig.indirect)
    try queue.addIndirect([.readable(0x8000, 1)], table: 0x9000)
    try rig.registers.kick()
    #expect(rig.function.core.memory.view == .translated)
    #expect(try queue.takeUsed().count == 1)
  }

  @Test("auto waits for the first kick while both rings are empty (AP7)")
  func autoDeferred() throws {
    let (rig, _) = try start(DMAPolicy(), ringsIn: nil)
    #expect(rig.function.core.memory.view == nil)
    #expect(rig.warnings.isEmpty)
    let queue = try DriverSideQueue(rig.memory, at: 0x1000, size: 16)
    try queue.add([.readable(0x8000, 1)])
    try rig.registers.kick()
    #expect(rig.function.core.memory.view == .translated)
    #expect(try queue.takeUsed().count == 1)
  }

  @Test("auto prefers physical, the specification's answer, on equal evidence (AP7)")
  func autoTie() throws {
    let (rig, _) = try start(DMAPolicy(), ringsIn: nil)
    for memory in [rig.memory, rig.physical] {
      try DriverSideQueue(memory, at: 0x1000, size: 16).add([.readable(0x8000, 1)])
    }
    try rig.registers.kick()
    #expect(rig.function.core.memory.view == .physical)
  }

  @Test("auto without a good view fails the device with both reasons (AP6, AP12, H37)")
  func autoNowhere() throws {
    let (rig, _) = try start(DMAPolicy(), ringsIn: nil) { rig in
      rig.memory.holes = [0x1000..<0x2000]
      rig.physical.holes = [0x1000..<0x2000]
    }
    #expect(rig.needsReset)
    let line = try #require(rig.warnings.first)
    #expect(line.contains("as physical") && line.contains("as translated"))
  }

  @Test("A fault hints at the other view when that would have worked (AP12)")
  func hint() throws {
    let (rig, _) = try start(DMAPolicy(unnegotiated: .physical), ringsIn: nil) { rig in
      rig.physical.holes = [0x1000..<0x2000]
    }
    #expect(rig.needsReset)
    #expect(rig.warnings.contains { $0.contains("is dma=translated what the driver needs?") })
  }
}
