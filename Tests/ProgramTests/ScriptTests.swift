import Foundation
import Testing

/// `run --script`: typing at the firmware's prompt.
@Suite("Scripts", .enabled(if: Program.isBuilt, Program.missing))
struct ScriptTests {
  private static let firmware = "firmware/built/breakwater-palcode.elf"
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  private func run(_ script: String, _ options: String...) async throws -> Program.Result {
    let path = directory.write(Array(script.utf8), to: "script.txt")
    return try await Program.run(
      Program.path, ["run", "--firmware", Self.firmware, "--script", path] + options)
  }

  @Test("a conversation that ends the run succeeds, and repeats to the instruction")
  func conversation() async throws {
    let script = """
      wait ">>> "
      send "show version\\r"
      wait "OSF/1 PALcode"
      wait ">>> "
      end
      """
    let first = try await run(script)
    #expect(first.status == 0)
    #expect(first.output.contains(">>> show version\r\nBreakwater firmware"))
    #expect(first.errors.contains("breakwater: the script ended ("))
    #expect(try await run(script).errors == first.errors)
    // A limit that is reached in the same slice takes nothing away.
    let count = try #require(first.errors.firstMatch(of: #/([0-9]+) instructions/#)?.1)
    let limited = try await run(script, "--max-instructions", String(count))
    #expect(limited.status == 0)
    #expect(limited.errors == first.errors)
  }

  @Test("without an end the guest runs on until it ends itself")
  func powerOff() async throws {
    let run = try await run("wait \">>> \"\nsend \"power off\\r\"\n")
    #expect(run.status == 0)
    #expect(run.errors.contains("the guest powered off"))
  }

  @Test("a script comes through a pipe as well")
  func pipe() async throws {
    let run = try await Program.run(
      "sh",
      [
        "-c", "echo end | \"$1\" run --firmware \"$2\" --script /dev/stdin", "sh", Program.path,
        Self.firmware,
      ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.contains("the script ended"))
  }

  @Test("a text that did not come fails the run, whatever ended it")
  func missingText() async throws {
    let idle = try await run("wait \">>> \"\nwait \"login: \"\n")
    #expect(idle.status == 1)
    #expect(idle.errors.contains("script.txt:2: \"login: \" did not come: the guest waits"))
    let off = try await run("wait \">>> \"\nsend \"power off\\r\"\nwait \"login: \"\n")
    #expect(off.status == 1)
    #expect(off.errors.contains("script.txt:3: \"login: \" did not come: the guest powered off"))
    let limit = try await run("wait \"login: \"\n", "--max-instructions", "1000")
    #expect(limit.status == 124)
    #expect(limit.errors.contains("\"login: \" did not come: instruction limit reached"))
  }

  @Test("a text that does not come in time ends the run")
  func timeout() async throws {
    let path = directory.write(Array("within 0.01\nwait \"login: \"\nend\n".utf8), to: "s.txt")
    let run = try await Program.run("run", "--script", path)
    #expect(run.status == 1)
    #expect(run.errors.contains("s.txt:2: \"login: \" did not come within 0.01 s of guest time ("))
    // The firmware waits at its prompt, and time goes to the limit at once.
    let idle = try await self.run(
      "wait \">>> \"\nwithin 1\nwait \"login: \"\n", "--timeout", "20")
    #expect(idle.status == 1)
    #expect(idle.errors.contains("script.txt:3: \"login: \" did not come within 1.0 s"))
  }

  @Test("what is no script is refused before anything runs")
  func badScripts() async throws {
    let word = try await run("expect \"x\"\n")
    #expect(word.status == 2)
    #expect(word.errors.contains("script.txt:1: 'expect' is no step"))
    #expect(word.output.isEmpty)
    let path = directory.write([0xFF, 0xFE], to: "binary")
    let binary = try await Program.run("run", "--script", path)
    #expect(binary.status == 2)
    #expect(binary.errors.contains("is not UTF-8 text"))
    // Nor is anything made on the host.
    let disk = directory.write([UInt8](repeating: 0, count: 512), to: "disk.raw")
    let overlay = directory.file("overlay.qcow2")
    for wrong in [["--script", path], ["--kernel", directory.file("none")]] {
      let refused = try await Program.run(
        Program.path, ["run", "--disk", "\(disk),format=raw,overlay=\(overlay)"] + wrong)
      #expect(refused.status == 2)
      #expect(!FileManager.default.fileExists(atPath: overlay))
    }
  }
}
