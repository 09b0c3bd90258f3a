import Foundation
import Testing

/// Guests on writable images and on overlays in files.
@Suite("Writable disks", .enabled(if: Program.isBuilt, Program.missing))
struct ImageDiskTests {
  /// The DMA test guest's two disks as plain files that it may write.
  private struct Disks {
    let directory: TemporaryDirectory
    let data: String
    let scratch: String

    init() throws {
      directory = try TemporaryDirectory()
      data = directory.file("data.qcow2")
      scratch = directory.file("scratch.qcow2")
      try FileManager.default.copyItem(atPath: "images/dmatest.qcow2", toPath: data)
      try FileManager.default.copyItem(atPath: "images/scratch.qcow2", toPath: scratch)
    }

    func run(
      interruptAfter: Duration? = nil, killed: Bool = false
    ) async throws -> Program.Result {
      try await Program.run(
        "run", "--kernel", "firmware/built/dmatest.elf", "--disk", "\(data),format=qcow2",
        "--disk", "\(scratch),format=qcow2", interruptAfter: interruptAfter,
        signal: killed ? .kill : .interrupt)
    }

    /// Exit statuses of `check` on both images, by our own judge and by qemu-img where it is.
    func check() async throws -> [Int32] {
      var statuses: [Int32] = []
      for disk in [data, scratch] {
        statuses.append(try await Program.run("image", "check", disk).status)
        if Tools.qemuImages {
          statuses.append(try await Program.run("qemu-img", ["check", disk]).status)
        }
      }
      return statuses
    }

    func isRestored() async throws -> Bool {
      let data = try await Program.run("image", "compare", data, "images/dmatest.qcow2")
      let scratch = try await Program.run("image", "compare", scratch, "images/scratch.qcow2")
      return data.status == 0 && scratch.status == 0
    }
  }

  @Test("the DMA test passes on qcow2 images without overlay, and restores what it writes")
  func writable() async throws {
    let disks = try Disks()
    for _ in 0..<2 {
      let run = try await disks.run()
      #expect(run.status == 0, "\(run.errors)")
      #expect(try await disks.check().allSatisfy { $0 == 0 })
      #expect(try await disks.isRestored())
    }
    // It has written: its clusters are no longer those of the original.
    #expect(
      FileManager.default.contents(atPath: disks.scratch)
        != FileManager.default.contents(atPath: "images/scratch.qcow2"))
  }

  @Test("kill -9 leaves at most leaked clusters", arguments: [150, 300, 450, 600])
  func killed(_ milliseconds: Int) async throws {
    let disks = try Disks()
    _ = try await disks.run(interruptAfter: .milliseconds(milliseconds), killed: true)
    #expect(try await disks.check().allSatisfy { [0, 3].contains($0) })
    let run = try await disks.run()
    #expect(![2, 130].contains(run.status), "\(run.errors)")
  }

  @Test("Ctrl-C and a limit close the images cleanly")
  func stopped() async throws {
    let disks = try Disks()
    _ = try await disks.run(interruptAfter: .seconds(1))
    #expect(try await disks.check().allSatisfy { $0 == 0 })
    let run = try await Program.run(
      "run", "--kernel", "firmware/built/dmatest.elf", "--disk", "\(disks.data),format=qcow2",
      "--disk", "\(disks.scratch),format=qcow2", "--max-instructions", "60000000")
    #expect(run.status == 124)
    #expect(try await disks.check().allSatisfy { $0 == 0 })
  }

  @Test("an overlay file is made, used again, and refused over another disk")
  func overlay() async throws {
    let disks = try Disks()
    let overlay = disks.directory.file("over.qcow2")
    let before = FileManager.default.contents(atPath: disks.scratch)
    func run(over scratch: String) async throws -> Program.Result {
      try await Program.run(
        "run", "--kernel", "firmware/built/dmatest.elf", "--disk", "\(disks.data),overlay=temp",
        "--disk", "\(scratch),overlay=\(overlay)")
    }
    for _ in 0..<2 {
      let run = try await run(over: disks.scratch)
      #expect(run.status == 0, "\(run.errors)")
      let compare = try await Program.run("image", "compare", overlay, disks.scratch)
      #expect(compare.status == 0)
    }
    #expect(FileManager.default.contents(atPath: disks.scratch) == before)
    let info = try await Program.run("image", "info", overlay)
    #expect(info.output.contains("backing file: scratch.qcow2 "))
    let check = try await Program.run("image", "check", "--output", "json", overlay)
    #expect(check.status == 0)
    #expect(check.output.contains("allocated-clusters"))

    let kept = FileManager.default.contents(atPath: overlay)
    let refused = try await run(over: disks.data)
    #expect(refused.status == 2)
    #expect(refused.errorLines.count == 1, "\(refused.errors)")
    #expect(refused.errors.contains("is an overlay of \"scratch.qcow2\""), "\(refused.errors)")
    #expect(FileManager.default.contents(atPath: overlay) == kept)
  }

  @Test("many runs share one base, each with its own overlay")
  func sharedBase() async throws {
    let disks = try Disks()
    func run(_ name: String) async throws -> Int32 {
      try await Program.run(
        "run", "--kernel", "firmware/built/dmatest.elf", "--disk", "\(disks.data),overlay=temp",
        "--disk", "\(disks.scratch),overlay=\(disks.directory.file(name))"
      ).status
    }
    async let first = run("1.qcow2")
    async let second = run("2.qcow2")
    #expect(try await [first, second] == [0, 0])
  }

  @Test("a file that is no overlay is not taken for one")
  func notAnOverlay() async throws {
    let disks = try Disks()
    let other = disks.directory.write([UInt8]("precious".utf8), to: "notes.txt")
    for (path, says) in [(other, "notes.txt"), (disks.data, "no backing file")] {
      let before = FileManager.default.contents(atPath: path)
      let run = try await Program.run("run", "--disk", "\(disks.scratch),overlay=\(path)")
      #expect(run.status == 2)
      #expect(run.errorLines.count == 1, "\(run.errors)")
      #expect(run.errors.contains(says), "\(run.errors)")
      #expect(FileManager.default.contents(atPath: path) == before)
    }
  }

  @Test("a writable image whose format only its content names is refused")
  func formatNotGiven() async throws {
    let disks = try Disks()
    let run = try await Program.run("run", "--disk", disks.data)
    #expect(run.status == 2)
    #expect(run.errors.contains("format=qcow2"), "\(run.errors)")
  }

  @Test("one image cannot be written twice at once")
  func locked() async throws {
    let disks = try Disks()
    let run = try await Program.run(
      "run", "--disk", "\(disks.data),format=qcow2", "--disk", "\(disks.data),format=qcow2")
    #expect(run.status == 2)
    #expect(run.errors.contains("is in use"), "\(run.errors)")
  }
}
