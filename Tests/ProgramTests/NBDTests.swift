import Foundation
import Testing

/// Disks and images in the exports of NBD servers.
@Suite(
  "NBD", .enabled(if: Program.isBuilt, Program.missing),
  .enabled(if: Tools.nbd))
struct NBDTests {
  /// A real server on a UNIX-domain socket, which ends with this object.
  private final class Server {
    private let directory: TemporaryDirectory
    private let process = Process()
    let socket: String
    var name: String { "nbd:unix:\(socket)" }

    /// Starts a server and waits for the file that it writes when it listens.
    private init(_ tool: String, _ arguments: (String, String) -> [String]) async throws {
      directory = try TemporaryDirectory()
      socket = directory.file("s")
      let pid = directory.file("pid")
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = [tool] + arguments(socket, pid)
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      for _ in 0..<1000 where !FileManager.default.fileExists(atPath: pid) {
        try await Task.sleep(for: .milliseconds(10))
      }
      try #require(FileManager.default.fileExists(atPath: pid), "\(tool) does not listen")
    }

    convenience init(qemu arguments: String...) async throws {
      try await self.init("qemu-nbd") { socket, pid in
        ["--persistent", "--socket=\(socket)", "--pid-file=\(pid)"] + arguments
      }
    }

    convenience init(nbdkit arguments: String...) async throws {
      try await self.init("nbdkit") { socket, pid in
        ["--foreground", "--unix", socket, "--pidfile", pid] + arguments
      }
    }

    deinit { kill(process.processIdentifier, SIGKILL) }
  }

  /// The DMA test guest's two disks, as raw files that exports may write.
  private struct Disks {
    let directory: TemporaryDirectory
    let data: String
    let scratch: String

    init() async throws {
      directory = try TemporaryDirectory()
      (data, scratch) = (directory.file("data.raw"), directory.file("scratch.raw"))
      for (image, path) in [("dmatest", data), ("scratch", scratch)] {
        _ = try await Program.run("image", "convert", "images/\(image).qcow2", path)
      }
    }
  }

  private func boot(_ data: String, _ scratch: String) async throws -> Program.Result {
    try await Program.run(
      "run", "--kernel", "firmware/built/dmatest.elf", "--disk", data, "--disk", scratch)
  }

  @Test("the DMA test passes on exports that it writes, raw and qcow2, and restores them")
  func guest() async throws {
    let disks = try await Disks()
    let data = try await Server(qemu: "-f", "raw", "--read-only", disks.data)
    let scratch = try await Server(qemu: "-f", "raw", disks.scratch)
    let raw = try await boot(
      "\(data.name),format=raw,overlay=temp", "\(scratch.name),format=raw")
    #expect(raw.status == 0, "\(raw.errors)")
    let compare = try await Program.run(
      "image", "compare", scratch.name, "images/scratch.qcow2")
    #expect(compare.status == 0, "\(compare.errors)")

    let image = disks.directory.file("scratch.qcow2")
    try FileManager.default.copyItem(atPath: "images/scratch.qcow2", toPath: image)
    try #require(FileHandle(forWritingAtPath: image)).truncate(atOffset: 64 << 20)
    let qcow2 = try await Server(qemu: "-f", "raw", "--discard=unmap", image)
    let run = try await boot(
      "nbd+unix:///?socket=\(data.socket),overlay=temp", "\(qcow2.name),format=qcow2")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output == raw.output)
    #expect(try await Program.run("image", "check", qcow2.name).status == 0)
    #expect(
      try await Program.run("image", "compare", qcow2.name, "images/scratch.qcow2").status == 0)
  }

  @Test("two machines share one read-only export, each with its own temporary overlay")
  func shared() async throws {
    let disks = try await Disks()
    let data = try await Server(qemu: "-f", "raw", "--read-only", "--shared=2", disks.data)
    let scratch = try await Server(qemu: "-f", "raw", "--read-only", "--shared=2", disks.scratch)
    let (left, right) = ("\(data.name),overlay=temp", "\(scratch.name),overlay=temp")
    async let first = boot(left, right)
    async let second = boot(left, right)
    for run in [try await first, try await second] { #expect(run.status == 0, "\(run.errors)") }
  }

  @Test("a server that dies gives the guest errors and the user the reason, and the run ends")
  func death() async throws {
    let disks = try await Disks()
    // The server ends itself when the guest comes to the second half of the disk.
    let data = try await Server(
      nbdkit: "eval", "get_size=echo $(stat -c %s \(disks.data))",
      "pread=[ $4 -lt 4194304 ] || kill -9 $PPID; "
        + "dd if=\(disks.data) skip=$4 count=$3 iflag=skip_bytes,count_bytes status=none")
    let run = try await boot("\(data.name),overlay=temp", "images/scratch.qcow2,overlay=temp")
    #expect(run.status == 1, "\(run.errors)")
    #expect(run.lines.contains { $0.hasPrefix("not ok") })
    let lines = run.errorLines.filter { $0.contains("its server closed the connection") }
    #expect((1...8).contains(lines.count), "\(run.errors)")
    #expect(lines.allSatisfy { $0.contains("virtio-blk0: read") && $0.contains(data.name) })
  }

  @Test("who asks twice does not wait for a server that does not answer")
  func stalled() async throws {
    let directory = try TemporaryDirectory()
    let server = try await Server(nbdkit: "eval", "get_size=echo 1048576", "pread=sleep 60")
    let run = try await Program.run(
      "image", "convert", "-f", "raw", server.name, directory.file("copy.raw"),
      interruptAfter: .milliseconds(700), times: 2)
    #expect(run.status == 130)
    #expect(run.errorLines.count == 1)
    #expect(run.errors.contains("not whole"), "\(run.errors)")
  }

  @Test("who asks a run twice does not wait for a server that does not answer")
  func stalledRun() async throws {
    let server = try await Server(nbdkit: "eval", "get_size=echo 1048576", "pread=sleep 60")
    let run = try await Program.run(
      "run", "--kernel", "firmware/built/dmatest.elf", "--disk",
      "\(server.name),format=raw,readonly=on",
      interruptAfter: .seconds(2), times: 2)
    #expect(run.status == 130)
    #expect(run.errorLines.last?.contains("what the guest wrote last may be lost") == true)
  }

  @Test("image commands take exports where they take files")
  func imageCommands() async throws {
    let disks = try await Disks()
    let target = disks.directory.file("target.raw")
    disks.directory.write([], to: "target.raw")
    try #require(FileHandle(forWritingAtPath: target)).truncate(atOffset: 12 << 20)
    let source = try await Server(qemu: "-f", "qcow2", "--read-only", "images/dmatest.qcow2")
    let store = try await Server(qemu: "-f", "raw", "--discard=unmap", target)
    let convert = try await Program.run(
      "image", "convert", "-n", "-O", "raw", source.name, store.name)
    #expect(convert.status == 0, "\(convert.errors)")
    let compare = try await Program.run("image", "compare", store.name, disks.data)
    #expect(compare.status == 0)
    #expect(compare.output.contains("Images are identical"))

    let map = try await Program.run("image", "map", "--output", "json", store.name)
    let theirs = try await Program.run(
      "qemu-img", ["map", "--output=json", "-f", "raw", store.name])
    func stretches(_ run: Program.Result) throws -> [String] {
      let list = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]]
      return try #require(list).map {
        "\($0["start"] ?? "") \($0["length"] ?? "") \($0["zero"] ?? "")"
      }
    }
    #expect(try stretches(map) == stretches(theirs))

    let info = try await Program.run("image", "info", store.name)
    #expect(info.output.contains("virtual size: 12 MiB (12582912 bytes)"), "\(info.output)")
    #expect(info.output.contains("disk size: unavailable"))
    let bench = try await Program.run("image", "bench", "-f", "raw", "-c", "100", store.name)
    #expect(bench.status == 0)
    #expect(try await Program.run("image", "check", store.name).status == 63)
    let copy = disks.directory.file("copy.qcow2")
    let compressed = try await Program.run(
      "image", "convert", "-c", "-O", "qcow2", source.name, copy)
    #expect(compressed.status == 0)
    #expect(try await Program.run("image", "compare", copy, disks.data).status == 0)
  }

  @Test("what an export cannot be is said in one line")
  func refusals() async throws {
    let disks = try await Disks()
    let server = try await Server(qemu: "-f", "raw", "--read-only", "-x", "a", disks.data)
    let name = server.name + ":exportname=a"
    let none = disks.directory.file("none")
    for (arguments, status, says) in [
      (["run", "--disk", name], 2, "its server exports it read-only"),
      (["run", "--disk", server.name], 2, "no export \"\"; it has \"a\""),
      (["run", "--disk", "nbd:unix:\(none),readonly=on"], 2, "No such file"),
      (["run", "--disk", "nbds://localhost"], 2, "TLS"),
      (["run", "--disk", "nbd:localhost"], 2, "nbd:HOST:PORT"),
      (["run", "--disk", "\(disks.data),overlay=\(name)"], 2, "cannot be made"),
      (["image", "create", name, "1G"], 1, "cannot be made"),
      (["image", "convert", disks.data, name], 1, "cannot be made"),
      (["image", "convert", "-n", name, name], 1, "cannot be overwritten: it is read"),
      (["image", "resize", "-f", "raw", name, "1G"], 1, "read-only"),
      (["image", "create", "-f", "qcow2", "-b", name, "-F", "raw", none], 1, "plain files"),
    ] as [([String], Int32, String)] {
      let run = try await Program.run(Program.path, arguments)
      #expect(run.status == status, "\(arguments): \(run.errors)")
      #expect(run.errorLines.count == 1, "\(run.errors)")
      #expect(run.errors.contains(says), "\(run.errors)")
    }
  }

  @Test("R11, I61: an overlay that names a server is opened only when the user names it too")
  func overlay() async throws {
    let disks = try await Disks()
    let data = try await Server(qemu: "-f", "raw", "--read-only", disks.data)
    let scratch = try await Server(qemu: "-f", "raw", "--read-only", disks.scratch)
    let overlay = disks.directory.file("over.qcow2")
    for _ in 0..<2 {
      let run = try await boot("\(data.name),overlay=temp", "\(scratch.name),overlay=\(overlay)")
      #expect(run.status == 0, "\(run.errors)")
    }
    let info = try await Program.run("image", "info", overlay)
    #expect(info.output.contains("backing file: \(scratch.name)\n"), "\(info.output)")
    for arguments in [
      ["run", "--disk", "\(overlay),format=qcow2"], ["run", "--disk", "\(overlay),overlay=temp"],
      ["image", "convert", overlay, disks.directory.file("copy.raw")],
      ["image", "info", "--backing-chain", overlay], ["image", "commit", overlay],
    ] {
      let run = try await Program.run(Program.path, arguments)
      #expect([1, 2].contains(run.status))
      #expect(run.errors.contains("plain files"), "\(arguments): \(run.errors)")
    }
  }
}
