import MachineTestKit
import Testing

@testable import DiskImages

/// What a writer does when it meets tables that somebody has damaged: it leaves them as they are.
@Suite struct DamagedTablesTests {
  private static let cluster = 4096

  /// An image of 16 clusters with data in all and one snapshot of them, whose clusters are shared.
  private func imageWithSnapshot() throws -> MemoryFileStore {
    let store = try ImageOperationTests.newImage(Self.cluster, 16 * Self.cluster)
    let image = try QcowImage(store, readOnly: false)
    try image.write(at: 0, TestRandom.bytes(16 * Self.cluster, seed: 1))
    try image.createSnapshot(named: "one", seconds: 1)
    try image.close()
    return store
  }

  private func patch(
    _ store: MemoryFileStore, at offset: UInt64, _ change: (UInt64) -> UInt64
  ) throws {
    let word = quadwords(try store.bytes(at: offset, count: 8))[0]
    try store.write(at: offset, bigEndianBytes(of: [change(word)]))
  }

  private func l2Offset(_ store: MemoryFileStore) throws -> UInt64 {
    let header = try QcowHeader(reading: store)
    let word = quadwords(try store.bytes(at: header.l1Offset, count: 8))[0]
    return L1Entry(rawValue: word).l2Offset
  }

  @Test("R14, W36: deleting a snapshot writes nothing through an L1 entry that is no table's place")
  func deletionBesideDamage() throws {
    let store = try imageWithSnapshot()
    let image = try QcowImage(store, readOnly: false)
    try image.write(at: 0, TestRandom.bytes(Self.cluster, seed: 2))
    try image.close()
    // The active entry names the middle of a data cluster.
    let header = try QcowHeader(reading: store)
    let data = L2Entry(rawValue: quadwords(try store.bytes(at: l2Offset(store), count: 8))[0])
    try patch(store, at: header.l1Offset) { _ in data.clusterOffset + 512 }
    let content = try store.bytes(at: data.clusterOffset, count: 2 * Self.cluster)
    let damaged = try QcowImage(store, readOnly: false)
    _ = fault { try damaged.deleteSnapshot(at: 0) }
    _ = fault { try damaged.close() }
    #expect(try store.bytes(at: data.clusterOffset, count: 2 * Self.cluster) == content)
  }

  @Test("W36: a snapshot with a damaged table is not deleted by half")
  func deletionOfDamage() throws {
    let store = try imageWithSnapshot()
    try patch(store, at: l2Offset(store) + 8) { $0 | 1 << 57 }
    let image = try QcowImage(store, readOnly: false)
    #expect(fault { try image.deleteSnapshot(at: 0) }?.contains("reserved bits") == true)
    try image.close()
    #expect(try QcowImage(store).snapshots.map(\.name) == ["one"])
  }

  @Test("W36: a snapshot with more references than its clusters have is not deleted by half")
  func deletionOfRepeatedReferences() throws {
    let store = try imageWithSnapshot()
    let first = quadwords(try store.bytes(at: l2Offset(store), count: 8))[0]
    try patch(store, at: l2Offset(store) + 8) { _ in first }
    try patch(store, at: l2Offset(store) + 16) { _ in first }
    let image = try QcowImage(store, readOnly: false)
    #expect(fault { try image.deleteSnapshot(at: 0) }?.contains("alone has 3") == true)
    try image.close()
    let after = try QcowImage(store)
    #expect(after.snapshots.map(\.name) == ["one"])
    #expect(!after.header.isCorrupt)
  }

  @Test("W13: a cluster that a snapshot shares is not written, whatever its COPIED flag says")
  func forgedCopied() throws {
    let store = try imageWithSnapshot()
    try patch(store, at: l2Offset(store)) { $0 | EntryBits.copied }
    let image = try QcowImage(store, readOnly: false)
    try image.writeZeroes(0..<UInt64(Self.cluster), mayUnmap: false)
    try image.write(at: 0, [UInt8](repeating: 7, count: Self.cluster))
    try image.close()
    let old = try QcowImage(store)
    try old.showSnapshot(at: 0)
    #expect(
      try old.bytes(at: 0, count: 16 * Self.cluster)
        == TestRandom.bytes(16 * Self.cluster, seed: 1))
  }

  @Test("I71: a snapshot of an impossible size is not shown by half")
  func showingOfDamage() throws {
    let store = try imageWithSnapshot()
    let image = try QcowImage(store, readOnly: false)
    let writer = try #require(image.writer)
    var snapshot = image.snapshots[0]
    snapshot.l1Count = 0
    snapshot.diskByteCount = 1 << 60
    try image.replaceSnapshotTable([snapshot], writer)
    try image.close()
    let view = try QcowImage(store)
    #expect(
      fault { try view.showSnapshot(at: 0) }?.contains("the disk had 1152921504606846976") == true)
    #expect(
      try view.bytes(at: 0, count: 16 * Self.cluster)
        == TestRandom.bytes(16 * Self.cluster, seed: 1))
  }

  @Test("I35: a write through an entry far behind the end does not extend the file")
  func farEntry() throws {
    var fixture = QcowFixture()
    fixture.put64(QcowFixture.l2, 1 << 55 | QcowFixture.copied)
    let store = fixture.store()
    let image = try QcowImage(store, readOnly: false)
    #expect(fault { try image.write(at: 0, [1]) }?.contains("call free") == true)
    #expect(try store.byteCount() == UInt64(fixture.bytes.count))
    #expect(try QcowHeader(reading: store).isCorrupt)
  }

  @Test("W20: an entry that names metadata releases nothing, whoever empties it", arguments: 0..<5)
  func releaseOfMetadata(change: Int) throws {
    var fixture = QcowFixture()
    fixture.put64(QcowFixture.l2 + 8 * 63, UInt64(QcowFixture.l1) | QcowFixture.copied)
    let store = fixture.store()
    let image = try QcowImage(store, readOnly: false)
    let place: UInt64 = 63 * 4096
    let line = fault {
      switch change {
      case 0: try image.resize(to: place, mayShrink: true)
      case 1: try image.resize(to: 0, mayShrink: true)
      case 2: try image.discard(place..<place + 4096)
      case 3: try image.dropContent()
      default: try image.createSnapshot(named: "a", seconds: 0)
      }
    }
    #expect(line?.contains("an L2 entry points to the L1 table") == true, "\(line ?? "done")")
    _ = fault { try image.close() }
    let after = try QcowImage(store)
    #expect(after.byteCount == 4 << 20)
    #expect(try after.bytes(at: 0, count: 4096) == (0..<4096).map(QcowFixture.pattern))
    #expect(after.snapshots.isEmpty)
  }

  @Test(
    "W20: a cluster that the refcounts call free is not given to two", arguments: [false, true])
  func releaseOfFreeCluster(isCompressed: Bool) throws {
    var fixture = QcowFixture()
    if isCompressed {
      // The sectors of the stream reach into the next cluster, which nobody has counted.
      let stream = try deflated((0..<4096).map(QcowFixture.pattern))
      let offset = fixture.append(stream)
      fixture.put32(QcowFixture.refcountBlock + 12, 0x0001_0000)
      fixture.mapCompressed(0, at: offset, moreSectors: 15)
      fixture.put32(QcowFixture.refcountBlock + 8, 0x0001_0000)
    } else {
      fixture.put64(QcowFixture.l2, UInt64(QcowFixture.data))
      fixture.put32(QcowFixture.refcountBlock + 8, 0x0001_0000)
    }
    let store = fixture.store()
    #expect(try QcowImage.check(store).exitStatus == 2)
    let image = try QcowImage(store.copy(), readOnly: false)
    #expect(
      fault { try image.write(at: 0, [UInt8](repeating: 9, count: 4096)) }?.contains("call free")
        == true)
    let repaired = try QcowImage.repair(store, .all)
    #expect(repaired.exitStatus == 0, "\(repaired.findings)")
    let whole = try QcowImage(store, readOnly: false)
    #expect(try whole.bytes(at: 0, count: 4096) == (0..<4096).map(QcowFixture.pattern))
    try whole.write(at: 4096, [UInt8](repeating: 5, count: 4096))
    try whole.write(at: 0, [UInt8](repeating: 9, count: 4096))
    try whole.close()
    let again = try QcowImage(store)
    #expect(
      try again.bytes(at: 0, count: 8192)
        == [UInt8](repeating: 9, count: 4096) + [UInt8](repeating: 5, count: 4096))
    #expect(try QcowImage.check(store).exitStatus == 0)
  }

  @Test(
    "W37: applying a snapshot leaves damage behind, and clusters that the disk has twice",
    arguments: [false, true])
  func applyingOverDamage(isRepeated: Bool) throws {
    let store = try imageWithSnapshot()
    let image = try QcowImage(store, readOnly: false)
    try image.write(at: 0, TestRandom.bytes(2 * Self.cluster, seed: 2))
    try image.close()
    if isRepeated {
      let first = quadwords(try store.bytes(at: l2Offset(store), count: 8))[0]
      try patch(store, at: l2Offset(store) + 8) { _ in first }
    } else {
      let header = try QcowHeader(reading: store)
      try patch(store, at: l2Offset(store)) { $0 + 512 }
      try patch(store, at: l2Offset(store) + 8) { _ in header.l1Offset }
    }
    let damaged = try QcowImage(store, readOnly: false)
    try damaged.applySnapshot(at: 0)
    try damaged.close()
    #expect(
      try QcowImage(store).bytes(at: 0, count: 16 * Self.cluster)
        == TestRandom.bytes(16 * Self.cluster, seed: 1))
    #expect(try QcowImage.check(store).exitStatus == 3)
  }

  @Test("C17, I31: a snapshot of an L1 table that names one L2 table over and over is refused")
  func repeatedTable() throws {
    var fixture = QcowFixture()
    fixture.put64(40, UInt64(6 * QcowFixture.cluster))
    fixture.put32(36, 4)
    for cluster in 0..<7 {
      fixture.put32(QcowFixture.refcountBlock + 2 * cluster, 0x0001_0001)
    }
    fixture.bytes += (0..<4).flatMap { _ in bigEndianBytes(of: [UInt64(QcowFixture.l2)]) }
    fixture.bytes += [UInt8](repeating: 0, count: QcowFixture.cluster - 32)
    let image = try QcowImage(fixture.store(), readOnly: false)
    #expect(
      fault { try image.createSnapshot(named: "a", seconds: 0) }?.contains("of its own") == true)
    #expect(image.snapshots.isEmpty)
  }

  @Test("I71: a snapshot whose L1 table claims all of the file is entered at once")
  func hugeRange() {
    var map = MetadataMap(ClusterGeometry(clusterBits: 9))
    #expect(map.insert(.l2, at: 1 << 20, byteCount: 512) == nil)
    #expect(map.insert(.snapshotL1, at: 1 << 21, byteCount: 1 << 60) == nil)
    #expect(map.insert(.snapshotL1, at: 0, byteCount: 1 << 60) == .snapshotL1)
    #expect(map.insert(.refcountBlock, at: 1 << 50, byteCount: 512) == .snapshotL1)
    #expect(map.owner(at: 0, byteCount: 1 << 21) == .l2)
  }

  @Test("C1: tables of bitmaps that are too big are not counted, and nothing is repaired then")
  func hugeBitmapTable() throws {
    var fixture = QcowFixture()
    let directory = fixture.append(
      bigEndianBytes(of: [1 << 40, 0xFFFF_FFFF << 32, 0x0110_0001_0000_0000])
        + [UInt8](repeating: 0, count: 8))
    fixture.put64(88, 1)
    fixture.put32(112, 0x2385_2875)
    fixture.put32(116, 24)
    fixture.put32(120, 1)
    fixture.put64(128, 32)
    fixture.put64(136, UInt64(directory))
    let store = fixture.store()
    try store.setByteCount(1 << 45)
    let report = try QcowImage.check(store)
    #expect(report.exitStatus == 1)
    #expect(report.findings.contains { $0.hasPrefix("not checked: the tables of bitmaps") })
    store.isRecording = true
    #expect(try QcowImage.repair(store, .all).exitStatus == 1)
    #expect(store.changes.isEmpty)
  }
}
