import DeviceModel
import GuestMemory
import Testing

@testable import Tsunami

/// What a driver that forgets TLBIA and TLBIV sees: on the hardware, and here.
@Suite struct ScatterGatherTLBTests {
  private static let map: UInt64 = 0x0100_0000
  private static let window: UInt64 = 0x4000_0000

  private func bench(isLenient: Bool = false) throws -> PchipBench {
    let bench = try PchipBench(isLenient: isLenient)
    try bench.window(1, Self.window | 3, 0x3FF0_0000, Self.map)
    return bench
  }

  private func setEntry(_ page: UInt64, _ value: UInt64, _ bench: PchipBench) {
    bench.memory.setQuadword(value, at: PhysicalAddress(Self.map + 8 * page))
  }

  private func physical(_ page: UInt64, _ bench: PchipBench) throws -> UInt64 {
    try bench.physical(Self.window + 0x2000 * page)
  }

  @Test func aChangedEntryKeepsLeadingToTheOldPage() throws {
    let bench = try bench()
    setEntry(0, 0x21, bench)
    #expect(try physical(0, bench) == 0x2_0000)
    setEntry(0, 0x41, bench)
    #expect(try physical(0, bench) == 0x2_0000)
    try bench.write(.tlbia, 0)
    #expect(try physical(0, bench) == 0x4_0000)
  }

  @Test func aClearedEntryStillWorks() throws {
    let bench = try bench()
    setEntry(5, 0x21, bench)
    _ = try physical(5, bench)
    setEntry(5, 0, bench)
    #expect(try physical(5, bench) == 0x2_0000)
    try bench.write(.tlbiv, (Self.window + 0xA000) >> 12 & 0xF_FFF0)
    #expect(throws: DMAFault.self) { try physical(5, bench) }
  }

  @Test func anEntryThatWasInvalidWhenItsGroupWasFetchedStaysInvalid() throws {
    let bench = try bench()
    setEntry(4, 0x21, bench)
    _ = try physical(4, bench)
    setEntry(5, 0x41, bench)
    #expect(
      throws: DMAFault(
        .invalidMapEntry(
          window: 1, entryAddress: PhysicalAddress(Self.map + 40), entry: 0, cached: true),
        at: BusAddress(Self.window + 0xA000), .read)
    ) { try physical(5, bench) }
    setEntry(8, 0x61, bench)
    #expect(try physical(8, bench) == 0x6_0000, "another group is fetched afresh")
    try bench.write(.tlbia, 0)
    #expect(try physical(5, bench) == 0x4_0000)
  }

  @Test func changingTheWindowDoesNotEmptyTheCache() throws {
    let bench = try bench()
    setEntry(0, 0x21, bench)
    _ = try physical(0, bench)
    try bench.write(.tba1, Self.map + 0x10_0000)
    #expect(try physical(0, bench) == 0x2_0000)
    try bench.write(.tlbia, 0)
    #expect(throws: DMAFault.self) { try physical(0, bench) }
  }

  @Test func lenientReadsTheMapEveryTime() throws {
    let bench = try bench(isLenient: true)
    setEntry(4, 0x21, bench)
    #expect(try physical(4, bench) == 0x2_0000)
    setEntry(4, 0x41, bench)
    setEntry(5, 0x61, bench)
    #expect(try physical(4, bench) == 0x4_0000)
    #expect(try physical(5, bench) == 0x6_0000)
    setEntry(5, 0, bench)
    #expect(throws: DMAFault.self) { try physical(5, bench) }
  }

  @Test func holds168GroupsAndReplacesTheOldest() throws {
    let bench = try bench()
    for group in UInt64(0)...168 { setEntry(4 * group, 0x21, bench) }
    for group in UInt64(0)..<168 { _ = try physical(4 * group, bench) }
    for group in UInt64(0)...168 { setEntry(4 * group, 0x41, bench) }
    #expect(try physical(0, bench) == 0x2_0000)
    #expect(try physical(4 * 168, bench) == 0x4_0000)
    #expect(try physical(4, bench) == 0x2_0000)
    #expect(try physical(0, bench) == 0x4_0000, "the first group made room for the last")
    #expect(try physical(4, bench) == 0x4_0000, "and the second for the first")
  }

  @Test func singleAndDualAddressesHaveTagsOfTheirOwn() throws {
    let bench = try bench()
    try bench.window(3, 0x80_0000_0001, 0, 0x0240_0000)
    setEntry(0, 0x21, bench)
    bench.memory.setQuadword(0x41, at: PhysicalAddress(0x0240_0000 + (Self.window >> 10)))
    #expect(try bench.physical(Self.window) == 0x2_0000)
    #expect(try bench.physical(0x80_0000_0000 | Self.window) == 0x4_0000)
    setEntry(0, 0x61, bench)
    bench.memory.setQuadword(0x81, at: PhysicalAddress(0x0240_0000 + (Self.window >> 10)))
    try bench.write(.tlbiv, Self.window >> 12 | 1 << 27)
    #expect(try bench.physical(Self.window) == 0x2_0000)
    #expect(try bench.physical(0x80_0000_0000 | Self.window) == 0x8_0000)
  }

  @Test func aMapOutsideMemoryIsNotCached() throws {
    let bench = try bench()
    try bench.write(.tba1, 0x7_0000_0000)
    #expect(throws: DMAFault.self) { try physical(0, bench) }
    try bench.write(.tba1, Self.map)
    setEntry(0, 0x21, bench)
    #expect(try physical(0, bench) == 0x2_0000)
  }
}
