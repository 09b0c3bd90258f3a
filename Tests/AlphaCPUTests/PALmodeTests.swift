import AlphaCPU
import AlphaISA
import Testing

@Suite("PALmode")
struct PALmodeTests {
  let bench: Bench

  init() throws { bench = try Bench() }

  @Test("Reset: PALmode at PALBR, FEN on, arguments as given, all else zero")
  func reset() throws {
    try bench.start([Encode.lda(1, 5), Encode.mtpr(1, 40)], mode: .pal)
    bench.run(2)
    bench.cpu.reset(pc: Bench.kseg + 0x2_0000, arguments: (1, 2, 3))
    let saved = bench.cpu.save()
    #expect(bench.cpu.isInPALmode)
    #expect(saved.pc == Bench.kseg + 0x2_0000)
    #expect(saved.integer.allSatisfy { $0 == 0 } && saved.float.allSatisfy { $0 == 0 })
    var expected = [UInt64](repeating: 0, count: 64)
    expected[1] = 1
    (expected[3], expected[4], expected[5]) = (1, 2, 3)
    expected[7] = Bench.kseg + 0x2_0000
    #expect(saved.processor == expected)
    #expect(saved.lockLine == .max)
    #expect(saved.fpcr == 0)
  }

  @Test("R8-R14 and R25 are shadows in PALmode, the others are not")
  func shadows() throws {
    let shadowed = Set(Array(8...14) + [25])
    try bench.start((0...30).map { Encode.lda($0, 100 + $0) })
    bench.run(31)
    try bench.start((0...30).map { Encode.addq($0, literal: 1, $0) }, mode: .pal)
    bench.run(31)
    let saved = bench.cpu.save()
    for register in 0...30 {
      let expected = UInt64(shadowed.contains(register) ? 100 + register : 101 + register)
      #expect(saved.integer[register] == expected, "R\(register)")
    }
    #expect(saved.shadow == [UInt64](repeating: 1, count: 8))
  }

  @Test("Processor registers 32 to 39 are the normal R8-R14 and R25, both ways")
  func normalRegistersFromPALmode() throws {
    let registers = Array(8...14) + [25]
    try bench.start(registers.map { Encode.lda($0, 100 + $0) })
    bench.run(8)
    let program = (0..<8).flatMap { index in
      [
        Encode.mfpr(1, 32 + index), Encode.addq(1, literal: 1, 1), Encode.mtpr(1, 32 + index),
      ]
    }
    try bench.start(program, mode: .pal)
    bench.run(program.count)
    let saved = bench.cpu.save()
    for register in registers { #expect(saved.integer[register] == UInt64(101 + register)) }
  }

  @Test("Plain processor registers keep 64 bits and do not disturb each other")
  func plainRegisters() throws {
    let numbers = Array(3...6) + Array(8...12) + Array(40...63)
    var program: [UInt32] = []
    for number in numbers {
      program += [Encode.lda(1, number, 2), Encode.mtpr(1, number)]
    }
    try bench.start(program, mode: .pal)
    bench.cpu[integer: 2] = 0xABCD_0000_0000_0000
    bench.run(program.count)
    for (index, number) in numbers.enumerated() {
      try bench.start([Encode.mfpr(index % 8, number)], mode: .pal)
      bench.run(1)
      #expect(bench.cpu[integer: index % 8] == 0xABCD_0000_0000_0000 + UInt64(number))
    }
  }

  @Test("Registers with fewer bits: PS 4, FEN 1, PCC_OFS 32 read sign-extended, PALBR 63:2")
  func maskedRegisters() throws {
    let cases: [(Int, UInt64)] = [
      (0, 0xF), (1, 1), (2, .max), (7, ~3),
    ]
    for (number, expected) in cases {
      try bench.start([Encode.mtpr(1, number), Encode.mfpr(2, number)], mode: .pal)
      bench.cpu[integer: 1] = .max
      bench.run(2)
      #expect(bench.cpu[integer: 2] == expected, "register \(number)")
    }
  }

  @Test("Numbers without a register read zero and ignore writes")
  func unknownRegisters() throws {
    for number in [14, 20, 31, 64, 100, 200, 248, 252, 253, 254, 255, 256, 0xFFFF] {
      try bench.start([Encode.mfpr(1, number)], mode: .pal)
      bench.cpu[integer: 1] = 99
      bench.run(1)
      #expect(bench.cpu[integer: 1] == 0, "register \(number)")
    }
    for number in [14, 31, 64, 200, 249, 250, 256, 0xFFFF] {
      try bench.start([Encode.mtpr(1, number)], mode: .pal)
      bench.cpu[integer: 1] = 99
      var before = bench.cpu.save()
      bench.run(1)
      before.pc += 4
      before.instructionCount += 1
      #expect(bench.cpu.save() == before, "register \(number)")
    }
  }

  @Test("VMTIME counts instructions, WALLTIME comes from the bus, ALARM reads back")
  func timeRegisters() throws {
    try bench.start(
      [
        Encode.mfpr(1, 249), Encode.nop, Encode.nop, Encode.mfpr(2, 249), Encode.mfpr(3, 250),
        Encode.mtpr(4, 251), Encode.mfpr(5, 251),
      ], mode: .pal)
    bench.cpu[integer: 4] = 0x1_0000_0001
    bench.run(7)
    #expect(bench.cpu[integer: 2] - bench.cpu[integer: 1] == 3)
    #expect(bench.cpu[integer: 3] == 1_000_000_007)
    #expect(bench.cpu[integer: 5] == 0x1_0000_0001)
    #expect(bench.bus.alarms == [0x1_0000_0001])
  }

  @Test("HALT goes to the bus with its value")
  func halt() throws {
    try bench.start([Encode.mtpr(31, 252), Encode.mtpr(1, 252)], mode: .pal)
    bench.cpu[integer: 1] = 5
    bench.run(2)
    #expect(bench.bus.halts == [0, 5])
  }

  @Test("HW_LD and HW_ST by type: width, sign, physical address")
  func hardwareAccess() throws {
    bench.setQuadword(0x8000_0002_F000_0001, at: Bench.data)
    try bench.start(
      [
        Encode.hardwareLoad(type: 0, 1, 0, 16), Encode.hardwareLoad(type: 1, 2, 0, 16),
        Encode.hardwareLoad(type: 0, 3, 4, 16), Encode.hardwareStore(type: 0, 2, 16, 16),
        Encode.hardwareStore(type: 1, 2, 24, 16), Encode.hardwareLoad(type: 1, 4, -2048, 17),
      ], mode: .pal)
    bench.cpu[integer: 16] = Bench.data
    bench.cpu[integer: 17] = Bench.data + 2048
    bench.run(6)
    #expect(bench.cpu[integer: 1] == 0xFFFF_FFFF_F000_0001)
    #expect(bench.cpu[integer: 2] == 0x8000_0002_F000_0001)
    #expect(bench.cpu[integer: 3] == 0xFFFF_FFFF_8000_0002)
    #expect(bench.quadword(Bench.data + 16) == 0xF000_0001)
    #expect(bench.quadword(Bench.data + 24) == 0x8000_0002_F000_0001)
    #expect(bench.cpu[integer: 4] == 0x8000_0002_F000_0001)
  }

  @Test("HW_LD types A/B check for kernel writing, E/F for user reading")
  func hardwareVirtual() throws {
    let tables = try PageTables(bench)
    let va: UInt64 = 0x4000_0000
    bench.setQuadword(77, at: Bench.data)
    let cases: [(Int, UInt64, UInt64?)] = [
      (0xB, PageTableEntry.all, nil), (0xF, PageTableEntry.all, nil),
      (0xB, 0x101, 1), (0xB, 0x1001, 1), (0xF, 0x1101, 1), (0xF, 0x201, nil), (0xA, 0x1101, nil),
      (0xE, 0x203, 2), (0xB, 0x1105, 4),
    ]
    for (type, bits, expected) in cases {
      tables.map(va, to: Bench.data, bits)
      try bench.start([Encode.hardwareLoad(type: type, 1, 0, 16)], mode: .pal)
      bench.cpu[integer: 1] = 0
      bench.cpu[integer: 16] = va
      bench.run(1)
      #expect(bench.entries.first?.arguments.1 == expected, "type \(type), \(bits)")
      #expect(bench.cpu[integer: 1] == (expected == nil ? 77 : 0))
    }
  }

  @Test("HW_LD and HW_ST of nothing are a machine check with the physical address")
  func hardwareMachineCheck() throws {
    for (word, isStore) in [
      (Encode.hardwareLoad(type: 1, 1, 8, 16), 0), (Encode.hardwareLoad(type: 2, 1, 8, 16), 0),
      (Encode.hardwareStore(type: 1, 1, 8, 16), 1),
    ] as [(UInt32, UInt64)] {
      for base in [1 << 20, Bench.device, 1 << 43, .max << 3] as [UInt64] {
        try bench.start([word], mode: .pal)
        bench.cpu[integer: 16] = base - 8
        bench.run(1)
        #expect(bench.entries.first?.entry == Entry.machineCheck)
        #expect(bench.entries.first?.arguments.0 == base)
        #expect(bench.entries.first?.arguments.1 == isStore)
        #expect(bench.entries.first?.exceptionAddress == Bench.code + 1)
      }
    }
  }

  @Test("The access types that do not exist are OPCDEC, as is PALmode code outside PALmode")
  func illegalHardware() throws {
    for type in 0..<16 {
      let words = [
        (
          Encode.hardwareLoad(type: type, 1, 0, 16),
          [0, 1, 2, 3, 0xA, 0xB, 0xE, 0xF].contains(type)
        ),
        (Encode.hardwareStore(type: type, 1, 0, 16), type < 4),
      ]
      for (word, exists) in words {
        try bench.start([word], mode: .pal)
        bench.cpu[integer: 16] = Bench.data
        bench.run(1)
        #expect(bench.entries.contains { $0.entry == Entry.illegalOpcode } != exists, "\(type)")
      }
    }
    let words = [
      Encode.mfpr(1, 0), Encode.mtpr(1, 40), Encode.hardwareReturn(1),
      Encode.hardwareLoad(type: 1, 1, 0, 16), Encode.hardwareStore(type: 1, 1, 0, 16),
    ]
    for word in words {
      try bench.start([Encode.nop, word, Encode.nop])
      bench.run(3)
      #expect(bench.entries.map(\.entry) == [Entry.illegalOpcode])
      #expect(bench.entries.first?.exceptionAddress == Bench.code + 8)
    }
  }

  @Test("HW_RET: bit 0 selects PALmode, PS the mode, R31 means EXC_ADDR")
  func hardwareReturn() throws {
    let cases: [(UInt64, UInt64, TestMode)] = [
      (0x1000, 0, .kernel), (0x1001, 0, .pal), (0x1000, 8, .user), (0x1001, 8, .pal),
      (0x1002, 7, .kernel), (0x1003, 8, .pal),
    ]
    for (target, ps, mode) in cases {
      for register in [4, 31] {
        try bench.start([Encode.hardwareReturn(register)], mode: .pal)
        try bench.modify {
          $0.processor[0] = ps
          $0.processor[6] = target
          $0.integer[4] = target
          $0.interruptFlag = 1
        }
        bench.run(1)
        #expect(bench.cpu.pc == 0x1000)
        #expect(bench.cpu.save().mode == mode.rawValue)
        #expect(bench.cpu.save().interruptFlag == 0)
      }
    }
  }
}

@Suite("CALL_PAL")
struct CallPALTests {
  @Test("Dispatch by function and mode")
  func dispatch() throws {
    let bench = try Bench()
    let tables = try PageTables(bench)
    tables.map(0x10000, to: 0x1_0000)
    let functions = Array(0...0x110) + [0x180, 0x1000083, 0x3FF_FFFF]
    for mode in TestMode.allCases {
      for function in functions {
        bench.store([Encode.callPAL(function)], at: 0x1_0000)
        let pc = mode == .user ? 0x10000 : Bench.code
        try bench.begin(at: pc, mode: mode)
        let before = bench.cpu.instructionCount
        bench.run(1)
        let expected: UInt64 =
          switch function {
          case 0...0x3F where mode != .user: 0x1000 + UInt64(function) * 64
          case 0x80...0xBF: 0x2000 + UInt64(function - 0x80) * 64
          default: Entry.illegalOpcode
          }
        let entry = try #require(bench.entries.first)
        #expect(entry.entry == expected, "function \(function) in \(mode)")
        #expect(entry.exceptionAddress == pc + 4 + (mode == .pal ? 1 : 0))
        #expect(bench.cpu.pc == Bench.palBase + expected)
        #expect(bench.cpu.isInPALmode)
        #expect(bench.cpu.instructionCount == before + 1)
      }
    }
  }

  @Test("With and without an observer the same happens")
  func unobserved() throws {
    let bench = try Bench()
    bench.stopsInPALcode = false
    bench.store([Encode.addq(1, literal: 1, 1), Encode.hardwareReturn(31)], at: 0x8_20C0)
    var states: [AlphaCPU.Saved] = []
    for isObserved in [true, false] {
      if !isObserved { bench.cpu.didEnterPALcode = nil }
      try bench.start([Encode.callPAL(0x83), Encode.branch(.br, 31, -2)])
      try bench.modify {
        $0.integer[1] = 0
        $0.instructionCount = 0
      }
      bench.run(402)
      states.append(bench.cpu.save())
    }
    #expect(states[0] == states[1])
    #expect(states[0].integer[1] == 101)
  }

  @Test("The mode's data translation is switched with it")
  func translationFollowsMode() throws {
    let bench = try Bench()
    let tables = try PageTables(bench)
    bench.stopsInPALcode = false
    tables.map(0x10000, to: 0x1_0000)
    tables.map(0x20000, to: Bench.data, 0x1101)  // Kernel only.
    bench.setQuadword(9, at: Bench.data)
    bench.store([Encode.callPAL(0x83), Encode.ldq(2, 0, 16)], at: 0x1_0000)
    bench.store([Encode.ldq(1, 0, 16), Encode.hardwareReturn(31)], at: 0x8_20C0)
    try bench.begin(at: 0x10000, mode: .user)
    bench.cpu[integer: 16] = 0x20000
    bench.run(4)
    #expect(bench.cpu[integer: 1] == 9)
    #expect(bench.cpu[integer: 2] == 0)
    #expect(bench.entries.map(\.entry) == [0x20C0, Entry.memoryManagement])
    #expect(bench.entries.last?.exceptionAddress == 0x10004)
  }
}

@Suite("Illegal instructions and disabled floating point")
struct IllegalInstructionTests {
  @Test("Reserved opcodes, function-code holes and fields without their fixed value are OPCDEC")
  func illegal() throws {
    let bench = try Bench()
    var words: [UInt32] = [1, 2, 3, 4, 5, 6, 7].map { $0 << 26 }
    words += [
      0x10 << 26 | 0x7F << 5, 0x11 << 26 | 0x01 << 5, 0x12 << 26 | 0x00 << 5,
      0x13 << 26 | 0x01 << 5, 0x1C << 26 | 0x02 << 5, 0x14 << 26, 0x18 << 26 | 0x0001,
      // CTPOP and SEXTB with Ra other than R31, CTLZ with a literal.
      0x1C << 26 | 0x30 << 5, 0x1C << 26 | 0x00 << 5, 0x1C << 26 | 31 << 21 | 1 << 12 | 0x32 << 5,
      // AMASK with Ra other than R31.
      0x11 << 26 | 0x61 << 5,
    ]
    for word in words {
      for program in [[word], [Encode.nop, Encode.nop, word, Encode.nop]] {
        try bench.start(program)
        let before = bench.cpu.instructionCount
        bench.run(program.count)
        #expect(bench.entries.map(\.entry) == [Entry.illegalOpcode], "\(String(word, radix: 16))")
        let done = UInt64(program.count == 1 ? 1 : 3)
        #expect(bench.entries.first?.exceptionAddress == Bench.code + 4 * done)
        #expect(bench.cpu.instructionCount == before + done)
      }
    }
  }

  @Test("FEN: everything that touches floating-point registers traps with its own PC")
  func floatDisabled() throws {
    let bench = try Bench()
    let words: [UInt32] = [
      Encode.memory(.ldt, 1, 0, 16), Encode.memory(.lds, 1, 0, 16), Encode.memory(.stt, 1, 0, 16),
      Encode.memory(.stf, 1, 0, 16), Encode.float(.cpys, 1, 1, 1), Encode.float(.ftoit, 1, 31, 1),
      Encode.float(.ftois, 1, 31, 1), Encode.float(.itoft, 1, 31, 1), Encode.float(.addt, 1, 1, 1),
      Encode.branch(.fbeq, 1, 0), Encode.float(.mfFPCR, 1, 1, 1), Encode.memory(.ldt, 31, 0, 16),
    ]
    for word in words {
      for isEnabled in [false, true] {
        try bench.start([Encode.nop, word, Encode.nop])
        try bench.modify { $0.processor[1] = isEnabled ? 1 : 0 }
        bench.cpu[integer: 16] = Bench.kseg + Bench.data
        bench.run(2)
        if isEnabled {
          #expect(!bench.entries.contains { $0.entry == Entry.floatDisabled })
        } else {
          #expect(bench.entries.map(\.entry) == [Entry.floatDisabled], "\(String(word, radix: 16))")
          #expect(bench.entries.first?.exceptionAddress == Bench.code + 4)
        }
      }
    }
    // A reserved function is illegal, enabled or not.
    try bench.start([0x16 << 26 | 0x3F << 5])
    try bench.modify { $0.processor[1] = 0 }
    bench.run(1)
    #expect(bench.entries.map(\.entry) == [Entry.illegalOpcode])
  }

  @Test("Enabling it in PALcode lets the same instruction go on")
  func enableAndRestart() throws {
    let bench = try Bench()
    bench.stopsInPALcode = false
    bench.store(
      [Encode.lda(2, 1), Encode.mtpr(2, 1), Encode.hardwareReturn(31)],
      at: 0x8_0000 + Entry.floatDisabled)
    try bench.start([
      Encode.float(.itoft, 1, 31, 4), Encode.float(.ftoit, 4, 31, 5), Encode.mfpr(1, 0),
    ])
    try bench.modify { $0.processor[1] = 0 }
    bench.cpu[integer: 1] = 0x1234_5678
    bench.run(1 + 3 + 2)
    #expect(bench.cpu[integer: 5] == 0x1234_5678)
    #expect(bench.cpu.pc == Bench.code + 8)
  }
}
