import Foundation
import Testing

/// `--trace SET:FILE`.
@Suite("Trace files", .enabled(if: Program.isBuilt, Program.missing))
struct TraceFileTests {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  private func run(_ traces: String...) async throws -> Program.Result {
    try await Program.run(
      Program.path,
      ["run", "--max-instructions", "300000"] + traces.flatMap { ["--trace", $0] })
  }

  @Test("two sets go into one file in their order, through a link as well")
  func oneFile() async throws {
    let file = directory.write([1, 2, 3], to: "trace")
    let link = directory.file("link")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "trace")
    _ = try await run("instructions+exceptions:\(file)")
    let together = try #require(FileManager.default.contents(atPath: file))
    #expect(together.count > 1000)
    _ = try await run("instructions:\(link)", "exceptions:\(file)")
    let apart = FileManager.default.contents(atPath: file)
    #expect(apart == together)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "trace")
  }

  @Test("two outputs to one file, differently spelt, lose nothing")
  func sharedFile() async throws {
    let apart = [directory.file("console"), directory.file("trace")]
    let shared = directory.write([1], to: "shared")
    let other = directory.path + "/./shared"
    for (console, trace) in [(apart[0], apart[1]), (shared, other)] {
      _ = try await Program.run(
        "run", "--max-instructions", "2000000", "--console", "file:\(console)",
        "--trace", "chipset+exceptions:\(trace)")
    }
    let sizes = apart.map { FileManager.default.contents(atPath: $0)?.count ?? 0 }
    #expect(sizes.allSatisfy { $0 > 100 })
    #expect(FileManager.default.contents(atPath: shared)?.count == sizes[0] + sizes[1])
  }

  @Test("what a file does not take is said once")
  func fullFile() async throws {
    // Through a link, so that a program that replaces the file replaces that.
    let full = directory.file("full")
    try FileManager.default.createSymbolicLink(atPath: full, withDestinationPath: "/dev/full")
    let run = try await run("instructions:\(full)")
    #expect(run.status == 124)
    let lines = run.errorLines.filter { $0.contains("the trace is incomplete") }
    #expect(lines.count == 1)
    #expect(lines.first?.contains("full: No space left on device") == true, "\(run.errors)")
  }

  @Test("a file that cannot be made is said before the guest runs")
  func refused() async throws {
    let run = try await run("pci:\(directory.file("none/trace"))")
    #expect(run.status == 2)
    #expect(run.errorLines.count == 1)
    #expect(run.output.isEmpty)
  }
}
