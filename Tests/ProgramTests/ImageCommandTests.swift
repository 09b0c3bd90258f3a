import Foundation
import Testing

/// `breakwater image` alone: its exit statuses, and that a refusal changes nothing.
@Suite("image", .enabled(if: Program.isBuilt, Program.missing))
struct ImageCommandTests {
  /// Runs `breakwater image` with arguments in which `@` stands for the directory.
  private func image(
    _ line: String, in directory: TemporaryDirectory
  ) async throws -> Program.Result {
    let arguments = line.split(separator: " ").map {
      $0.replacingOccurrences(of: "@", with: directory.path + "/")
    }
    return try await Program.run(Program.path, ["image"] + arguments)
  }

  @Test(
    "a wrong command line is one line and status 2",
    arguments: [
      ("create", "file"), ("create @a.qcow2", "size"), ("create -f vmdk @a 1M", "vmdk"),
      ("create -f qcow2 @a lots", "lots"), ("create -f raw -b x -F raw @a", "qcow2"),
      ("create -f qcow2 -b x @a", "-F"), ("create -f qcow2 -o colour=red @a 1M", "colour"),
      ("create -f qcow2 -o extended_l2=on @a 1M", "not implemented"),
      ("create -f qcow2 -o compression_type=zstd @a 1M", "zlib"),
      ("create -f qcow2 -o lazy_refcounts=yes @a 1M", "on or off"),
      ("create -f qcow2 -o data_file=x @a 1M", "not implemented"),
      ("create -f qcow2 -o encrypt.format=luks @a 1M", "not implemented"),
      ("create -o preallocation=all @a 1M", "falloc"), ("create -o compat=1.1 @a 1M", "raw image"),
      ("convert @a", "target"), ("convert -c @a @b", "-O qcow2"), ("convert -m 0 @a @b", "1 to 64"),
      ("convert -n -o size=1M @a @b", "-n"), ("convert -z @a @b", "-z"),
      ("convert -S 1000 @a @b", "512"), ("convert -l s @a @b @c", "-l"),
      ("check -r some @a", "some"), ("check -r all --content @a", "--content"),
      ("compare @a", "second"), ("resize @a", "size"), ("resize @a -x", "-x"),
      ("rebase @a", "-b"), ("rebase -b x @a", "-F"), ("commit -f raw @a", "qcow2"),
      ("snapshot -l -c x @a", "one of"), ("bench -c 0 @a", "above zero"),
      ("bench -w -d 8 --flush-interval 4 @a", "--depth"), ("bench -d 0 @a", "--depth"),
      ("measure -O qcow2", "--size"), ("measure -O qcow2 --size 1M @a", "not both"),
      ("dd if=@a", "of="), ("dd if=@a of=@b bs=0", "bs="), ("dd if=@a of=@b speed=9", "speed"),
      ("amend @a", "-o"), ("amend -o cluster_size=4k @a", "cannot be changed"),
      ("check -U -r all @a", "-U"), ("snapshot -U -c x @a", "-U"),
      ("frobnicate", "frobnicate"),
    ])
  func usage(_ line: String, _ says: String) async throws {
    let directory = try TemporaryDirectory()
    let run = try await image(line, in: directory)
    #expect(run.status == 2)
    #expect(run.errorLines.count == 1, "\(run.errors)")
    #expect(run.errors.hasPrefix("breakwater: "))
    #expect(run.errors.contains(says), "\(run.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
  }

  @Test(
    "an operation that fails is one line and status 1, and no image changes",
    arguments: [
      ("info @none", "No such file", 1), ("check @none", "No such file", 1),
      ("compare @none @d.qcow2", "No such file", 2), ("check @r.raw", "raw", 63),
      ("create -f qcow2 -o cluster_size=1000 @d.qcow2 1M", "power of two", 1),
      ("create -f qcow2 -o refcount_bits=3 @d.qcow2 1M", "power of two", 1),
      ("create -f qcow2 -o compat=0.10,refcount_bits=8 @d.qcow2 1M", "version", 1),
      ("create -f qcow2 -o compat=0.10,lazy_refcounts=on @d.qcow2 1M", "lazy", 1),
      ("create -f qcow2 -o preallocation=full -b r.raw -F raw @d.qcow2", "preallocation", 1),
      ("create -o preallocation=metadata @r.raw 1M", "metadata", 1),
      ("resize --shrink --preallocation full @r.raw 1K", "grows", 1),
      ("resize --preallocation metadata @r.raw 1M", "metadata", 1),
      ("convert -l none @d.qcow2 @new", "no snapshot", 1),
      ("convert -l none @r.raw @new", "not a qcow2 image", 1),
      ("convert -O qcow2 -B none -F raw @r.raw @new", "No such file", 1),
      ("convert -O qcow2 -o size=512 @r.raw @new", "smaller", 1),
      ("create -f qcow2 @d.qcow2 8E", "at most", 1), ("create @d.qcow2 8E", "too many", 1),
      ("create -f qcow2 -b d.qcow2 -F qcow2 @d.qcow2", "cannot be overwritten", 1),
      ("create -f qcow2 -b none -F raw @d.qcow2", "No such file", 1),
      ("convert -O qcow2 @none @d.qcow2", "No such file", 1),
      ("convert -O qcow2 @d.qcow2 @d.qcow2", "cannot be overwritten", 1),
      ("convert -n -O raw @d.qcow2 @r.raw", "less than", 1),
      ("resize @d.qcow2 +1M", "name the format", 1),
      ("resize -f qcow2 @d.qcow2 1M", "--shrink", 1), ("resize @r.raw -1K", "--shrink", 1),
      ("resize -f qcow2 --shrink @d.qcow2 -1G", "by that much", 1),
      ("snapshot -a none @d.qcow2", "no snapshot", 1),
      ("snapshot -d none @d.qcow2", "no snapshot", 1), ("snapshot -c x @r.raw", "magic", 1),
      ("commit @d.qcow2", "no backing file", 1), ("bench -w @d.qcow2", "name the format", 1),
    ])
  func failure(_ line: String, _ says: String, _ status: Int32) async throws {
    let directory = try TemporaryDirectory()
    let raw = Data((0..<4096).map { UInt8(truncatingIfNeeded: $0) })
    let qcow2 = try Data(contentsOf: URL(fileURLWithPath: "images/dmatest.qcow2"))
    directory.write([UInt8](raw), to: "r.raw")
    directory.write([UInt8](qcow2), to: "d.qcow2")
    let run = try await image(line, in: directory)
    #expect(run.status == status)
    #expect(run.errorLines.count == 1, "\(run.errors)")
    #expect(run.errors.hasPrefix("breakwater: "))
    #expect(run.errors.contains(says), "\(run.errors)")
    #expect(FileManager.default.contents(atPath: directory.file("r.raw")) == raw)
    #expect(FileManager.default.contents(atPath: directory.file("d.qcow2")) == qcow2)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count == 2)
  }

  @Test("a conversion that fails half-way leaves no half disk")
  func brokenSource() async throws {
    let directory = try TemporaryDirectory()
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "images/dmatest.qcow2")))
    let data = bytes.count / 2
    for index in data..<data + 512 { bytes[index] = 0xFF }
    directory.write(bytes, to: "broken.qcow2")
    let check = try await image("check --content @broken.qcow2", in: directory)
    #expect(check.status == 2, "\(check.output)")
    let run = try await image("convert -O raw @broken.qcow2 @out.raw", in: directory)
    #expect(run.status == 1)
    #expect(run.errorLines.last?.contains("broken.qcow2: is corrupt") == true, "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: directory.file("out.raw")))
  }

  @Test("info of an overlay works without its backing file; a loop is named")
  func chains() async throws {
    let directory = try TemporaryDirectory()
    var run = try await image("create -q -u -f qcow2 -b gone.raw -F raw @o.qcow2 1M", in: directory)
    #expect(run.status == 0)
    run = try await image("info @o.qcow2", in: directory)
    #expect(run.status == 0)
    #expect(
      run.output.contains("backing file: gone.raw (actual path: \(directory.file("gone.raw")))"))
    #expect(try await image("info --backing-chain @o.qcow2", in: directory).status == 1)
    #expect(try await image("check @o.qcow2", in: directory).status == 0)
    run = try await image("map @o.qcow2", in: directory)
    #expect(run.status == 1)
    #expect(run.errors.contains("gone.raw"))

    _ = try await image("create -q -u -f qcow2 -b b.qcow2 -F qcow2 @a.qcow2 1M", in: directory)
    _ = try await image("create -q -u -f qcow2 -b a.qcow2 -F qcow2 @b.qcow2 1M", in: directory)
    for line in ["info --backing-chain @a.qcow2", "map @a.qcow2"] {
      let loop = try await image(line, in: directory)
      #expect(loop.status == 1)
      #expect(loop.errors.contains("loop"), "\(loop.errors)")
    }
  }

  @Test("no progress and no control characters where standard error is no terminal")
  func quiet() async throws {
    let directory = try TemporaryDirectory()
    let run = try await image(
      "convert -p -c -O qcow2 images/dmatest.qcow2 @out.qcow2", in: directory)
    #expect(run.status == 0)
    #expect(run.output.isEmpty && run.errors.isEmpty)
  }
}
