import DeviceModel
import GuestMemory
import Testing

@testable import Tsunami

/// Worked examples of the window arithmetic (21272 HRM 10.1.4), with the register values that
/// operating systems use.
@Suite struct DMATranslatorTests {
  private let bench: PchipBench
  private var memory: GuestRAM { bench.memory }

  init() throws { bench = try PchipBench(byteCount: 16 << 30) }

  private func misses(_ address: UInt64, inHole: Bool = false) -> Bool {
    do {
      _ = try bench.physical(address)
      return false
    } catch {
      return error as? DMAFault
        == DMAFault(.noWindow(inHole: inHole), at: BusAddress(address), .read)
    }
  }

  @Test func exampleADirectWindow() throws {
    try bench.window(2, 0x8000_0001, 0x7FF0_0000, 0)
    #expect(try bench.physical(0x9234_5678) == 0x1234_5678)
  }

  @Test func exampleBDirectMiss() throws {
    try bench.window(1, 0x8000_0001, 0x3FF0_0000, 0)
    #expect(try bench.physical(0xBFFF_FFFF) == 0x3FFF_FFFF)
    #expect(misses(0xC000_1000))
    #expect(misses(0x7FFF_FFFF))
  }

  @Test func exampleCScatterGather() throws {
    try bench.window(0, 0x0080_0003, 0x0070_0000, 0x0140_2000)
    memory.setQuadword(0x7655, at: PhysicalAddress(0x0140_2888))
    let translation = try bench.pchip.translate(BusAddress(0x00A2_3456), .read)
    #expect(translation.physical == PhysicalAddress(0x0765_5456))
    #expect(translation.window == 0)
    #expect(translation.byteCount == 0x2000 - 0x1456)
    #expect(
      translation.mapEntry
        == DMATranslator.MapEntryUse(
          address: PhysicalAddress(0x0140_2888), entry: ScatterGatherEntry(rawValue: 0x7655),
          isCached: false))
  }

  @Test func exampleDScatterGatherOfOneGigabyte() throws {
    try bench.window(1, 0x4000_0003, 0x3FF0_0000, 0x0200_0000)
    memory.setQuadword(0x3, at: PhysicalAddress(0x0201_D950))
    #expect(try bench.physical(0x4765_4321) == 0x2321)
  }

  @Test func exampleEMonsterWindow() throws {
    #expect(misses(0x100_1234_5678))
    try bench.write(.pctl, 1 << 6)
    #expect(try bench.physical(0x100_1234_5678) == 0x1234_5678)
    #expect(try bench.physical(0x178_1234_5678) == 0x1234_5678, "bits 39:35 do not count")
    #expect(try bench.physical(0x103_0000_0000) == 0x3_0000_0000)
    #expect(misses(0x200_0000_0000))
    #expect(misses(0x0001_0100_0000_0000))
  }

  @Test func exampleFWindow3DualAddress() throws {
    try bench.window(3, 0x80_0000_0003, 0x7FF0_0000, 0x0400_0000)
    memory.setQuadword(0x1111, at: PhysicalAddress(0x0404_8D10))
    #expect(try bench.physical(0x80_1234_5678) == 0x0111_1678)
    #expect(misses(0x1234_5678), "dual address only")
    #expect(misses(0x81_1234_5678), "bits 34:32 must be zero")
    #expect(misses(0x180_1234_5678))
  }

  @Test func exampleGInvalidateVirtual() throws {
    try bench.window(1, 0x4000_0003, 0x3FF0_0000, 0x0200_0000)
    for page in UInt64(0)..<16 {
      memory.setQuadword((page * 2) | 1, at: PhysicalAddress(0x0201_D940 + 8 * page))
    }
    // 0x47650000 to 0x4765ffff are eight pages in two groups, then comes the next block.
    for page in UInt64(0)..<16 { _ = try bench.physical(0x4765_0000 + 0x2000 * page) }
    #expect(cachedPages() == Array(0..<16))
    try bench.write(.tlbiv, 0x47650)
    #expect(cachedPages() == Array(8..<16))
    try bench.write(.tlbiv, 0x47660 | 1 << 27)
    #expect(cachedPages() == Array(8..<16), "bit 27 names a dual-address block")
    try bench.write(.tlbia, 0)
    #expect(cachedPages() == [])
  }

  private func cachedPages() -> [UInt64] {
    (0..<16).filter { bench.pchip.translator.tlb.group(for: 0x4765_0000 + 0x2000 * $0) != nil }
  }

  @Test func exampleHHole() throws {
    try bench.window(0, 0x0000_0001, 0, 0)
    #expect(try bench.physical(0x0009_F000) == 0x0009_F000)
    try bench.write(.pctl, 1 << 5)
    #expect(misses(0x0009_F000, inHole: true))
    #expect(misses(0x0008_0000, inHole: true) && misses(0x000F_FFFF, inHole: true))
    #expect(try bench.physical(0x0007_FFFF) == 0x0007_FFFF)
    try bench.window(0, 0x0000_0001, 0x0010_0000, 0)
    #expect(try bench.physical(0x0010_0000) == 0x0010_0000)
  }

  @Test func lowerWindowsAreAskedFirst() throws {
    try bench.window(1, 0x8000_0001, 0x0FF0_0000, 0x1000_0000)
    try bench.window(2, 0x8000_0001, 0x7FF0_0000, 0x0000_0000)
    #expect(try bench.pchip.translate(BusAddress(0x8000_0000), .read).window == 1)
    #expect(try bench.pchip.translate(BusAddress(0x9000_0000), .read).window == 2)
  }

  @Test func window3AlwaysUsesItsMap() throws {
    try bench.window(3, 0x2000_0001, 0x0010_0000, 0x0100_0000)
    memory.setQuadword(0x41, at: PhysicalAddress(0x0100_0408))
    #expect(try bench.physical(0x2010_2010) == 0x4_0010)
  }

  @Test func entriesReachAllOfMemoryAndNoFurther() throws {
    try bench.window(0, 0x0000_0003, 0, 0x0100_0000)
    // PA<34:13> are entry bits 22:1; this page lies above 8 GB.
    memory.setQuadword(0x30_0001, at: PhysicalAddress(0x0100_0000))
    #expect(try bench.physical(0x123) == 0x3_0000_0123)
    // Beyond the top of memory.
    memory.setQuadword(0x7F_FFFF, at: PhysicalAddress(0x0100_0020))
    #expect(
      throws: DMAFault(
        .nonExistentMemory(window: 0, physical: PhysicalAddress(0x7_FFFF_E004)),
        at: BusAddress(0x8004), .read)
    ) { try bench.physical(0x8004) }
    // Bits without a meaning are ignored.
    memory.setQuadword(0x6F80_0003 & ~0x9000_0000, at: PhysicalAddress(0x0100_0040))
    #expect(try bench.physical(0x1_0000) == 0x2000)
    for peer: UInt64 in [1 << 31, 1 << 28] {
      try bench.write(.tlbia, 0)
      memory.setQuadword(3 | peer, at: PhysicalAddress(0x0100_0060))
      #expect(
        throws: DMAFault(.peerToPeer(window: 0, entry: 3 | peer), at: BusAddress(0x1_8000), .read)
      ) { try bench.physical(0x1_8000) }
    }
  }

  @Test func explanationsNameEachStep() throws {
    try bench.window(0, 0x0080_0003, 0x0070_0000, 0x0140_2000)
    try bench.window(2, 0x8000_0001, 0x7FF0_0000, 0)
    try bench.write(.pctl, 1 << 6)
    memory.setQuadword(0x7655, at: PhysicalAddress(0x0140_2888))
    let translator = bench.pchip.translator
    #expect(
      translator.explain(BusAddress(0xA2_3456)) == """
        bus address 0xa23456: single address cycle
        claimed by window 0 0x800000-0xffffff by map at 0x1402000
        map entry at 0x1402888: 0x7655
        leads to memory at 0x7655456
        """)
    #expect(translator.tlb.group(for: 0xA2_3456) == nil, "an explanation leaves no trace")
    _ = try bench.physical(0xA2_3456)
    memory.setQuadword(0x8001, at: PhysicalAddress(0x0140_2888))
    #expect(
      translator.explain(BusAddress(0xA2_3456)).contains(
        "map entry at 0x1402888: 0x7655 in the cache, while memory holds 0x8001"))
    #expect(
      translator.explain(BusAddress(0x8000_1000)) == """
        bus address 0x80001000: single address cycle
        claimed by window 2 0x80000000-0xffffffff to 0x0
        leads to memory at 0x1000
        """)
    #expect(
      translator.explain(BusAddress(0x100_0000_2000)) == """
        bus address 0x10000002000: dual address cycle
        claimed by the monster window: bits 34:0 are the memory address
        leads to memory at 0x2000
        """)
    #expect(
      translator.explain(BusAddress(0x1000)) == """
        bus address 0x1000: single address cycle
        does not lead to memory: hits no window
        enabled: window 0 0x800000-0xffffff by map at 0x1402000, window 2 0x80000000-0xffffffff to \
        0x0, monster window 0x10000000000-0x1ffffffffff to 0x0
        """)
    try bench.window(3, 0x80_0000_0001, 0, 0x0040_0000)
    #expect(
      translator.windowSummary.contains("window 3 0x8000000000-0x80ffffffff by map at 0x400000"))
    #expect(try PchipBench().pchip.translator.windowSummary == "no window is enabled")
  }
}
