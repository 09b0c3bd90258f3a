import AlphaCPU
import AlphaISA
import GuestMemory
import Testing

@Suite("Self-modifying code")
struct SelfModifyingCodeTests {
  let bench: Bench

  init() throws { bench = try Bench() }

  /// R17 addresses the code, R1 holds LDA R2,42.
  private func start(_ program: [UInt32], mode: TestMode = .kernel) throws {
    try bench.start(program, mode: mode)
    bench.cpu[integer: 1] = UInt64(Encode.lda(2, 42))
    bench.cpu[integer: 17] = Bench.code
  }

  @Test("A store ahead of the PC in the running block is executed", arguments: [1, 2, 5])
  func runningBlock(distance: Int) throws {
    for before in [0, 1, 3] {
      let store = Encode.stl(1, 4 * (before + distance), 17)
      try start(
        [UInt32](repeating: Encode.nop, count: before) + [store]
          + [UInt32](repeating: Encode.lda(2, 1), count: 8))
      let count = bench.cpu.instructionCount
      bench.run(before + 1 + distance)
      #expect(bench.cpu[integer: 2] == 42, "store at \(before), target \(distance) further")
      #expect(bench.cpu.pc == Bench.code + 4 * UInt64(before + 1 + distance))
      #expect(bench.cpu.instructionCount == count + UInt64(before + 1 + distance))
    }
  }

  @Test("The block's first instruction may be the store", arguments: [0, 0x48, 0x1F00])
  func firstInstruction(offset: Int) throws {
    try start([])
    let pc = Bench.code + UInt64(offset)
    bench.store(
      [Encode.stl(1, offset + 4, 17), Encode.lda(2, 1), Encode.stay], at: pc & 0xFFFF_FFFF)
    bench.cpu.pc = pc
    let count = bench.cpu.instructionCount
    bench.cpu.run(budget: 1000)
    #expect(bench.cpu.instructionCount == count + 1)
    #expect(bench.cpu.pc == pc + 4)
    bench.run(1)
    #expect(bench.cpu[integer: 2] == 42)
  }

  @Test("A store to itself or behind the PC takes effect the next time round")
  func behind() throws {
    for target in [0, 1] {
      try start([
        Encode.lda(2, 1), Encode.stl(1, 4 * target, 17), Encode.addq(3, 2, 3),
        Encode.branch(.br, 31, -4),
      ])
      bench.cpu[integer: 3] = 0
      bench.run(7)
      #expect(bench.cpu[integer: 3] == 43)
      #expect(bench.cpu.pc == Bench.code + 12)
    }
  }

  @Test("Every kind of store reaches the code: widths, STx_C, HW_ST")
  func storeKinds() throws {
    let stores: [UInt32] = [
      Encode.memory(.stb, 1, 8, 17), Encode.memory(.stw, 1, 8, 17), Encode.memory(.stl, 1, 8, 17),
      Encode.memory(.stq, 1, 8, 17), Encode.memory(.stqU, 1, 9, 17),
      Encode.memory(.stlC, 1, 8, 17), Encode.memory(.sts, 3, 8, 17), Encode.memory(.stt, 3, 8, 17),
      Encode.hardwareStore(type: 0, 1, 8, 18), Encode.hardwareStore(type: 1, 1, 8, 18),
      Encode.hardwareStore(type: 2, 1, 8, 18),
    ]
    for store in stores {
      try start(
        [Encode.memory(.ldlL, 4, 8, 17), store, Encode.lda(2, 1), Encode.nop], mode: .pal)
      bench.cpu[integer: 18] = Bench.code & 0xFFFF_FFFF
      bench.cpu[float: 3] = 0x0
      bench.run(3)
      let opcode = store >> 26
      if opcode == 0x26 || opcode == 0x27 {
        // Zero is CALL_PAL HALT.
        #expect(bench.entries.map(\.entry) == [0x1000])
      } else {
        #expect(bench.cpu[integer: 2] == 42, "opcode \(String(opcode, radix: 16))")
      }
    }
  }

  @Test("Code that was run and linked from elsewhere in its page is built again")
  func linkedBlock() throws {
    // A call to a function in the same page, twice with a change between.
    try start([
      Encode.branch(.bsr, 26, 31), Encode.addq(3, 2, 3), Encode.stl(1, 128, 17),
      Encode.branch(.bsr, 26, 28), Encode.addq(3, 2, 3), Encode.stay,
    ])
    bench.store(
      [Encode.lda(2, 1), Encode.jump(.ret, 31, 26)], at: (Bench.code + 128) & 0xFFFF_FFFF)
    bench.run(9)
    #expect(bench.cpu[integer: 3] == 43)
  }

  @Test("A link stays in its page when the virtual address of the page leads elsewhere meanwhile")
  func linkAfterRemapping() throws {
    let tables = try PageTables(bench)
    let (here, evicting, alias): (UInt64, UInt64, UInt64) = (0x4000_0000, 0x4040_0000, 0x4000_4000)
    let pages: [UInt64] = [0x2_0000, 0x2_2000]
    // R6 tells which page has been executed, if R1 is zero; the branch is a block of its own.
    for (index, page) in pages.enumerated() {
      bench.store(
        [
          Encode.branch(.beq, 1, 1), Encode.jump(.jmp, 31, 5), Encode.lda(6, index + 1),
          Encode.jump(.jmp, 31, 5),
        ], at: page)
      bench.store([Encode.mtpr(31, 255)], at: page + 0x100)
    }
    tables.map(here, to: pages[0])
    tables.map(alias, to: pages[0])
    // It takes the place of the first one in the instruction TLB.
    tables.map(evicting, to: pages[1])
    try bench.begin(at: here, mode: .pal)
    func run(at pc: UInt64, _ count: Int) {
      bench.cpu.pc = pc
      bench.run(count)
    }
    bench.cpu[integer: 1] = 1
    run(at: here, 2)
    run(at: evicting + 4, 1)
    tables.map(here, to: pages[1])
    bench.cpu[integer: 1] = 0
    run(at: here, 3)
    // The branch is still that of the first page, which the jump cache knows.
    #expect(bench.cpu[integer: 6] == 2)
    run(at: Bench.kseg + pages[0] + 0x100, 1)
    run(at: alias, 3)
    #expect(bench.cpu[integer: 6] == 1)
  }

  @Test("Stores to data in a code page keep the code, at any distance")
  func dataInCodePage() throws {
    for offset in [0x40, 0x100, 0x1FF8] {
      try start([
        Encode.lda(4, 100), Encode.stq(4, offset, 17), Encode.ldq(5, offset, 17),
        Encode.addq(3, 5, 3), Encode.operate(.subq, 4, literal: 1, 4), Encode.branch(.bne, 4, -5),
      ])
      bench.cpu[integer: 3] = 0
      bench.run(501)
      #expect(bench.cpu[integer: 3] == 5050)
      #expect(bench.entries.isEmpty)
    }
  }

  @Test("A change through another virtual address of the page is seen")
  func alias() throws {
    let tables = try PageTables(bench)
    tables.map(0x4000_0000, to: Bench.code & 0xFFFF_FFFF)
    for isWarm in [false, true] {
      try start([Encode.lda(2, 1), Encode.nop, Encode.stl(1, 0, 18), Encode.branch(.br, 31, -4)])
      bench.cpu[integer: 18] = 0x4000_0000
      // The translation of the data address may be known before the page holds code.
      if isWarm {
        let data = Bench.kseg + 0x3_0000
        bench.store([Encode.ldq(5, 0, 18), Encode.stq(5, 0x100, 18)], at: data & 0xFFFF_FFFF)
        bench.cpu.pc = data
        bench.run(2)
        bench.cpu.pc = Bench.code
      }
      bench.run(5)
      #expect(bench.cpu[integer: 2] == 42)
    }
  }

  @Test("A device's write to code is seen, also in the running block")
  func deviceWrite() throws {
    bench.bus.registers[Bench.device] = 0
    bench.bus.didWrite = { [bench] _ in
      bench.store([Encode.lda(2, 42)], at: (Bench.code & 0xFFFF_FFFF) + 8)
    }
    try start([Encode.nop, Encode.stq(1, 0, 18), Encode.lda(2, 1), Encode.nop])
    bench.cpu[integer: 18] = Bench.deviceVirtual
    bench.run(3)
    #expect(bench.cpu[integer: 2] == 42)
  }

  @Test("Code written at the end of a page and the start of the next")
  func acrossPages() throws {
    try start([])
    let end = Bench.code + 0x1FFC
    bench.store([Encode.stl(1, 0x2000, 17), Encode.lda(2, 1)], at: end & 0xFFFF_FFFF)
    for _ in 0..<2 {
      try bench.begin(at: end)
      bench.run(2)
      #expect(bench.cpu[integer: 2] == 42)
      bench.store([Encode.lda(2, 1)], at: (end + 4) & 0xFFFF_FFFF)
    }
  }

  @Test("When the cache is emptied for a block that is cut short, no jump leads to what was there")
  func emptiedForCutBlock() throws {
    try start([Encode.lda(2, 1), Encode.jump(.jmp, 31, 18)])
    let filling: UInt64 = 0x3_0000
    bench.cpu[integer: 18] = Bench.kseg + filling
    bench.store([UInt32](repeating: Encode.addq(4, literal: 1, 4), count: 0x4000), at: filling)
    bench.run(10)
    #expect(bench.cpu[integer: 2] == 1)
    // With a budget of one, each instruction is the start of a block of its own.
    for _ in 0..<0x4000 - 200 { bench.run(1) }
    bench.store([Encode.lda(2, 2), Encode.jump(.jmp, 31, 17)], at: 0x2_0000)
    bench.cpu.pc = Bench.kseg + 0x2_0000
    bench.run(3)
    #expect(bench.cpu[integer: 2] == 1)
  }

  @Test("A loop that rewrites itself on every round, in release builds until the cache is full")
  func endlessRewriting() throws {
    // The blocks are built again each time.
    try start([
      Encode.operate(.addl, 1, literal: 1, 1), Encode.stl(1, 12, 17),
      Encode.branch(.br, 31, 0), Encode.lda(2, 42), Encode.addq(3, literal: 1, 3),
      Encode.branch(.br, 31, -6),
    ])
    #if DEBUG
      let rounds = 10_000
    #else
      let rounds = 60_000
    #endif
    bench.run(6 * rounds)
    #expect(bench.cpu[integer: 3] == UInt64(rounds))
    // The displacement counts; it would carry into the register field after 65536 rounds.
    #expect(
      bench.quadword((Bench.code & 0xFFFF_FFFF) + 8) >> 32 == UInt64(Encode.lda(2, 42))
        + UInt64(rounds))
    #expect(bench.cpu.pc == Bench.code)
  }
}
