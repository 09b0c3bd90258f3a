import Foundation
import Testing

/// Where the console's output goes when the host does not take it.
@Suite("Console output", .enabled(if: Program.isBuilt, Program.missing))
struct ConsoleOutputTests {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  private func shell(_ script: String) async throws -> Program.Result {
    try await Program.run("sh", ["-c", script, "sh", Program.path, directory.path])
  }

  @Test("a disk is not written through a closed standard output")
  func closedOutput() async throws {
    let disk = directory.write([UInt8](repeating: 0, count: 1 << 20), to: "disk.raw")
    let run = try await shell(
      "\"$1\" run --disk \(disk),format=raw <&- >&-")
    #expect(run.errors.contains("the guest waits for an interrupt"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: disk)) == Data(count: 1 << 20))
  }

  @Test("a pipe that nobody reads any more ends the run in good order")
  func brokenPipe() async throws {
    let run = try await shell("{ \"$1\" run 2>\"$2/errors\"; echo $? >\"$2/status\"; } | head -n 2")
    #expect(run.output.contains("Breakwater firmware"))
    let errors = try String(contentsOfFile: directory.path + "/errors", encoding: .utf8)
    #expect(errors.contains("breakwater: interrupted"))
    #expect(errors.contains("cannot write to standard output: Broken pipe"))
    #expect(try String(contentsOfFile: directory.path + "/status", encoding: .utf8) == "130\n")
  }

  @Test("output that did not reach its file is an error")
  func fullFile() async throws {
    let run = try await Program.run("run", "--console", "file:/dev/full")
    #expect(run.status == 1)
    #expect(run.errors.contains("the guest's test passed"))
    #expect(run.errors.contains("cannot write to /dev/full: No space left on device"))
  }

  @Test(
    "a FIFO whose reader has stopped reading does not keep a run from ending",
    arguments: [
      "--trace instructions:\"$2/fifo\"", "--trace instructions 2>\"$2/fifo\"",
    ])
  func stoppedReader(_ output: String) async throws {
    directory.write(TinyKernel.elf([0xC3FF_FFFF]), to: "loop")
    // The shell keeps the time, whatever else the tests do meanwhile.
    let run = try await shell(
      """
      mkfifo "$2/fifo"
      sleep 60 >/dev/null 2>&1 <"$2/fifo" & reader=$!
      "$1" run --kernel "$2/loop" \(output) & run=$!
      sleep 2; kill $run; wait $run; status=$?
      kill $reader && exit $status
      """)
    #expect(run.status == 130)
  }

  @Test("the variables are kept when the terminal goes away")
  func hangUp() async throws {
    let file = directory.path + "/nvram"
    let run = try await Program.run(
      "env",
      [
        "--default-signal", Program.path, "run", "--clock", "host", "--firmware",
        "firmware/built/breakwater-palcode.elf", "--nvram", file, "--virtio-console",
        "unix:\(directory.path)/socket",
      ],
      interruptAfter: .seconds(2), signal: .terminalClosed)
    #expect(run.status == 130)
    #expect(FileManager.default.fileExists(atPath: file))
  }
}
