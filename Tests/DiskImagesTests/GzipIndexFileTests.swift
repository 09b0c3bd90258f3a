import Foundation
import Testing

@testable import DiskImages

/// Gzip images as files of the host: how they are opened, and the index beside them.
@Suite struct GzipIndexFileTests {
  private let directory: TemporaryDirectory
  private static let content = GzipFixture.content(3 << 20, seed: 1)
  private var content: [UInt8] { Self.content }
  private let path: String
  private var indexPath: String { path + ".breakwater-index" }

  init() throws {
    directory = try TemporaryDirectory()
    path = try directory.write("disk.gz", try GzipFixture().member(Self.content, level: 1))
  }

  /// What opening says, and whether it read the image through.
  private final class Log {
    var lines: [String] = []
    var scans = 0
  }

  private func opener(_ log: Log) -> ImageOpener {
    var opener = ImageOpener()
    opener.report = { log.lines.append($0) }
    opener.progress = {
      if $0 == $1 { log.scans += 1 }
      return true
    }
    return opener
  }

  /// Opens the image, checks a byte far behind, and answers what was said.
  @discardableResult
  private func open() throws -> Log {
    let log = Log()
    let image = try opener(log).open(path, readOnly: true)
    #expect(image is GzipImage)
    #expect(try image.bytes(at: 2_900_000, count: 9) == Array(content[2_900_000..<2_900_009]))
    return log
  }

  private var files: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }
  }

  @Test("G11: the index is kept beside the image and used by the next opening")
  func kept() throws {
    #expect(try open().scans == 1)
    #expect(try files == ["disk.gz", "disk.gz.breakwater-index"])
    let log = try open()
    #expect(log.scans == 0)
    #expect(log.lines.isEmpty)
  }

  @Test("the index can be read by those who can read the image")
  func permissions() throws {
    for mode in [0o600, 0o640, 0o444] {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
      try? FileManager.default.removeItem(atPath: indexPath)
      try open()
      let attributes = try FileManager.default.attributesOfItem(atPath: indexPath)
      #expect(attributes[.posixPermissions] as? Int == mode)
    }
  }

  @Test("the index belongs to the image's group", .enabled(if: geteuid() == 0, "needs root"))
  func group() throws {
    try #require(unsafe chown(path, 1, 1) == 0)
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    try open()
    let attributes = try FileManager.default.attributesOfItem(atPath: indexPath)
    #expect(attributes[.posixPermissions] as? Int == 0o640)
    #expect(attributes[.groupOwnerAccountID] as? Int == 1)
    #expect(attributes[.ownerAccountID] as? Int == 0)
  }

  @Test("nobody else opens the index before it has its permissions")
  func privateAtFirst() throws {
    let file = try HostFile.createPrivate(directory.file("new"))
    let attributes = try FileManager.default.attributesOfItem(atPath: file.name)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(throws: ImageFault.self) { try HostFile.createPrivate(file.name) }
  }

  @Test("G12, I92: an index of the file's former content is made anew")
  func stale() throws {
    try open()
    let old = try directory.read("disk.gz.breakwater-index")
    try directory.write("disk.gz", try GzipFixture(name: [65]).member(content, level: 1))
    let log = try open()
    #expect(log.scans == 1)
    #expect(
      log.lines == ["\(indexPath): is damaged, or not of this state of the image; it is made anew"])
    #expect(try directory.read("disk.gz.breakwater-index") != old)
    #expect(try open().scans == 0)
  }

  @Test("I92: a damaged, truncated or huge index is made anew, whatever kind of file it is")
  func damaged() throws {
    try open()
    let good = try directory.read("disk.gz.breakwater-index")
    var flipped = good
    flipped[200] ^= 1
    for bad in [flipped, Array(good.dropLast(5)), [], good + good] {
      try directory.write("disk.gz.breakwater-index", bad)
      let log = try open()
      #expect(log.scans == 1)
      #expect(log.lines.count == 1)
      #expect(try directory.read("disk.gz.breakwater-index") == good)
    }
    try HostFile(indexPath, writable: true).setByteCount(1 << 40)
    #expect(try open().scans == 1)
    try FileManager.default.removeItem(atPath: indexPath)
    #expect(unsafe mkfifo(indexPath, 0o600) == 0)
    #expect(try open().scans == 1)
    #expect(try directory.read("disk.gz.breakwater-index") == good)
    #expect(try files.count == 2)
  }

  @Test("where none can be kept, it lives in memory; that is said once")
  func memoryOnly() throws {
    try FileManager.default.createDirectory(
      atPath: indexPath, withIntermediateDirectories: false)
    let log = Log()
    let opener = opener(log)
    _ = try opener.open(path, readOnly: true)
    let overlay = try opener.open(path, overlay: directory.file("over.qcow2"))
    #expect(try overlay.bytes(at: 2_900_000, count: 9) == Array(content[2_900_000..<2_900_009]))
    #expect(log.scans == 1)
    #expect(log.lines.count == 1)
    #expect(log.lines.first?.hasPrefix("\(path): its index is kept in memory only: ") == true)
    #expect(try files == ["disk.gz", "disk.gz.breakwater-index", "over.qcow2"])
  }

  @Test("a small disk needs no index file")
  func small() throws {
    let small = try directory.write("small.gz", try GzipFixture().member([1, 2, 3]))
    _ = try ImageOpener().open(small, readOnly: true)
    #expect(try files == ["disk.gz", "small.gz"])
  }

  @Test("G1: opening can be stopped, and leaves nothing")
  func stopped() throws {
    var opener = ImageOpener()
    opener.progress = { _, _ in false }
    do throws(ImageFault) {
      _ = try opener.open(path, readOnly: true)
      Issue.record("was not stopped")
    } catch {
      #expect(error.cause == .interrupted)
    }
    #expect(try files == ["disk.gz"])
  }

  @Test("R1, G9: the format is recognised where nothing is written, and never written")
  func format() throws {
    func line(_ format: ImageFormat?, readOnly: Bool) -> String {
      fault { _ = try ImageOpener().open(path, format: format, readOnly: readOnly) } ?? ""
    }
    #expect(line(nil, readOnly: false).contains("starts like a gzip image; name the format"))
    #expect(line(.gzip, readOnly: false).contains("a gzip image is read-only; convert it, or lay"))
    #expect(try ImageOpener().open(path, format: .gzip, readOnly: true) is GzipImage)
    #expect(try ImageOpener().open(path, format: .raw, readOnly: true) is RawImage)
    #expect(throws: ImageFault.self) {
      try ImageOpener().create(directory.file("new.gz"), format: .gzip, .init(byteCount: 512))
    }
    let raw = try directory.write("raw", [UInt8](repeating: 1, count: 512))
    #expect(
      fault { _ = try ImageOpener().open(raw, format: .gzip, readOnly: true) }?
        .contains("no gzip header") == true)
  }

  @Test("I89: what is ignored behind the last member is said")
  func garbage() throws {
    try directory.write("disk.gz", try GzipFixture().member(content, level: 1) + [1, 2, 3])
    #expect(try open().lines == ["\(path): 3 bytes after the last gzip member are ignored"])
  }

  @Test("I87: the limit for a disk is the opener's")
  func limit() throws {
    var opener = ImageOpener()
    opener.gzipDiskLimit = 1 << 20
    #expect(
      fault { _ = try opener.open(path, readOnly: true) }
        == "\(path): inflates to more than 1048576 bytes, the limit for a disk")
  }

  @Test("G9: an overlay file records the format, takes writes and opens again")
  func overlay() throws {
    let over = directory.file("over.qcow2")
    for round in 0..<2 {
      let image = try ImageOpener().open(path, overlay: over)
      #expect(
        try image.bytes(at: 70_000, count: 3)
          == (round == 0 ? Array(content[70_000..<70_003]) : [7, 8, 9]))
      try image.write(at: 70_000, [7, 8, 9])
      #expect(try image.bytes(at: 70_003, count: 3) == Array(content[70_003..<70_006]))
      try image.close()
    }
    let header = try QcowHeader(reading: HostFile(over, writable: false))
    #expect(header.backingFormat == "gzip")
  }
}
