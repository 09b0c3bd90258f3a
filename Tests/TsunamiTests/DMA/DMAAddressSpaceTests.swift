import DeviceModel
import GuestMemory
import MachineTestKit
import PCI
import Testing

@testable import Tsunami

@Suite struct DMAAddressSpaceTests {
  private let bench: PchipBench
  private let space: PchipDMAAddressSpace
  private let configuration = ConfigurationSpace(PCIIdentity(vendor: 1, device: 1, classCode: 0))
  private let trace = DeviceTrace()

  init() throws {
    bench = try PchipBench(byteCount: 32 << 20)
    space = PchipDMAAddressSpace(bench.pchip, memory: bench.memory)
  }

  private static let map: UInt64 = 0x0140_2000

  /// Window 0 at 8 MB, 8 MB, with the given entries from its start on.
  private func mapPages(_ entries: [UInt64]) throws {
    try bench.window(0, 0x0080_0003, 0x0070_0000, Self.map)
    for (page, entry) in entries.enumerated() {
      bench.memory.setQuadword(entry, at: PhysicalAddress(Self.map + 8 * UInt64(page)))
    }
  }

  private func memoryBytes(_ address: UInt64, _ count: Int) throws -> [UInt8] {
    try PhysicalDMAAddressSpace(memory: bench.memory).readBytes(
      BusAddress(address), byteCount: count)
  }

  @Test func aBufferThatIsContiguousOnTheBusMayBeScatteredInMemory() throws {
    // Pages at 0x40000, 0x20000, 0x60000.
    try mapPages([0x41, 0x21, 0x61])
    let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    try space.writeBytes(bytes, at: BusAddress(0x80_0100))
    #expect(try space.readBytes(BusAddress(0x80_0100), byteCount: 20_000) == bytes)
    #expect(try memoryBytes(0x4_0100, 0x1F00) == Array(bytes[..<0x1F00]))
    #expect(try memoryBytes(0x2_0000, 0x2000) == Array(bytes[0x1F00..<0x3F00]))
    #expect(try memoryBytes(0x6_0000, 20_000 - 0x3F00) == Array(bytes[0x3F00...]))
    try space.probe(BusAddress(0x80_0100), byteCount: 20_000, .write)
  }

  @Test func aFailureLeavesTheEarlierPiecesDone() throws {
    try mapPages([0x41, 0x21, 0])
    let bytes = [UInt8](repeating: 0xAB, count: 0x5000)
    let fault = DMAFault(
      .invalidMapEntry(
        window: 0, entryAddress: PhysicalAddress(Self.map + 16), entry: 0, cached: true),
      at: BusAddress(0x80_4000), .write)
    #expect(throws: fault) { try space.writeBytes(bytes, at: BusAddress(0x80_0000)) }
    #expect(try memoryBytes(0x4_0000, 0x2000).allSatisfy { $0 == 0xAB })
    #expect(try memoryBytes(0x2_0000, 0x2000).allSatisfy { $0 == 0xAB })
    #expect(try memoryBytes(0x6_0000, 0x2000).allSatisfy { $0 == 0 })
  }

  @Test func pastTheEndOfAWindowNothingIsTranslated() throws {
    try bench.window(2, 0x8000_0001, 0x0000_0000, 0x0010_0000)
    let fault = DMAFault(.noWindow(inHole: false), at: BusAddress(0x8010_0000), .read)
    #expect(throws: fault) { try space.readBytes(BusAddress(0x800F_FFFF), byteCount: 2) }
    #expect(throws: fault) { try space.probe(BusAddress(0x800F_FFFF), byteCount: 2, .read) }
    try bench.window(1, 0x8010_0001, 0, 0x0030_0000)
    try space.writeBytes([1, 2], at: BusAddress(0x800F_FFFF))
    #expect(try memoryBytes(0x001F_FFFF, 1) == [1])
    #expect(try memoryBytes(0x0030_0000, 1) == [2])
  }

  @Test func hugeAndWrappingRanges() throws {
    try bench.window(2, 0x8000_0001, 0x7FF0_0000, 0)
    #expect(throws: DMAFault(.addressOverflow, at: BusAddress(.max - 1), .write)) {
      try space.writeBytes([1, 2, 3], at: BusAddress(.max - 1))
    }
    #expect(throws: DMAFault(.addressOverflow, at: BusAddress(0x8000_0000), .read)) {
      try space.probe(BusAddress(0x8000_0000), byteCount: .max, .read)
    }
    let end: UInt64 = 0x8000_0000 + 32 << 20
    #expect(
      throws: DMAFault(
        .nonExistentMemory(window: 2, physical: PhysicalAddress(32 << 20)),
        at: BusAddress(0x8200_0000), .read)
    ) { try space.probe(BusAddress(0x8000_0000), byteCount: end, .read) }
    try space.probe(BusAddress(0x8000_0000), byteCount: 32 << 20, .read)
    try space.probe(BusAddress(0), byteCount: 0, .read)
    #expect(try space.readBytes(BusAddress(0), byteCount: 0) == [])
  }

  @Test func probingHasNoSideEffects() throws {
    try mapPages([0, 0x21])
    try bench.write(.perrmask, 0xFFF)
    let before = bench.pchip.save()
    #expect(throws: DMAFault.self) { try space.probe(BusAddress(0x80_0000), byteCount: 1, .read) }
    #expect(throws: DMAFault.self) { try space.probe(BusAddress(0x1000), byteCount: 1, .read) }
    try space.probe(BusAddress(0x80_2000), byteCount: 1, .read)
    #expect(bench.pchip.save() == before)
    #expect(bench.nonExistentMemoryCount == 0)
  }

  @Test func deviceWritesAreSeenByMemoryObservers() throws {
    final class Observer: GuestRAMObserver {
      var changes: [UInt64: Int] = [:]
      func guestRAMDidChange(at address: PhysicalAddress, byteCount: Int) {
        changes[address.rawValue] = byteCount
      }
    }
    try mapPages([0x41, 0x21])
    let observer = Observer()
    bench.memory.addObserver(observer)
    try space.writeBytes([UInt8](repeating: 1, count: 0x2010), at: BusAddress(0x80_0000))
    #expect(observer.changes == [0x4_0000: 0x2000, 0x2_0000: 0x10])
  }

  @Test func physicalAddressesPassThePchip() throws {
    let physical = PhysicalDMAAddressSpace(memory: bench.memory)
    try physical.writeBytes([1, 2, 3], at: BusAddress(0x1000))
    #expect(try physical.readBytes(BusAddress(0x1000), byteCount: 3) == [1, 2, 3])
    let end = bench.memory.byteCount
    #expect(
      throws: DMAFault(
        .nonExistentMemory(window: nil, physical: PhysicalAddress(end)), at: BusAddress(end), .read)
    ) { try physical.readBytes(BusAddress(end - 1), byteCount: 2) }
    #expect(throws: DMAFault.self) { try physical.writeBytes([1], at: BusAddress(.max)) }
    #expect(throws: DMAFault(.addressOverflow, at: BusAddress(2), .read)) {
      try physical.probe(BusAddress(2), byteCount: .max, .read)
    }
  }

  // MARK: Reports

  /// Status bit 13.
  private var hasReceivedMasterAbort: Bool { configuration.read(6, .word) & 0x2000 != 0 }

  private func reporting(
    _ next: (any DMAAddressSpace)? = nil, isTranslated: Bool = true
  ) -> ReportingDMAAddressSpace {
    ReportingDMAAddressSpace(
      name: "disk0", configuration: configuration, next: next ?? space,
      translator: bench.pchip.translator, isTranslated: isTranslated, trace: trace)
  }

  /// The warnings that reading one byte at `address` causes.
  private func warnings(_ space: ReportingDMAAddressSpace, _ address: UInt64) -> [String] {
    var lines: [String] = []
    trace.warningSink = { lines.append($0) }
    #expect(throws: DMAFault.self) { try space.readBytes(BusAddress(address), byteCount: 1) }
    return lines
  }

  @Test func aMissInsideMemorySaysWhatTheDriverForgot() throws {
    try bench.window(2, 0x8000_0001, 0x3FF0_0000, 0)
    #expect(
      warnings(reporting(), 0x3_0000) == [
        "disk0: DMA read of bus address 0x30000: hits no window; enabled: window 2 "
          + "0x80000000-0xbfffffff to 0x0; 0x30000 is a valid RAM address: the driver probably "
          + "skipped its DMA mapping (programs physical addresses)"
      ])
    #expect(hasReceivedMasterAbort)
    #expect(
      warnings(reporting(), 0xF000_0000) == [
        "disk0: DMA read of bus address 0xf0000000: hits no window; enabled: window 2 "
          + "0x80000000-0xbfffffff to 0x0"
      ])
    #expect(trace.counts == ["disk0: no window": 2])
  }

  @Test func aStaleEntrySaysThatTheInvalidateIsMissing() throws {
    try mapPages([0x41, 0])
    _ = try space.readBytes(BusAddress(0x80_0000), byteCount: 1)
    bench.memory.setQuadword(0x21, at: PhysicalAddress(Self.map + 8))
    #expect(
      warnings(reporting(), 0x80_2000) == [
        "disk0: DMA read of bus address 0x802000: window 0, map entry 0x0 at 0x1402008 is not "
          + "valid (cached by the scatter-gather TLB); memory now holds 0x21 there: a TLBIV or "
          + "TLBIA is missing"
      ])
  }

  @Test func anInvalidEntryAtARAMAddressSuspectsAPhysicalAddress() throws {
    try mapPages([0])
    #expect(
      warnings(reporting(), 0x80_0000) == [
        "disk0: DMA read of bus address 0x800000: window 0, map entry 0x0 at 0x1402000 is not "
          + "valid; 0x800000 is a valid RAM address: the driver probably skipped its DMA mapping "
          + "(programs physical addresses)"
      ])
  }

  /// A mapping that leads to where no memory is has been made, not skipped.
  @Test func aMappingThatLeadsWrongIsNotSuspectedOfBeingSkipped() throws {
    try mapPages([0x8000_0041])
    try bench.window(1, 0x0100_0001, 0, 0x4_0000_0000)
    try bench.window(2, 0x0110_0003, 0, 0x4_0000_0000)
    let lines = [0x80_0000, 0x100_0000, 0x110_0000].flatMap { warnings(reporting(), $0) }
    #expect(lines.count == 3)
    #expect(lines.allSatisfy { !$0.contains("the driver probably") }, "\(lines)")
  }

  @Test func anUntranslatedMissSaysWhatThePchipWouldMakeOfIt() throws {
    try bench.window(2, 0x8000_0001, 0x3FF0_0000, 0)
    let physical = PhysicalDMAAddressSpace(memory: bench.memory)
    #expect(
      warnings(reporting(physical, isTranslated: false), 0x8000_1000) == [
        "disk0: DMA read of bus address 0x80001000: untranslated physical address 0x80001000 is "
          + "not memory; as a bus address it leads to memory at 0x1000: the driver probably maps "
          + "its DMA, but this device takes physical addresses"
      ])
  }

  @Test func aClosedGateIsNoMasterAbort() throws {
    let gate = BusMasterGate(configuration, next: reporting())
    #expect(throws: DMAFault.self) { try gate.readBytes(BusAddress(0x1000), byteCount: 1) }
    #expect(trace.counts.isEmpty)
    #expect(!hasReceivedMasterAbort)
  }

  @Test func probesAreSilent() throws {
    var lines: [String] = []
    trace.warningSink = { lines.append($0) }
    #expect(throws: DMAFault.self) {
      try reporting().probe(BusAddress(0x1000), byteCount: 1, .read)
    }
    #expect(lines.isEmpty && trace.counts.isEmpty)
    #expect(!hasReceivedMasterAbort)
  }

  @Test func tracesEachPage() throws {
    try mapPages([0x41, 0x21])
    var lines: [String] = []
    trace.traceSink = { lines.append($1) }
    let space = reporting()
    try space.writeBytes([1], at: BusAddress(0x80_0000))
    #expect(lines.isEmpty)
    try bench.write(.tlbia, 0)
    trace.enabled = [.dma]
    try space.writeBytes([UInt8](repeating: 1, count: 0x2010), at: BusAddress(0x80_0010))
    #expect(
      lines == [
        "disk0: DMA write of 8176 bytes at 0x800010, window 0, map entry 0x41 at 0x1402000, "
          + "memory 0x40010",
        "disk0: DMA write of 32 bytes at 0x802000, window 0, map entry 0x21 at 0x1402008, "
          + "memory 0x20000",
      ])
    lines = []
    try bench.window(2, 0x8000_0001, 0x3FF0_0000, 0)
    _ = try space.readBytes(BusAddress(0x8000_0000), byteCount: 4)
    let physical = PhysicalDMAAddressSpace(memory: bench.memory)
    _ = try reporting(physical, isTranslated: false).readBytes(BusAddress(0), byteCount: 4)
    #expect(
      lines == [
        "disk0: DMA read of 4 bytes at 0x80000000, window 2, memory 0x0",
        "disk0: DMA read of 4 bytes at 0x0, untranslated",
      ])
  }
}
