import AlphaCPU
import AlphaISA
import Foundation
import GuestMemory
import Testing

/// Runs random programs here and on the peer and compares all that they do. `scripts/differential` runs
/// more of them, with another seed. Where the peer is known to differ, see ``PeerDeviation``.
@Suite("Random programs against the peer")
struct DifferentialTests {
  private static func setting(_ name: String, or value: UInt64) throws -> UInt64 {
    guard let text = Peer.environment["BREAKWATER_DIFFERENTIAL_" + name] else { return value }
    return try #require(UInt64(text), "\(name) is not a number: \(text)")
  }

  @Test(
    "Integer programs: every register at every checkpoint, and memory at the end",
    .enabled(
      if: Peer.user != nil,
      "qemu-alpha is missing: the engine is NOT compared with it (install qemu-user)"))
  func integerPrograms() throws {
    try compare(count: Self.setting("COUNT", or: Self.defaultCount)) {
      var generator = DifferentialGenerator(seed: $0)
      let program = generator.program(
        chunks: DifferentialProgram.maximumChunks, unitsPerChunk: 500)
      let run = try OwnRun(program)
      let ours = try run.output()
      let differs = try Peer.run(program.image) != ours
      return (run.bench.cpu.instructionCount, differs ? program : nil)
    }
  }

  @Test(
    "IEEE programs: every register, the FPCR and the PC of every arithmetic trap",
    .enabled(
      if: Peer.user != nil,
      "qemu-alpha is missing: IEEE arithmetic is NOT compared with it (install qemu-user)"))
  func floatPrograms() throws {
    let count = try Self.setting("FLOAT_COUNT", or: Self.defaultCount / 30)
    var leftOut: UInt64 = 0
    try compare(count: count) {
      var generator = DifferentialFloatGenerator(seed: $0)
      let filtered = try OwnRun(
        generator.program(chunks: DifferentialProgram.maximumChunks, unitsPerChunk: 50)
      ).leavingOut()
      leftOut += filtered.leftOutCount
      let program = filtered.program
      let differs = try Peer.run(program.image) != OwnRun(program).output()
      return (filtered.floatInstructionCount, differs ? program : nil)
    }
    print("\(leftOut) instructions or their results left out because the peer deviates")
    // More than that would leave too little to compare.
    #expect(leftOut < count / 5)
  }

  @Test(
    "System programs: every exception with its frame and arguments, all registers, and memory",
    .enabled(
      if: Peer.system != nil,
      "qemu-system-alpha is missing: exceptions are NOT compared with it (install qemu-system-misc)"
    ), arguments: SystemRun.firmware)
  func systemPrograms(firmware: URL) throws {
    let count = try Self.setting("SYSTEM_COUNT", or: Self.defaultCount / 15)
    try compare(count: count) { seed in
      var generator = SystemGenerator(seed: seed)
      let programs = try (0..<200).map { _ in
        var program = generator.program(units: 60, sandboxSeed: seed)
        program.firmware = firmware
        return try SystemRun.leavingOut(program, PeerDeviation.system).program
      }
      let ours = try SystemRun(programs, firmware: firmware).output()
      let theirs = try Peer.run(programs, firmware: firmware)
      let same = zip(ours, theirs).prefix { $0 == $1 }.count
      return (
        programs.reduce(0) { $0 + UInt64($1.words.count) },
        same < programs.count ? programs[same] : nil
      )
    }
  }

  @Test(
    "Without its row in the table, every deviation of the peer is a difference",
    .enabled(
      if: Peer.user != nil,
      "qemu-alpha is missing: the table of its deviations is NOT checked (install qemu-user)"),
    arguments: PeerDeviation.all.indices)
  func deviationIsReal(_ index: Int) throws {
    var others = PeerDeviation.all
    let deviation = others.remove(at: index)
    let shows = try (1...100 as ClosedRange<UInt64>).contains { seed in
      var generator = DifferentialFloatGenerator(seed: seed)
      let program = generator.program(chunks: 100, unitsPerChunk: 10)
      return try OwnRun(program).leavingOut(others).program.difference() != nil
    }
    #expect(shows, "the peer does not do this: \(deviation.peer)")
  }

  @Test(
    "Every program that once showed a difference does what it must", arguments: KeptProgram.files)
  func keptProgram(_ file: URL) throws {
    let kept = try KeptProgram(String(contentsOf: file, encoding: .utf8))
    #expect(try kept.program.outcome() == kept.expected)
  }

  @Test("The programs that once showed a difference are there")
  func keptPrograms() { #expect(!KeptProgram.files.isEmpty) }

  #if DEBUG
    private static let defaultCount: UInt64 = 300_000
  #else
    private static let defaultCount: UInt64 = 2_000_000
  #endif

  /// Compares until `count` instructions have been executed. `run` makes the programs of a seed, and
  /// gives how many instructions they are and the first program that differs.
  private func compare(
    count: UInt64, _ run: (_ seed: UInt64) throws -> (UInt64, (any ComparedProgram)?)
  ) throws {
    let seed = try Self.setting("SEED", or: 1)
    let reportEvery: UInt64 = 1_000_000
    var executed: UInt64 = 0
    var batch: UInt64 = 0
    while executed < count {
      let (instructionCount, failure) = try run(seed &+ batch &* 0x1_0000_0001)
      if let failure {
        try report(failure, "seed \(seed), batch \(batch)")
        return
      }
      batch += 1
      if (executed + instructionCount) / reportEvery > executed / reportEvery {
        print("\(executed + instructionCount) instructions compared")
      }
      executed += instructionCount
    }
  }

  /// Shrinks a program that differs and, for `scripts/differential`, keeps it.
  private func report(_ failure: some ComparedProgram, _ origin: String) throws {
    let smallest = try failure.shrunk()
    let difference = try smallest.difference() ?? "no longer reproduced"
    let expected = (try? smallest.peerOutcome()) ?? []
    let kept = KeptProgram(
      smallest, expected: expected,
      comments: [origin + ", as the peer does it: " + difference])
    Issue.record("\(origin): \(difference)\n\(kept.text)")
    guard Peer.environment["BREAKWATER_DIFFERENTIAL_KEEP"] != nil else { return }
    let name = origin.filter { $0.isLetter || $0.isNumber }
    try kept.text.write(
      to: KeptProgram.folder.appendingPathComponent(name + ".txt"), atomically: true,
      encoding: .utf8)
  }
}
