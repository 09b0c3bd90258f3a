import AlphaCPU
import AlphaISA
import Testing

/// Fault codes of the memory-management entry (OSF/1 PALcode, entMM a1).
private enum Fault {
  static let notValid: UInt64 = 0
  static let access: UInt64 = 1
  static let onRead: UInt64 = 2
  static let onExecute: UInt64 = 3
  static let onWrite: UInt64 = 4
}

@Suite("Page tables")
struct PageTableTests {
  private typealias PTE = PageTableEntry
  static let va: UInt64 = 0x2_0000_4000
  let bench: Bench
  let tables: PageTables

  init() throws {
    bench = try Bench()
    tables = try PageTables(bench)
    // User programs lie here.
    tables.map(0x10000, to: 0x1_0000)
  }

  /// The fault code of a load or store in a mode, or nil if it went through.
  private func fault(
    _ operation: Operation, _ va: UInt64, _ mode: TestMode = .kernel
  ) throws -> UInt64? {
    bench.store([Encode.memory(operation, 1, 0, 16)], at: 0x1_0000)
    try bench.begin(at: mode == .user ? 0x10000 : Bench.code, mode: mode)
    bench.cpu[integer: 16] = va
    bench.run(1)
    guard let entry = bench.entries.first else { return nil }
    #expect(entry.entry == Entry.memoryManagement)
    #expect(entry.arguments.0 == va)
    #expect(entry.arguments.2 == (operation == .ldq ? 0 : 1))
    #expect(entry.exceptionAddress == (mode == .user ? 0x10000 : Bench.code))
    return entry.arguments.1
  }

  @Test("A mapped page is read and written at its physical place")
  func mapped() throws {
    tables.map(Self.va, to: Bench.data)
    bench.setQuadword(0x1234, at: Bench.data + 0x1FF8)
    try bench.start([Encode.ldq(1, 0, 16), Encode.stq(1, -8, 16)])
    bench.cpu[integer: 16] = Self.va + 0x1FF8
    bench.run(2)
    #expect(bench.entries.isEmpty)
    #expect(bench.quadword(Bench.data + 0x1FF0) == 0x1234)
  }

  @Test("Level 3: protection before validity before fault-on bits, by mode and access")
  func checkOrder() throws {
    let modes: [TestMode] = [.kernel, .user]
    for bits in 0..<256 as Range<UInt64> {
      // Bits 0-3 are V and FOx, the rest the four enables.
      let entry =
        bits & 0xF | (bits & 0x30) << 4 | (bits & 0xC0) << 6
      tables.map(Self.va, to: Bench.data, entry)
      for mode in modes {
        for operation in [Operation.ldq, .stq] {
          let enable: UInt64 =
            switch (operation, mode) {
            case (.ldq, .kernel): PTE.kernelRead
            case (.ldq, _): PTE.userRead
            case (_, .kernel): PTE.kernelWrite
            default: PTE.userWrite
            }
          let expected: UInt64? =
            if entry & enable == 0 {
              Fault.access
            } else if entry & PTE.valid == 0 {
              Fault.notValid
            } else if operation == .ldq, entry & PTE.faultOnRead != 0 {
              Fault.onRead
            } else if operation == .stq, entry & PTE.faultOnWrite != 0 {
              Fault.onWrite
            } else {
              nil
            }
          let actual = try fault(operation, Self.va, mode)
          #expect(actual == expected, "\(operation) in \(mode) with \(String(entry, radix: 16))")
        }
      }
    }
  }

  @Test("Levels 1 and 2 need KRE, then V, whatever the mode; their other bits do not matter")
  func upperLevels() throws {
    tables.map(Self.va, to: Bench.data)
    for level in [1, 2] {
      let address = tables.entry(Self.va, level: level)
      let good = bench.quadword(address)
      let page = good & ~0xFFFF
      for mode in [TestMode.kernel, .user] {
        for (bits, expected) in [
          (0x101, nil), (0x10F, nil), (0x001, Fault.access), (0x201, Fault.access),
          (0x000, Fault.access), (0x100, Fault.notValid), (0x3300, Fault.notValid),
        ] as [(UInt64, UInt64?)] {
          bench.setQuadword(page | bits, at: address)
          #expect(try fault(.ldq, Self.va, mode) == expected, "level \(level), \(bits)")
          #expect(try fault(.stq, Self.va, mode) == expected, "level \(level), \(bits)")
        }
      }
      bench.setQuadword(good, at: address)
    }
  }

  @Test("A table outside RAM reads as empty entries")
  func tableOutsideRAM() throws {
    bench.setQuadword(0x7F_FFFF << 32 | 0x1101, at: tables.entry(Self.va, level: 1))
    #expect(try fault(.ldq, Self.va) == Fault.access)
    try bench.modify { $0.processor[8] = 0xFFFF_FFFF_FFFF_E000 }
    #expect(try fault(.ldq, Self.va) == Fault.access)
  }

  @Test("Addresses whose bits 63:43 do not repeat bit 42 are access violations")
  func nonCanonical() throws {
    for address in [1 << 43, 1 << 42, 0x8000_0000_0000_0000, 0xFFFF_F800_0000_0000] as [UInt64] {
      #expect(try fault(.ldq, address) == Fault.access)
      #expect(try fault(.stq, address, .user) == Fault.access)
    }
  }

  @Test("The kernel segment needs no tables, and user mode may not touch it")
  func kernelSegment() throws {
    #expect(try fault(.ldq, Bench.kseg + Bench.data) == nil)
    #expect(try fault(.stq, Bench.kseg + Bench.data) == nil)
    #expect(try fault(.ldq, Bench.kseg + Bench.data, .user) == Fault.access)
    #expect(try fault(.stq, Bench.kseg + Bench.data, .user) == Fault.access)
    // Even after the kernel has the translation cached.
    #expect(try fault(.ldq, Bench.kseg + Bench.data) == nil)
    #expect(try fault(.ldq, Bench.kseg + Bench.data, .user) == Fault.access)
  }

  @Test("Bit 40 of a kernel-segment address becomes bit 43: I/O space")
  func kernelSegmentIO() throws {
    bench.bus.registers[Bench.device] = 0x55
    try bench.start([Encode.ldq(1, 0, 16), Encode.memory(.stb, 2, 0, 16)])
    bench.cpu[integer: 16] = Bench.deviceVirtual
    bench.cpu[integer: 2] = 0x77
    bench.run(2)
    #expect(bench.cpu[integer: 1] == 0x55)
    #expect(
      bench.bus.accesses == [
        .init(address: Bench.device, byteCount: 8),
        .init(address: Bench.device, byteCount: 1, value: 0x77),
      ])
  }

  @Test("LDQ_U and STQ_U report the aligned address")
  func unalignedQuadwordFault() throws {
    for operation in [Operation.ldqU, .stqU] {
      try bench.start([Encode.memory(operation, 1, 5, 16)])
      bench.cpu[integer: 16] = 0x5_0000_0000
      bench.run(1)
      #expect(bench.entries.first?.entry == Entry.memoryManagement)
      #expect(bench.entries.first?.arguments.0 == 0x5_0000_0000)
    }
  }

  @Test("Nothing there is a machine check: address, direction, PC of the access")
  func machineCheck() throws {
    tables.map(Self.va, to: 0x7FFF_E000)
    for (operation, address) in [
      (Operation.ldq, Bench.kseg + 0x7000_0000), (.stq, Bench.kseg + 0x7000_0000),
      (.ldq, Self.va), (.stq, Self.va), (.ldq, Bench.deviceVirtual), (.stqU, Bench.deviceVirtual),
    ] {
      try bench.start([Encode.nop, Encode.memory(operation, 1, 0, 16)])
      bench.cpu[integer: 16] = address
      bench.run(2)
      let entry = try #require(bench.entries.first)
      #expect(entry.entry == Entry.machineCheck)
      #expect(entry.arguments.0 == address)
      #expect(entry.arguments.1 == (operation == .ldq ? 0 : 1))
      #expect(entry.exceptionAddress == Bench.code + 4)
    }
  }
}

@Suite("Instruction fetch")
struct FetchTests {
  private typealias PTE = PageTableEntry
  static let va: UInt64 = 0x2_0000_4000
  let bench: Bench
  let tables: PageTables

  init() throws {
    bench = try Bench()
    tables = try PageTables(bench)
    bench.store([UInt32](repeating: Encode.nop, count: 2048), at: Bench.data)
  }

  @Test("Fetch needs the read enable of the mode and no FOE; FOR and FOW do not matter")
  func checks() throws {
    let cases: [(UInt64, TestMode, UInt64?)] = [
      (PTE.valid | PTE.kernelRead, .kernel, nil), (PTE.valid | PTE.kernelRead, .pal, nil),
      (PTE.valid | PTE.userRead, .user, nil), (PTE.valid | PTE.kernelRead, .user, Fault.access),
      (PTE.valid | PTE.userRead, .kernel, Fault.access),
      (PTE.kernelRead, .kernel, Fault.notValid), (0, .kernel, Fault.access),
      (PTE.valid | PTE.kernelRead | PTE.faultOnExecute, .kernel, Fault.onExecute),
      (PTE.valid | PTE.kernelRead | PTE.faultOnRead | PTE.faultOnWrite, .kernel, nil),
      (PTE.kernelRead | PTE.faultOnExecute, .kernel, Fault.notValid),
    ]
    for (bits, mode, expected) in cases {
      tables.map(Self.va, to: Bench.data, bits)
      try bench.begin(at: Self.va + 8, mode: mode)
      let before = bench.cpu.instructionCount
      bench.run(1)
      #expect(bench.cpu.instructionCount == before + 1)
      #expect(bench.entries.first?.arguments.1 == expected)
      if expected != nil {
        #expect(bench.entries.first?.entry == Entry.memoryManagement)
        #expect(bench.entries.first?.arguments.0 == Self.va + 8)
        #expect(bench.entries.first?.arguments.2 == .max)
        #expect(
          bench.entries.first?.exceptionAddress == Self.va + 8 + (mode == .pal ? 1 : 0))
      } else {
        #expect(bench.cpu.pc == Self.va + 12)
      }
    }
  }

  @Test("A block ends with its page: the next page's fault is that page's")
  func pageEnd() throws {
    tables.map(Self.va, to: Bench.data)
    try bench.begin(at: Self.va + 0x1FF8)
    bench.run(10)
    let entry = try #require(bench.entries.first)
    #expect(entry.arguments.0 == Self.va + 0x2000)
    #expect(entry.exceptionAddress == Self.va + 0x2000)
    #expect(bench.cpu.instructionCount == 3)
  }

  @Test("Pages that follow each other virtually need not do so physically")
  func scatteredPages() throws {
    tables.map(Self.va, to: Bench.data)
    tables.map(Self.va + 0x2000, to: Bench.data + 0x6000)
    bench.store([Encode.lda(1, 42)], at: Bench.data + 0x6000)
    bench.store([Encode.lda(1, 13)], at: Bench.data + 0x2000)
    try bench.begin(at: Self.va + 0x1FFC)
    bench.run(2)
    #expect(bench.cpu[integer: 1] == 42)
  }

  @Test("One physical page at two addresses: return addresses and branches follow the address")
  func aliases() throws {
    tables.map(Self.va, to: Bench.data)
    tables.map(Self.va + 0x10_0000, to: Bench.data)
    bench.store([Encode.branch(.bsr, 26, 2)], at: Bench.data)
    for alias in [Self.va, Self.va + 0x10_0000, Self.va] {
      try bench.begin(at: alias)
      bench.run(2)
      #expect(bench.cpu[integer: 26] == alias + 4)
      #expect(bench.cpu.pc == alias + 16)
    }
  }

  @Test("I/O space and missing memory cannot be executed: a machine check, no bus access")
  func outsideRAM() throws {
    for address in [Bench.deviceVirtual, Bench.kseg + 0x7000_0000] {
      try bench.begin(at: address)
      bench.run(1)
      #expect(bench.entries.first?.entry == Entry.machineCheck)
      #expect(bench.entries.first?.arguments.0 == address)
      #expect(bench.entries.first?.exceptionAddress == address)
    }
    #expect(bench.bus.accesses.isEmpty)
  }

  @Test("A PALcode base that cannot be fetched stops the CPU with a reason")
  func unreachablePALcode() throws {
    for base in [Bench.kseg + 0x7000_0000, 0x7_0000_0000, 1 << 50] as [UInt64] {
      let bench = try Bench()
      try bench.start([Encode.illegal])
      try bench.modify { $0.processor[7] = base }
      bench.stopsInPALcode = false
      bench.run(1_000_000)
      #expect(bench.cpu.deadEnd != nil)
      #expect(bench.cpu.instructionCount < 10)
      // Other state goes on.
      try bench.start([Encode.lda(1, 7)])
      bench.run(1)
      #expect(bench.cpu[integer: 1] == 7)
    }
  }
}

@Suite("Translation buffers")
struct TranslationBufferTests {
  static let va: UInt64 = 0x2_0000_4000
  let bench: Bench
  let tables: PageTables

  init() throws {
    bench = try Bench()
    tables = try PageTables(bench)
    bench.setQuadword(0xA, at: Bench.data)
    bench.setQuadword(0xB, at: Bench.data + 0x2000)
  }

  private func load(_ va: UInt64, after words: [UInt32] = []) throws -> UInt64 {
    try bench.start(words + [Encode.ldq(1, 0, 16)], mode: .pal)
    bench.cpu[integer: 1] = 0
    bench.cpu[integer: 16] = va
    bench.run(words.count + 1)
    return bench.cpu[integer: 1]
  }

  @Test("TBIS and TBIA make a changed entry seen")
  func invalidate() throws {
    for words in [[Encode.mtpr(16, 254)], [Encode.mtpr(31, 255)]] {
      tables.map(Self.va, to: Bench.data)
      try bench.modify { _ in }
      #expect(try load(Self.va) == 0xA)
      tables.map(Self.va, to: Bench.data + 0x2000)
      #expect(try load(Self.va, after: words) == 0xB)
    }
  }

  @Test("TBIS of one address takes the protection of kernel and user mode away")
  func invalidateProtection() throws {
    tables.map(Self.va, to: Bench.data)
    tables.map(0x10000, to: 0x1_0000)
    for mode in [TestMode.kernel, .user] {
      tables.map(Self.va, to: Bench.data)
      try bench.start([Encode.stq(1, 0, 16), Encode.stay], at: Bench.kseg + 0x1_0000)
      try bench.begin(at: mode == .user ? 0x10000 : Bench.code, mode: mode)
      bench.cpu[integer: 16] = Self.va
      bench.run(1)
      #expect(bench.entries.isEmpty)
      tables.map(Self.va, to: Bench.data, 0x301)
      bench.store([Encode.mtpr(16, 254)], at: 0x3_0000)
      let user = bench.cpu.save()
      try bench.begin(at: Bench.kseg + 0x3_0000, mode: .pal)
      bench.run(1)
      try bench.modify { saved in
        saved.pc = mode == .user ? 0x10000 : Bench.code
        saved.mode = user.mode
      }
      bench.run(1)
      #expect(bench.entries.first?.arguments.1 == Fault.access)
    }
  }

  @Test("An entry that becomes valid is seen without an invalidation")
  func invalidIsNotCached() throws {
    tables.map(Self.va, to: Bench.data, 0x1100)
    try bench.start([Encode.ldq(1, 0, 16)])
    bench.cpu[integer: 16] = Self.va
    bench.run(1)
    #expect(bench.entries.first?.arguments.1 == Fault.notValid)
    let address = tables.entry(Self.va)
    let entry = bench.quadword(address)
    // The handler makes it valid with its own store and returns.
    bench.store(
      [Encode.stq(2, 0, 3), Encode.hardwareReturn(6)],
      at: (Bench.palBase + Entry.memoryManagement) & 0xFFFF_FFFF)
    bench.cpu[integer: 2] = entry | 1
    bench.cpu[integer: 3] = Bench.kseg + address
    bench.cpu[integer: 6] = Bench.code
    bench.run(3)
    #expect(bench.cpu[integer: 1] == 0xA)
  }

  @Test("The current instruction is the one that is executed, through a stale translation as well")
  func currentInstruction() throws {
    let old = [Encode.lda(2, 1), Encode.lda(2, 2)]
    tables.map(Self.va, to: Bench.data)
    bench.store(old + old + [Encode.stay], at: Bench.data)
    try bench.begin(at: Self.va)
    bench.run(5)
    // Forgotten by the page tables, but not by the CPU.
    bench.setQuadword(0, at: tables.entry(Self.va))
    for (word, offset) in [(old[0], 0), (old[1], 12)] as [(UInt32, UInt64)] {
      bench.cpu.pc = Self.va + offset
      #expect(bench.cpu.currentInstruction == word)
      bench.cpu[integer: 2] = 0
      bench.run(1)
      #expect(bench.cpu[integer: 2] == UInt64(word & 0xFFFF))
    }
    try bench.modify { _ in }
    #expect(bench.cpu.currentInstruction == nil)
  }

  @Test("TBIS of a code page: the new page's instructions are executed")
  func invalidateFetch() throws {
    tables.map(Self.va, to: Bench.data)
    bench.store([Encode.lda(2, 1), Encode.hardwareReturn(5)], at: Bench.data)
    bench.store([Encode.lda(2, 2), Encode.hardwareReturn(5)], at: Bench.data + 0x2000)
    let program = [Encode.mtpr(16, 254), Encode.hardwareReturn(16)]
    for (page, expected) in [(Bench.data, 1), (Bench.data + 0x2000, 2)] as [(UInt64, UInt64)] {
      tables.map(Self.va, to: page)
      try bench.start(program, mode: .pal)
      bench.cpu[integer: 16] = Self.va | 1
      bench.run(3)
      #expect(bench.cpu[integer: 2] == expected)
    }
  }
}
