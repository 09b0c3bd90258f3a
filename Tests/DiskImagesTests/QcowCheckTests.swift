import MachineTestKit
import Testing

@testable import DiskImages

/// Checks, and repairs that make their findings go away.
@Suite struct QcowCheckTests {
  static let damages: [(name: String, damage: @Sendable (inout QcowFixture) -> Void)] =
    [
      ("leak", { $0.bytes[QcowFixture.refcountBlock + 2 * 7 + 1] = 1 }),
      ("refcount too high", { $0.bytes[QcowFixture.refcountBlock + 2 * 5 + 1] = 9 }),
      ("data not counted", { $0.bytes[QcowFixture.refcountBlock + 2 * 5 + 1] = 0 }),
      (
        "all refcounts 0",
        { fixture in
          for cluster in 0..<6 { fixture.bytes[QcowFixture.refcountBlock + 2 * cluster + 1] = 0 }
        }
      ),
      ("COPIED missing", { $0.put64(QcowFixture.l2, UInt64(QcowFixture.data)) }),
      ("no refcount block", { $0.put64(QcowFixture.refcountTable, 0) }),
      ("refcount block past the end", { $0.put64(QcowFixture.refcountTable, 1 << 40) }),
      ("refcount block misaligned", { $0.put64(QcowFixture.refcountTable, 0x2200) }),
      ("refcount block twice", { $0.put64(QcowFixture.refcountTable + 8, 0x2000) }),
      (
        "two owners",
        {
          $0.put64(QcowFixture.l2 + 8, UInt64(QcowFixture.data) | QcowFixture.copied)
        }
      ),
      ("dirty", { $0.put64(72, 1) }), ("corrupt", { $0.put64(72, 2) }),
    ]

  @Test("C13-C15: a repair makes every refcount right and invents nothing")
  func repair() throws {
    for (name, damage) in Self.damages {
      var fixture = QcowFixture()
      _ = fixture.append([UInt8](repeating: 0, count: 8192))
      damage(&fixture)
      let store = fixture.store()
      let before = try QcowImage.check(store)
      #expect(name == "dirty" || name == "corrupt" || before.exitStatus != 0, "\(name)")
      let after = try QcowImage.repair(store, .all)
      #expect(after.exitStatus == 0, "\(name): \(after.findings)")
      let image = try QcowImage(store, readOnly: false)
      #expect(try image.bytes(at: 0, count: 4096) == (0..<4096).map(QcowFixture.pattern), "\(name)")
      try image.write(at: 1 << 20, [1])
      try image.close()
      #expect(try QcowImage.check(store).exitStatus == 0, "\(name)")
    }
  }

  @Test("C15: a repair that is cut leaves an image that can be repaired")
  func cutRepair() throws {
    for (name, damage) in Self.damages {
      var fixture = QcowFixture()
      _ = fixture.append([UInt8](repeating: 0, count: 8192))
      damage(&fixture)
      let store = fixture.store()
      store.isRecording = true
      _ = try QcowImage.repair(store, .all)
      try PowerCuts(start: fixture.store(), changes: store.changes).forEach(seed: 2) { disk, cut in
        let after = try QcowImage.repair(disk, .all)
        #expect(after.exitStatus == 0, "\(name), cut \(cut): \(after.findings)")
        let content = try QcowImage(disk).bytes(at: 0, count: 4096)
        #expect(content == (0..<4096).map(QcowFixture.pattern), "\(name), cut \(cut)")
      }
    }
  }

  @Test(
    "C14: what is named behind the end of a file that was cut is given to nobody else",
    arguments: [false, true])
  func repairOfCutFile(needsRebuild: Bool) throws {
    let store = try ImageOperationTests.newImage(4096, 1 << 20)
    let image = try QcowImage(store, readOnly: false)
    try image.write(at: 0, (1...3).flatMap { [UInt8](repeating: $0, count: 4096) })
    try image.close()
    try store.setByteCount(store.byteCount() - 8192)
    if needsRebuild {
      let header = try QcowHeader(reading: store)
      let block = quadwords(try store.bytes(at: header.refcountTableOffset, count: 8))[0]
      try store.write(at: block + 6, [0, 0])
    }
    #expect(try QcowImage.check(store).exitStatus == 2)
    let repaired = try QcowImage.repair(store, .all)
    // The pointers stay. They stay reported until the file has grown over what they name, as it does
    // for new refcounts.
    #expect(repaired.corruptions == (needsRebuild ? 0 : 2), "\(repaired.findings)")
    #expect(repaired.leaks == 0)
    let writer = try QcowImage(store, readOnly: false)
    try writer.write(at: 1 << 19, [UInt8](repeating: 9, count: 32_768))
    try writer.write(at: 8192, [UInt8](repeating: 4, count: 4096))
    try writer.close()
    let after = try QcowImage(store)
    #expect(try after.bytes(at: 0, count: 4096) == [UInt8](repeating: 1, count: 4096))
    #expect(try after.bytes(at: 4096, count: 4096) == [UInt8](repeating: 0, count: 4096))
    #expect(try after.bytes(at: 8192, count: 4096) == [UInt8](repeating: 4, count: 4096))
    #expect(try after.bytes(at: 1 << 19, count: 32_768) == [UInt8](repeating: 9, count: 32_768))
    #expect(try QcowImage.check(store).exitStatus == 0)
  }

  @Test("C14: new refcounts do not go where the tables of a cut file point")
  func rebuildOfCutFile() throws {
    let store = try ImageOperationTests.newImage(4096, 1 << 20)
    let image = try QcowImage(store, readOnly: false)
    try image.write(at: 0, (1...6).flatMap { [UInt8](repeating: $0, count: 4096) })
    try image.close()
    try store.setByteCount(store.byteCount() - 3 * 4096)
    // No refcount can be read, also of what lies behind the end.
    let header = try QcowHeader(reading: store)
    try store.write(at: header.refcountTableOffset + 7, [1])
    _ = try QcowImage.repair(store, .all)
    let repaired = try QcowImage.repair(store, .all)
    #expect(repaired.exitStatus == 0, "\(repaired.findings)")
    let expected = [1, 2, 3, 0, 0, 0].flatMap { [UInt8](repeating: $0, count: 4096) }
    #expect(try QcowImage(store).bytes(at: 0, count: 6 * 4096) == expected)
  }

  @Test("C15: refcounts are built anew where the size is fixed, behind all that is in use")
  func repairOfDevice() throws {
    let directory = try TemporaryDirectory()
    let file = try HostFile.create(directory.file("device"))
    var fixture = QcowFixture()
    fixture.put64(QcowFixture.refcountTable, 0x5200)
    try file.write(at: 0, fixture.bytes)
    try file.setByteCount(1 << 20)
    let store = BoundedStore(file)
    #expect(try QcowImage.repair(store, .all).exitStatus == 0)
    try QcowImage.setRefcountBits(32, of: store)
    let image = try QcowImage(store, readOnly: false)
    try image.write(at: 1 << 20, [7])
    try image.close()
    #expect(try QcowImage.check(store).exitStatus == 0)
    let again = try QcowImage(store)
    #expect(try again.bytes(at: 0, count: 4096) == (0..<4096).map(QcowFixture.pattern))
    #expect(try again.bytes(at: 1 << 20, count: 1) == [7])
  }

  @Test("Repairing leaks alone puts COPIED right, and leaves an image with other damage alone")
  func repairLeaks() throws {
    var fixture = QcowFixture()
    fixture.bytes[QcowFixture.refcountBlock + 2 * 5 + 1] = 2
    let store = fixture.store()
    #expect(try QcowImage.check(store).exitStatus == 2)
    #expect(try QcowImage.repair(store, .leaks).exitStatus == 0)
    fixture.put64(QcowFixture.l2 + 8, UInt64(QcowFixture.data) + 512)
    let damaged = fixture.store()
    #expect(try QcowImage.repair(damaged, .leaks).exitStatus == 2)
    #expect(damaged.bytes == fixture.bytes)
  }

  @Test("C6: the owners of a cluster that has two are named")
  func owners() throws {
    var fixture = QcowFixture()
    fixture.put64(QcowFixture.l2 + 8, UInt64(QcowFixture.l1) | QcowFixture.copied)
    let report = try QcowImage.check(fixture.store())
    #expect(
      report.findings.contains(
        "cluster 3 belongs to the L1 table and to entry 1 of the L2 table at 0x4000"),
      "\(report.findings)")
  }

  @Test("C6: metadata that has another owner is corrupt, whatever its refcount")
  func contestedMetadata() throws {
    var fixture = QcowFixture()
    fixture.put64(QcowFixture.l2 + 8, UInt64(QcowFixture.l1))
    let store = fixture.store()
    let repaired = try QcowImage.repair(store, .all)
    #expect(repaired.exitStatus == 2 && repaired.corruptions == 1)
    #expect(
      repaired.findings == [
        "corrupt: cluster 3 holds metadata and more than that",
        "cluster 3 belongs to the L1 table and to entry 1 of the L2 table at 0x4000",
      ])

    // What a writer refuses to open is not called clean either.
    let shared = try ImageOperationTests.newImage(4096, 1 << 20)
    let image = try QcowImage(shared, readOnly: false)
    try image.createSnapshot(named: "a", seconds: 0)
    var snapshot = image.snapshots[0]
    snapshot.l1Offset = image.header.l1Offset
    try image.replaceSnapshotTable([snapshot], #require(image.writer))
    try image.close()
    #expect(try QcowImage.repair(shared, .all).exitStatus == 2)
    #expect(
      fault { _ = try QcowImage(shared, readOnly: false) }?.contains("overlaps") == true)
  }

  @Test("C14: what cannot be read stays reported, and the image stays marked")
  func unrepairable() throws {
    var fixture = QcowFixture()
    fixture.put64(QcowFixture.l2 + 8, UInt64(QcowFixture.data) + 512)
    fixture.put64(72, 2)
    let store = fixture.store()
    #expect(try QcowImage.repair(store, .all).corruptions == 1)
    #expect(try QcowHeader(reading: store).isCorrupt)
    #expect(store.bytes[QcowFixture.l2 + 15] == 0 && store.bytes[QcowFixture.l2 + 14] == 0x52)
  }

  @Test("C8: a stream that does not inflate is found when the content is checked")
  func contentCheck() throws {
    var fixture = QcowFixture()
    fixture.mapCompressed(0, at: QcowFixture.data, moreSectors: 0)
    #expect(try QcowImage.check(fixture.store()).exitStatus == 0)
    #expect(try QcowImage.check(fixture.store(), verifiesContent: true).exitStatus == 2)
  }

  @Test("C4, I39: the zero flag in version 2 is a corruption")
  func zeroFlag() throws {
    var fixture = QcowFixture(version: 2)
    fixture.put64(QcowFixture.l2 + 8, 1)
    #expect(try QcowImage.check(fixture.store()).exitStatus == 2)
  }

  @Test("C17, I31: many L1 entries that name one L2 table are checked at once")
  func hostileL1() throws {
    var fixture = QcowFixture()
    fixture.put64(40, UInt64(6 * QcowFixture.cluster))
    fixture.put32(36, 262_144)
    for index in 0..<262_144 {
      _ = index
      fixture.bytes += [0, 0, 0, 0, 0, 0, 0x40, 0]
    }
    let report = try QcowImage.check(fixture.store())
    #expect(report.exitStatus == 2)
  }
}
