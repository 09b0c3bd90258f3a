import MachineTestKit
import Testing

@testable import DiskImages

/// Random damage to whole images. Nothing here is expected of the content: every call may fail, in
/// one line, and none may crash, hang or eat memory.
@Suite struct HostileImageTests {
  /// An image with data, compressed and zero clusters, and two snapshots.
  private static func image(clusterSize: Int, version: Int) throws -> MemoryFileStore {
    let size = 40_960
    let store = try ImageOperationTests.newImage(clusterSize, size, version: version)
    var conversion = ImageConversion()
    conversion.isCompressing = true
    try conversion.run(
      from: RawImage(
        MemoryFileStore(ImageOperationTests.content(size, seed: 3)), readOnly: true),
      to: QcowImage(store, readOnly: false))
    let image = try QcowImage(store, readOnly: false)
    try image.createSnapshot(named: "one", seconds: 1)
    try image.write(at: 5000, [UInt8](repeating: 4, count: 9000))
    try image.createSnapshot(named: "two", seconds: 2)
    try image.writeZeroes(20_480..<24_576, mayUnmap: false)
    try image.close()
    return store
  }

  @Test(
    "I1-I80: random damage never crashes or hangs", arguments: [(512, 3), (512, 2), (4096, 3)])
  func randomDamage(kind: (clusterSize: Int, version: Int)) throws {
    let original = try Self.image(clusterSize: kind.clusterSize, version: kind.version)
    var random = TestRandom(seed: UInt64(kind.clusterSize + kind.version))
    for _ in 0..<60 * Int(TestScale.seeds) {
      let store = original.copy()
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        try damage(store, kind.clusterSize, &random)
      }
      exercise(store, &random)
    }
  }

  @Test("C17, I71: snapshots whose big L1 tables lie in a hole do not keep a check from ending")
  func snapshotTablesInHoles() throws {
    var fixture = QcowFixture()
    let count = 3000
    fixture.put32(60, UInt32(count))
    fixture.put64(64, UInt64(fixture.bytes.count))
    var table = [UInt8](repeating: 0, count: count * 40)
    // Each has 2^22 entries at an offset of its own, the last one first.
    for index in 0..<count {
      let offset = UInt64(2 * count - index) << 25
      table.replaceSubrange(index * 40..<index * 40 + 8, with: bigEndianBytes(of: [offset]))
      table[index * 40 + 9] = 0x40
    }
    _ = fixture.append(table)
    let store = fixture.store()
    try store.setByteCount(1 << 60)
    let start = processorTime()
    let report = try QcowImage.check(store)
    #expect(report.corruptions >= count)
    #expect(fault { _ = try QcowImage(store, readOnly: false) } == nil)
    #expect(processorTime() - start < 60)
  }

  @Test("C17, I21: L2 tables in a hole are counted and not read")
  func tablesInAHole() throws {
    let store = MemoryFileStore()
    let tables: UInt64 = 1 << 16
    var options = QcowImage.CreationOptions(byteCount: tables << 39)
    options.clusterSize = 1 << 21
    try QcowImage.create(on: store, options)
    let header = try QcowHeader(reading: store)
    let end = try store.byteCount() >> 21 + 1
    try store.write(
      at: header.l1Offset, bigEndianBytes(of: (0..<tables).map { (end + 2 * $0) << 21 | 1 << 63 }))
    try store.setByteCount((end + 2 * tables) << 21)
    var reads = 0
    store.failure = { operation, _ in
      if operation == .read { reads += 1 }
      return nil
    }
    // Each is not counted on disk, and its COPIED flag is wrong.
    #expect(try QcowImage.check(store).corruptions == 2 << 16)
    #expect(reads < 100)
  }

  /// Changes a byte, a quadword or the size, more often in the header than elsewhere.
  private func damage(
    _ store: MemoryFileStore, _ clusterSize: Int, _ random: inout TestRandom
  ) throws {
    let size = try store.byteCount()
    let inHeader = Int.random(in: 0..<4, using: &random) == 0
    let offset = UInt64.random(in: 0..<(inHeader ? min(120, size) : max(1, size)), using: &random)
    switch Int.random(in: 0..<5, using: &random) {
    case 0:
      try store.write(at: offset, [UInt8.random(in: 0...255, using: &random)])
    case 1:
      let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &random)
      try store.write(at: offset, [store.bytes(at: offset, count: 1)[0] ^ bit])
    case 2, 3:
      let cluster = UInt64.random(in: 0...size / UInt64(clusterSize) + 1, using: &random)
      let values: [UInt64] = [
        0, 1, .max, 1 << 63, 1 << 62, 1 << 55, cluster * UInt64(clusterSize),
        cluster * UInt64(clusterSize) | 1 << 63, cluster * UInt64(clusterSize) | 1 << 62,
        UInt64.random(in: 0...UInt64.max, using: &random),
      ]
      try store.write(
        at: offset & ~7,
        bigEndianBytes(of: [values[Int.random(in: 0..<values.count, using: &random)]]))
    default:
      if Int.random(in: 0..<10, using: &random) == 0 {
        try store.setByteCount(UInt64.random(in: 0...size * 2, using: &random))
      }
    }
  }

  /// Does everything with an image that a user can do.
  private func exercise(_ store: MemoryFileStore, _ random: inout TestRandom) {
    attempt { _ = try QcowImage.check(store, verifiesContent: true) }
    attempt {
      let image = try QcowImage(store)
      let limit = min(image.byteCount, 1 << 20)
      for offset in stride(from: 0, to: limit, by: 4096) {
        attempt { _ = try image.bytes(at: offset, count: Int(min(4096, limit - offset))) }
      }
      attempt { try ImageMap.forEachSegment(of: image) { _ in } }
    }
    let copy = store.copy()
    attempt { _ = try QcowImage.repair(copy, .leaks) }
    attempt { _ = try QcowImage.repair(copy, .all) }
    for target in [store, copy] {
      attempt {
        let image = try QcowImage(target, readOnly: false)
        let limit = min(image.byteCount, 1 << 20)
        for _ in 0..<10 where limit > 0 {
          let offset = UInt64.random(in: 0..<limit, using: &random)
          let count = min(2000, limit - offset)
          attempt { try image.write(at: offset, [UInt8](repeating: 1, count: Int(count))) }
          attempt { try image.discard(offset..<offset + count) }
          attempt { try image.writeZeroes(offset..<offset + count, mayUnmap: false) }
        }
        attempt { try image.createSnapshot(named: "new", seconds: 0) }
        attempt { try image.applySnapshot(at: 0) }
        attempt { try image.deleteSnapshot(at: 1) }
        attempt { try image.resize(to: 100_000, mayShrink: true) }
        attempt { try image.resize(to: 10_000, mayShrink: true) }
        attempt { try image.close() }
      }
    }
  }

  private func attempt(_ body: () throws -> Void) {
    let line = fault(body)
    #expect(line?.contains("\n") != true)
  }
}
