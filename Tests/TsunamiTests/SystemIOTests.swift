import DeviceModel
import GuestMemory
import MachineTestKit
import PCI
import Testing

@testable import Tsunami

/// Registers that remember what reached them.
private final class Recorder: PCIFunction {
  let configuration = ConfigurationSpace(
    PCIIdentity(vendor: 0x1234, device: 0x5678, classCode: 0),
    baseAddressRegisters: [0: .io(size: 64), 1: .memory32(size: 4096, prefetchable: false)])
  var log: [String] = []
  var memory: (any DMAAddressSpace)?

  func readBAR(
    _ bar: Int, _ offset: UInt64, _ width: AccessWidth
  ) throws(AccessRefusal) -> UInt64 {
    log.append("r\(bar) \(offset) \(width.rawValue)")
    return 0x1122_3344_5566_7700 + offset
  }

  func writeBAR(
    _ bar: Int, _ offset: UInt64, _ width: AccessWidth, _ value: UInt64
  ) throws(AccessRefusal) {
    log.append("w\(bar) \(offset) \(width.rawValue) \(String(value, radix: 16))")
  }

  func reset() { configuration.reset() }
}

@Suite struct SystemIOTests {
  private let trace = DeviceTrace()
  private let bus: PCIBus
  private let io: SystemIO
  private let device = Recorder()

  private static let memory: UInt64 = 0x800_0000_0000
  private static let pchip: UInt64 = 0x801_8000_0000
  private static let cchip: UInt64 = 0x801_A000_0000
  private static let acknowledge: UInt64 = 0x801_F800_0000
  private static let ports: UInt64 = 0x801_FC00_0000
  private static let configuration: UInt64 = 0x801_FE00_0000

  init() throws {
    bus = PCIBus(trace: trace)
    io = SystemIO(memory: try GuestRAM(byteCount: 1 << 20), bus: bus, trace: trace)
    try bus.attach(device, slot: 3)
  }

  private func read(_ address: UInt64, _ width: AccessWidth, cpu: Int = 0) throws -> UInt64 {
    try io.read(PhysicalAddress(address), width, cpu: cpu)
  }

  private func write(_ address: UInt64, _ width: AccessWidth, _ value: UInt64) throws {
    try io.write(PhysicalAddress(address), width, value, cpu: 0)
  }

  private func placeDevice() throws {
    let base = Self.configuration | 3 << 11
    try write(base + 0x10, .longword, 0xC000)
    try write(base + 0x14, .longword, 0x1000_0000)
    try write(base + 0x04, .word, 3)
  }

  @Test func chipsAnswerAtTheirAddresses() throws {
    #expect(try read(Self.cchip + 0x080, .quadword, cpu: 2) == 0x8_0000_0002)
    #expect(try read(Self.pchip + 0x0C0, .quadword) == 2)
    #expect(try read(0x801_B000_0800, .quadword) == 0x4343_4343_4343_4343)
    #expect(try read(0x801_3000_0040, .byte) == 0)
    try write(0x801_3000_0040, .quadword, 1)
    #expect(try read(0xFF9_A000_0080, .quadword) == 0x8_0000_0000, "bits 42:35 do not count")
  }

  @Test(
    arguments: [
      0, 0x7FF_FFFF_FFF8, 0x801_4000_0000, 0x801_7000_0000, 0x801_9000_0000, 0x801_C000_0000,
      0x801_F7FF_FFF8, 0x801_FF00_0000, 0x802_0000_0000, 0x803_8000_0000, 0x803_F800_0000,
      0x803_FC00_0000, 0x803_FE00_0000, 0x1801_A000_0080, 0x801_A000_0540, 0x801_8000_0380,
      0x801_B000_0000,
    ] as [UInt64])
  func nobodyAnswersElsewhere(address: UInt64) throws {
    #expect(throws: AccessRefusal.noRegister) { try read(address, .quadword) }
    #expect(throws: AccessRefusal.noRegister) { try write(address, .quadword, 0) }
  }

  @Test func registersAreQuadwords() throws {
    for base in [Self.cchip + 0x80, Self.pchip, 0x801_B000_0800] {
      #expect(throws: AccessRefusal.badWidth) { try read(base, .longword) }
      #expect(throws: AccessRefusal.badWidth) { try write(base, .byte, 0) }
      #expect(throws: AccessRefusal.misaligned) { try read(base + 4, .quadword) }
    }
    #expect(throws: AccessRefusal.misaligned) { try read(Self.ports + 1, .word) }
    #expect(throws: AccessRefusal.misaligned) { try write(Self.memory + 2, .longword, 0) }
  }

  @Test func configurationCycles() throws {
    let base = Self.configuration | 3 << 11
    #expect(try read(base, .longword) == 0x5678_1234)
    #expect(try read(base, .quadword) == 0x5678_1234)
    #expect(try read(base + 2, .word) == 0x5678)
    #expect(try read(base + 3, .byte) == 0x56)
    try write(base + 0x10, .quadword, 0xFFFF_FFFF_FFFF_FFFF)
    #expect(try read(base + 0x10, .quadword) == 0xFFFF_F000_FFFF_FFC1)
    for absent in [0, 3 << 11 | 1 << 8, 4 << 11, 1 << 16 | 3 << 11] as [UInt64] {
      #expect(try read(Self.configuration | absent, .longword) == 0xFFFF_FFFF)
      #expect(try read(Self.configuration | absent, .byte) == 0xFF)
      try write(Self.configuration | absent, .longword, 0)
    }
  }

  @Test func memoryAndPortCycles() throws {
    try placeDevice()
    #expect(try read(Self.memory | 0x1000_0010, .longword) == 0x5566_7710)
    #expect(try read(Self.memory | 0x1000_0011, .byte) == 0x11)
    #expect(try read(Self.ports | 0xC002, .word) == 0x7702)
    try write(Self.ports | 0xC004, .byte, 0x1FF)
    #expect(device.log == ["r1 16 4", "r1 17 1", "r0 2 2", "w0 4 1 ff"])
    device.log = []
    #expect(try read(Self.memory | 0x1000_0010, .quadword) == 0x5566_7714_5566_7710)
    try write(Self.memory | 0x1000_0020, .quadword, 0x1111_1111_2222_2222)
    #expect(device.log == ["r1 16 4", "r1 20 4", "w1 32 4 22222222", "w1 36 4 11111111"])
  }

  @Test func unclaimedCyclesReadOnesAndNeverFail() throws {
    for width in AccessWidth.allCases {
      #expect(try read(Self.memory | 0xB8000, width) == width.allOnes)
      #expect(try read(Self.ports | 0x3F0, width) == width.allOnes)
      try write(Self.memory | 0xB8000, width, 0)
      try write(Self.ports | 0x3F0, width, 0)
    }
    #expect(try read(Self.pchip + 0x3C0, .quadword) == 0, "PERRMASK is zero after reset")
  }

  @Test func unclaimedCyclesAreRecordedOnRequest() throws {
    try write(Self.cchip + 0x200, .quadword, 1 << 62)
    try write(Self.pchip + 0x400, .quadword, 0x100)
    _ = try read(Self.configuration, .longword)
    #expect(try read(Self.pchip + 0x3C0, .quadword) == 0, "configuration probes are no errors")
    _ = try read(Self.ports | 0x3F0, .byte)
    #expect(try read(Self.pchip + 0x3C0, .quadword) == 2 << 52 | 0x3F0 << 16 | 0x100)
    #expect(try read(Self.cchip + 0x280, .quadword) == 1 << 62)
    #expect(io.cchip.pins(of: 0) == CPUPins(error: true))
    try write(Self.pchip + 0x3C0, .quadword, 0xFFF)
    #expect(io.cchip.pins(of: 0) == CPUPins())
    try write(Self.memory | 0xB8000, .longword, 0)
    #expect(try read(Self.pchip + 0x3C0, .quadword) == 7 << 52 | 0xB8000 << 16 | 0x100)
  }

  /// 82378: subtractive decoding of I/O below 64 KB.
  @Test func theISABridgeTakesEveryPortBelow64KB() throws {
    final class OnePort: BusDevice {
      func read(_ offset: UInt64, _ width: AccessWidth) throws(AccessRefusal) -> UInt64 {
        guard offset == 0x60 else { throw .noRegister }
        guard width == .byte else { throw .badWidth }
        return 0x5A
      }
      func write(
        _ offset: UInt64, _ width: AccessWidth, _ value: UInt64
      ) throws(AccessRefusal) { throw .noRegister }
    }
    bus.subtractiveAgent = OnePort()
    try write(Self.pchip + 0x400, .quadword, 0x100)
    #expect(try read(Self.ports | 0x60, .byte) == 0x5A)
    #expect(try read(Self.ports | 0x60, .word) == 0xFFFF)
    #expect(try read(Self.ports | 0xFFFC, .longword) == 0xFFFF_FFFF)
    try write(Self.ports | 0x370, .byte, 0)
    #expect(try read(Self.pchip + 0x3C0, .quadword) == 0)
    #expect(try read(Self.ports | 0x1_0000, .byte) == 0xFF)
    #expect(try read(Self.pchip + 0x3C0, .quadword) == 2 << 52 | 0x1_0000 << 16 | 0x100)
  }

  @Test func interruptAcknowledge() throws {
    #expect(try read(Self.acknowledge, .longword) == 0xFFFF_FFFF)
    var vectors: [UInt8] = [4, 7, 9]
    io.pciWindows.acknowledgeInterrupt = { vectors.removeFirst() }
    #expect(try read(Self.acknowledge, .longword) == 4)
    #expect(try read(Self.acknowledge + 0x3FF_FFFC, .longword) == 7)
    #expect(try read(Self.acknowledge, .quadword) == 9, "one cycle, whatever the width")
    try write(Self.acknowledge, .longword, 0)
    #expect(vectors.isEmpty)
  }

  @Test func dmaToMissingMemoryReachesTheCchip() throws {
    try write(Self.pchip, .quadword, 0x8000_0001)
    try write(Self.pchip + 0x100, .quadword, 0x7FF0_0000)
    #expect(throws: DMAFault.self) {
      try io.pchip.translate(BusAddress(0x8010_0000), .read)
    }
    #expect(try read(Self.cchip + 0x080, .quadword) == 0x8_9000_0000)
    #expect(try read(Self.cchip + 0x300, .quadword) == 1 << 63)
  }

  @Test func softwareResetResetsTheBus() throws {
    try placeDevice()
    #expect(device.configuration.memoryEnabled)
    try write(Self.pchip + 0x800, .quadword, 1)
    #expect(!device.configuration.memoryEnabled)
  }

  @Test func tracesNameRegisters() throws {
    var lines: [String] = []
    trace.enabled = [.chipset, .unclaimed]
    trace.traceSink = { lines.append("\($0.rawValue) \($1)") }
    try write(Self.cchip + 0x200, .quadword, 0x100)
    _ = try read(Self.ports | 0x70, .byte)
    #expect(
      lines == [
        "chipset cpu 0 writes cchip DIM0 (8 bytes): 0x100",
        "unclaimed PCI io read of 1 bytes at 0x70",
        "chipset cpu 0 reads PCI io 0x70 (1 bytes): 0xff",
      ])
  }

  @Test func savedStateCoversAllChips() throws {
    try write(Self.cchip + 0x200, .quadword, .max)
    try write(0x801_B000_0840, .quadword, 5)
    try write(Self.pchip + 0x400, .quadword, 0xFFF)
    _ = try read(Self.ports, .byte)
    let saved = io.save()
    let copy = SystemIO(
      memory: try GuestRAM(byteCount: 1 << 20), bus: PCIBus(trace: trace), trace: trace)
    let fresh = copy.save()
    try copy.restore(saved)
    #expect(copy.save() == saved)
    #expect(copy.cchip.pins(of: 0) == CPUPins(error: true))
    copy.reset()
    #expect(copy.save() == fresh)

    var bad = saved
    bad.cchip.registers["CSC"] = 1
    #expect(throws: RestoreFault.self) { try copy.restore(bad) }
    #expect(copy.save() == fresh, "a refused restore changes nothing")
  }

  @Test func aMachineThatIsNoLongerUsedGivesItsMemoryBack() throws {
    weak var memory: GuestRAM?
    do {
      let trace = DeviceTrace()
      let ram = try GuestRAM(byteCount: 8192)
      let bus = PCIBus(trace: trace)
      let io = SystemIO(memory: ram, bus: bus, trace: trace)
      let device = Recorder()
      try bus.attach(device, slot: 1)
      device.memory = ReportingDMAAddressSpace(
        name: "recorder", configuration: device.configuration,
        next: BusMasterGate(
          device.configuration, next: PchipDMAAddressSpace(io.pchip, memory: ram)),
        translator: io.pchip.translator, trace: trace)
      memory = ram
      #expect(memory != nil)
    }
    #expect(memory == nil)
  }

  @Test func hostileAccesses() throws {
    var random = SeededGenerator(3)
    try placeDevice()
    for _ in 0..<20_000 {
      let address = random.next() & 0xFFF_FFFF_FFFF | 1 << 43
      let width = AccessWidth.allCases[Int(random.next() % 4)]
      _ = try? io.read(
        PhysicalAddress(address), width, cpu: Int(truncatingIfNeeded: random.next()))
      try? io.write(PhysicalAddress(address), width, random.next(), cpu: 0)
      let register = Self.pchip | random.next() & 0xFC0
      try? io.write(PhysicalAddress(register), .quadword, random.next(), cpu: 0)
    }
  }
}
