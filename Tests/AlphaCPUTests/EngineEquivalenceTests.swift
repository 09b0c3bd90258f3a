import AlphaCPU
import AlphaISA
import DeviceModel
import GuestMemory
import SeededRandom
import Testing

/// The threaded engine must do exactly what executing one instruction at a time does.
@Suite("Threaded execution against single steps")
struct EngineEquivalenceTests {
  /// Everything a program can change.
  private struct Outcome: Equatable {
    var state: AlphaCPU.Saved
    var memory: [UInt8]
    var accesses: [TestBus.Access]
    var deadEnd: String?
  }

  /// A bench with a random program, its data, and PALcode that skips what trapped.
  private static func prepare(seed: UInt64, mode: TestMode) throws -> Bench {
    let bench = try Bench()
    bench.cpu.didEnterPALcode = nil
    bench.stopsInPALcode = false
    bench.bus.registers[Bench.device] = 0x1234
    // A device that interrupts, and one that writes into the program.
    bench.bus.didWrite = { [bench] _ in
      bench.cpu.drive(.device, true)
      bench.store([Encode.addq(1, literal: 3, 1)], at: (Bench.code & 0xFFFF_FFFF) + 0x40)
    }
    bench.bus.didRead = { [cpu = bench.cpu] _ in cpu.drive(.device, false) }
    let tables = try PageTables(bench)
    tables.map(0x10000, to: 0x1_0000)
    tables.map(0x12000, to: 0x1_0000)
    tables.map(0x20000, to: Bench.data)
    tables.map(0x22000, to: Bench.data + 0x2000, 0x301)
    // Each entry skips the instruction at EXC_ADDR, which may be one too many: that is no matter.
    let handler = [
      Encode.addq(8, literal: 1, 8), Encode.mfpr(9, 6), Encode.addq(9, literal: 4, 9),
      Encode.mtpr(31, 255), Encode.hardwareReturn(9),
    ]
    let padded = handler + [UInt32](repeating: Encode.nop, count: 16 - handler.count)
    bench.store((0..<0xC0).flatMap { _ in padded }, at: 0x8_0000)
    var program = RandomProgram(seed: seed, count: 200)
    try bench.start(program.words() + [Encode.branch(.br, 31, -201)])
    let isUser = mode == .user
    try bench.begin(at: isUser ? 0x10000 : Bench.code, mode: mode)
    var generator = SeededGenerator(seed &+ 1)
    for register in 0...30 {
      bench.cpu[integer: register] =
        Operands.interesting.randomElement(using: &generator) ?? 0
    }
    bench.cpu[integer: 16] = isUser ? 0x20000 : Bench.kseg + Bench.data
    bench.cpu[integer: 17] = isUser ? 0x10000 : Bench.code
    bench.cpu[integer: 18] =
      [Bench.deviceVirtual, 0x21000, 0x12000, Bench.kseg + 0x1_0000].randomElement(
        using: &generator) ?? 0
    return bench
  }

  private static func outcome(_ bench: Bench) -> Outcome {
    Outcome(
      state: bench.cpu.save(), memory: bench.contents(0, 0x4_0000), accesses: bench.bus.accesses,
      deadEnd: bench.cpu.deadEnd)
  }

  #if DEBUG
    static let seeds: ClosedRange<UInt64> = 1...8
  #else
    static let seeds: ClosedRange<UInt64> = 1...1000
  #endif

  @Test("Random programs that trap, jump and overwrite themselves end in the same state")
  func randomPrograms() throws {
    var executed: UInt64 = 0
    for seed in Self.seeds {
      let mode: TestMode = seed % 3 == 0 ? .user : .kernel
      let threaded = try Self.prepare(seed: seed, mode: mode)
      threaded.run(5000)
      let stepped = try Self.prepare(seed: seed, mode: mode)
      stepped.cpu.isSingleStepping = true
      stepped.run(5000)
      let sliced = try Self.prepare(seed: seed, mode: mode)
      var generator = SeededGenerator(seed)
      while sliced.cpu.instructionCount < 5000, sliced.cpu.deadEnd == nil {
        let left = Int(5000 - sliced.cpu.instructionCount)
        sliced.cpu.run(budget: min(left, Int.random(in: 1...40, using: &generator)))
      }
      let expected = Self.outcome(stepped)
      if Self.outcome(threaded) != expected { Issue.record("threaded differs for seed \(seed)") }
      if Self.outcome(sliced) != expected { Issue.record("sliced differs for seed \(seed)") }
      executed += stepped.cpu.instructionCount
    }
    #expect(executed > 4000 * UInt64(Self.seeds.count), "the programs end too early to say much")
  }

  @Test("The same program twice gives the same state and the same bus accesses")
  func determinism() throws {
    for seed in 1...5 as ClosedRange<UInt64> {
      let outcomes = try (0..<2).map { _ in
        let bench = try Self.prepare(seed: seed, mode: .kernel)
        bench.run(20_000)
        return Self.outcome(bench)
      }
      #expect(outcomes[0] == outcomes[1])
    }
  }

  @Test("A budget is exact: every n from 1 to 200 gives the state of n single steps")
  func exactBudgets() throws {
    for seed in [7, 12] as [UInt64] {
      let stepped = try Self.prepare(seed: seed, mode: .kernel)
      stepped.cpu.isSingleStepping = true
      for budget in 1...200 {
        stepped.run(1)
        let bench = try Self.prepare(seed: seed, mode: .kernel)
        bench.run(budget)
        #expect(bench.cpu.instructionCount == UInt64(budget))
        if bench.cpu.save() != stepped.cpu.save() {
          Issue.record("seed \(seed), budget \(budget)")
        }
      }
    }
  }

  @Test("Saved state goes on as the original does")
  func snapshot() throws {
    let bench = try Self.prepare(seed: 5, mode: .kernel)
    bench.run(777)
    let saved = bench.cpu.save()
    let memory = bench.contents(0, 1 << 20)
    bench.run(1000)
    let copy = try Bench()
    copy.cpu.didEnterPALcode = nil
    copy.stopsInPALcode = false
    copy.bus.registers[Bench.device] = 0x1234
    _ = copy.ram.write(.init(0), from: memory.span)
    try copy.cpu.restore(saved)
    #expect(copy.cpu.save() == saved)
    copy.run(1000)
    #expect(copy.cpu.save() == bench.cpu.save())
  }

  @Test("Restoring refuses what no CPU can have saved, and changes nothing")
  func badSnapshots() throws {
    let bench = try Bench()
    let good = bench.cpu.save()
    let changes: [(inout AlphaCPU.Saved) -> Void] = [
      { $0.integer.removeLast() }, { $0.float.append(0) }, { $0.shadow = [] },
      { $0.processor = [] }, { $0.integer[31] = 1 }, { $0.float[31] = 1 }, { $0.mode = 3 },
      { $0.processor[0] = 0x10 }, { $0.processor[1] = 2 }, { $0.processor[2] = 1 << 32 },
      { $0.processor[7] = 2 }, { $0.processor[13] = 0x100 }, { $0.processor[14] = 1 },
      { $0.processor[32] = 1 }, { $0.pc |= 1 }, { $0.fpcr = 1 }, { $0.fpcr = 1 << 63 },
      { $0.fpcr = 1 << 52 }, { $0.lockLine = 0x1020 }, { $0.interruptFlag = 2 },
      { $0.pins = InterruptPin(rawValue: 0x10) },
    ]
    for change in changes {
      var bad = good
      change(&bad)
      #expect(throws: RestoreFault.self) { try bench.cpu.restore(bad) }
      #expect(bench.cpu.save() == good)
    }
  }
}
