import Foundation
import Synchronization
import Testing

@testable import DiskImages

@Suite struct ImageOpenerTests {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  /// Writes an image whose only own cluster is the first, with a backing file.
  private func overlay(
    _ name: String, backing: String, format: String? = nil, path: String? = nil
  ) throws -> String {
    var fixture = QcowFixture()
    fixture.put64(8, 1000)
    fixture.put32(16, UInt32(backing.utf8.count))
    fixture.put(1000, Array(backing.utf8))
    if let format {
      fixture.put32(112, 0xE279_2ACA)
      fixture.put32(116, UInt32(format.utf8.count))
      fixture.put(120, Array(format.utf8))
    }
    return try directory.write(name, fixture.bytes)
  }

  private func line(_ path: String, format: ImageFormat? = nil, readOnly: Bool = true) -> String? {
    fault { _ = try ImageOpener().open(path, format: format, readOnly: readOnly) }
  }

  @Test("R1, I81: the content of a writable image does not choose its format")
  func formatNotGiven() throws {
    let path = try directory.write("image", QcowFixture().bytes)
    #expect(
      line(path, readOnly: false)
        == "\(path): starts like a qcow2 image; name the format of a writable image "
        + "(format=qcow2, or format=raw to write it as plain bytes)")
    #expect(try ImageOpener().open(path, readOnly: true) is QcowImage)
    #expect(try ImageOpener().open(path, format: .raw, readOnly: false) is RawImage)
    let plain = try directory.write("plain", [UInt8](repeating: 1, count: 512))
    #expect(try ImageOpener().open(plain, readOnly: false) is RawImage)
  }

  @Test("I1: a missing, empty or truncated qcow2 gives one line")
  func broken() throws {
    #expect(
      line(directory.file("none"))?.hasSuffix("cannot open: No such file or directory") == true)
    #expect(line(directory.path)?.contains("is a directory") == true)
    let empty = try directory.write("empty", [])
    #expect(line(empty, format: .qcow2)?.contains("too short for a qcow2 header") == true)
    let cut = try directory.write("cut", Array(QcowFixture().bytes.prefix(5000)))
    #expect(line(cut)?.contains("l1_table_offset") == true)
    let raw = try directory.write("raw", [UInt8](repeating: 1, count: 512))
    #expect(line(raw, format: .qcow2)?.contains("magic at offset 0") == true)
  }

  @Test("R11, R13: a backing file is found beside its overlay; shorter reads zero, longer is cut")
  func chain() throws {
    try directory.write("short.raw", [UInt8](repeating: 5, count: 6000))
    try directory.write("long.raw", [UInt8](repeating: 6, count: 8 << 20))
    let short = try ImageOpener().open(
      overlay("a", backing: "short.raw", format: "raw"), readOnly: true)
    #expect(
      try short.bytes(at: 4095, count: 3000)
        == [QcowFixture.pattern(4095)] + [UInt8](repeating: 5, count: 1904)
        + [UInt8](repeating: 0, count: 1095))
    let long = try ImageOpener().open(
      overlay("b", backing: "long.raw", format: "raw"), readOnly: true)
    #expect(long.byteCount == 4 << 20)
    #expect(try long.bytes(at: (4 << 20) - 1, count: 1) == [6])
    let top = try ImageOpener().open(overlay("c", backing: "b", format: "qcow2"), readOnly: true)
    #expect(try top.bytes(at: 9000, count: 1) == [6])
    #expect(top.backing?.backing is RawImage)
  }

  @Test("R10: without a recorded format the magic decides, with a report")
  func unrecordedFormat() throws {
    try directory.write("base", QcowFixture().bytes)
    var lines: [String] = []
    var opener = ImageOpener()
    opener.report = { lines.append($0) }
    let image = try opener.open(overlay("top", backing: "base"), readOnly: true)
    #expect(image.backing is QcowImage)
    #expect(lines.count == 1)
    #expect(lines.first?.hasSuffix("qcow2 is assumed") == true)
  }

  @Test("What is reported is one line, whatever a file's name")
  func reportedNames() throws {
    try directory.write("base", QcowFixture().bytes)
    var lines: [String] = []
    var opener = ImageOpener()
    opener.report = { lines.append($0) }
    _ = try opener.open(overlay("to\u{85}\n\u{9B}p", backing: "base"), readOnly: true)
    #expect(lines.count == 1)
    #expect(lines.first?.contains(#"/to\u{0085}\n\u{009B}p: "#) == true, "\(lines)")
    #expect(lines.map(escaped) == lines)
  }

  @Test("An image's own file, and any below it, is not to be overwritten")
  func partsOfTheChain() throws {
    let base = try directory.write("base", QcowFixture().bytes)
    let middle = try overlay("middle", backing: "base", format: "qcow2")
    let top = try overlay("top", backing: "middle", format: "qcow2")
    try FileManager.default.linkItem(atPath: base, toPath: directory.file("link"))
    var opener = ImageOpener()
    opener.isLocking = false
    for target in [top, middle, base, directory.file("link")] {
      let line = fault { _ = try opener.open(top, whileOverwriting: target) }
      #expect(
        line == "\(target): cannot be overwritten: it is read, as part of \"\(top)\"")
    }
    for target in [top, directory.file("new")] {
      #expect(try opener.open(middle, whileOverwriting: target) is QcowImage)
    }
  }

  @Test("I62: the recorded format is obeyed")
  func recordedFormat() throws {
    try directory.write("base", QcowFixture().bytes)
    let image = try ImageOpener().open(
      overlay("top", backing: "base", format: "raw"), readOnly: true)
    #expect(image.backing is RawImage)
    #expect(
      line(try overlay("top2", backing: "base", format: "vmdk"))?.contains("\"vmdk\"") == true)
  }

  @Test("R12, I57-I59: loops are found by file identity, long chains are cut")
  func loops() throws {
    #expect(line(try overlay("self", backing: "self"))?.contains("the chain is a loop") == true)
    _ = try overlay("a", backing: "b", format: "qcow2")
    #expect(line(try overlay("b", backing: "a", format: "qcow2"))?.contains("is a loop") == true)
    let linked = try overlay("linked", backing: "link", format: "qcow2")
    try FileManager.default.linkItem(atPath: linked, toPath: directory.file("link"))
    #expect(line(linked)?.contains("the chain is a loop") == true)
    for index in 0..<70 {
      _ = try overlay("deep\(index)", backing: "deep\(index + 1)", format: "qcow2")
    }
    #expect(line(directory.file("deep0"))?.contains("longer than 64") == true)
  }

  @Test("R11, I56, I60, I61, I63: bad backing names are refused, naming overlay and file")
  func badNames() throws {
    for name in ["nbd://host/x", "json:{\"driver\":\"ssh\"}", "fat:/etc", "ssh:x", "a\0b"] {
      let path = try overlay("top", backing: name)
      #expect(line(path)?.hasPrefix("\(path): backing file") == true, "\(name)")
    }
    let missing = line(try overlay("top", backing: "sub/none\n"))
    #expect(missing?.contains("sub/none\\n") == true)
    #expect(missing?.contains("No such file") == true)
    #expect(missing?.contains("\n") == false)
    // One C1 control character is CSI, which starts a command to a terminal.
    let hostile = line(try overlay("top", backing: "\u{9B}2J\u{85}\u{2028}\u{202E}"))
    #expect(hostile?.contains(#""\u{009B}2J\u{0085}\u{2028}\u{202E}""#) == true, "\(hostile ?? "")")
    #expect(line(try overlay("top", backing: "/dev/null"))?.contains("character device") == true)
    #expect(line(try overlay("top", backing: "."))?.contains("is a directory") == true)
  }

  @Test("I60: an image opens without its backing file, for what it holds itself")
  func withoutBacking() throws {
    let path = try overlay("top", backing: "none")
    let image = try QcowImage(HostFile(path, writable: false))
    #expect(try image.bytes(at: 0, count: 10) == (0..<10).map(QcowFixture.pattern))
    #expect(fault { _ = try image.bytes(at: 5000, count: 1) }?.contains("was not opened") == true)
  }

  @Test("A temporary overlay leaves the base alone, many at a time")
  func temporaryOverlays() throws {
    let path = try directory.write("base", QcowFixture().bytes)
    let opener = ImageOpener()
    let overlays = try (0..<4).map { _ in try opener.openWithTemporaryOverlay(path) }
    for (index, overlay) in overlays.enumerated() { try overlay.write(at: 50, [UInt8(index)]) }
    for (index, overlay) in overlays.enumerated() {
      #expect(try overlay.bytes(at: 49, count: 2) == [QcowFixture.pattern(49), UInt8(index)])
    }
    #expect(try directory.read("base") == QcowFixture().bytes)
  }

  @Test("New images are made, also over a backing file, and never over one in use")
  func creation() throws {
    try directory.write("base", [UInt8](repeating: 3, count: 65536))
    var options = QcowImage.CreationOptions(byteCount: 100_000)
    options.backingName = "base"
    options.backingFormat = .raw
    let opener = ImageOpener()
    let path = directory.file("new")
    try opener.create(path, format: .qcow2, options)
    let image = try opener.open(path, format: .qcow2, readOnly: false)
    try image.write(at: 10, [4])
    #expect(try image.bytes(at: 9, count: 3) == [3, 4, 3])
    #expect(image.byteCount == 100_352)
    let line = fault { try opener.create(path, format: .qcow2, options, replacing: true) }
    #expect(line?.contains("is in use") == true)
    #expect(line?.hasPrefix(path) == true)
    #expect(
      fault { try opener.create(path, format: .raw, options) }?.contains("File exists") == true)
    try opener.create(directory.file("raw"), format: .raw, .init(byteCount: 1000))
    #expect(try opener.open(directory.file("raw"), readOnly: true).byteCount == 1024)
    options.clusterSize = 1000
    #expect(fault { try opener.create(directory.file("odd"), format: .qcow2, options) } != nil)
    #expect(fault { _ = try opener.open(directory.file("odd"), readOnly: true) } != nil)
    #expect(try image.bytes(at: 10, count: 1) == [4])
  }

  @Test("A new image that cannot be filled is removed; until then nobody else has it")
  func filling() throws {
    let opener = ImageOpener()
    let path = try directory.write("new", [1, 2, 3])
    let options = QcowImage.CreationOptions(byteCount: 4096)
    try opener.create(path, format: .raw, options, replacing: true) { image throws(ImageFault) in
      try image.write(at: 0, [9])
      let line = fault { _ = try opener.open(path, format: .raw, readOnly: false) }
      #expect(line?.contains("is in use") == true)
    }
    #expect(try directory.read("new").starts(with: [9, 0]))
    let link = directory.file("link")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "new")
    let line = fault {
      try opener.create(link, format: .qcow2, options, replacing: true) { _ throws(ImageFault) in
        throw ImageFault("disk", .interrupted)
      }
    }
    #expect(line == "disk: was not read to its end: interrupted")
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("Of two that make one file neither removes what the other made")
  func race() throws {
    let path = directory.file("new")
    var rounds = 0
    for _ in 0..<300 {
      let made = Mutex(0)
      DispatchQueue.concurrentPerform(iterations: 2) { _ in
        let options = QcowImage.CreationOptions(byteCount: 512)
        let line = fault {
          try ImageOpener().create(path, format: .raw, options, replacing: true)
        }
        if line == nil { made.withLock { $0 += 1 } }
      }
      guard made.withLock({ $0 > 0 }) else { continue }
      rounds += 1
      try #require(FileManager.default.fileExists(atPath: path))
      try FileManager.default.removeItem(atPath: path)
    }
    #expect(rounds > 0, "neither ever made it")
  }
}
