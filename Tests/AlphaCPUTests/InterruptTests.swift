import AlphaCPU
import AlphaISA
import Testing

@Suite("Interrupts")
struct InterruptTests {
  static let pins: [(InterruptPin, UInt64, UInt64)] = [
    // Pin, entry, first IPL that blocks it.
    (.error, Entry.machineCheck, 7), (.interprocessor, Entry.interprocessor, 6),
    (.timer, Entry.timer, 5), (.device, Entry.device, 4),
  ]
  let bench: Bench

  init() throws {
    bench = try Bench()
    // Entering PALcode for an interrupt is no instruction: its first one follows.
    bench.store([UInt32](repeating: Encode.nop, count: 0x400), at: 0x8_0000)
  }

  private func begin(level: UInt64, mode: TestMode = .kernel) throws {
    for (pin, _, _) in Self.pins { bench.cpu.drive(pin, false) }
    try bench.start([UInt32](repeating: Encode.nop, count: 100), mode: mode)
    try bench.modify { $0.processor[0] = level }
  }

  @Test("Each pin by IPL, before the first instruction, with the next instruction's PC")
  func levels() throws {
    for (pin, entry, blockedFrom) in Self.pins {
      for level in 0...7 as ClosedRange<UInt64> {
        try begin(level: level)
        bench.run(3)
        bench.cpu.drive(pin, true)
        let before = bench.cpu.instructionCount
        bench.run(1)
        if level < blockedFrom {
          #expect(bench.entries.map(\.entry) == [entry], "\(pin) at \(level)")
          #expect(bench.entries.first?.exceptionAddress == Bench.code + 12)
          #expect(bench.cpu.isInPALmode)
          #expect(bench.cpu[.ps] == level)
        } else {
          #expect(bench.entries.isEmpty, "\(pin) at \(level)")
          #expect(bench.cpu.instructionCount == before + 1)
        }
      }
    }
  }

  @Test("The most urgent of several wins: error, interprocessor, timer, device")
  func priority() throws {
    for first in Self.pins.indices {
      try begin(level: 0)
      for (pin, _, _) in Self.pins[first...] { bench.cpu.drive(pin, true) }
      bench.run(1)
      #expect(bench.entries.map(\.entry) == [Self.pins[first].1])
    }
  }

  @Test("User mode is interrupted, and comes back as user mode")
  func userMode() throws {
    let tables = try PageTables(bench)
    tables.map(0x10000, to: 0x1_0000)
    bench.stopsInPALcode = false
    try begin(level: 0)
    bench.store(
      [Encode.hardwareReturn(31)], at: 0x8_0000 + Entry.device)
    try bench.begin(at: 0x10000, mode: .user)
    bench.cpu.drive(.device, true)
    bench.run(1)
    bench.cpu.drive(.device, false)
    bench.run(1)
    #expect(bench.cpu.isInUserMode)
    #expect(bench.cpu.pc == 0x10004)
    #expect(bench.entries.first?.exceptionAddress == 0x10000)
  }

  @Test("PALmode is never interrupted; HW_RET takes what waits, if the new PS lets it")
  func deliveredByReturn() throws {
    for (level, isTaken) in [(0, true), (3, true), (4, false), (7, false), (8, true)] {
      for (pin, _, _) in Self.pins { bench.cpu.drive(pin, false) }
      try bench.start(
        [Encode.nop, Encode.mtpr(1, 0), Encode.nop, Encode.hardwareReturn(2)], mode: .pal)
      bench.cpu[integer: 1] = UInt64(level)
      bench.cpu[integer: 2] = Bench.code
      bench.cpu.drive(.device, true)
      bench.run(3)
      #expect(bench.entries.isEmpty)
      bench.run(1)
      bench.run(1)
      if isTaken {
        #expect(bench.entries.map(\.entry) == [Entry.device])
        #expect(bench.entries.first?.exceptionAddress == Bench.code)
      } else {
        #expect(bench.entries.isEmpty)
        #expect(bench.cpu.pc == Bench.code + 4)
      }
    }
  }

  @Test("HW_RET to PALmode does not let an interrupt in")
  func returnToPALmode() throws {
    try bench.start([Encode.hardwareReturn(2)], mode: .pal)
    bench.cpu[integer: 2] = Bench.code | 1
    bench.cpu.drive(.error, true)
    bench.run(10)
    #expect(bench.entries.isEmpty)
  }

  @Test("A pin driven by a bus access interrupts behind that access, not later")
  func fromBusAccess() throws {
    bench.bus.registers[Bench.device] = 0
    bench.bus.didWrite = { [cpu = bench.cpu] _ in cpu.drive(.device, true) }
    bench.bus.didRead = { [cpu = bench.cpu] _ in cpu.drive(.timer, true) }
    let accesses = [
      (Encode.stq(1, 0, 16), Entry.device), (Encode.ldq(1, 0, 16), Entry.timer),
      (Encode.memory(.stqU, 1, 0, 16), Entry.device), (Encode.memory(.ldqL, 1, 0, 16), Entry.timer),
    ]
    for (word, entry) in accesses {
      try begin(level: 0)
      try bench.start([Encode.nop, word, Encode.nop, Encode.nop])
      bench.cpu[integer: 16] = Bench.deviceVirtual
      bench.run(4)
      #expect(bench.entries.map(\.entry) == [entry])
      #expect(bench.entries.first?.exceptionAddress == Bench.code + 8)
    }
  }

  @Test("An interrupt at every instruction of a loop: same registers as without")
  func atEveryCount() throws {
    bench.stopsInPALcode = false
    bench.store([Encode.hardwareReturn(31)], at: 0x8_0000 + Entry.timer)
    let program = [
      Encode.lda(2, 50), Encode.addq(1, literal: 3, 1), Encode.stq(1, 0, 16), Encode.ldq(3, 0, 16),
      Encode.operate(.subq, 2, literal: 1, 2), Encode.operate(.cmpeq, 2, 31, 4),
      Encode.branch(.beq, 4, -6), Encode.stay,
    ]
    for count in 0..<40 {
      try bench.start(program)
      try bench.modify {
        $0.integer[1] = 0
        $0.instructionCount = 0
      }
      bench.cpu[integer: 16] = Bench.kseg + Bench.data
      bench.run(count)
      let interrupted = bench.cpu.pc
      bench.cpu.drive(.timer, true)
      bench.run(1)
      bench.cpu.drive(.timer, false)
      #expect(bench.entries.count == 1)
      #expect(bench.entries.first?.exceptionAddress == interrupted)
      bench.run(1000)
      #expect(bench.cpu[integer: 1] == 150)
      #expect(bench.cpu.pc == Bench.code + 28)
    }
  }
}

@Suite("WAIT")
struct WaitTests {
  @Test("The CPU sleeps behind the instruction until a pin is asserted, whatever the IPL")
  func sleeps() throws {
    let bench = try Bench()
    try bench.start([Encode.mtpr(31, 253), Encode.lda(1, 7)], mode: .pal)
    try bench.modify { $0.processor[0] = 7 }
    bench.cpu.run(budget: 100)
    #expect(bench.cpu.isWaiting)
    #expect(bench.cpu.pc == Bench.code + 4)
    let count = bench.cpu.instructionCount
    #expect(count == 1)
    bench.cpu.run(budget: 100)
    #expect(bench.cpu.instructionCount == count)
    bench.cpu.skip(to: 5000)
    #expect(bench.cpu.time == 5000)
    bench.cpu.drive(.timer, true)
    #expect(!bench.cpu.isWaiting)
    bench.cpu.run(budget: 1)
    #expect(bench.cpu[integer: 1] == 7)
    #expect(bench.cpu.time == 5001)
  }

  @Test("With a pin asserted it does not sleep")
  func alreadyPending() throws {
    let bench = try Bench()
    try bench.start([Encode.mtpr(31, 253), Encode.lda(1, 7)], mode: .pal)
    bench.cpu.drive(.device, true)
    bench.run(2)
    #expect(!bench.cpu.isWaiting)
    #expect(bench.cpu[integer: 1] == 7)
  }
}

@Suite("Cycle counter and interrupt flag")
struct ProcessorCounterTests {
  @Test("RPCC counts at a quarter of the instruction rate, with PCC_OFS above")
  func cycleCounter() throws {
    let bench = try Bench()
    var program: [UInt32] = [Encode.mtpr(9, 2)]
    for index in 0..<8 { program += [Encode.miscellaneous(.rpcc, index)] }
    try bench.start(program, mode: .pal)
    try bench.modify {
      $0.instructionCount = 0
      $0.timeOffset = 0xF_FFFF_FFFF
    }
    bench.cpu[integer: 9] = 0xABCD_8000_1234
    bench.run(program.count)
    for index in 0..<8 {
      let time = UInt64(index + 1) + 0xF_FFFF_FFFF
      #expect(bench.cpu[integer: index] == (0x8000_1234 << 32) | (time / 4) & 0xFFFF_FFFF)
    }
  }

  @Test("RS and RC answer the flag and set and clear it; HW_RET clears it")
  func interruptFlag() throws {
    let bench = try Bench()
    try bench.start([
      Encode.miscellaneous(.rs, 1), Encode.miscellaneous(.rs, 2), Encode.miscellaneous(.rc, 3),
      Encode.miscellaneous(.rc, 4), Encode.miscellaneous(.rs, 31), Encode.miscellaneous(.rc, 5),
    ])
    bench.run(6)
    #expect((1...5).map { bench.cpu[integer: $0] } == [0, 1, 1, 0, 1])
    #expect(bench.cpu[integer: 31] == 0)
  }
}
