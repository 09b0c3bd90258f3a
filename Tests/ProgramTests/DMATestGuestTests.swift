import Foundation
import Testing

/// The main job: the built-in guest on the built-in disk, and the same guest on real images.
@Suite("DMA test guest", .enabled(if: Program.isBuilt, Program.missing))
struct DMATestGuestTests {
  @Test("without arguments every case is ok, none is skipped, and the status is 0")
  func defaultRun() async throws {
    let run = try await Program.run("run")
    #expect(run.status == 0)
    let plan = try #require(run.lines.first { $0.hasPrefix("1..") })
    let count = try #require(Int(plan.dropFirst(3)))
    #expect(count == 112)
    #expect(run.lines.filter { $0.hasPrefix("ok ") }.count == count)
    #expect(!run.lines.contains { $0.hasPrefix("not ok") || $0.contains("# SKIP") })
  }

  @Test("only= runs the cases it names, and quick leaves the whole-disk cases out")
  func selection() async throws {
    let run = try await Program.run("run", "--append", "only=5,50 quick")
    #expect(run.status == 0)
    #expect(run.lines.filter { $0.contains("# SKIP not selected") }.count == 110)
  }

  @Test(
    "a word that makes no sense fails the run and is named",
    arguments: [
      "only=0", "only=113", "only=1,999", "only=18446744073709551617", "only=5O", "only=",
      "only=5,",
      "crc=", "crc=0d4b1e4ea", "quik", "quickly",
    ])
  func wrongWord(word: String) async throws {
    let run = try await Program.run("run", "--append", "crc=d4b1e4ea \(word) quick")
    #expect(run.status == 1)
    #expect(run.lines.contains { $0.hasPrefix("Bail out! '\(word)' is not ") })
    #expect(!run.lines.contains { $0.hasPrefix("ok ") })
  }

  @Test(
    "our guests pass with as much memory as there can be, and take no place for empty that is not",
    arguments: [("24G", 0), ("32G", 5)])
  func largeMemory(size: String, skipped: Int) async throws {
    let run = try await Program.run("run", "--memory", size)
    #expect(run.status == 0)
    #expect(
      run.lines.last { $0.hasPrefix("# passed") }
        == "# passed \(112 - skipped), failed 0, skipped \(skipped)")
    #expect(
      run.lines.filter { $0.contains("# SKIP memory ends where addresses do") }.count == skipped)
    let processor = try await Program.run(
      "run", "--memory", size, "--kernel", "firmware/built/paltest.elf")
    #expect(processor.status == 0)
    #expect(processor.lines.last { $0.hasPrefix("#") } == "# all passed")
  }

  @Test("two runs give the same console bytes and the same instruction count")
  func repeats() async throws {
    let (first, second) = (try await Program.run("run"), try await Program.run("run"))
    #expect(first.output == second.output)
    #expect(first.errors == second.errors)
    #expect(first.errors.contains("instructions"))
  }

  @Test("each DMA fault is a line with device, bus address, window and entry")
  func explainsFaults() async throws {
    let errors = try await Program.run("run").errorLines
    let noWindow = try #require(
      errors.first { $0.contains("hits no window") && $0.contains("the driver probably skipped") })
    #expect(noWindow.contains("virtio-blk1: DMA write of bus address 0x"))
    let invalid = try #require(errors.first { $0.contains("is not valid") })
    #expect(invalid.contains("window 0, map entry 0x"))
  }

  @Test("a guest of 4 GB that touches little stays small", .enabled(if: Tools.python))
  func memory() async throws {
    let script =
      "import subprocess, resource, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, "
      + "stderr=subprocess.DEVNULL); "
      + "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    let run = try await Program.run(
      "python3", ["-c", script, Program.path, "run", "--memory", "4G"])
    let kilobytes = try #require(Int(run.output.trimmingCharacters(in: .whitespacesAndNewlines)))
    // The guest touches about 20 MB.
    #expect(kilobytes < 84 << 10)
  }

  @Test(
    "a compressed ext4 image of 64 MB reads right through windows, maps and DAC",
    .enabled(if: Tools.images))
  func realImage() async throws {
    let directory = try TemporaryDirectory()
    let disk = directory.file("large.qcow2")
    let built = try await Program.runScript(
      "build-test-images", ["--large", "large.qcow2"], in: directory)
    #expect(built.status == 0)
    let raw = directory.file("large.raw")
    _ = try await Program.run("qemu-img", ["convert", "-O", "raw", disk, raw])
    let checksum = try await Program.run(
      "python3",
      [
        "-c",
        "import zlib,sys; print('%08x' % zlib.crc32(open(sys.argv[1],'rb').read()))", raw,
      ])
    let expected = checksum.output.trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(expected.count == 8)

    let run = try await Program.run(
      "run", "--kernel", "firmware/built/dmatest.elf", "--disk", "\(disk),overlay=temp",
      "--append", "crc=\(expected)")
    #expect(run.status == 0)
    let sums = run.lines.filter { $0.hasPrefix("# crc32 ") }
    #expect(sums.count == 3)
    for sum in sums { #expect(sum.contains(" \(expected) bytes 67108864")) }
  }

  @Test(
    "the four combinations of firmware and emulator agree", .enabled(if: Tools.peer))
  func matrix() async throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.copyItem(
      atPath: "images/dmatest.qcow2", toPath: directory.file("disk.qcow2"))
    let run = try await Program.runScript("matrix", ["disk.qcow2"], in: directory)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
  }

  @Test("a case that the Linux guest's test does not have is not ok", .enabled(if: Tools.peer))
  func unknownCase() async throws {
    let run = try await Program.run(
      "/bin/sh",
      ["-c", "BREAKWATER=$0 guests/linux/test none none none nosuch", Program.path])
    #expect(run.status == 1)
    #expect(run.lines == ["not ok 1 - nosuch: there is no such case", "1..1"])
  }
}

/// Outside programs that some tests need; scripts/test installs them.
enum Tools {
  static var python: Bool { has("python3") }
  static var images: Bool { has("qemu-img") && has("mke2fs") && has("python3") }
  static var qemuImages: Bool { has("qemu-img") && has("qemu-io") }
  static var nbd: Bool { has("qemu-nbd") && has("nbdkit") }
  static var peer: Bool { has("qemu-system-alpha") }

  static func has(_ name: String) -> Bool {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let found = (path + ":/sbin:/usr/sbin").split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: $0 + "/" + name)
    }
    if !found { print("SKIPPED: \(name) is not installed; run scripts/test, which installs it") }
    return found
  }
}
