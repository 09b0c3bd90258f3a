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

  @Test("Q17, Q23: our compressed conversion passes check, compares equal and maps alike")
  func convert() throws {
    let bytes = ImageOperationTests.content(400 * 1024, seed: 11)
    let raw = try directory.write("raw", bytes)
    for clusterSize in [512, 65536] {
      let path = directory.file("image\(clusterSize)")
      _ = try QcowWritingTests.create(
        ImageKind(clusterSize: clusterSize), byteCount: bytes.count, on: HostFile.create(path))
      var conversion = ImageConversion()
      conversion.isCompressing = true
      do {
        let source = try ImageOpener().open(raw, readOnly: true)
        let target = try ImageOpener().open(path, format: .qcow2, readOnly: false)
        try conversion.run(from: source, to: target)
      }
      let check = try QemuTools.run("qemu-img", ["check", "--output=json", path])
      #expect(check.status == 0, "\(check.output)")
      let compare = try QemuTools.run("qemu-img", ["compare", path, raw])
      #expect(compare.status == 0, "\(compare.output)")
      let ours = try QcowImage.check(HostFile(path, writable: false))
      for (key, value) in [
        ("compressed-clusters", ours.compressedClusters),
        ("allocated-clusters", ours.allocatedClusters),
        ("fragmented-clusters", ours.fragmentedClusters),
        ("image-end-offset", ours.imageEndOffset), ("total-clusters", ours.totalClusters),
      ] where value > 0 {
        #expect(check.output.contains("\"\(key)\": \(value)"), "\(key) \(value) \(check.output)")
      }
    }
  }

  @Test("Q10, Q19, Q21: QEMU reads our snapshots, sizes and repairs")
  func snapshotsAndRepair() throws {
    let path = directory.file("image")
    _ = try QcowWritingTests.create(
      ImageKind(clusterSize: 4096), byteCount: 1 << 20, on: HostFile.create(path))
    do {
      let file = try HostFile(path, writable: true)
      let image = try QcowImage(file, readOnly: false)
      try image.write(at: 100_000, [UInt8](repeating: 5, count: 50_000))
      try image.createSnapshot(named: "kept", seconds: 1_700_000_000)
      try image.write(at: 120_000, [UInt8](repeating: 6, count: 50_000))
      try image.resize(to: 8 << 20)
      try image.close()
    }
    #expect(try QemuTools.run("qemu-img", ["check", path]).status == 0)
    #expect(try QemuTools.image("snapshot", "-l", path).contains("kept"))
    try QemuTools.io(path, ["read -P 6 120000 50000", "read -P 0 7M 1M"])
    try QemuTools.image("snapshot", "-a", "kept", path)
    try QemuTools.io(path, ["read -P 5 100000 50000", "read -P 0 150000 20000"])
    #expect(try QemuTools.image("info", path).contains("1 MiB (1048576 bytes)"))
    try QemuTools.image("snapshot", "-d", "kept", path)

    var fixture = QcowFixture()
    for cluster in 0..<6 { fixture.bytes[QcowFixture.refcountBlock + 2 * cluster + 1] = 0 }
    let damaged = try directory.write("damaged", fixture.bytes)
    #expect(try QemuTools.run("qemu-img", ["check", damaged]).status == 2)
    #expect(try QcowImage.repair(HostFile(damaged, writable: true), .all).exitStatus == 0)
    #expect(try QemuTools.run("qemu-img", ["check", damaged]).status == 0)
  }

  @Test("Q4: an image that QEMU left dirty is repaired when it is opened for writing")
  func dirty() throws {
    let path = directory.file("image")
    try QemuTools.image("create", "-f", "qcow2", "-o", "lazy_refcounts=on", path, "1M")
    _ = try QemuTools.run("qemu-io", ["-c", "write -P 9 0 200k", "-c", "abort", path])
    #expect(try QcowHeader(reading: HostFile(path, writable: false)).isDirty)
    let image = try ImageOpener().open(path, format: .qcow2, readOnly: false)
    #expect(try image.bytes(at: 0, count: 204_800) == [UInt8](repeating: 9, count: 204_800))
    try image.write(at: 300_000, [1, 2, 3])
    try image.close()
    #expect(try QcowImage.check(HostFile(path, writable: false)).exitStatus == 0)
  }

  @Test("Q22: an image that we leave dirty is repaired by QEMU when it writes")
  func leftDirty() throws {
    let path = directory.file("image")
    _ = try QcowWritingTests.create(
      ImageKind(clusterSize: 4096, isLazy: true), byteCount: 1 << 20, on: HostFile.create(path))
    do {
      let image = try QcowImage(HostFile(path, writable: true), readOnly: false)
      try image.write(at: 5000, [UInt8](repeating: 7, count: 300_000))
      try image.flush()
      // And then the power goes.
    }
    #expect(try QcowHeader(reading: HostFile(path, writable: false)).isDirty)
    #expect(try QemuTools.run("qemu-img", ["check", path]).status == 2)
    try QemuTools.io(path, ["read -P 7 5000 300000", "write -P 8 600k 100k"])
    #expect(try QemuTools.run("qemu-img", ["check", path]).status == 0)
    #expect(try QcowHeader(reading: HostFile(path, writable: false)).isDirty == false)
    #expect(try QcowImage.check(HostFile(path, writable: false)).exitStatus == 0)
  }
}
