import AlphaCPU
import AlphaISA
import GuestMemory

/// A program on our engine, in user mode, where the peer's loader would put it.
struct OwnRun {
  static let physical: UInt64 = 1 << 20
  static let callsys: UInt64 = 0x20C0

  let bench: Bench
  let program: DifferentialProgram

  init(_ program: DifferentialProgram) throws {
    self.program = program
    bench = try Bench(ramByteCount: 8 << 20)
    bench.store(DifferentialProgram.trapPALcode, at: Bench.palBase & 0xFF_FFFF + Entry.arithmetic)
    let tables = try PageTables(bench)
    let image = program.image
    _ = bench.ram.write(PhysicalAddress(Self.physical), from: image.span)
    for offset in stride(from: 0, through: UInt64(image.count), by: 0x2000) {
      tables.map(DifferentialProgram.base + offset, to: Self.physical + offset)
    }
    try bench.begin(
      at: DifferentialProgram.base + DifferentialProgram.entryOffset, mode: .user)
  }

  /// Runs to the first system call and gives what the program would write.
  func output() throws -> [UInt8] {
    repeat { bench.run(10_000_000) } while bench.entries.last?.entry == Entry.arithmetic
    guard bench.entries.last?.entry == Self.callsys else {
      throw Peer.Failure(
        description: "our engine ends with \(String(describing: bench.entries.last))")
    }
    return bench.contents(
      Self.physical + DifferentialProgram.sandboxOffset, program.outputByteCount)
  }

  /// A program without what the peer does differently, and what was executed of it.
  struct Filtered {
    var program: DifferentialProgram
    var floatInstructionCount: UInt64 = 0
    var leftOutCount: UInt64 = 0
  }

  /// Runs to the first system call, one instruction at a time, and replaces what the peer does
  /// differently just before it executes. The program must not execute it twice.
  func leavingOut(_ deviations: [PeerDeviation] = PeerDeviation.all) -> Filtered {
    let start = DifferentialProgram.base + DifferentialProgram.codeOffset
    let locations = program.codeLocations
    var filtered = Filtered(program: program)
    while !bench.entries.contains(where: { $0.entry != Entry.arithmetic }) {
      let index = Int((bench.cpu.pc &- start) / 4)
      if !bench.cpu.isInPALmode, locations.indices.contains(index), let location = locations[index]
      {
        let word = InstructionWord(rawValue: program[location])
        if let replacement = replacement(for: word, deviations) {
          filtered.leftOutCount += 1
          filtered.program[location] = replacement
          bench.store(
            [replacement], at: Self.physical + DifferentialProgram.codeOffset + 4 * UInt64(index))
        } else if Decoder.operation(of: word)?.isFloat == true {
          filtered.floatInstructionCount += 1
        }
      }
      bench.run(1)
    }
    return filtered
  }

  private func replacement(for word: InstructionWord, _ deviations: [PeerDeviation]) -> UInt32? {
    guard FloatCase.isArithmetic(word) else { return nil }
    let state = bench.cpu.save()
    return FloatCase.replacement(
      for: word, registers: state.float, fpcr: state.fpcr, deviations)
  }
}
