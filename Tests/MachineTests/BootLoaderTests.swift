import Console
import DeviceModel
import GuestMemory
import Machine
import Testing

/// A machine with 1 MB of memory whose firmware lies at 0 to 0x2000 and whose kernel at 0x40000.
@Suite("Boot loader")
struct BootLoaderTests {
  private static let base: UInt64 = 0xFFFF_FC00_0000_0000

  private var firmware = SampleELF(address: base)
  private var kernel = SampleELF(address: base + 0x4_0000)

  init() {
    firmware.memorySize = 0x2000
    kernel.memorySize = 0x1000
  }

  @discardableResult
  private func load(initrd: [UInt8] = [], commandLine: String = "") throws -> Machine {
    var configuration = MachineConfiguration(
      firmware: .init(name: "firmware", bytes: firmware.bytes))
    configuration.kernel = .init(name: "kernel", bytes: kernel.bytes)
    configuration.initrd = .init(name: "initrd", bytes: initrd)
    configuration.commandLine = commandLine
    configuration.memoryByteCount = 1 << 20
    let machine = try Machine(configuration, console: NullEndpoint(), trace: DeviceTrace())
    try machine.reset()
    return machine
  }

  @Test("command line and initial RAM disk are where the firmware looks for them")
  func parameters() throws {
    let ram = try load(initrd: [UInt8](repeating: 0xAB, count: 0x2001), commandLine: "x=1").ram
    #expect(ram.quadword(at: PhysicalAddress(0x3_A000)) == 0x31_3D78)
    #expect(ram.quadword(at: PhysicalAddress(0x3_A100)) == Self.base + 0xF_C000)
    #expect(ram.quadword(at: PhysicalAddress(0x3_A108)) == 0x2001)
    #expect(ram.quadword(at: PhysicalAddress(0xF_DFF9)) == 0xABAB_ABAB_ABAB_ABAB)
    #expect(ram.quadword(at: PhysicalAddress(0xF_E000)) == 0xAB)
  }

  private func overlap(initrd: Int = 0) throws -> String {
    let initrd = [UInt8](repeating: 0, count: initrd)
    return try #require(throws: LoadError.self) { try load(initrd: initrd) }.description
  }

  @Test("an initial RAM disk that would lie over the kernel is refused")
  func initrdOverKernel() throws {
    #expect(throws: Never.self) { try load(initrd: [UInt8](repeating: 0, count: 0xB_E000)) }
    let error = try overlap(initrd: 0xC_1000)
    #expect(error.hasPrefix("kernel at 0x40000 overlaps initrd at 0x3e000; "))
    #expect(error.contains("--memory"))
  }

  @Test("an initial RAM disk that would lie over the parameters is refused")
  func initrdOverParameters() throws {
    #expect(
      try overlap(initrd: 0xC_7000).hasPrefix(
        "the kernel's parameter block at 0x3a000 overlaps initrd at 0x38000; "))
  }

  @Test("a kernel whose parameters would lie over the firmware is refused")
  mutating func kernelOverFirmware() throws {
    firmware.memorySize = 0x3_A001
    #expect(
      try overlap().hasPrefix(
        "the kernel's parameter block at 0x3a000 overlaps firmware at 0x0; "))
  }

  @Test("a file whose segments lie over each other is refused")
  mutating func overlappingSegments() throws {
    kernel.segmentCount = 2
    kernel.contentOffset = 64 + 2 * 56
    #expect(try overlap().hasPrefix("kernel at 0x40000 overlaps kernel at 0x40000; "))
  }
}
