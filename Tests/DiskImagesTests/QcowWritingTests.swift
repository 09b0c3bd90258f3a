import MachineTestKit
import Testing

@testable import DiskImages

/// A kind of image for the random load.
struct ImageKind: CustomTestStringConvertible, Sendable {
  var clusterSize: Int
  var refcountBits = 16
  var version = 3
  var hasBacking = false
  var isLazy = false
  var testDescription: String {
    "clusters of \(clusterSize), \(refcountBits) bits, version \(version)"
      + (hasBacking ? ", backing" : "") + (isLazy ? ", lazy" : "")
  }

  static let all: [Self] =
    [1, 2, 4, 8, 16, 32, 64].map { Self(clusterSize: 512, refcountBits: $0) }
    + [4096, 65536].map { Self(clusterSize: $0) }
    + [512, 4096].map { Self(clusterSize: $0, version: 2) }
    + [512, 4096].map { Self(clusterSize: $0, hasBacking: true) }
    + [512, 4096].map { Self(clusterSize: $0, version: 2, hasBacking: true) }
    + [512, 4096].map { Self(clusterSize: $0, isLazy: true) }
}

@Suite struct QcowWritingTests {
  static func create(
    _ kind: ImageKind, byteCount: Int, on store: any FileStore = MemoryFileStore()
  ) throws -> any FileStore {
    var options = QcowImage.CreationOptions(byteCount: UInt64(byteCount))
    options.clusterSize = kind.clusterSize
    options.refcountBits = kind.refcountBits
    options.version = kind.version
    options.hasLazyRefcounts = kind.isLazy
    if kind.hasBacking {
      options.backingName = "base"
      options.backingFormat = .raw
    }
    try QcowImage.create(on: store, options)
    return store
  }

  @Test(
    "W1-W28: a random load agrees with a plain array and leaves no leak", arguments: ImageKind.all,
    1...TestScale.seeds)
  func randomLoad(_ kind: ImageKind, seed: UInt64) throws {
    let size = 100 * 1024 + 512
    var random = TestRandom(seed: 77)
    // The backing image is shorter than the disk.
    let baseBytes = kind.hasBacking ? random.bytes(70_144) : []
    let base: (any DiskImage)? =
      kind.hasBacking ? try RawImage(MemoryFileStore(baseBytes), readOnly: true) : nil
    let store = try Self.create(kind, byteCount: size)
    var load = GuestLoad(
      seed: seed, content: baseBytes + [UInt8](repeating: 0, count: size - baseBytes.count))
    for _ in 0..<2 {
      let image = try QcowImage(store, readOnly: false, backing: base)
      for _ in 0..<40 { try load.step(image, limit: 12000) }
      try image.close()
      let report = try QcowImage.check(store)
      #expect(report.exitStatus == 0, "\(report.findings)")
    }
    let image = try QcowImage(store, backing: base)
    #expect(try image.bytes(at: 0, count: size) == load.model)
  }

  @Test("W8: the refcount table moves when it is full")
  func refcountTableGrowth() throws {
    let store = try Self.create(
      ImageKind(clusterSize: 512, refcountBits: 64), byteCount: 4 << 20)
    let image = try QcowImage(store, readOnly: false)
    let old = image.header.refcountTableOffset
    let block = [UInt8](repeating: 0x5A, count: 65536)
    for index in 0..<34 { try image.write(at: UInt64(index) * 65536, block) }
    try image.close()
    #expect(image.header.refcountTableOffset != old)
    #expect(try QcowImage.check(store).exitStatus == 0)
    #expect(try QcowImage(store).bytes(at: 33 * 65536, count: 65536) == block)
  }

  @Test("W9: structures of many clusters find a row where blocks count few")
  func longRuns() throws {
    // A refcount block counts 64 clusters; this L1 table has 100.
    let store = try Self.create(ImageKind(clusterSize: 512, refcountBits: 64), byteCount: 65536)
    let image = try QcowImage(store, readOnly: false)
    try image.resize(to: 200 << 20)
    #expect(image.header.l1Count == 6400)
    for index in 0..<100 { try image.write(at: UInt64(index) * (2 << 20) + 77, [7, 8, 9]) }
    try image.createSnapshot(named: "a", seconds: 0)
    try image.write(at: 77, [1])
    try image.deleteSnapshot(at: 0)
    try image.close()
    let report = try QcowImage.check(store)
    #expect(report.exitStatus == 0, "\(report.findings)")
    #expect(try QcowImage(store).bytes(at: 198 << 20, count: 80).suffix(3) == [7, 8, 9])
  }

  @Test("W12: data that is the file's only copy is overwritten in place, without metadata")
  func inPlace() throws {
    let store = MemoryFileStore()
    _ = try Self.create(ImageKind(clusterSize: 4096), byteCount: 1 << 20, on: store)
    let image = try QcowImage(store, readOnly: false)
    try image.write(at: 0, [UInt8](repeating: 1, count: 8192))
    try image.flush()
    store.isRecording = true
    try image.write(at: 5000, [1, 2, 3])
    try image.flush()
    guard case .stored(let offset) = try image.mapping(at: 5000).mapping else {
      Issue.record("not stored")
      return
    }
    #expect(store.changes == [.write(offset: offset, bytes: [1, 2, 3]), .flush])
  }

  @Test("W21: a full disk fails the request and leaves the image whole")
  func fullDisk() throws {
    let store = MemoryFileStore()
    _ = try Self.create(ImageKind(clusterSize: 512), byteCount: 100_000, on: store)
    let image = try QcowImage(store, readOnly: false)
    try image.write(at: 0, [UInt8](repeating: 1, count: 20000))
    try image.flush()
    let limit = try store.byteCount() + 3000
    store.failure = { operation, range in
      [.write, .resize].contains(operation) && range.upperBound > limit ? 28 : nil
    }
    do {
      try image.write(at: 20480, [UInt8](repeating: 2, count: 20000))
      Issue.record("written")
    } catch {
      #expect(error.isOutOfSpace)
    }
    store.failure = { _, _ in nil }
    #expect(try image.bytes(at: 0, count: 20000) == [UInt8](repeating: 1, count: 20000))
    try image.close()
    #expect(try QcowImage.check(store).exitStatus == 0)
  }

  @Test("W11: a failed flush fails; metadata that could not be written is written by the next")
  func failedFlush() throws {
    let store = MemoryFileStore()
    _ = try Self.create(ImageKind(clusterSize: 512), byteCount: 100_000, on: store)
    for victim in 0..<12 {
      let image = try QcowImage(store, readOnly: false)
      try image.write(at: UInt64(victim) * 5000, [UInt8](repeating: 7, count: 3000))
      try image.discard(0..<4096)
      var countdown = victim
      store.failure = { operation, _ in
        guard operation != .read else { return nil }
        countdown -= 1
        return countdown == -1 ? 5 : nil
      }
      let first = fault { try image.flush() }
      store.failure = { _, _ in nil }
      if countdown < 0 { #expect(first?.contains("Input/output error") == true) }
      try image.close()
      #expect(try QcowImage.check(store).exitStatus == 0)
    }
  }

  @Test(
    "W19, W20, I26, I28, I32: damage is met before it spreads; the image is marked corrupt",
    arguments: [
      // An L2 entry that names the L2 table, the header, the L1 table, the refcount block.
      (QcowFixture.l2, UInt64(QcowFixture.l2) | QcowFixture.copied, 0),
      (QcowFixture.l2, QcowFixture.copied, 4096),
      (QcowFixture.l2, UInt64(QcowFixture.l1) | QcowFixture.copied, 0),
      (QcowFixture.l2, UInt64(QcowFixture.refcountBlock) | QcowFixture.copied, 0),
    ])
  func guarded(offset: Int, value: UInt64, guestOffset: Int) throws {
    var fixture = QcowFixture()
    fixture.put64(offset, value)
    if guestOffset != 0 {
      for cluster in 0..<6 { fixture.bytes[QcowFixture.refcountBlock + 2 * cluster + 1] = 0 }
    }
    let store = fixture.store()
    let image = try QcowImage(store, readOnly: false)
    let line = fault { try image.write(at: UInt64(guestOffset), [1]) }
    #expect(line?.contains("is corrupt") == true)
    #expect(fault { try image.write(at: 1 << 20, [1]) } == line)
    #expect(try QcowHeader(reading: store).isCorrupt)
    #expect(
      store.bytes[QcowFixture.l1..<QcowFixture.l2] == fixture.bytes[QcowFixture.l1..<QcowFixture.l2]
    )
    #expect(
      fault { _ = try QcowImage(store, readOnly: false) }
        == "fixture: cannot be written: it is marked corrupt; repair it first")
  }

  @Test("R4, R5, R15, I23: what cannot be trusted with writes opens read-only")
  func refusedForWriting() throws {
    let damages: [(String, (inout QcowFixture) -> Void)] = [
      ("marked corrupt", { $0.put64(72, 2) }),
      ("not closed cleanly", { $0.put64(72, 1) }),
      ("L1 table at 0x2000 overlaps", { $0.put64(40, UInt64(QcowFixture.refcountBlock)) }),
      (
        "a refcount block at 0x3000 overlaps the L1 table",
        {
          $0.put64(QcowFixture.refcountTable, UInt64(QcowFixture.l1))
        }
      ),
    ]
    for (expected, damage) in damages {
      var fixture = QcowFixture()
      damage(&fixture)
      let line = fault { _ = try QcowImage(fixture.store(), readOnly: false) }
      #expect(line?.contains("cannot be written") == true)
      if !expected.hasPrefix("L1") { #expect(line?.contains(expected) == true, "\(line ?? "")") }
      #expect(throws: Never.self) { try QcowImage(fixture.store()) }
    }
    var reserved = QcowFixture()
    reserved.put64(QcowFixture.l2, UInt64(QcowFixture.data) | QcowFixture.copied | 1 << 57)
    let image = try QcowImage(reserved.store(), readOnly: false)
    #expect(fault { try image.write(at: 0, [1]) }?.contains("reserved bits") == true)
  }

  @Test("W22: autoclear bits are cleared, durably, before anything else")
  func autoclear() throws {
    var fixture = QcowFixture()
    fixture.put64(88, ~1)
    let store = fixture.store()
    store.isRecording = true
    _ = try QcowImage(store, readOnly: false)
    #expect(store.changes.count == 2)
    #expect(store.changes.last == .flush)
    #expect(try QcowHeader(reading: store).autoclearFeatures == 0)
  }

  @Test("W14, W18: writing into compressed clusters drops their references")
  func compressedNeighbours() throws {
    var fixture = QcowFixture()
    let stream = try deflated((0..<4096).map(QcowFixture.pattern))
    let start = fixture.append(stream + stream)
    fixture.bytes[QcowFixture.refcountBlock + 13] = 2
    for index in 0..<2 {
      let offset = start + index * stream.count
      fixture.mapCompressed(
        index + 1, at: offset, moreSectors: (offset % 512 + stream.count - 1) / 512)
    }
    let store = fixture.store()
    #expect(try QcowImage.check(store, verifiesContent: true).exitStatus == 0)
    let image = try QcowImage(store, readOnly: false)
    try image.write(at: 4096 + 100, [9, 9])
    try image.flush()
    #expect(try image.writer?.refcounts.count(6) == 1)
    #expect(
      try image.bytes(at: 4096 + 99, count: 4)
        == [QcowFixture.pattern(99), 9, 9, QcowFixture.pattern(102)])
    try image.discard(8192..<12288)
    try image.close()
    #expect(try image.writer?.refcounts.count(6) == 0)
    #expect(try QcowImage.check(store).exitStatus == 0)
  }
}
