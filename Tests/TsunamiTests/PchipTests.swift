import DeviceModel
import GuestMemory
import Testing

@testable import Tsunami

/// A Pchip with names for its registers and a record of its outputs.
final class PchipBench {
  let memory: GuestRAM
  let pchip: Pchip
  let error = InterruptLine()
  private let counters = Counters()

  private final class Counters {
    var nonExistentMemory = 0
    var softwareReset = 0
  }

  var nonExistentMemoryCount: Int { counters.nonExistentMemory }
  var softwareResetCount: Int { counters.softwareReset }

  init(byteCount: UInt64 = 1 << 30, isLenient: Bool = false) throws {
    memory = try GuestRAM(byteCount: byteCount)
    pchip = Pchip(
      memory: memory, isLenient: isLenient,
      outputs: Pchip.Outputs(
        error: error, nonExistentMemory: { [counters] in counters.nonExistentMemory += 1 },
        softwareReset: { [counters] in counters.softwareReset += 1 }))
  }

  func read(_ register: PchipRegister) throws -> UInt64 {
    try pchip.read(Pchip.registerMap[register].offset, .quadword)
  }

  func write(_ register: PchipRegister, _ value: UInt64) throws {
    try pchip.write(Pchip.registerMap[register].offset, .quadword, value)
  }

  func window(_ number: Int, _ wsba: UInt64, _ wsm: UInt64, _ tba: UInt64) throws {
    let names = Pchip.windowRegisters[number]
    try write(names.wsba, wsba)
    try write(names.wsm, wsm)
    try write(names.tba, tba)
  }

  /// Where a DMA read of `address` ends up.
  func physical(_ address: UInt64) throws -> UInt64 {
    try pchip.translate(BusAddress(address), .read).physical.rawValue
  }
}

@Suite struct PchipTests {
  private let bench: PchipBench

  init() throws { bench = try PchipBench() }

  @Test func nothingIsRecordedWhileMasked() throws {
    bench.pchip.recordMasterAbort(.memoryRead, at: 0xB8000)
    try bench.write(.perrset, 0xFFF)
    #expect(try bench.read(.perror) == 0)
    #expect(!bench.error.isAsserted)
  }

  @Test func masterAbortIsCapturedOnce() throws {
    try bench.write(.perrmask, 0x101)
    bench.pchip.recordMasterAbort(.ioWrite, at: 0x3F0)
    #expect(try bench.read(.perror) == 3 << 52 | 0x3F0 << 16 | 0x100)
    #expect(bench.error.isAsserted)
    bench.pchip.recordMasterAbort(.memoryRead, at: 0xB8000)
    #expect(try bench.read(.perror) == 3 << 52 | 0x3F0 << 16 | 0x101, "only LOST is added")
    try bench.write(.perror, 0x100)
    #expect(bench.error.isAsserted, "LOST still holds the line")
    try bench.write(.perror, 0x001)
    #expect(try bench.read(.perror) & 0xFFF == 0)
    #expect(!bench.error.isAsserted)
    bench.pchip.recordMasterAbort(.memoryRead, at: 0xB_8003)
    #expect(try bench.read(.perror) == 6 << 52 | 0xB_8000 << 16 | 0x100)
  }

  @Test func aMaskedErrorDoesNotSetLost() throws {
    try bench.write(.perrmask, 0x010)
    try bench.write(.perrset, 0x010)
    bench.pchip.recordMasterAbort(.memoryRead, at: 0)
    #expect(try bench.read(.perror) == 0x010)
    try bench.write(.perrmask, 0x110)
    bench.pchip.recordMasterAbort(.memoryRead, at: 0)
    #expect(try bench.read(.perror) == 0x010, "LOST itself is masked")
  }

  @Test func errorSetObeysTheMask() throws {
    try bench.write(.perrmask, 0xA5A)
    try bench.write(.perrset, 0xFFF)
    #expect(try bench.read(.perror) == 0xA5A)
    #expect(bench.error.isAsserted)
    try bench.write(.perror, .max)
    #expect(try bench.read(.perror) == 0)
    #expect(!bench.error.isAsserted)
  }

  @Test func invalidMapEntryIsRecorded() throws {
    try bench.write(.perrmask, 0xFFF)
    try bench.window(0, 0x0080_0003, 0x0070_0000, 0x0140_2000)
    #expect(throws: DMAFault.self) {
      try bench.pchip.translate(BusAddress(0xA2_3456), .write)
    }
    #expect(try bench.read(.perror) == 7 << 52 | 0xA2_3454 << 16 | 0x010)
    #expect(bench.nonExistentMemoryCount == 0)
  }

  @Test func dualAddressCyclesAreToldApart() throws {
    try bench.write(.perrmask, 0xFFF)
    try bench.window(3, 0x80_0000_0001, 0, 0x40_0000)
    #expect(throws: DMAFault.self) {
      try bench.pchip.translate(BusAddress(0x80_1234_5678), .read)
    }
    #expect(try bench.read(.perror) == 6 << 52 | 0x1234_5678 << 16 | 1 << 16 | 0x010)
  }

  @Test func mapOutsideMemoryIsUncorrectableAndNonExistent() throws {
    try bench.write(.perrmask, 0xFFF)
    try bench.window(1, 0x4000_0003, 0x3FF0_0000, 0x7_0000_0000)
    let entryAddress: UInt64 = 0x7_0000_0000 | 0x0765_4000 >> 10
    #expect(
      throws: DMAFault(
        .mapOutsideMemory(window: 1, entryAddress: PhysicalAddress(entryAddress)),
        at: BusAddress(0x4765_4321), .read)
    ) {
      try bench.pchip.translate(BusAddress(0x4765_4321), .read)
    }
    #expect(try bench.read(.perror) == 3 << 52 | (entryAddress >> 3) << 19 | 0x400)
    #expect(bench.nonExistentMemoryCount == 1)
  }

  @Test func windowMissAndBadPageLeavePerrorAlone() throws {
    try bench.write(.perrmask, 0xFFF)
    #expect(throws: DMAFault.self) { try bench.pchip.translate(BusAddress(0x1000), .read) }
    #expect(bench.nonExistentMemoryCount == 0)
    try bench.window(2, 0x8000_0001, 0x7FF0_0000, 0)
    #expect(throws: DMAFault.self) { try bench.pchip.translate(BusAddress(0xC000_0000), .read) }
    #expect(bench.nonExistentMemoryCount == 1)
    #expect(try bench.read(.perror) == 0)
  }

  @Test func softwareResetReachesTheBus() throws {
    try bench.write(.sprst, 0)
    #expect(bench.softwareResetCount == 1)
  }

  @Test func resetForgetsWindowsErrorsAndCache() throws {
    try bench.window(0, 0x0080_0003, 0x0070_0000, 0x0140_2000)
    bench.memory.setQuadword(0x7655, at: PhysicalAddress(0x0140_2888))
    _ = try bench.physical(0xA2_3456)
    try bench.write(.perrmask, 0xFFF)
    try bench.write(.perrset, 1)
    let fresh = try PchipBench()
    #expect(bench.pchip.save() != fresh.pchip.save())
    bench.pchip.reset()
    #expect(!bench.error.isAsserted)
    #expect(bench.pchip.save() == fresh.pchip.save())
    #expect(throws: DMAFault.self) { try bench.physical(0xA2_3456) }
  }

  @Test func savedStateKeepsTheCache() throws {
    try bench.window(0, 0x0080_0003, 0x0070_0000, 0x0140_2000)
    bench.memory.setQuadword(0x7655, at: PhysicalAddress(0x0140_2888))
    #expect(try bench.physical(0xA2_3456) == 0x0765_5456)
    try bench.write(.perrmask, 0xFFF)
    try bench.write(.perrset, 2)
    let saved = bench.pchip.save()

    let copy = try PchipBench()
    try copy.pchip.restore(saved)
    #expect(copy.error.isAsserted)
    #expect(copy.pchip.save() == saved)
    #expect(try copy.pchip.translator.peek(BusAddress(0xA2_3456), .read).mapEntry?.isCached == true)

    var bad = saved
    bad.tlb.victim = 168
    #expect(throws: RestoreFault.self) { try copy.pchip.restore(bad) }
    bad = saved
    bad.tlb.tags[1] = bad.tlb.tags[0]
    #expect(throws: RestoreFault.self) { try copy.pchip.restore(bad) }
    bad = saved
    bad.tlb.tags[0]?.group.entries.removeLast()
    #expect(throws: RestoreFault.self) { try copy.pchip.restore(bad) }
    bad = saved
    bad.registers["WSBA0"] = 0x10
    #expect(throws: RestoreFault.self) { try copy.pchip.restore(bad) }
    #expect(copy.pchip.save() == saved)
  }
}
