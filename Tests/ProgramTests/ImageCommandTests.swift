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
      ("create -f qcow2 -o lazy_refcounts=maybe @a 1M", "on or off"),
      ("create -f qcow2 -o data_file=x @a 1M", "not implemented"),
      ("create -f qcow2 -o encrypt.format=luks @a 1M", "not implemented"),
      ("create -o size=1M @a 2M", "twice"), ("bench --pattern 256 @a", "255"),
      ("bench --pattern 0x1g @a", "0x1g"),
      ("create -o preallocation=all @a 1M", "falloc"),
      ("create -o preallocation=metadata @a 1M", "off, falloc, full"),
      ("measure -O raw -o preallocation=metadata --size 1M", "off, falloc, full"),
      ("snapshot -qcq @a @b", "Unexpected argument"), ("amend -o compat=1.1", "takes a file"),
      ("convert -qf", "Missing value"), ("convert -qz @a @b", "-z"),
      ("create -o compat=1.1 @a 1M", "raw image"),
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
      ("resize @a ++5", "size"), ("resize -f raw -- @a -x", "size"),
      ("create @a +5", "+5"), ("create @a 512ß", "512ß"), ("create @a 1.5b", "1.5b"),
      ("create @a 0x", "0x"), ("create @a 0x1k", "0x1k"), ("create @a 1e3", "1e3"),
      ("create @a 16E", "16E"), ("create @a 15.99999999999999999999E", "15.99"),
      ("create @a 1.5.5k", "1.5.5k"), ("create @a k", "k"),
      ("frobnicate\nfrob", "frobnicate\\nfrob"), ("frobnicate", "frobnicate"),
    ])
  func usage(_ line: String, _ says: String) async throws {
    let directory = try TemporaryDirectory()
    let run = try await image(line, in: directory)
    #expect(run.status == 2)
    #expect(run.errorLines.count == 1, "\(run.errors)")
    #expect(run.errors.hasPrefix("breakwater: "))
    #expect(
      run.errors.contains(says.replacing("@", with: directory.path + "/")), "\(run.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
  }

  @Test(
    "sizes are read as qemu-img reads them",
    arguments: [
      ("1.5M", 1_572_864), ("1b", 512), ("0x1000", 4096), ("0X1Fe00", 130_560), ("1.k", 1024),
      ("0.1k", 512), ("2.0", 512), ("08", 512), ("1.25g", 1_342_177_280),
    ])
  func sizes(_ text: String, _ byteCount: Int) async throws {
    let directory = try TemporaryDirectory()
    #expect(try await image("create -q @a.raw \(text)", in: directory).status == 0)
    let attributes = try FileManager.default.attributesOfItem(atPath: directory.file("a.raw"))
    #expect(attributes[.size] as? Int == byteCount)
  }

  @Test("resize takes its operands behind --, as whatever they are")
  func operands() async throws {
    let directory = try TemporaryDirectory()
    directory.write([UInt8](repeating: 1, count: 1024), to: "a.raw")
    var run = try await image("resize -f raw -- @a.raw +512", in: directory)
    #expect(run.status == 0, "\(run.errors)")
    run = try await image("resize -f raw --shrink -- @a.raw -1024", in: directory)
    #expect(run.status == 0, "\(run.errors)")
    #expect(FileManager.default.contents(atPath: directory.file("a.raw"))?.count == 512)
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
      ("resize -f qcow2 --shrink @d.qcow2 -1G", "to that", 1),
      ("resize -f qcow2 --shrink @d.qcow2 0", "from 1 byte", 1),
      ("resize -f raw --shrink @r.raw 0", "from 1 byte", 1),
      ("resize -f raw --shrink @r.raw -4K", "from 1 byte", 1),
      ("bench -w -f qcow2 -o 1G @d.qcow2", "at 1073741824", 1),
      ("bench -w -f raw -s 8K @r.raw", "has no 8192 bytes", 1),
      ("snapshot -d 1 @d.qcow2", "no snapshot", 1),
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

  @Test("short options take their values joined, and behind flags")
  func joinedOptions() async throws {
    let directory = try TemporaryDirectory()
    for (line, hasOutput) in [
      ("create -fqcow2 -o cluster_size=4k,lazy_refcounts @a.qcow2 64k", true),
      ("bench -wqf qcow2 -c2 -d2 -s4k -S8k -o16k --pattern 0x41 @a.qcow2", false),
      ("check -fqcow2 -rall -q @a.qcow2", false),
      ("convert -fqcow2 -Oraw -m2 -S4k @a.qcow2 @a.raw", false),
      ("convert -qcO qcow2 @a.qcow2 @b.qcow2", false),
      ("convert -pcO qcow2 @a.qcow2 @c.qcow2", false),
      ("compare -fqcow2 -Fraw @c.qcow2 @a.raw", true), ("resize -fraw @a.raw +1k", true),
      ("snapshot -cthen @a.qcow2", false), ("snapshot -dthen @a.qcow2", false),
      ("snapshot -qcone @a.qcow2", false), ("snapshot -qc -x @a.qcow2", false),
      ("snapshot -d-x @a.qcow2", false), ("snapshot -done @a.qcow2", false),
      ("check -qrall @a.qcow2", false), ("resize -qfraw --shrink @a.raw -1k", false),
      ("resize -qfraw @a.raw +1k", false), ("convert -cqOqcow2 @b.qcow2 @f.qcow2", false),
      ("create -qfqcow2 -ocluster_size=4k @g.qcow2 1M", false),
      ("dd -fqcow2 -Oqcow2 if=@a.qcow2 of=@d.qcow2", false),
      ("create -fqcow2 -bb.qcow2 -Fqcow2 @e.qcow2", true),
    ] {
      let run = try await image(line, in: directory)
      #expect(run.status == 0, "\(line): \(run.errors)")
      #expect(run.output.isEmpty != hasOutput, "\(line): \(run.output)")
    }
    let written = try #require(FileManager.default.contents(atPath: directory.file("a.raw")))
    #expect(written.count == 65536 + 1024)
    #expect(written[16384..<20480].allSatisfy { $0 == 0x41 } && written[20480] == 0)
    let info = try await image("info @a.qcow2", in: directory).output
    #expect(info.contains("cluster_size: 4096") && info.contains("lazy refcounts: true"))
    #expect(try await image("info @c.qcow2", in: directory).output.contains("qcow2"))
  }

  @Test("every flag can stand before another option, and nothing else can")
  func flags() async throws {
    let directory = try TemporaryDirectory()
    let commands = try await image("--help", in: directory).lines
      .drop { $0 != "SUBCOMMANDS:" }.compactMap { $0.wholeMatch(of: #/  ([a-z]+) .*/#)?.1 }
    #expect(commands.count == 14)
    for command in commands {
      for line in try await image("\(command) --help", in: directory).lines {
        guard let option = line.firstMatch(of: #/^  (-[a-gi-zA-Z])[ ,]/#)?.1 else { continue }
        let run = try await image("\(command) \(option)h", in: directory)
        #expect(run.status == (line.contains("<") ? 2 : 0), "\(command) \(option)")
      }
    }
  }

  @Test(
    "-o help lists the options",
    arguments: [
      ("create -o help", false), ("create -f qcow2 -o help", true),
      ("convert -O qcow2 -o help", true), ("measure -O qcow2 -o help", true),
      ("amend -o help @a", true), ("amend -ohelp", true), ("create -o size=1M,help", false),
      ("create -fqcow2 -o size=1M -o compat=1.1,?", true),
    ])
  func optionHelp(_ line: String, hasRefcounts: Bool) async throws {
    let run = try await image(line, in: try TemporaryDirectory())
    #expect(run.status == 0)
    #expect(run.errors.isEmpty, "\(run.errors)")
    #expect(run.lines.contains { $0.hasPrefix("refcount_bits ") } == hasRefcounts)
    #expect(run.lines.contains { $0.hasPrefix("size ") } == !line.hasPrefix("amend"))
  }

  @Test("a snapshot is deleted by its name, never by its ID")
  func crossedSnapshots() async throws {
    let directory = try TemporaryDirectory()
    for line in [
      "create -q -f qcow2 @a.qcow2 1M", "snapshot -c 2 @a.qcow2", "snapshot -c 1 @a.qcow2",
      "snapshot -d 1 @a.qcow2",
    ] {
      let run = try await image(line, in: directory)
      #expect(run.status == 0, "\(line): \(run.errors)")
    }
    let list = try await image("snapshot -l @a.qcow2", in: directory).lines
    #expect(list.count == 3)
    #expect(list.last?.hasPrefix("1         2  ") == true, "\(list)")
    #expect(try await image("snapshot -d 1 @a.qcow2", in: directory).status == 1)
  }

  @Test("dd says that the input ends before the first block")
  func skipBeyond() async throws {
    let directory = try TemporaryDirectory()
    directory.write([UInt8](repeating: 1, count: 1024), to: "a.raw")
    for (skip, lines) in [(2, 0), (3, 1)] {
      let run = try await image("dd skip=\(skip) if=@a.raw of=@b.raw", in: directory)
      #expect(run.status == 0)
      #expect(run.errorLines.count == lines)
      #expect(run.errors.contains("cannot skip") == (lines == 1), "\(run.errors)")
      #expect(FileManager.default.contents(atPath: directory.file("b.raw")) == Data())
    }
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

  @Test("a file that the shell lets grow no further is an error, and no half disk stays")
  func fileSizeLimit() async throws {
    let directory = try TemporaryDirectory()
    try Data(repeating: 7, count: 1 << 20).write(to: URL(fileURLWithPath: directory.file("a.raw")))
    let run = try await Program.run(
      "/bin/sh",
      [
        "-c", "cd \"$2\"; ulimit -f 64; exec \"$1\" image convert -O raw a.raw b.raw", "sh",
        Program.path, directory.path,
      ])
    #expect(run.status == 1)
    #expect(run.errors.contains("File too large"), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: directory.file("b.raw")))
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

  @Test("names that an image holds do not command the terminal")
  func hostileNames() async throws {
    let directory = try TemporaryDirectory()
    let name = "evil\u{1B}[2J\u{9B}31m\nx.raw"
    let overlay = directory.file("o.qcow2")
    var run = try await Program.run(
      "image", "create", "-q", "-u", "-f", "qcow2", "-b", name, "-F", "raw", overlay, "1M")
    #expect(run.status == 0, "\(run.errors)")
    run = try await Program.run("image", "snapshot", "-c", name, overlay)
    #expect(run.status == 0, "\(run.errors)")
    directory.write([UInt8](repeating: 1, count: 65536), to: name)
    for line in ["info @o.qcow2", "snapshot -l @o.qcow2", "map @o.qcow2"] {
      run = try await image(line, in: directory)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains(#"evil\u{1B}[2J\u{009B}31m\nx.raw"#), "\(line): \(run.output)")
      #expect(!run.output.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x9B })
    }
  }

  @Test(
    "no file of an image's chain is overwritten by what is made from it",
    arguments: [
      "convert -U -O raw @o.qcow2 @base.raw", "convert -O raw @o.qcow2 @base.raw",
      "convert -n -U -O raw @o.qcow2 @base.raw", "dd -U if=@o.qcow2 of=@base.raw",
      "create -q -f qcow2 -b o.qcow2 -F qcow2 @base.raw",
      "convert -O qcow2 -B o.qcow2 -F qcow2 @other.raw @base.raw",
    ])
  func ownChain(_ line: String) async throws {
    let directory = try TemporaryDirectory()
    let content = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 / 7) }
    directory.write(content, to: "base.raw")
    directory.write([UInt8](repeating: 9, count: 65536), to: "other.raw")
    for (name, base, format) in [("m", "base.raw", "raw"), ("o", "m.qcow2", "qcow2")] {
      let run = try await image(
        "create -q -f qcow2 -b \(base) -F \(format) @\(name).qcow2", in: directory)
      #expect(run.status == 0, "\(run.errors)")
    }
    let run = try await image(line, in: directory)
    #expect(run.status == 1)
    #expect(run.errorLines.count == 1)
    #expect(run.errors.contains("base.raw: cannot be overwritten"), "\(run.errors)")
    let isSame = FileManager.default.contents(atPath: directory.file("base.raw")) == Data(content)
    #expect(isSame)
  }

  @Test(
    "an interrupted copy leaves no half disk",
    arguments: ["convert -O raw @big.qcow2 @new", "dd if=@big.qcow2 of=@new"])
  func interrupted(_ line: String) async throws {
    let directory = try TemporaryDirectory()
    directory.write(Self.bigImage, to: "big.qcow2")
    let arguments = line.split(separator: " ").map {
      $0.replacingOccurrences(of: "@", with: directory.path + "/")
    }
    let run = try await Program.run(
      Program.path, ["image"] + arguments, interruptAfter: .milliseconds(1500))
    #expect(run.status == 130)
    #expect(run.errors.isEmpty, "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: directory.file("new")))
    // Two signals at once are one request.
    let script = "env --default-signal \"$@\" & sleep 1.5; kill -HUP $!; kill -TERM $!; wait $!"
    let twice = try await Program.run(
      "sh", ["-c", script, "sh", Program.path, "image"] + arguments)
    #expect(twice.status == 130)
    #expect(twice.errors.isEmpty, "\(twice.errors)")
    #expect(!FileManager.default.fileExists(atPath: directory.file("new")))
  }

  /// An image of 8 TiB in seven clusters: its L1 entries name one L2 table, whose entries name one
  /// cluster of zeroes, and only who reads that knows.
  private static var bigImage: [UInt8] {
    let cluster = 65536
    var bytes = [UInt8](repeating: 0, count: 7 * cluster)
    func put(_ value: UInt64, at offset: Int) {
      for index in 0..<8 {
        bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (56 - 8 * index))
      }
    }
    put(0x5146_49FB_0000_0003, at: 0)
    put(16, at: 16)  // no backing name; cluster bits
    put(8 << 40, at: 24)
    put(16_384, at: 32)  // no encryption; L1 entries
    put(UInt64(3 * cluster), at: 40)
    put(UInt64(cluster), at: 48)
    put(1 << 32, at: 56)  // refcount table clusters
    put(4 << 32 | 104, at: 96)  // refcount order, header length
    put(UInt64(2 * cluster), at: cluster)
    for index in 0..<16_384 { put(UInt64(5 * cluster), at: 3 * cluster + 8 * index) }
    for index in 0..<8192 { put(UInt64(6 * cluster), at: 5 * cluster + 8 * index) }
    return bytes
  }

  @Test("a backing name that does not fit is refused before the overlay is touched")
  func longBackingName() async throws {
    let directory = try TemporaryDirectory()
    directory.write((0..<65536).map { UInt8(truncatingIfNeeded: $0) }, to: "a.raw")
    directory.write([UInt8](repeating: 9, count: 65536), to: "b.raw")
    var run = try await image(
      "create -q -f qcow2 -o cluster_size=512 -b a.raw -F raw @o.qcow2", in: directory)
    #expect(run.status == 0, "\(run.errors)")
    let before = FileManager.default.contents(atPath: directory.file("o.qcow2"))
    let name = String(repeating: "./", count: 200) + "b.raw"
    run = try await image("rebase -b \(name) -F raw @o.qcow2", in: directory)
    #expect(run.status == 1)
    #expect(run.errors.contains("does not fit"), "\(run.errors)")
    #expect(FileManager.default.contents(atPath: directory.file("o.qcow2")) == before)
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
