import Foundation
import Testing

/// `--nvram`, which keeps the console's variables.
@Suite("Nonvolatile file", .enabled(if: Program.isBuilt, Program.missing))
struct NonvolatileFileTests {
  @Test("a run makes the file, and the next one leaves it as it is")
  func made() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("nvram")
    // Nobody types, so the prompt waits for ever.
    _ = try await Program.run("run", "--nvram", path, "--disk", "images/scratch.qcow2,readonly=on")
    let first = try #require(FileManager.default.contents(atPath: path))
    #expect(first.count == 114)
    _ = try await Program.run("run", "--nvram", path, "--disk", "images/scratch.qcow2,readonly=on")
    #expect(FileManager.default.contents(atPath: path) == first)
  }

  @Test("what was to follow a reset does not follow power-on")
  func mark() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("nvram")
    let script = directory.write(
      Array("wait \">>> \"\nsend \"set auto_action halt\\r\"\nwait \">>> \"\nend\n".utf8),
      to: "script")
    _ = try await Program.run(
      "run", "--nvram", path, "--disk", "images/scratch.qcow2,readonly=on", "--script", script)
    var kept = [UInt8](try #require(FileManager.default.contents(atPath: path)))
    // Byte 15 of the chip: our firmware's mark to boot the emulator's kernel after a reset.
    #expect(kept[1] == 0)
    kept[1] = 0x42
    directory.write(kept, to: "nvram")
    let run = try await Program.run(
      "run", "--nvram", path, "--kernel", "firmware/built/paltest.elf")
    #expect(run.output.contains(">>> "))
    #expect(!run.output.contains("Starting the kernel"))
  }

  @Test("a file of another size, or a place that cannot be written, is said")
  func refused() async throws {
    let directory = try TemporaryDirectory()
    let wrong = directory.write([1, 2, 3], to: "wrong")
    let run = try await Program.run("run", "--nvram", wrong)
    #expect(run.status == 2)
    #expect(run.errors.contains("wrong: has 3 bytes; a file made by --nvram has 114"))
    let lost = try await Program.run("run", "--nvram", directory.file("none/nvram"))
    #expect(lost.status == 2)
    #expect(lost.errors.contains("none/nvram: cannot be written"))
    #expect(lost.output.isEmpty, "the guest ran")
  }

  @Test("a symbolic link stays one, and its target is written, there or not")
  func linked() async throws {
    let directory = try TemporaryDirectory()
    for (name, target) in [("link", "target"), ("outer", "link")] {
      try FileManager.default.createSymbolicLink(
        atPath: directory.file(name), withDestinationPath: target)
    }
    let run = ["run", "--max-instructions", "1000", "--nvram", directory.file("outer")]
    _ = try await Program.run(Program.path, run)
    for (name, target) in [("link", "target"), ("outer", "link")] {
      let path = directory.file(name)
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == target)
    }
    let written = FileManager.default.contents(atPath: directory.file("target"))
    #expect(written?.count == 114)
  }
}
