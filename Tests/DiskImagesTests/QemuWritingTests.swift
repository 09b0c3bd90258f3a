import Testing

@testable import DiskImages

/// Images written here, judged by QEMU's tools.
@Suite(.enabled(if: QemuTools.isInstalled, QemuTools.reason))
struct QemuWritingTests {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  @Test("Q15, Q16: a random load passes check and compares equal", arguments: ImageKind.all)
  func randomLoad(_ kind: ImageKind) throws {
    let size = 200 * 1024
    var random = TestRandom(seed: 3)
    let baseBytes = kind.hasBacking ? random.bytes(100_352) : []
    let base = try directory.write("base", baseBytes)
    let path = directory.file("image")
    _ = try QcowWritingTests.create(kind, byteCount: size, on: HostFile.create(path))
    var load = GuestLoad(
      seed: 9, content: baseBytes + [UInt8](repeating: 0, count: size - baseBytes.count))
    do {
      let image = try ImageOpener().open(path, format: .qcow2, readOnly: false)
      for _ in 0..<60 { try load.step(image, limit: 12000) }
      try image.close()
    }
    let check = try QemuTools.run("qemu-img", ["check", "-f", "qcow2", path])
    #expect(check.status == 0, "\(check.output)")
    let raw = try directory.write("raw", load.model)
    let compare = try QemuTools.run("qemu-img", ["compare", "-f", "qcow2", "-F", "raw", path, raw])
    #expect(compare.status == 0, "\(compare.output)")
    _ = base
  }

  @Test("Q9, Q18: writes go on where QEMU's snapshots and compressed clusters were")
  func afterQemu() throws {
    let size = 200 * 1024
    var random = TestRandom(seed: 4)
    let content = (0..<size / 1024).flatMap { _ in
      [UInt8](repeating: random.bytes(1)[0], count: 1024)
    }
    let raw = try directory.write("raw", content)
    let path = directory.file("image")
    try QemuTools.image("convert", "-c", "-O", "qcow2", "-o", "cluster_size=4k", raw, path)
    try QemuTools.image("snapshot", "-c", "before", path)
    var load = GuestLoad(seed: 10, content: content)
    do {
      let image = try ImageOpener().open(path, format: .qcow2, readOnly: false)
      for _ in 0..<60 { try load.step(image, limit: 12000) }
      try image.close()
    }
    let check = try QemuTools.run("qemu-img", ["check", path])
    #expect(check.status == 0, "\(check.output)")
    #expect(try QcowImage.check(HostFile(path, writable: false)).exitStatus == 0)
    try directory.write("raw2", load.model)
    #expect(
      try QemuTools.run("qemu-img", ["compare", path, directory.file("raw2")]).status == 0)
    try QemuTools.image("snapshot", "-a", "before", path)
    #expect(try QemuTools.run("qemu-img", ["compare", path, raw]).status == 0)
    #expect(try QemuTools.run("qemu-img", ["check", path]).status == 0)
  }

  @Test("Q28: our check and QEMU's agree on damaged images")
  func damages() throws {
    let damages: [(Int, UInt64)] = [
      (QcowFixture.l2, UInt64(QcowFixture.data)),  // COPIED missing
      (QcowFixture.l1, UInt64(QcowFixture.l2)),
      (QcowFixture.l2 + 8, UInt64(QcowFixture.data) | QcowFixture.copied),  // two owners
      (QcowFixture.l2, UInt64(QcowFixture.l1) | QcowFixture.copied),
      (QcowFixture.l2 + 8, UInt64(QcowFixture.data) + 512),
      (QcowFixture.l2 + 8, 1 << 40 | QcowFixture.copied),
      (QcowFixture.refcountBlock + 8, 0x0001_0000_0000_0000),  // data not counted
      (QcowFixture.refcountBlock + 8, 0x0001_0001_0001_0000),  // a leak, inside the file below
      (QcowFixture.refcountTable, 1 << 40),
      (QcowFixture.refcountTable + 8, UInt64(QcowFixture.refcountBlock)),
    ]
    for (offset, value) in damages {
      var fixture = QcowFixture()
      _ = fixture.append([UInt8](repeating: 0, count: 4096))
      fixture.put64(offset, value)
      let path = try directory.write("image", fixture.bytes)
      let theirs = try QemuTools.run("qemu-img", ["check", "-f", "qcow2", path])
      let ours = try QcowImage.check(fixture.store())
      #expect(
        ours.exitStatus == theirs.status, "\(offset) \(value): \(ours.findings) \(theirs.output)")
    }
  }
}
