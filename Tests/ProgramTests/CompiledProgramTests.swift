import Testing

/// What the cross compiler makes of C, run bare-metal: firmware/cprograms. The script's
/// --peer also compares with the peer, and takes a minute.
@Suite("compiled programs", .enabled(if: Program.isBuilt, Program.missing))
struct CompiledProgramTests {
  @Test(
    "the programs of every option set compute what the host computes",
    .enabled(if: Tools.has("alpha-linux-gnu-gcc") && Tools.python))
  func allOptionSets() async throws {
    let run = try await Program.run("python3", ["scripts/check-programs"])
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.output.contains("80 programs, 353 cases"))
  }
}
