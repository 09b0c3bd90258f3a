import Foundation
import Testing

/// Usage and set-up errors: one line on standard error, exit status 2, nothing else.
@Suite("Bad input", .enabled(if: Program.isBuilt, Program.missing))
struct BadInputTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var arguments: [String]
    /// What the line must say.
    var says: String

    init(_ description: String, _ arguments: String..., says: String) {
      testDescription = description
      self.arguments = arguments
      self.says = says
    }
  }

  static let cases = [
    Case("a missing kernel", "--kernel", "/nonexistent/vmlinux", says: "no such file"),
    Case("a directory as kernel", "--kernel", "/tmp", says: "is a directory"),
    Case("a kernel that is no ELF file", "--kernel", "Package.swift", says: "not an ELF file"),
    Case("an ELF file for another machine", "--kernel", "/bin/true", says: "not for Alpha"),
    Case("a missing disk", "--disk", "/nonexistent.img", says: "/nonexistent.img"),
    Case("a directory as disk", "--disk", "/tmp,format=raw", says: "directory"),
    Case("an unknown disk key", "--disk", "a.img,colour=red", says: "none of the keys"),
    Case("a bad value of a disk key", "--disk", "a.img,dma=both", says: "physical"),
    Case("one byte of memory", "--memory", "1", says: "8192"),
    Case("no memory size", "--memory", "lots", says: "lots"),
    Case("memory too small for the firmware", "--memory", "8K", says: "--memory"),
    Case("more CPUs than there are", "--cpus", "2", says: "CPUs"),
    Case("an unknown console", "--console", "tcp:1", says: "file:PATH"),
    Case("an unknown virtio console", "--virtio-console", "tcp:1", says: "file:PATH"),
    Case("two consoles on the terminal", "--virtio-console", "stdio", says: "--console none"),
    Case("a port name twice", "--virtio-console", "none,port=a:none,port=a:none", says: "'a'"),
    Case("an unknown random source", "--rng", "source=dice", says: "seed, host"),
    Case(
      "a legacy device that must translate", "--rng", "interface=legacy,access-platform=required",
      says: "interface=modern"),
    Case("an unknown option", "--frobnicate", says: "frobnicate"),
    Case(
      "a message of two lines", "--generate-completion-script=fsh",
      says: "'fsh'. Please use"),
    Case("an unknown trace category", "--trace", "everything", says: "everything"),
    Case("a negative time-out", "--timeout", "-1", says: "timeout"),
    Case(
      "a command line without kernel", "--firmware", "firmware/built/breakwater-palcode.elf",
      "--append", "x", says: "--kernel"),
  ]

  @Test("one clear line and status 2", arguments: cases)
  func oneLine(_ test: Case) async throws {
    let run = try await Program.run(Program.path, ["run"] + test.arguments)
    #expect(run.status == 2)
    #expect(run.output.isEmpty)
    #expect(run.errorLines.count == 1, "\(run.errors)")
    #expect(run.errors.hasPrefix("breakwater: "))
    #expect(run.errors.contains(test.says), "\(run.errors)")
  }

  @Test(
    "every field of a DMA window is looked at",
    arguments: [
      "0:junk:0x00800003:0x00700000:0x01402000", "0::0x00800003:0x00700000:0x01402000",
      "0:0x00800003:0x00700000", "4:0:0:0",
    ])
  func window(_ window: String) async throws {
    let run = try await Program.run("explain-dma", "--window", window, "0x1000")
    #expect(run.status == 2)
    #expect(run.errorLines.count == 1)
    #expect(run.errors.contains(window), "\(run.errors)")
  }

  @Test("output into a file that is something else to the run is refused, and the file stays")
  func outputOverInput() async throws {
    let directory = try TemporaryDirectory()
    let base = directory.write([UInt8](repeating: 7, count: 1 << 16), to: "base.raw")
    let disk = directory.file("disk.qcow2")
    let made = try await Program.run(
      "image", "create", "-f", "qcow2", "-b", base, "-F", "raw", disk)
    #expect(made.status == 0, "\(made.errors)")
    let link = directory.file("link")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "disk.qcow2")
    let log = directory.file("log")
    let cases = [
      ["--console", "file:\(disk)"], ["--console", "file:\(link)"], ["--console", "file:\(base)"],
      ["--trace", "pci:\(disk)"], ["--virtio-console", "none,port=a:file:\(disk)"],
      ["--nvram", log, "--console", "file:\(log)"],
      ["--console", "file:\(log)", "--virtio-console", "file:\(directory.path)/./log"],
    ]
    for output in cases {
      let before = (
        try Data(contentsOf: URL(filePath: disk)), try Data(contentsOf: URL(filePath: base))
      )
      let run = try await Program.run(
        Program.path, ["run", "--disk", "\(disk),format=qcow2", "--timeout", "0.1"] + output)
      #expect(run.status == 2, "\(output)")
      #expect(run.errorLines.count == 1, "\(run.errors)")
      #expect(run.errors.contains("name another file"), "\(run.errors)")
      #expect(try Data(contentsOf: URL(filePath: disk)) == before.0)
      #expect(try Data(contentsOf: URL(filePath: base)) == before.1)
    }
    #expect(!FileManager.default.fileExists(atPath: log))
  }

  @Test("a file that does not exist yet is the same by every name")
  func outputOverNewFile() async throws {
    let directory = try TemporaryDirectory()
    let disk = directory.write([UInt8](repeating: 0, count: 512), to: "disk.raw")
    try FileManager.default.createDirectory(
      atPath: directory.file("a/b"), withIntermediateDirectories: true)
    for (link, target) in [("link", "a/b"), ("dangling", "link/../new")] {
      try FileManager.default.createSymbolicLink(
        atPath: directory.file(link), withDestinationPath: target)
    }
    for (name, other) in [
      ("link/new", "a/b/new"), ("link/../new", "a/new"), ("dangling", "a/new"),
      ("a/new", "dangling"),
    ] {
      for kept in [
        ["--disk", "\(disk),format=raw,overlay=\(directory.file(name))"],
        ["--nvram", directory.file(name)],
      ] {
        let run = try await Program.run(
          Program.path, ["run", "--console", "file:\(directory.file(other))"] + kept)
        #expect(run.status == 2, "\(name)")
        #expect(run.errors.contains("name another file"), "\(run.errors)")
      }
    }
    for folder in ["a", "a/b"] {
      let names = try FileManager.default.contentsOfDirectory(atPath: directory.file(folder))
      #expect(!names.contains("new"))
    }
  }

  @Test(
    "output into the file of a standard stream is refused",
    arguments: ["> file", ">> file", "2> file", "< file"])
  func outputOverStream(_ redirection: String) async throws {
    let directory = try TemporaryDirectory()
    directory.write([], to: "file")
    let run = try await Program.run(
      "sh",
      [
        "-c", "cd \"$2\"; { \"$1\" run --trace pci:./file \(redirection); } 2>&1; cat file", "sh",
        Program.path, directory.path,
      ])
    #expect(run.output.contains("it is standard"), "\(run.output)")
  }

  @Test(
    "what cannot run leaves every file as it was",
    arguments: [
      "--cpus 2", "--memory 64G", "--memory 3", "--memory 8K", "--kernel @log", "--firmware @log",
      "--disk @raw,format=raw,slot=1 --rng slot=1", "--disk @raw,format=raw,slot=9",
      "--disk @raw,format=raw,serial=a-name-of-21-letters-x", "--nvram @log", "--nvram @no/nvram",
    ])
  func unchanged(_ line: String) async throws {
    let directory = try TemporaryDirectory()
    for name in ["log", "trace"] { directory.write([1, 2, 3], to: name) }
    directory.write([UInt8](repeating: 0, count: 512), to: "raw")
    let arguments = line.split(separator: " ").map {
      $0.replacingOccurrences(of: "@", with: directory.path + "/")
    }
    for own in [
      ["--disk", "\(directory.file("raw")),format=raw,overlay=\(directory.file("new"))"],
      ["--console", "file:\(directory.file("log"))", "--trace", "pci:\(directory.file("trace"))"],
      ["--trace", "pci:\(directory.file("trace"))", "--disk", directory.file("none")],
    ] {
      let run = try await Program.run(Program.path, ["run"] + own + arguments)
      #expect(run.status == 2)
      #expect(run.errorLines.count == 1, "\(run.errors)")
    }
    for name in ["log", "trace"] {
      #expect(FileManager.default.contents(atPath: directory.file(name)) == Data([1, 2, 3]))
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    #expect(Set(names) == ["log", "trace", "raw"])
  }

  @Test("a truncated qcow2 image is refused and not touched")
  func truncatedImage() async throws {
    let directory = try TemporaryDirectory()
    let whole = try #require(FileManager.default.contents(atPath: "images/dmatest.qcow2"))
    for count in [1, 71, 100, 4096] {
      let bytes = [UInt8](whole.prefix(count))
      let path = directory.write(bytes, to: "cut.qcow2")
      let run = try await Program.run("run", "--disk", "\(path),format=qcow2,readonly=on")
      #expect(run.status == 2)
      #expect(run.errorLines.count == 1, "\(run.errors)")
      #expect(FileManager.default.contents(atPath: path) == Data(bytes))
    }
  }

  @Test("an ELF file cut anywhere is refused")
  func truncatedKernel() async throws {
    let directory = try TemporaryDirectory()
    let whole = try #require(FileManager.default.contents(atPath: "firmware/built/dmatest.elf"))
    for count in [3, 20, 63, 64, 100, 5000] {
      let path = directory.write([UInt8](whole.prefix(count)), to: "cut.elf")
      let run = try await Program.run("run", "--kernel", path)
      #expect(run.status == 2)
      #expect(run.errorLines.count == 1, "\(run.errors)")
    }
  }
}
