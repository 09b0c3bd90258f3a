import AlphaCPU
import AlphaISA
import Testing

/// Translations are tagged with the address space number (Alpha AHB II-B, "Address Space Numbers").
@Suite("Address spaces")
struct AddressSpaceTests {
  private static let code: UInt64 = 0x1_0000
  private static let data: UInt64 = 0x1_2000
  private static let callsys: UInt64 = 0x20C0
  private static let stub = Bench.palBase + 0x4000

  /// A program in an address space of its own; R0 tells which, R4 what it read.
  private struct Space {
    var number: Int
    var root: UInt64
    var tables: PageTables
    var code: UInt64
    var data: UInt64
  }

  private let bench: Bench

  init() throws {
    bench = try Bench(ramByteCount: 4 << 20)
    // ASN, PTBR, PS, and on to user mode at R1.
    bench.store(
      [
        Encode.mtpr(16, 13), Encode.mtpr(17, 8), Encode.mtpr(18, 0), Encode.hardwareReturn(1),
      ], at: Self.stub & 0xFF_FFFF)
  }

  private func space(_ number: Int) -> Space {
    let base = 0x10_0000 + UInt64(number) * 0x2_0000
    let space = Space(
      number: number, root: base, tables: PageTables(bench, root: base), code: base + 0x1_0000,
      data: base + 0x1_2000)
    space.tables.map(Self.code, to: space.code)
    space.tables.map(Self.data, to: space.data)
    bench.store(
      [
        Encode.lda(0, number), Encode.branch(.br, 3, 0), Encode.lda(3, 8, 3),
        Encode.jump(.jmp, 31, 3), Encode.ldq(4, 0, 5), Encode.callPAL(0x83),
      ], at: space.code)
    bench.setQuadword(UInt64(100 + number), at: space.data)
    return space
  }

  /// Switches as PALcode does, and runs to what enters PALcode.
  private func enter(_ space: Space, r4 value: UInt64 = 0) {
    let registers: [(Int, UInt64)] = [
      (0, 0), (1, Self.code), (4, value), (5, Self.data), (16, UInt64(space.number)),
      (17, space.root), (18, 8),
    ]
    bench.cpu.pc = Self.stub
    for (register, value) in registers { bench.cpu[integer: register] = value }
    bench.run(100)
  }

  /// What the program of an address space reads.
  private func read(_ space: Space) -> UInt64 {
    enter(space)
    #expect(bench.entries.last?.entry == Self.callsys)
    #expect(bench.cpu[integer: 0] == UInt64(space.number))
    return bench.cpu[integer: 4]
  }

  /// Executes one instruction in PALmode.
  private func execute(_ word: UInt32) {
    bench.store([word], at: (Self.stub & 0xFF_FFFF) + 0x100)
    bench.cpu.pc = Self.stub + 0x100
    bench.run(1)
  }

  private func begin() throws { try bench.begin(at: Self.stub, mode: .pal) }

  @Test("ASN keeps bits 7:0, and bit 63 tells that there is one")
  func register() throws {
    try bench.start([Encode.mtpr(1, 13), Encode.mfpr(2, 13)], mode: .pal)
    bench.cpu[integer: 1] = 0x1234_5678
    bench.run(2)
    #expect(bench.cpu[integer: 2] == 0x8000_0000_0000_0078 as UInt64)
  }

  @Test("The same address is another page and other code in each address space")
  func separate() throws {
    let spaces = (1...7).map(space)
    try begin()
    for _ in 0..<3 {
      for space in spaces { #expect(read(space) == UInt64(100 + space.number)) }
      for space in spaces.prefix(3) { #expect(read(space) == UInt64(100 + space.number)) }
    }
  }

  @Test("A translation is found again after a switch, stale as it may be, until it is invalidated")
  func stale() throws {
    let (one, two) = (space(1), space(2))
    let invalidations = [(254, Self.data), (255, 0)]
    for (register, argument) in invalidations {
      one.tables.map(Self.data, to: one.data)
      try begin()
      #expect(read(one) == 101)
      #expect(read(two) == 102)
      one.tables.map(Self.data, to: two.data)
      #expect(read(one) == 101)
      #expect(read(two) == 102)
      // TBIS and TBIA reach all address spaces: the page might have ASM.
      bench.cpu[integer: 2] = argument
      execute(Encode.mtpr(2, register))
      #expect(read(one) == 102)
    }
  }

  @Test("A number that is used again after TBIA has nothing of its old translations")
  func reused() throws {
    let (one, two) = (space(1), space(2))
    try begin()
    #expect(read(one) == 101)
    #expect(read(two) == 102)
    execute(Encode.mtpr(31, 255))
    one.tables.map(Self.data, to: two.data)
    #expect(read(one) == 102)
  }

  @Test("A store in one address space changes code that another one has executed")
  func sharedCode() throws {
    let (one, two) = (space(1), space(2))
    try begin()
    // Address space 2 may write the page before it holds translated code.
    two.tables.map(Self.data, to: one.code)
    bench.store([Encode.stq(4, 0, 5), Encode.lda(0, 2), Encode.callPAL(0x83)], at: two.code)
    let old = bench.quadword(one.code)
    enter(two, r4: old)
    #expect(read(one) == 101)
    enter(two, r4: old & ~0xFFFF_FFFF | UInt64(Encode.lda(0, 77)))
    enter(one)
    #expect(bench.cpu[integer: 0] == 77)
  }

  @Test("Floating point disabled in one address space is so in the others")
  func floatDisabled() throws {
    let (one, two) = (space(1), space(2))
    for space in [one, two] {
      bench.store([Encode.fnop], at: space.code + 16)
    }
    try begin()
    _ = read(one)
    _ = read(two)
    execute(Encode.mtpr(31, 1))
    enter(one)
    #expect(bench.entries.last?.entry == Entry.floatDisabled)
  }

  @Test("Restored state has the address space that was saved")
  func restored() throws {
    let spaces = [space(1), space(2)]
    try begin()
    for space in spaces { _ = read(space) }
    let saved = bench.cpu.save()
    _ = read(spaces[0])
    try bench.cpu.restore(saved)
    #expect(bench.cpu[.addressSpaceNumber] == 2)
    for space in spaces { #expect(read(space) == UInt64(100 + space.number)) }
  }
}
