import AlphaCPU
import AlphaISA
import Foundation
import GuestMemory
import Testing

/// Runs random programs here and on the peer and compares all registers and memory.
/// `scripts/differential` runs it over more instructions, with another seed. Where the peer is known
/// to differ, see ``PeerDeviation``.
@Suite("Random programs against the peer")
struct DifferentialTests {
  private static func setting(_ name: String, or value: UInt64) throws -> UInt64 {
    guard let text = Peer.environment["BREAKWATER_DIFFERENTIAL_" + name] else { return value }
    return try #require(UInt64(text), "\(name) is not a number: \(text)")
  }

  @Test(
    "Integer programs: every register at every checkpoint, and memory at the end",
    .enabled(
      if: Peer.path != nil,
      "qemu-alpha is missing: the engine is NOT compared with it (install qemu-user)"))
  func integerPrograms() throws {
    try compare(count: Self.setting("COUNT", or: Self.defaultCount)) {
      var generator = DifferentialGenerator(seed: $0)
      let program = generator.program(
        chunks: DifferentialProgram.maximumChunks, unitsPerChunk: 500)
      let run = try OwnRun(program)
      _ = try run.output()
      return (program, run.bench.cpu.instructionCount)
    }
  }

  @Test(
    "IEEE programs: every register, the FPCR and the PC of every arithmetic trap",
    .enabled(
      if: Peer.path != nil,
      "qemu-alpha is missing: IEEE arithmetic is NOT compared with it (install qemu-user)"))
  func floatPrograms() throws {
    let count = try Self.setting("FLOAT_COUNT", or: Self.defaultCount / 30)
    var leftOut: UInt64 = 0
    try compare(count: count) {
      var generator = DifferentialFloatGenerator(seed: $0)
      let program = generator.program(
        chunks: DifferentialProgram.maximumChunks, unitsPerChunk: 50)
      let filtered = try OwnRun(program).leavingOut()
      leftOut += filtered.leftOutCount
      return (filtered.program, filtered.floatInstructionCount)
    }
    print("\(leftOut) instructions or their results left out because the peer deviates")
    // More than that would leave too little to compare.
    #expect(leftOut < count / 5)
  }

  @Test(
    "Without its row in the table, every deviation of the peer is a difference",
    .enabled(
      if: Peer.path != nil,
      "qemu-alpha is missing: the table of its deviations is NOT checked (install qemu-user)"),
    arguments: PeerDeviation.all.indices)
  func deviationIsReal(_ index: Int) throws {
    var others = PeerDeviation.all
    let deviation = others.remove(at: index)
    let shows = try (1...100 as ClosedRange<UInt64>).contains { seed in
      var generator = DifferentialFloatGenerator(seed: seed)
      let program = generator.program(chunks: 100, unitsPerChunk: 10)
      return try Self.difference(OwnRun(program).leavingOut(others).program) != nil
    }
    #expect(shows, "the peer does not do this: \(deviation.peer)")
  }

  #if DEBUG
    private static let defaultCount: UInt64 = 300_000
  #else
    private static let defaultCount: UInt64 = 2_000_000
  #endif

  /// Compares programs until they have executed `count` instructions of the kind they count.
  private func compare(
    count: UInt64, _ make: (_ seed: UInt64) throws -> (DifferentialProgram, UInt64)
  ) throws {
    let seed = try Self.setting("SEED", or: 1)
    let reportEvery: UInt64 = 1_000_000
    var executed: UInt64 = 0
    var batch: UInt64 = 0
    while executed < count {
      let (program, instructionCount) = try make(seed &+ batch &* 0x1_0000_0001)
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
      if (executed + instructionCount) / reportEvery > executed / reportEvery {
        print("\(executed + instructionCount) instructions compared")
      }
      executed += instructionCount
    }
  }

  // MARK: - Comparison

  /// The first difference, or nil.
  private static func difference(_ program: DifferentialProgram) throws -> String? {
    let ours: [UInt8]
    do {
      ours = try OwnRun(program).output()
    } catch let failure as Peer.Failure {
      return failure.description
    }
    let theirs: [UInt8]
    do {
      theirs = try Peer.run(program.image)
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
        slot / 8 < 32 ? "R\(slot / 8)" : slot / 8 < 63 ? "F\(slot / 8 - 32)" : "FPCR"
      return "\(register) after chunk \(chunk): "
        + "ours \(hexadecimal(ours[offset..<offset + 8])), "
        + "the peer's \(hexadecimal(theirs[offset..<offset + 8]))"
    }
    for offset in 0..<log where ours[offset] != theirs[offset] {
      return "memory at sandbox offset \(offset): ours \(ours[offset]), theirs \(theirs[offset])"
    }
    return nil
  }

  private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
    "0x" + String(ReferenceALU.join(bytes), radix: 16)
  }

  // MARK: - Shrinking

  /// A program with as many units as possible replaced by nothing that still differs.
  private static func shrink(_ program: DifferentialProgram) throws -> DifferentialProgram {
    /// A part of a program meets cases that the whole did not.
    func comparable(_ part: DifferentialProgram) throws -> DifferentialProgram {
      part.hasArithmetic ? try OwnRun(part).leavingOut().program : part
    }
    func differs(_ part: DifferentialProgram) throws -> Bool {
      try difference(comparable(part)) != nil
    }
    var smallest = program
    // Chunks behind the first that differs have nothing to do with it.
    while smallest.chunks.count > 1 {
      var shorter = smallest
      shorter.chunks.removeLast((smallest.chunks.count + 1) / 2)
      guard try differs(shorter) else { break }
      smallest = shorter
    }
    while smallest.chunks.count > 1 {
      var shorter = smallest
      shorter.chunks.removeLast()
      guard try differs(shorter) else { break }
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
            try differs(candidate)
          {
            smallest = candidate
          }
        }
        size /= 2
      }
    }
    return try comparable(smallest)
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
