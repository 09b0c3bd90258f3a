import Foundation
import Testing

/// Gzip images through the program: commands, guests, and files that are made to hurt.
@Suite("gzip disks", .enabled(if: Program.isBuilt, Program.missing))
struct GzipDiskTests {
  private func shell(_ script: String, in directory: TemporaryDirectory) async throws {
    let run = try await Program.run("/bin/sh", ["-ec", "cd \(directory.path); \(script)"])
    try #require(run.status == 0, "\(run.errors)")
  }

  /// The DMA test's disk, as raw and as gzip.
  private func disk() async throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    let raw = directory.file("disk.raw")
    let converted = try await Program.run(
      "image", "convert", "-O", "raw", "images/dmatest.qcow2", raw)
    #expect(converted.status == 0)
    try await shell("gzip -k disk.raw", in: directory)
    return directory
  }

  @Test("Q32: convert, compare, info and map know the format")
  func commands() async throws {
    let directory = try await disk()
    let (raw, gzip) = (directory.file("disk.raw"), directory.file("disk.raw.gz"))
    #expect(try await Program.run("image", "compare", raw, gzip).status == 0)
    let back = directory.file("back.raw")
    #expect(try await Program.run("image", "convert", "-O", "raw", gzip, back).status == 0)
    #expect(
      FileManager.default.contents(atPath: back) == FileManager.default.contents(atPath: raw))
    let qcow2 = directory.file("back.qcow2")
    let convert = try await Program.run("image", "convert", "-c", "-O", "qcow2", gzip, qcow2)
    #expect(convert.status == 0)
    #expect(try await Program.run("image", "compare", qcow2, gzip).status == 0)

    let info = try await Program.run("image", "info", "--output", "json", gzip)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(info.output.utf8)) as? NSDictionary)
    #expect(json["format"] as? String == "gzip")
    #expect(json["virtual-size"] as? Int == 8 << 20)
    let details = (json["format-specific"] as? NSDictionary)?["data"] as? NSDictionary
    #expect(details?["data-size"] as? Int == 8 << 20)
    #expect(details?["members"] as? Int == 1)
    let text = try await Program.run("image", "info", gzip).output
    #expect(text.contains("file format: gzip") && text.contains("    members: 1"))
    let map = try await Program.run("image", "map", "--output", "json", gzip)
    #expect(
      map.output == """
        [{ "start": 0, "length": 8388608, "depth": 0, "present": true, "zero": false, "data": true}]

        """)
  }

  @Test(
    "what would write is refused in one line, and changes nothing",
    arguments: [
      (["create", "-f", "gzip", "new.gz", "1M"], 2, "gzip images are only read"),
      (["convert", "-O", "gzip", "disk.raw", "new.gz"], 2, "gzip images are only read"),
      (["convert", "-n", "-O", "raw", "disk.raw", "disk.raw.gz"], 1, "less than"),
      (["check", "disk.raw.gz"], 63, "is a gzip image, which has nothing to check"),
      (["resize", "-f", "gzip", "disk.raw.gz", "+1M"], 1, "a gzip image is read-only"),
      (["resize", "disk.raw.gz", "+1M"], 1, "starts like a gzip image"),
      (["bench", "-w", "-f", "gzip", "disk.raw.gz"], 1, "a gzip image is read-only"),
      (["snapshot", "-c", "x", "disk.raw.gz"], 1, "magic"),
    ])
  func refusals(_ arguments: [String], _ status: Int32, _ says: String) async throws {
    let directory = try await disk()
    let before = FileManager.default.contents(atPath: directory.file("disk.raw.gz"))
    let run = try await Program.run(
      Program.path,
      ["image"]
        + arguments.map {
          $0.hasPrefix("disk") || $0.hasPrefix("new") ? directory.file($0) : $0
        })
    #expect(run.status == status)
    #expect(run.errorLines.count == 1, "\(run.errors)")
    #expect(run.errors.contains(says), "\(run.errors)")
    #expect(FileManager.default.contents(atPath: directory.file("disk.raw.gz")) == before)
    #expect(!FileManager.default.fileExists(atPath: directory.file("new.gz")))
  }

  @Test("an overlay file names the format; what it has got stays when the base cannot take it")
  func overlay() async throws {
    let directory = try await disk()
    let (gzip, over) = (directory.file("disk.raw.gz"), directory.file("over.qcow2"))
    let create = try await Program.run(
      "image", "create", "-f", "qcow2", "-b", "disk.raw.gz", "-F", "gzip", over)
    #expect(create.status == 0, "\(create.errors)")
    #expect(try await Program.run("image", "compare", over, gzip).status == 0)
    let info = try await Program.run("image", "info", "--backing-chain", over)
    #expect(info.output.contains("backing file format: gzip"))
    #expect(info.output.contains("    members: 1"))
    let commit = try await Program.run("image", "commit", over)
    #expect(commit.status == 1)
    #expect(commit.errors.contains("a gzip image is read-only"), "\(commit.errors)")
    #expect(try await Program.run("image", "compare", over, gzip).status == 0)
    let rebase = try await Program.run("image", "rebase", "-b", "", over)
    #expect(rebase.status == 0)
    #expect(try await Program.run("image", "compare", over, gzip).status == 0)
  }

  @Test(
    "a guest reads all of a gzip disk through windows, maps and DAC",
    arguments: ["format=gzip", "readonly=on", "overlay=temp", "overlay=FILE"])
  func guest(_ key: String) async throws {
    let directory = try await disk()
    let gzip = directory.file("disk.raw.gz")
    let before = FileManager.default.contents(atPath: gzip)
    let key = key.replacingOccurrences(of: "FILE", with: directory.file("over.qcow2"))
    let run = try await Program.run(
      "run", "--kernel", "firmware/built/dmatest.elf", "--disk", "\(gzip),\(key)",
      "--disk", "images/scratch.qcow2,overlay=temp")
    #expect(run.status == 0, "\(run.output.suffix(2000))\(run.errors)")
    let sums = run.lines.filter { $0.hasPrefix("# crc32 ") }
    #expect(sums.count == 3)
    for sum in sums { #expect(sum.contains(" d4b1e4ea bytes 8388608")) }
    #expect(FileManager.default.contents(atPath: gzip) == before)
  }

  @Test("a gzip disk that the guest could write is refused")
  func formatNotGiven() async throws {
    let directory = try await disk()
    let run = try await Program.run("run", "--disk", directory.file("disk.raw.gz"))
    #expect(run.status == 2)
    #expect(run.errorLines.count == 1)
    #expect(run.errors.contains("format=gzip"), "\(run.errors)")
  }

  /// Makes a file of `count` times 64 MiB of zeroes.
  private func bomb(_ count: Int, in directory: TemporaryDirectory) async throws {
    try await shell(
      "head -c 64M /dev/zero | gzip -1 > one; for i in $(seq \(count)); do cat one; done > bomb.gz; "
        + "rm one", in: directory)
  }

  @Test(
    "I87, I88: a bomb of 1 GiB and a million empty members take little memory",
    .enabled(if: Tools.python))
  func bombs() async throws {
    let directory = try TemporaryDirectory()
    // The peak of the process, in kilobytes, and its status.
    let script =
      "import subprocess, resource, sys; p = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);"
      + " print(p.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    try await bomb(16, in: directory)
    try await shell(
      "python3 -c 'import gzip,sys; e = gzip.compress(b\"\"); "
        + "sys.stdout.buffer.write(e * 1000000 + gzip.compress(b\"x\" * 5000))' > members.gz",
      in: directory)
    for (file, commands) in [
      ("bomb.gz", [["info"], ["bench", "-c", "300", "-S", "30000001"]]), ("members.gz", [["info"]]),
    ] {
      for command in commands {
        let run = try await Program.run(
          "python3", ["-c", script, Program.path, "image"] + command + [directory.file(file)])
        let words = run.output.split(separator: " ").map {
          Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1
        }
        #expect(words.first == 0, "\(run.errors)")
        #expect((words.last ?? .max) < 100 << 10, "\(file) \(command): \(run.output) KB")
      }
    }
  }

  @Test("G1: Ctrl-C ends the first pass with status 130, and leaves nothing behind")
  func interrupted() async throws {
    let directory = try TemporaryDirectory()
    try await bomb(128, in: directory)
    for command in [["image", "info"], ["run", "--disk"]] {
      let operand = directory.file("bomb.gz") + (command[0] == "run" ? ",readonly=on" : "")
      let run = try await Program.run(
        Program.path, command + [operand], interruptAfter: .milliseconds(400))
      #expect(run.status == 130, "\(run.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["bomb.gz"])
    }
  }
}
