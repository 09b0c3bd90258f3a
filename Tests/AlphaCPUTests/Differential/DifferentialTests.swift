import AlphaCPU
import AlphaISA
import Foundation
import GuestMemory
import Testing

/// Runs random programs here and on the peer and compares all registers and memory.
/// `scripts/differential` runs it over more instructions, with another seed.
///
/// Where the peer (`qemu-alpha` 7.2) is known to differ, programs avoid the case or the comparison
/// leaves the bits out, and a test of ours has the rule:
///
/// | Peer | Rule | Ours |
/// |---|---|---|
/// | LDx_L to R31 takes no reservation | it does (AHB 4.2.4) | `LockTests.register31` |
/// | STx_C compares address and value | a reservation on a line (EV6 HRM 4.4) | `LockTests` |
/// | FPCR bits 46:0 keep what is written | they read as zero (AHB 4.7.8) | `FPCRTests` |
/// | FPCR SUM is stored | it is the OR of the status bits (AHB 4.7.8) | `FPCRTests` |
/// | a NaN made of numbers is positive | its sign is set (AHB 4.7.10) | `IEEETests` |
/// | INE is recorded only with /I | always (AHB 4.7.8) | `ReferenceVectorTests` |
/// | UNDZ keeps the sign of what underflows, records no UNF | +0, recorded (AHB 4.7.8) | `ReferenceVectorTests` |
@Suite("Random programs against the peer")
struct DifferentialTests {
  private static func setting(_ name: String, or value: UInt64) throws -> UInt64 {
    guard let text = Peer.environment["BREAKWATER_DIFFERENTIAL_" + name] else { return value }
    return try #require(UInt64(text), "\(name) is not a number: \(text)")
  }

  @Test(
    "Integer instructions, memory, branches, float moves: every register, and memory at the end",
    .enabled(
      if: Peer.path != nil,
      "qemu-alpha is missing: the engine is NOT compared with it (install qemu-user)"))
  func integerPrograms() throws {
    let count = try Self.setting("COUNT", or: Self.defaultCount)
    try compare(count: count) { seed in
      var generator = DifferentialGenerator(seed: seed)
      return generator.program(chunks: DifferentialProgram.maximumChunks, unitsPerChunk: 500)
    }
  }

  @Test(
    "IEEE arithmetic with /S and traps disabled: every register",
    .enabled(
      if: Peer.path != nil,
      "qemu-alpha is missing: the engine is NOT compared with it (install qemu-user)"))
  func floatPrograms() throws {
    let count = try Self.setting("FLOAT_COUNT", or: Self.defaultCount)
    try compare(count: count) { seed in
      var generator = DifferentialFloatGenerator(seed: seed)
      return generator.program(chunks: DifferentialProgram.maximumChunks, unitsPerChunk: 500)
    }
  }

  #if DEBUG
    private static let defaultCount: UInt64 = 300_000
  #else
    private static let defaultCount: UInt64 = 2_000_000
  #endif

  private func compare(
    count: UInt64, _ program: (_ seed: UInt64) -> DifferentialProgram
  ) throws {
    let seed = try Self.setting("SEED", or: 1)
    let reportEvery: UInt64 = 10_000_000
    var executed: UInt64 = 0
    var batch: UInt64 = 0
    while executed < count {
      let program = program(seed &+ batch &* 0x1_0000_0001)
      if let difference = try Self.difference(program) {
        let smallest = try Self.shrink(program)
        Issue.record(
          """
          seed \(seed), batch \(batch): \(difference)
          \(Self.report(smallest, try Self.difference(smallest) ?? "no longer reproduced"))
          """)
        return
      }
      batch += 1
      let before = executed
      executed += try OwnRun(program).instructionCount
      if executed / reportEvery > before / reportEvery {
        print("\(executed) instructions compared")
      }
    }
  }

  /// What a program does on our engine.
  struct OwnRun {
    let output: [UInt8]
    let instructionCount: UInt64

    /// Maps the executable where the peer's loader puts it and runs it in user mode to its first
    /// system call.
    init(_ program: DifferentialProgram) throws {
      let bench = try Bench(ramByteCount: 8 << 20)
      let tables = try PageTables(bench)
      let image = program.image
      let physical: UInt64 = 1 << 20
      _ = bench.ram.write(PhysicalAddress(physical), from: image.span)
      for offset in stride(from: 0, through: UInt64(image.count), by: 0x2000) {
        tables.map(DifferentialProgram.base + offset, to: physical + offset)
      }
      try bench.begin(
        at: DifferentialProgram.base + DifferentialProgram.entryOffset, mode: .user)
      bench.run(10_000_000)
      guard let entry = bench.entries.first, entry.entry == 0x20C0 else {
        throw Peer.Failure(
          description: "our engine ends with \(String(describing: bench.entries.first))")
      }
      output = DifferentialTests.masked(
        bench.contents(physical + DifferentialProgram.sandboxOffset, program.outputByteCount))
      instructionCount = bench.cpu.instructionCount
    }
  }

  // MARK: - Comparison

  /// The first difference, or nil.
  private static func difference(_ program: DifferentialProgram) throws -> String? {
    let ours: [UInt8]
    do {
      ours = try OwnRun(program).output
    } catch let failure as Peer.Failure {
      return failure.description
    }
    let theirs: [UInt8]
    do {
      theirs = masked(try Peer.run(program.image))
    } catch let failure as Peer.Failure {
      return failure.description
    }
    if ours == theirs { return nil }
    guard ours.count == theirs.count else { return "the peer wrote \(theirs.count) bytes" }
    let log = DifferentialProgram.sandboxByteCount
    for offset in stride(from: log, to: ours.count, by: 8) {
      guard ours[offset..<offset + 8] != theirs[offset..<offset + 8] else { continue }
      let (chunk, slot) = (offset - log).quotientAndRemainder(
        dividingBy: DifferentialProgram.checkpointByteCount)
      let register =
        slot == 504 ? "FPCR" : slot / 8 < 32 ? "R\(slot / 8)" : "F\(slot / 8 - 32)"
      return "\(register) after chunk \(chunk): "
        + "ours \(hexadecimal(ours[offset..<offset + 8])), "
        + "the peer's \(hexadecimal(theirs[offset..<offset + 8]))"
    }
    for offset in 0..<log where ours[offset] != theirs[offset] {
      return "memory at sandbox offset \(offset): ours \(ours[offset]), theirs \(theirs[offset])"
    }
    return nil
  }

  /// Output without what the peer is known to do otherwise; see the table.
  fileprivate static func masked(_ output: [UInt8]) -> [UInt8] {
    var output = output
    let checkpoints = stride(
      from: DifferentialProgram.sandboxByteCount, to: output.count,
      by: DifferentialProgram.checkpointByteCount)
    for checkpoint in checkpoints where checkpoint + 512 <= output.count {
      for slot in stride(from: checkpoint + 256, to: checkpoint + 504, by: 8) {
        let isCanonicalNaN =
          output[slot + 7] & 0x7F == 0x7F && output[slot + 6] == 0xF8
          && output[slot..<slot + 6].allSatisfy { $0 == 0 }
        if isCanonicalNaN { output[slot + 7] = 0x7F }
      }
      let fpcr = checkpoint + 504
      for index in 0..<5 { output[fpcr + index] = 0 }
      output[fpcr + 5] &= 0x80
      output[fpcr + 6] &= 0x7F
      output[fpcr + 7] &= 0x7E
    }
    return output
  }

  private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
    "0x" + String(ReferenceALU.join(bytes), radix: 16)
  }

  // MARK: - Shrinking

  /// A program with as many units as possible replaced by nothing that still differs.
  private static func shrink(_ program: DifferentialProgram) throws -> DifferentialProgram {
    var smallest = program
    // Chunks behind the first that differs have nothing to do with it.
    while smallest.chunks.count > 1 {
      var shorter = smallest
      shorter.chunks.removeLast((smallest.chunks.count + 1) / 2)
      guard try difference(shorter) != nil else { break }
      smallest = shorter
    }
    while smallest.chunks.count > 1 {
      var shorter = smallest
      shorter.chunks.removeLast()
      guard try difference(shorter) != nil else { break }
      smallest = shorter
    }
    for chunk in smallest.chunks.indices {
      var size = smallest.chunks[chunk].count
      while size >= 1 {
        for start in stride(from: 0, to: smallest.chunks[chunk].count, by: size) {
          var candidate = smallest
          let end = min(start + size, candidate.chunks[chunk].count)
          for index in start..<end { candidate.chunks[chunk][index] = .init(words: []) }
          if candidate.chunks[chunk] != smallest.chunks[chunk],
            try difference(candidate) != nil
          {
            smallest = candidate
          }
        }
        size /= 2
      }
    }
    return smallest
  }

  /// The remaining instructions, and the registers that they start with.
  private static func report(_ program: DifferentialProgram, _ difference: String) -> String {
    let words = program.chunks.joined().flatMap(\.words).map(InstructionWord.init(rawValue:))
    let lines = words.map {
      "  0x\(String($0.rawValue, radix: 16))  \(Disassembler.text(for: $0, at: 0))"
    }
    let registers = Set(words.flatMap { [Int($0.ra), Int($0.rb), Int($0.rc)] }).sorted()
      .filter { $0 < 27 }
      .map {
        "  R\($0) = 0x\(String(program.registers[$0], radix: 16))"
          + ", F\($0) = 0x\(String(program.registers[32 + $0], radix: 16))"
      }
    return (["shrunk: " + difference] + lines + ["from"] + registers).joined(separator: "\n")
  }
}
