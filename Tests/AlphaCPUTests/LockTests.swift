import AlphaCPU
import AlphaISA
import GuestMemory
import Testing

@Suite("Load-locked and store-conditional")
struct LockTests {
  let bench: Bench

  init() throws { bench = try Bench() }

  /// Runs LDx_L, what lies between, and STx_C; the answer of the latter.
  private func answer(
    _ between: [UInt32] = [], load: UInt32 = Encode.memory(.ldqL, 1, 0, 16),
    store: UInt32 = Encode.memory(.stqC, 2, 0, 16), mode: TestMode = .kernel
  ) throws -> UInt64 {
    bench.setQuadword(0x8000_0001, at: Bench.data)
    try bench.start([load] + between + [store], mode: mode)
    bench.cpu[integer: 2] = 0xAAAA_BBBB_CCCC
    bench.cpu[integer: 16] = Bench.kseg + Bench.data
    bench.run(between.count + 2)
    #expect(bench.entries.isEmpty)
    return bench.cpu[integer: 2]
  }

  @Test("A pair on the same address stores and answers 1")
  func pair() throws {
    #expect(try answer() == 1)
    #expect(bench.cpu[integer: 1] == 0x8000_0001)
    #expect(bench.quadword(Bench.data) == 0xAAAA_BBBB_CCCC)
    #expect(
      try answer(
        load: Encode.memory(.ldlL, 1, 0, 16), store: Encode.memory(.stlC, 2, 0, 16)) == 1)
    #expect(bench.cpu[integer: 1] == 0xFFFF_FFFF_8000_0001)
    #expect(bench.quadword(Bench.data) == 0xBBBB_CCCC)
  }

  @Test("Without a reservation nothing is stored, nothing is accessed, and the answer is 0")
  func withoutReservation() throws {
    bench.bus.registers[Bench.device] = 1
    for address in [Bench.kseg + Bench.data, 0x5_0000_0000, Bench.deviceVirtual] as [UInt64] {
      try bench.start([Encode.memory(.stqC, 2, 0, 16)])
      bench.cpu[integer: 2] = 5
      bench.cpu[integer: 16] = address
      bench.run(1)
      #expect(bench.cpu[integer: 2] == 0)
      #expect(bench.entries.isEmpty)
    }
    #expect(bench.quadword(Bench.data) == 0)
    #expect(bench.bus.accesses.isEmpty)
  }

  @Test("STx_C gives the reservation up, whether it stored or not")
  func onlyOnce() throws {
    #expect(try answer([Encode.memory(.stqC, 3, 0, 16)]) == 0)
    #expect(try answer([Encode.memory(.stqC, 3, 256, 16)]) == 0)
  }

  @Test(
    "The reservation is a 64-byte line: another line fails, the same line at another offset holds")
  func line() throws {
    #expect(try answer(store: Encode.memory(.stqC, 2, 56, 16)) == 1)
    #expect(try answer(store: Encode.memory(.stqC, 2, 64, 16)) == 0)
    #expect(try answer(store: Encode.memory(.stqC, 2, -8, 16)) == 0)
  }

  @Test("A later LDx_L moves the reservation")
  func secondLoad() throws {
    #expect(try answer([Encode.memory(.ldqL, 3, 128, 16)]) == 0)
    #expect(
      try answer(
        [Encode.memory(.ldqL, 3, 128, 16)], store: Encode.memory(.stqC, 2, 128, 16)) == 1)
  }

  @Test("The CPU's own loads and stores leave it alone")
  func ownAccesses() throws {
    #expect(try answer([Encode.ldq(3, 0, 16), Encode.stq(3, 8, 16), Encode.stq(3, 0, 16)]) == 1)
  }

  @Test("LDx_L to R31 takes the reservation too; STx_C of R31 stores zero")
  func register31() throws {
    #expect(try answer(load: Encode.memory(.ldqL, 31, 0, 16)) == 1)
    _ = try answer(store: Encode.memory(.stqC, 31, 0, 16))
    #expect(bench.quadword(Bench.data) == 0)
    #expect(bench.cpu[integer: 31] == 0)
  }

  @Test(
    "A device's write to the line breaks it, a write beside it does not",
    arguments: [(0, 8, 0), (63, 1, 0), (64, 8, 1), (-8, 8, 1), (-8, 9, 0), (-8, 200, 0)])
  func deviceWrite(offset: Int, byteCount: Int, expected: UInt64) throws {
    bench.bus.registers[Bench.device] = 0
    bench.bus.didWrite = { [ram = bench.ram] _ in
      let bytes = [UInt8](repeating: 0, count: byteCount)
      let address = Int(Bench.data) + offset
      _ = ram.write(PhysicalAddress(UInt64(address)), from: bytes.span)
    }
    try bench.start([
      Encode.memory(.ldqL, 1, 0, 16), Encode.stq(1, 0, 17), Encode.memory(.stqC, 2, 0, 16),
    ])
    bench.cpu[integer: 16] = Bench.kseg + Bench.data
    bench.cpu[integer: 17] = Bench.deviceVirtual
    bench.run(3)
    #expect(bench.cpu[integer: 2] == expected)
  }

  @Test("HW_RET breaks it, entering PALcode does not")
  func returnFromPALcode() throws {
    bench.stopsInPALcode = false
    let entry = (Bench.palBase + 0x2000 + (3 << 6)) & 0xFFFF_FFFF
    bench.store([Encode.hardwareReturn(31)], at: entry)
    try bench.start([
      Encode.memory(.ldqL, 1, 0, 16), Encode.callPAL(0x83), Encode.memory(.stqC, 2, 0, 16),
    ])
    bench.cpu[integer: 2] = 5
    bench.cpu[integer: 16] = Bench.kseg + Bench.data
    bench.run(4)
    #expect(bench.cpu[integer: 2] == 0)
    // In the handler itself it still stands.
    bench.store([Encode.memory(.stqC, 2, 0, 16)], at: entry)
    try bench.begin(at: Bench.code)
    bench.run(3)
    #expect(bench.cpu[integer: 2] == 1)
  }

  @Test("It goes by physical address: an alias of the page holds it")
  func alias() throws {
    let tables = try PageTables(bench)
    tables.map(0x4000_0000, to: Bench.data)
    try bench.start([Encode.memory(.ldqL, 1, 0, 16), Encode.memory(.stqC, 2, 0, 17)])
    bench.cpu[integer: 16] = Bench.kseg + Bench.data
    bench.cpu[integer: 17] = 0x4000_0000
    bench.run(2)
    #expect(bench.cpu[integer: 2] == 1)
  }

  @Test("With a reservation STx_C faults as a store does, and gives it up")
  func conditionalFault() throws {
    let tables = try PageTables(bench)
    tables.map(0x4000_0000, to: Bench.data, PageTableEntry.valid | PageTableEntry.kernelRead)
    try bench.start([Encode.memory(.ldqL, 1, 0, 16), Encode.memory(.stqC, 2, 0, 16)])
    bench.cpu[integer: 16] = 0x4000_0000
    bench.run(2)
    let entry = try #require(bench.entries.first)
    #expect(entry.entry == Entry.memoryManagement)
    #expect(entry.arguments.1 == 1)
    #expect(entry.arguments.2 == 1)
    #expect(bench.cpu.save().lockLine == .max)
  }

  @Test("HW_LD and HW_ST have it too, on physical addresses")
  func hardwareTypes() throws {
    for (load, store, expected) in [(2, 2, 1), (3, 3, 1), (1, 3, 0)] as [(Int, Int, UInt64)] {
      try bench.start(
        [
          Encode.hardwareLoad(type: load, 1, 0, 16), Encode.hardwareStore(type: store, 2, 8, 16),
        ], mode: .pal)
      bench.cpu[integer: 2] = 7
      bench.cpu[integer: 16] = Bench.data
      bench.run(2)
      #expect(bench.cpu[integer: 2] == expected)
    }
  }
}
