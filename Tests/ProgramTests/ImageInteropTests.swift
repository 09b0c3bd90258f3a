import Foundation
import Testing

/// `breakwater image` and qemu-img on the same files, in both directions.
@Suite(
  "image and qemu-img",
  .enabled(if: Program.isBuilt, Program.missing), .enabled(if: Tools.qemuImages))
struct ImageInteropTests {
  /// A directory and both tools in it; `@` in an argument stands for the directory.
  struct Bench {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @discardableResult
    func ours(_ line: String, status: Int32 = 0) async throws -> Program.Result {
      try await run(Program.path, "image " + line, status)
    }

    @discardableResult
    func theirs(_ line: String, status: Int32 = 0) async throws -> Program.Result {
      try await run("qemu-img", line, status)
    }

    /// Runs qemu-io commands on an image.
    func write(_ file: String, format: String = "qcow2", _ commands: String...) async throws {
      let run = try await Program.run(
        "qemu-io",
        ["-f", format] + commands.flatMap { ["-c", $0] } + [directory.file(file)])
      #expect(run.status == 0, "\(run.output)\(run.errors)")
    }

    private func run(_ program: String, _ line: String, _ status: Int32) async throws
      -> Program.Result
    {
      let arguments = line.split(separator: " ").map {
        $0.replacingOccurrences(of: "@", with: directory.path + "/")
      }
      let result = try await Program.run(program, arguments)
      #expect(result.status == status, "\(program) \(line): \(result.output)\(result.errors)")
      return result
    }

    /// The JSON object that both print alike.
    func json(_ result: Program.Result) throws -> NSDictionary {
      let value = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
      return try #require(value as? NSDictionary)
    }
  }

  @Test(
    "Q15: what create makes is what qemu-img makes",
    arguments: [
      "", "-o cluster_size=512", "-o cluster_size=4k", "-o cluster_size=2M", "-o compat=0.10",
      "-o compat=1.1,refcount_bits=1", "-o refcount_bits=64", "-o preallocation=metadata",
    ])
  func create(_ options: String) async throws {
    let bench = try Bench()
    let line = "create -f qcow2 \(options) @ours.qcow2 5M"
    let made = try await bench.ours(line)
    let alike = try await bench.theirs(line.replacingOccurrences(of: "ours", with: "theirs"))
    #expect(made.output == alike.output.replacingOccurrences(of: "theirs", with: "ours"))
    try await bench.theirs("check @ours.qcow2")
    try await bench.ours("check @theirs.qcow2")
    try await bench.ours("compare @ours.qcow2 @theirs.qcow2")
    let (ours, theirs) = (
      try bench.json(try await bench.theirs("info --output=json @ours.qcow2")),
      try bench.json(try await bench.theirs("info --output=json @theirs.qcow2"))
    )
    for key in ["virtual-size", "cluster-size", "format-specific", "dirty-flag"] {
      #expect(ours[key] as? NSObject == theirs[key] as? NSObject, "\(key)")
    }
    try await bench.write("ours.qcow2", "write -P 7 100k 3M")
    try await bench.ours("check @ours.qcow2")
  }

  @Test("info: the same JSON values")
  func info() async throws {
    let bench = try Bench()
    try await bench.theirs("create -f raw @base.raw 3M")
    try await bench.theirs("create -f qcow2 -b base.raw -F raw @top.qcow2 5M")
    try await bench.write("top.qcow2", "write -P 1 0 300k")
    try await bench.theirs("snapshot -c first @top.qcow2")
    for file in ["top.qcow2", "base.raw"] {
      let ours = try bench.json(try await bench.ours("info --output json @\(file)"))
      let theirs = try bench.json(try await bench.theirs("info --output=json @\(file)"))
      for (key, value) in theirs {
        #expect(ours[key] as? NSObject == value as? NSObject, "\(key)")
      }
    }
    let chain = try await bench.ours("info --backing-chain --output json @top.qcow2")
    let list = try JSONSerialization.jsonObject(with: Data(chain.output.utf8)) as? [NSDictionary]
    #expect(list?.map { $0["format"] as? String } == ["qcow2", "raw"])
    let text = try await bench.ours("info @top.qcow2").output
    #expect(text == (try await bench.theirs("info @top.qcow2").output))
    #expect(text.contains("virtual size: 5 MiB (5242880 bytes)"))
    #expect(text.contains("first"))
  }

  @Test(
    "Q6 Q7 Q17: convert and compare in all directions",
    arguments: ["cluster_size=512", "cluster_size=64k", "cluster_size=2M", "compat=0.10"])
  func convert(_ options: String) async throws {
    let bench = try Bench()
    try await bench.theirs("create -f raw @a.raw 9M")
    try await bench.write(
      "a.raw", format: "raw", "write -P 1 0 1M", "write -P 2 3000k 77k", "write -P 9 8M 1M")
    try await bench.ours("convert -c -m 2 -f raw -O qcow2 -o \(options) @a.raw @ours.qcow2")
    try await bench.theirs("convert -c -O qcow2 -o \(options) -f raw @a.raw @theirs.qcow2")
    let (ours, theirs) = (
      try bench.json(try await bench.theirs("check --output=json @ours.qcow2")),
      try bench.json(try await bench.ours("check --output json @theirs.qcow2"))
    )
    for key in ["compressed-clusters", "allocated-clusters", "total-clusters", "check-errors"] {
      #expect(ours[key] as? NSObject == theirs[key] as? NSObject, "\(key)")
    }
    try await bench.theirs("compare -f raw -F qcow2 @a.raw @ours.qcow2")
    try await bench.ours("compare -f raw -F qcow2 @a.raw @theirs.qcow2")
    try await bench.ours("convert -O raw @theirs.qcow2 @back.raw")
    #expect(
      FileManager.default.contents(atPath: bench.directory.file("back.raw"))
        == FileManager.default.contents(atPath: bench.directory.file("a.raw")))
    try await bench.ours("convert -O qcow2 @ours.qcow2 @plain.qcow2")
    try await bench.theirs("check @plain.qcow2")
    try await bench.theirs("compare @plain.qcow2 @a.raw")
    // Into an image that exists and holds something else.
    try await bench.write("back.raw", format: "raw", "write -P 5 0 9M")
    try await bench.ours("convert -n -O raw @ours.qcow2 @back.raw")
    try await bench.theirs("compare -f raw @back.raw @ours.qcow2")
  }

  @Test("Q24: compare says 0, 1 and 2 where qemu-img does")
  func compare() async throws {
    let bench = try Bench()
    try await bench.theirs("create -f qcow2 @a.qcow2 2M")
    try await bench.theirs("create -f qcow2 @b.qcow2 3M")
    for line in ["@a.qcow2 @b.qcow2", "-s @a.qcow2 @b.qcow2", "@a.qcow2 @none"] {
      let theirs = try await Program.run(
        "qemu-img",
        ["compare"]
          + line.split(separator: " ").map {
            $0.replacingOccurrences(of: "@", with: bench.directory.path + "/")
          })
      try await bench.ours("compare \(line)", status: theirs.status)
    }
    try await bench.write("b.qcow2", "write -P 3 1234k 1k")
    let (ours, theirs) = (
      try await bench.ours("compare @a.qcow2 @b.qcow2", status: 1),
      try await bench.theirs("compare @a.qcow2 @b.qcow2", status: 1)
    )
    #expect(ours.output == theirs.output)
  }

  @Test("Q23: map names the same ranges")
  func map() async throws {
    let bench = try Bench()
    try await bench.theirs("create -f qcow2 @base.qcow2 4M")
    try await bench.write("base.qcow2", "write -P 1 0 200k", "write -z 1M 64k")
    try await bench.theirs("create -f qcow2 -b base.qcow2 -F qcow2 @top.qcow2")
    try await bench.write("top.qcow2", "write -P 2 64k 64k", "write -P 3 3M 128k")
    #expect(
      try await bench.ours("map --output json @top.qcow2").output
        == (try await bench.theirs("map --output=json @top.qcow2").output))
    let table = try await bench.ours("map @top.qcow2")
    #expect(table.lines.count == 5, "\(table.output)")
    try await bench.ours("convert -c -O qcow2 @top.qcow2 @packed.qcow2")
    try await bench.ours("map @packed.qcow2", status: 1)
    try await bench.theirs("map @packed.qcow2", status: 1)
    try await bench.theirs("create -f qcow2 -o preallocation=metadata @early.qcow2 4M")
    try await bench.write("early.qcow2", "write -P 1 128k 64k", "write -P 2 2M 256k")
    for name in ["packed", "early"] {
      #expect(
        try await bench.ours("map --output json @\(name).qcow2").output
          == (try await bench.theirs("map --output=json @\(name).qcow2").output))
    }
    #expect(
      try await bench.ours("map @early.qcow2").output.split(separator: "\n").count
        == (try await bench.theirs("map @early.qcow2").output.split(separator: "\n").count))
  }

  @Test("Q10: resize both ways")
  func resize() async throws {
    let bench = try Bench()
    try await bench.theirs("create -f qcow2 @a.qcow2 4M")
    try await bench.write("a.qcow2", "write -P 1 0 4M")
    try await bench.theirs("convert -O raw @a.qcow2 @a.raw")
    for (change, option) in [("+1G", ""), ("8M", "--shrink "), ("-6M", "--shrink "), ("3M", "")] {
      try await bench.ours("resize -f qcow2 \(option)@a.qcow2 \(change)")
      try await bench.theirs("check @a.qcow2")
      try await bench.theirs("resize -q -f raw \(option)@a.raw \(change)")
      try await bench.theirs("compare -f qcow2 -F raw @a.qcow2 @a.raw")
    }
    try await bench.ours("resize -f raw --shrink @a.raw -1M")
    try await bench.theirs("resize -q --shrink @a.qcow2 2M")
    try await bench.ours("compare -s -f qcow2 -F raw @a.qcow2 @a.raw")
  }

  @Test("Q9 Q19: snapshots in both directions")
  func snapshots() async throws {
    let bench = try Bench()
    try await bench.ours("create -f qcow2 @a.qcow2 4M")
    try await bench.write("a.qcow2", "write -P 1 0 1M")
    try await bench.ours("convert -O raw @a.qcow2 @then.raw")
    try await bench.ours("snapshot -c ours @a.qcow2")
    try await bench.write("a.qcow2", "write -P 2 500k 1M")
    try await bench.theirs("snapshot -c theirs @a.qcow2")
    try await bench.write("a.qcow2", "write -P 3 0 4M")
    let list = try await bench.ours("snapshot -l @a.qcow2").output
    #expect(list == (try await bench.theirs("snapshot -l @a.qcow2").output))
    #expect(list.contains("ours") && list.contains("theirs"))
    try await bench.theirs("check @a.qcow2")
    try await bench.theirs("snapshot -a ours @a.qcow2")
    try await bench.ours("compare @a.qcow2 @then.raw")
    try await bench.ours("snapshot -a theirs @a.qcow2")
    try await bench.theirs("check @a.qcow2")
    try await bench.ours("snapshot -d theirs @a.qcow2")
    try await bench.ours("snapshot -a 1 @a.qcow2")
    try await bench.ours("snapshot -d ours @a.qcow2")
    try await bench.theirs("check @a.qcow2")
    try await bench.theirs("compare @a.qcow2 @then.raw")
    #expect(try await bench.ours("snapshot -l @a.qcow2").output.isEmpty)
  }

  @Test("Q12: rebase keeps what the overlay shows", arguments: ["", "-u "])
  func rebase(_ option: String) async throws {
    let bench = try Bench()
    for (name, pattern) in [("one", 1), ("two", 2)] {
      try await bench.theirs("create -f raw @\(name).raw 4M")
      try await bench.write(
        "\(name).raw", format: "raw", "write -P \(pattern) 0 1M", "write -P 7 2M 1M")
    }
    try await bench.ours("create -f qcow2 -b one.raw -F raw @top.qcow2 5M")
    try await bench.write("top.qcow2", "write -P 9 900k 10k")
    try await bench.theirs("convert -O raw @top.qcow2 @before.raw")
    try await bench.ours("rebase \(option)-b two.raw -F raw @top.qcow2")
    try await bench.theirs("check @top.qcow2")
    let info = try bench.json(try await bench.theirs("info --output=json @top.qcow2"))
    #expect(info["backing-filename"] as? String == "two.raw")
    try await bench.theirs(
      "compare @top.qcow2 @before.raw", status: option.isEmpty ? 0 : 1)
    guard option.isEmpty else { return }
    let none = try await Program.run("image", "rebase", "-b", "", bench.directory.file("top.qcow2"))
    #expect(none.status == 0, "\(none.errors)")
    try await bench.theirs("check @top.qcow2")
    try await bench.theirs("compare @top.qcow2 @before.raw")
    let alone = try bench.json(try await bench.theirs("info --output=json @top.qcow2"))
    #expect(alone["backing-filename"] == nil)
  }

  @Test("Q13 Q18: commit writes the overlay into its base", arguments: ["raw", "qcow2"])
  func commit(_ format: String) async throws {
    let bench = try Bench()
    try await bench.theirs("create -f \(format) @base 4M")
    try await bench.write("base", format: format, "write -P 1 0 3M")
    try await bench.ours("create -f qcow2 -b base -F \(format) @top.qcow2 6M")
    try await bench.write("top.qcow2", "write -P 2 1M 100k", "write -z 2M 512k", "write -P 3 5M 1M")
    try await bench.theirs("convert -O raw @top.qcow2 @before.raw")
    try await bench.ours("commit -d @top.qcow2")
    try await bench.theirs("compare -f \(format) @base @before.raw")
    try await bench.ours("commit @top.qcow2")
    try await bench.theirs("check @top.qcow2")
    try await bench.theirs("compare @top.qcow2 @before.raw")
    let check = try bench.json(try await bench.theirs("check --output=json @top.qcow2"))
    #expect(check["allocated-clusters"] == nil)
    // Their overlay, our base; then theirs commits ours.
    try await bench.write("top.qcow2", "write -P 4 0 64k")
    try await bench.theirs("commit @top.qcow2")
    try await bench.ours("compare -f \(format) @base @top.qcow2")
  }

  @Test("Q21: check sees and repairs what qemu-img does")
  func check() async throws {
    let bench = try Bench()
    try await bench.theirs("create -f qcow2 @a.qcow2 4M")
    try await bench.write("a.qcow2", "write -P 1 0 1M")
    let whole = [UInt8](
      try Data(contentsOf: URL(fileURLWithPath: bench.directory.file("a.qcow2"))))
    // The refcount block is the third cluster: the last counted cluster is counted twice, or not.
    let counts = 2 * 65536
    let last = try #require((0..<100).last { whole[counts + 2 * $0 + 1] == 1 })
    for (count, status) in [(UInt8(2), Int32(2)), (0, 2)] {
      var damaged = whole
      damaged[counts + 2 * last + 1] = count
      bench.directory.write(damaged, to: "b.qcow2")
      try await bench.theirs("check @b.qcow2", status: status)
      try await bench.ours("check @b.qcow2", status: status)
      try await bench.ours("check -r all @b.qcow2")
      try await bench.theirs("check @b.qcow2")
      try await bench.theirs("compare @a.qcow2 @b.qcow2")
    }
    var leaky = whole
    leaky[counts + 2 * (last + 1) + 1] = 1
    bench.directory.write(leaky + [UInt8](repeating: 0, count: 65536), to: "b.qcow2")
    try await bench.theirs("check @b.qcow2", status: 3)
    try await bench.ours("check @b.qcow2", status: 3)
    try await bench.ours("check -r leaks @b.qcow2")
    try await bench.theirs("check @b.qcow2")
  }

  @Test("Q26: bench reads and writes")
  func bench() async throws {
    let bench = try Bench()
    try await bench.ours("create -f qcow2 @a.qcow2 4M")
    try await bench.ours("bench -f qcow2 -c 500 -w --pattern 5 --flush-interval 100 @a.qcow2")
    let run = try await bench.ours("bench -c 100 -s 64K @a.qcow2")
    #expect(run.output.contains("Run completed in"))
    try await bench.theirs("check @a.qcow2")
    try await bench.write("a.qcow2", "read -P 5 0 2000k")
  }
}
