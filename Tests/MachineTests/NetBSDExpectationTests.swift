import AlphaCPU
import Console
import DeviceModel
import DiskImages
import GuestMemory
import Machine
import MachineTestKit
import PCI
import SouthBridge
import Testing
import Tsunami
import Virtio

/// What NetBSD/alpha relies on, on the whole board with our firmware. The clock (a periodic flag that
/// does not need its interrupt, 1024 Hz) is tested with the MC146818.
@Suite("What NetBSD/alpha expects")
struct NetBSDExpectationTests {
  private static let configuration: UInt64 = 0x801_FE00_0000
  private static let ports: UInt64 = 0x801_FC00_0000
  private static let pchip: UInt64 = 0x801_8000_0000
  private static let drir: UInt64 = 0x801_A000_0300
  /// NetBSD's direct window: bus address of physical address 0.
  private static let window: UInt64 = 0x8000_0000
  /// Memory that firmware and prompt do not use.
  private static let free: UInt64 = 0x80_0000

  private final class Log {
    var lines: [String] = []
  }

  private let log = Log()
  private let console = ConsoleBuffer()

  /// A machine at the firmware's prompt, with disks in the given slots.
  private func machine(
    slots: [Int] = [2], dma: DMAPolicy.Unnegotiated = .auto
  ) throws -> Machine {
    var configuration = MachineConfiguration(firmware: BuiltInFiles.firmware)
    configuration.memoryByteCount = 16 << 20
    let log = log
    let machine = try Machine(
      configuration, console: console, trace: DeviceTrace(warningSink: { log.lines.append($0) }))
    for slot in slots {
      try machine.attach(
        RawImage(
          MemoryFileStore((0..<8192).map { UInt8(truncatingIfNeeded: $0 / 512 + 1) }),
          readOnly: false),
        placement: VirtioPlacement(
          interface: .legacy, policy: DMAPolicy(accessPlatform: .off, unnegotiated: dma),
          slot: slot))
    }
    try machine.reset()
    for _ in 0..<40 where !console.outputText.contains(">>>") {
      _ = try machine.run(RunLimits(instructions: machine.cpus[0].instructionCount + 20_000))
    }
    #expect(console.outputText.contains(">>>"))
    return machine
  }

  private func read(_ machine: Machine, _ address: UInt64, _ width: AccessWidth) throws -> UInt64 {
    try machine.io.read(PhysicalAddress(address), width, cpu: 0)
  }

  private func write(
    _ machine: Machine, _ address: UInt64, _ width: AccessWidth, _ value: UInt64
  ) throws {
    try machine.io.write(PhysicalAddress(address), width, value, cpu: 0)
  }

  @Test("HWRPB: type 34, pages of 8 KB, two memory clusters, a printer port, DISPATCH in KSEG")
  func hwrpb() throws {
    let ram = try machine().ram
    let pages = stride(from: 0, to: ram.byteCount, by: Int(GuestRAM.pageSize))
    // The block says where it is, and "HWRPB".
    let found = pages.first {
      ram.quadword(at: PhysicalAddress($0)) == $0
        && ram.quadword(at: PhysicalAddress($0 + 8)) == 0x4857_5250_4200_0000
    }
    let base = try #require(found)
    func field(_ offset: UInt64) throws -> UInt64 {
      try #require(ram.quadword(at: PhysicalAddress(base + offset)))
    }
    #expect(try field(0x28) == 8192)
    #expect(try field(0x50) == 34)
    let terminal = try field(0xB8)
    #expect(try field(terminal + 0x38) == 2)
    let routines = try field(0xC0)
    let dispatch = try (address: field(routines), physical: field(routines + 8))
    #expect(dispatch.address == 0xFFFF_FC00_0000_0000 | dispatch.physical)
    let code = try #require(ram.quadword(at: PhysicalAddress(dispatch.physical + 8)))
    #expect(code >> 42 == 0x3F_FFFF)
    let memory = try field(0xC8)
    #expect(try field(memory + 0x10) >= 2)
  }

  @Test("Interrupt lines: the DRIR bit of slot and pin; 0xFF where nothing is connected")
  func interruptLines() throws {
    let machine = try machine(slots: [1, 2, 4, 6])
    for (slot, line) in [(1, 8), (2, 12), (4, 20), (6, 28), (7, 0xFF)] as [(UInt64, UInt64)] {
      #expect(
        try read(machine, Self.configuration | slot << 11 | 0x3C, .byte) == line, "slot \(slot)")
    }
    #expect(try read(machine, Self.configuration | 7 << 11 | 1 << 8 | 0x3C, .byte) == 0xFF)
  }

  @Test("Pchip windows are off, and TBA1, which the kernel never writes, is 0")
  func windows() throws {
    let machine = try machine()
    for number in 0..<4 as Range<UInt64> {
      #expect(try read(machine, Self.pchip + 0x40 * number, .quadword) & 1 == 0)
      #expect(try read(machine, Self.pchip + 0x100 + 0x40 * number, .quadword) == 0)
      #expect(try read(machine, Self.pchip + 0x200 + 0x40 * number, .quadword) == 0)
    }
  }

  /// The steps of the virtio driver of 2014: legacy registers, bus addresses, and I/O before
  /// DRIVER_OK.
  private struct LegacyDriver {
    let machine: Machine
    let base: UInt64
    let queue: DriverSideQueue

    init(_ machine: Machine, slot: UInt64) throws {
      self.machine = machine
      func write(_ address: UInt64, _ width: AccessWidth, _ value: UInt64) throws {
        try machine.io.write(PhysicalAddress(address), width, value, cpu: 0)
      }
      // Windows 0 (scatter-gather) and 1 (direct): base and mask only.
      for (offset, value) in [
        (0x000, 0x0080_0003), (0x100, 0x0070_0000), (0x040, 0x8000_0001), (0x140, 0x3FF0_0000),
      ] as [(UInt64, UInt64)] {
        try write(NetBSDExpectationTests.pchip + offset, .quadword, value)
      }
      let device = NetBSDExpectationTests.configuration | slot << 11
      let bar = try machine.io.read(PhysicalAddress(device + 0x10), .longword, cpu: 0)
      base = NetBSDExpectationTests.ports + (bar & ~3)
      try write(device + 4, .word, 7)
      for status in [0, 1, 3] as [UInt64] { try write(base + 18, .byte, status) }
      try write(base + 4, .longword, 1 << 2 | 1 << 5 | 1 << 6 | 1 << 28)
      let size = try machine.io.read(PhysicalAddress(base + 12), .word, cpu: 0)
      queue = try DriverSideQueue(
        FlatDMASpace(ram: machine.ram), at: NetBSDExpectationTests.free,
        size: UInt16(truncatingIfNeeded: size))
      try write(
        base + 8, .longword, (NetBSDExpectationTests.window + queue.descriptorTable) >> 12)
    }

    /// Reads a sector into memory; what the driver finds there.
    func readSector(_ sector: UInt64) throws -> (status: UInt64?, data: UInt64?) {
      let buffers = NetBSDExpectationTests.free + 0x1_0000
      let bus = NetBSDExpectationTests.window + buffers
      for (offset, value) in [(0, 0), (8, sector), (0x800, 0xEE)] as [(UInt64, UInt64)] {
        machine.ram.setQuadword(value, at: PhysicalAddress(buffers + offset))
      }
      try queue.addIndirect(
        [.readable(bus, 16), .writable(bus + 0x400, 512), .writable(bus + 0x800, 1)],
        table: buffers + 0x1000)
      try queue.setDescriptor(
        0, address: bus + 0x1000, length: 48, flags: DriverSideQueue.indirect)
      try machine.io.write(PhysicalAddress(base + 16), .word, 0, cpu: 0)
      machine.clock.advance(to: machine.clock.now + 1_000_000)
      machine.clock.runDueAlarms()
      return (
        machine.ram.quadword(at: PhysicalAddress(buffers + 0x800)),
        machine.ram.quadword(at: PhysicalAddress(buffers + 0x400))
      )
    }
  }

  @Test(
    "Its legacy virtio driver works with bus addresses (AP4, AP7), before DRIVER_OK (ST17)",
    arguments: [DMAPolicy.Unnegotiated.translated, .auto])
  func legacyDriver(_ dma: DMAPolicy.Unnegotiated) throws {
    let machine = try machine(dma: dma)
    let driver = try LegacyDriver(machine, slot: 2)
    let (status, data) = try driver.readSector(3)
    #expect(status == 0)
    #expect(data == 0x0404_0404_0404_0404)
    #expect(try driver.queue.takeUsed().map(\.length) == [513])
    #expect(machine.functions[0].core.memory.view == .translated)

    // The line falls when the interrupt status is read, and stays down: five stray interrupts would
    // make the kernel switch it off.
    #expect(try read(machine, Self.drir, .quadword) & 1 << 12 != 0)
    #expect(try read(machine, driver.base + 19, .byte) == 1)
    #expect(try read(machine, Self.drir, .quadword) & 1 << 12 == 0)
    machine.clock.advance(to: machine.clock.now + 10_000_000)
    machine.clock.runDueAlarms()
    #expect(try read(machine, Self.drir, .quadword) & 1 << 12 == 0)
    try write(machine, driver.base + 18, .byte, 7)
    #expect(try read(machine, Self.drir, .quadword) & 1 << 12 == 0)
  }

  @Test("With dma=physical the same driver gets nothing, and the report says what it needs")
  func physicalPolicy() throws {
    let machine = try machine(dma: .physical)
    let driver = try LegacyDriver(machine, slot: 2)
    #expect(try driver.readSector(3).status == 0xEE)
    #expect(log.lines.contains { $0.contains("dma=translated") }, "\(log.lines)")
  }

  @Test("A kernel's HALT ends the run")
  func halt() throws {
    var kernel = SampleELF(address: 0xFFFF_FC00_0000_0000 | Self.free)
    kernel.words = [0]
    var configuration = MachineConfiguration(firmware: BuiltInFiles.firmware)
    configuration.memoryByteCount = 16 << 20
    configuration.kernel = .init(name: "halt", bytes: kernel.bytes)
    let machine = try Machine(configuration, console: console, trace: DeviceTrace())
    try machine.reset()
    #expect(try machine.run(RunLimits(time: 2_000_000_000)) == .poweredOff)
  }
}
