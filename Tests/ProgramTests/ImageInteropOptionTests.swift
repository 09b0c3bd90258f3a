import Foundation
import Testing

/// Options of `breakwater image` that change what is made, judged by qemu-img.
@Suite(
  "image options and qemu-img",
  .enabled(if: Program.isBuilt, Program.missing), .enabled(if: Tools.qemuImages))
struct ImageInteropOptionTests {
  typealias Bench = ImageInteropTests.Bench

  private func size(_ file: String, in bench: Bench) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: bench.directory.file(file))
    return try #require(attributes[.size] as? Int)
  }

  private func content(_ file: String, in bench: Bench) -> Data? {
    FileManager.default.contents(atPath: bench.directory.file(file))
  }

  @Test(
    "Q2: preallocated images", arguments: ["metadata", "falloc", "full"],
    ["", ",cluster_size=512", ",compat=0.10", ",lazy_refcounts=on"])
  func preallocation(_ mode: String, _ more: String) async throws {
    let bench = try Bench()
    for (tool, name) in [("ours", "a"), ("theirs", "b")] {
      let line = "create -f qcow2 -o preallocation=\(mode)\(more) @\(name).qcow2 3M"
      _ = tool == "ours" ? try await bench.ours(line) : try await bench.theirs(line)
    }
    try await bench.theirs("check @a.qcow2")
    try await bench.ours("check @b.qcow2")
    #expect(try size("a.qcow2", in: bench) == size("b.qcow2", in: bench))
    let (ours, theirs) = (
      try bench.json(try await bench.theirs("check --output=json @a.qcow2")),
      try bench.json(try await bench.theirs("check --output=json @b.qcow2"))
    )
    #expect(ours["allocated-clusters"] as? Int == theirs["allocated-clusters"] as? Int)
    try await bench.theirs("compare @a.qcow2 @b.qcow2")
    try await bench.write("a.qcow2", "read -P 0 0 3M", "write -P 5 1M 1M")
    try await bench.ours("resize -f qcow2 --preallocation \(mode) @a.qcow2 5M")
    try await bench.write("a.qcow2", "read -P 5 1M 1M", "read -P 0 2M 3M", "write -P 6 4M 512k")
    try await bench.theirs("check @a.qcow2")
  }

  @Test("Q2: preallocated raw images", arguments: ["falloc", "full"])
  func rawPreallocation(_ mode: String) async throws {
    let bench = try Bench()
    let line = "create -o preallocation=\(mode) @a.raw 1M"
    let theirs = try await bench.theirs(line)
    #expect(try await bench.ours(line).output == theirs.output)
    let info = try bench.json(try await bench.theirs("info -f raw --output=json @a.raw"))
    #expect(info["actual-size"] as? Int ?? 0 >= 1 << 20)
    try await bench.ours("resize -f raw --preallocation \(mode) @a.raw +1M")
    let after = try bench.json(try await bench.theirs("info -f raw --output=json @a.raw"))
    #expect(after["actual-size"] as? Int ?? 0 >= 2 << 20)
    #expect(after["virtual-size"] as? Int == 2 << 20)
  }

  @Test("Q4: lazy refcounts are offered, and repaired after a crash of the other side")
  func lazyRefcounts() async throws {
    let bench = try Bench()
    try await bench.ours("create -f qcow2 -o lazy_refcounts=on @a.qcow2 4M")
    let info = try await bench.theirs("info @a.qcow2")
    #expect(info.output.contains("lazy refcounts: true"))
    _ = try await Program.run(
      "qemu-io", ["-c", "write -P 3 0 1M", "-c", "abort", bench.directory.file("a.qcow2")])
    try await bench.theirs("check @a.qcow2", status: 2)
    try await bench.ours("check @a.qcow2", status: 2)
    let run = try await bench.ours("snapshot -c kept @a.qcow2")
    #expect(run.errors.contains("refcounts are being rebuilt"))
    try await bench.theirs("check @a.qcow2")
    try await bench.write("a.qcow2", "read -P 3 0 1M")
  }

  @Test("Q7: convert -B leaves out what the backing file holds")
  func convertBacking() async throws {
    let bench = try Bench()
    try await bench.theirs("create -f raw @base.raw 4M")
    try await bench.write("base.raw", format: "raw", "write -P 1 0 2M")
    try await bench.theirs("create -f qcow2 -b base.raw -F raw @top.qcow2 6M")
    try await bench.write(
      "top.qcow2", "write -P 2 1M 100k", "write -z 1500k 64k", "write -P 1 200k 64k",
      "write -P 3 5M 64k")
    for options in ["", "-c "] {
      try await bench.ours("convert \(options)-O qcow2 -B base.raw -F raw @top.qcow2 @new.qcow2")
      try await bench.theirs("check @new.qcow2")
      try await bench.theirs("compare @top.qcow2 @new.qcow2")
      let check = try bench.json(try await bench.theirs("check --output=json @new.qcow2"))
      // 1M..1M+100k, 1500k..1564k and 5M..5M+64k; 200k..264k is as below.
      #expect(check["allocated-clusters"] as? Int ?? 0 <= 5)
    }
  }

  @Test("Q7: convert -l, -S 0, -n, -W and several sources")
  func convertOptions() async throws {
    let bench = try Bench()
    try await bench.theirs("create -f qcow2 @a.qcow2 2M")
    try await bench.write("a.qcow2", "write -P 1 0 1M")
    try await bench.theirs("snapshot -c then @a.qcow2")
    try await bench.write("a.qcow2", "write -P 2 512k 1M")
    for selection in ["then", "1", "snapshot.name=then", "snapshot.id=1"] {
      try await bench.ours("convert -l \(selection) -O raw @a.qcow2 @ours.raw")
      try await bench.theirs("convert -l \(selection) -O raw @a.qcow2 @theirs.raw")
      #expect(content("ours.raw", in: bench) == content("theirs.raw", in: bench))
    }
    try await bench.ours("convert -S 0 -O qcow2 @a.qcow2 @full.qcow2")
    let check = try bench.json(try await bench.theirs("check --output=json @full.qcow2"))
    #expect(check["allocated-clusters"] as? Int == 32)
    try await bench.theirs("compare @a.qcow2 @full.qcow2")
    try await bench.ours("convert -W -m 2 -S 64k -O raw @a.qcow2 @ours.raw @two.raw")
    try await bench.theirs("convert -O raw @a.qcow2 @ours.raw @two-theirs.raw")
    #expect(content("two.raw", in: bench) == content("two-theirs.raw", in: bench))
    try await bench.ours("convert -n -c -O qcow2 @ours.raw @full.qcow2")
    try await bench.theirs("check @full.qcow2")
    try await bench.theirs("compare @full.qcow2 @ours.raw")
    try await bench.ours(
      "convert -O qcow2 -o preallocation=metadata,lazy_refcounts=on @ours.raw @pre.qcow2")
    try await bench.theirs("check @pre.qcow2")
    try await bench.theirs("compare @pre.qcow2 @ours.raw")
  }

  @Test("Q7: convert -B into a bigger target shows zeroes behind the source")
  func convertBackingBigger() async throws {
    let bench = try Bench()
    try await bench.theirs("create -f raw @base.raw 4M")
    try await bench.write("base.raw", format: "raw", "write -P 1 0 4M")
    try await bench.theirs("create -f raw @a.raw 1000k")
    try await bench.write("a.raw", format: "raw", "write -P 2 0 1000k")
    for options in ["", "-c "] {
      for kind in ["size=5M", "size=5M,compat=0.10"] {
        try await bench.ours(
          "convert \(options)-O qcow2 -B base.raw -F raw -o \(kind) @a.raw @o.qcow2")
        try await bench.theirs("check @o.qcow2")
        try await bench.write("o.qcow2", "read -P 2 0 1000k", "read -P 0 1000k 4120k")
      }
    }
  }

  @Test(
    "Q7: convert -n keeps what lies behind the source", arguments: ["", "-c "],
    ["compat=1.1", "compat=0.10"])
  func convertIntoExisting(_ options: String, _ kind: String) async throws {
    let bench = try Bench()
    try await bench.theirs("create -f raw @a.raw 1000k")
    try await bench.write("a.raw", format: "raw", "write -P 2 100k 300k")
    try await bench.theirs("create -f raw @base.raw 4M")
    try await bench.write("base.raw", format: "raw", "write -P 1 0 4M")
    for (tool, target) in [("ours", "ours.qcow2"), ("theirs", "theirs.qcow2")] {
      try await bench.theirs("create -f qcow2 -o \(kind) -b base.raw -F raw @\(target)")
      try await bench.write(target, "write -P 5 3M 512k")
      // Compressed, qemu-img writes only where nothing is stored.
      if options.isEmpty { try await bench.write(target, "write -P 6 0 1500k") }
      let line = "convert -n \(options)-f raw -O qcow2 @a.raw @\(target)"
      _ = tool == "ours" ? try await bench.ours(line) : try await bench.theirs(line)
      try await bench.theirs("check @\(target)")
      try await bench.write(
        target, "read -P 0 0 100k", "read -P 2 100k 300k", "read -P 0 400k 600k",
        "read -P \(options.isEmpty ? 6 : 1) 1024k 400k", "read -P 1 2M 1M", "read -P 5 3M 512k")
    }
    try await bench.ours("convert -n \(options)-f raw -O qcow2 @a.raw @ours.qcow2")
    try await bench.theirs("check @ours.qcow2")
    try await bench.write("ours.qcow2", "read -P 2 100k 300k", "read -P 0 400k 600k")
  }

  @Test("Q24: compare -s looks at what is stored, as qemu-img does")
  func strictCompare() async throws {
    let bench = try Bench()
    try await bench.theirs("create -f raw @full.raw 1M")
    try await bench.write("full.raw", format: "raw", "write -P 1 0 1M")
    try await bench.theirs("create -f raw @empty.raw 1M")
    try await bench.theirs("create -f qcow2 @empty.qcow2 1M")
    try await bench.theirs("create -f qcow2 @zero.qcow2 1M")
    try await bench.write("zero.qcow2", "write -z 0 1M")
    try await bench.theirs("convert -f raw -O qcow2 @full.raw @full.qcow2")
    try await bench.theirs("convert -c -f raw -O qcow2 @full.raw @packed.qcow2")
    try await bench.theirs("create -f qcow2 -b full.qcow2 -F qcow2 @over.qcow2")
    let files = ["full.raw", "empty.raw", "empty.qcow2", "zero.qcow2", "full.qcow2"]
    for left in files + ["packed.qcow2", "over.qcow2"] {
      for right in files {
        let arguments = ["compare", "-s"] + [left, right].map { bench.directory.file($0) }
        let theirs = try await Program.run("qemu-img", arguments)
        let ours = try await Program.run(Program.path, ["image"] + arguments)
        #expect(ours.status == theirs.status, "\(left) \(right)")
        // Whether a stretch reaches the end counts for qemu-img; of a new raw file it writes the
        // first block.
        guard left != "empty.raw", right != "empty.raw" else { continue }
        #expect(ours.output == theirs.output, "\(left) \(right)")
      }
    }
  }

  @Test("Q25: measure gives qemu-img's figures")
  func measure() async throws {
    let bench = try Bench()
    try await bench.theirs("create -f raw @a.raw 10M")
    try await bench.write("a.raw", format: "raw", "write -P 1 100k 1M", "write -P 2 5000k 10k")
    try await bench.theirs("convert -f raw -O qcow2 @a.raw @a.qcow2")
    for line in [
      "-O qcow2 --size 1G", "-O qcow2 --size 0", "-O qcow2 -o cluster_size=512 --size 100M",
      "-O qcow2 -o cluster_size=2M,refcount_bits=1 --size 3T", "-O raw --size 12345",
      "-O qcow2 -o preallocation=full --size 1G", "-O qcow2 -o preallocation=metadata --size 1G",
      "-O qcow2 -o preallocation=metadata -f raw @a.raw", "-O qcow2 -f raw @a.raw",
      "-O qcow2 -o cluster_size=4k -f qcow2 @a.qcow2", "-O raw @a.qcow2",
    ] {
      let ours = try await bench.ours("measure \(line)")
      let theirs = try await bench.theirs("measure \(line)")
      #expect(ours.lines == theirs.lines.filter { !$0.contains("bitmaps") }, "\(line)")
    }
    let json = try bench.json(try await bench.ours("measure -O qcow2 --output json --size 1G"))
    #expect(json["required"] as? Int == 393_216)
    #expect(json["fully-allocated"] as? Int == 1_074_135_040)
  }

  @Test("Q27: dd copies a part")
  func blocks() async throws {
    let bench = try Bench()
    try await bench.theirs("create -f raw @a.raw 1M")
    try await bench.write("a.raw", format: "raw", "write -P 1 100k 300k", "write -P 2 900k 124k")
    let whole = try #require(content("a.raw", in: bench))
    for (operands, range) in [
      ("bs=64k count=3 skip=1", 65536..<4 * 65536), ("skip=2047", 2047 * 512..<2048 * 512),
      ("bs=1000 count=3 skip=110", 110_000..<113_000), ("bs=1M", 0..<1 << 20),
    ] {
      try await bench.ours("dd -O qcow2 \(operands) if=@a.raw of=@b.qcow2")
      try await bench.theirs("check @b.qcow2")
      try await bench.theirs("convert -O raw @b.qcow2 @b.raw")
      let copied = try #require(content("b.raw", in: bench))
      #expect(copied.prefix(range.count) == whole[range], "\(operands)")
      #expect(copied.count == (range.count + 511) & ~511)
    }
  }

  @Test("Q11: amend changes version, refcounts and laziness")
  func amend() async throws {
    let bench = try Bench()
    try await bench.theirs("create -f qcow2 -o compat=0.10,cluster_size=4k @a.qcow2 4M")
    try await bench.write("a.qcow2", "write -P 1 0 1M")
    try await bench.theirs("snapshot -c kept @a.qcow2")
    try await bench.write("a.qcow2", "write -P 2 512k 1M")
    for option in [
      "compat=1.1", "lazy_refcounts=on", "refcount_bits=64", "refcount_bits=2", "refcount_bits=32",
      "lazy_refcounts=off",
    ] {
      try await bench.ours("amend -f qcow2 -o \(option) @a.qcow2")
      try await bench.theirs("check @a.qcow2")
      let info = try await bench.theirs("info @a.qcow2")
      let parts = option.split(separator: "=")
      let value = ["on": "true", "off": "false"][parts[1]] ?? parts[1]
      let name = parts[0].replacingOccurrences(of: "_", with: " ")
      #expect(info.output.contains("\(name): \(value)"), "\(option)")
    }
    try await bench.ours("amend -o refcount_bits=1 @a.qcow2", status: 1)
    try await bench.ours("amend -o compat=0.10 @a.qcow2", status: 1)
    try await bench.write("a.qcow2", "read -P 1 0 512k", "read -P 2 512k 1M", "write -P 3 3M 1M")
    try await bench.theirs("snapshot -a kept @a.qcow2")
    try await bench.write("a.qcow2", "read -P 1 0 1M")
    try await bench.theirs("check @a.qcow2")
  }

  @Test("Q13: commit -b writes into a file further down the chain")
  func commitFurther() async throws {
    let bench = try Bench()
    try await bench.theirs("create -f raw @base.raw 4M")
    try await bench.write("base.raw", format: "raw", "write -P 1 0 4M")
    try await bench.theirs("create -f qcow2 -b base.raw -F raw @middle.qcow2 3M")
    try await bench.write("middle.qcow2", "write -P 2 1M 1M")
    try await bench.theirs("create -f qcow2 -b middle.qcow2 -F qcow2 @top.qcow2 5M")
    try await bench.write("top.qcow2", "write -P 3 1500k 100k", "write -z 200k 64k")
    try await bench.theirs("convert -O raw @top.qcow2 @before.raw")
    let top = content("top.qcow2", in: bench)
    try await bench.ours("commit -b @none.raw @top.qcow2", status: 1)
    try await bench.ours("commit -b @base.raw @top.qcow2")
    try await bench.theirs("compare -f raw @base.raw -F raw @before.raw")
    try await bench.theirs("compare @top.qcow2 @before.raw")
    #expect(content("top.qcow2", in: bench) == top)
  }
}
