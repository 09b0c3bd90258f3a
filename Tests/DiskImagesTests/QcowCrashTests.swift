import MachineTestKit
import Testing

@testable import DiskImages

/// Power cuts at every point of a recorded load: what was not flushed is lost in part, in any
/// order, also in the middle of a write.
@Suite struct QcowCrashTests {
  private static let sector = 512

  struct Kind: CustomTestStringConvertible, Sendable {
    var clusterSize: Int
    var version = 3
    var backing = false
    var compressed = false
    var isLazy = false
    var testDescription: String {
      "clusters of \(clusterSize), version \(version)" + (backing ? ", backing" : "")
        + (compressed ? ", compressed" : "") + (isLazy ? ", lazy" : "")
    }
    static let all = [
      Kind(clusterSize: 512), Kind(clusterSize: 512, backing: true),
      Kind(clusterSize: 512, version: 2, backing: true), Kind(clusterSize: 4096, backing: true),
      Kind(clusterSize: 4096, compressed: true), Kind(clusterSize: 512, isLazy: true),
      Kind(clusterSize: 4096, backing: true, compressed: true, isLazy: true),
    ]
  }

  /// What the guest wrote into a sector, and from which to which recorded change.
  private struct Event {
    var changes: Range<Int>
    /// Sectors and their new value; a discard may also keep the old one.
    var sectors: Range<Int>
    var value: UInt8
    var isFlush = false
  }

  @Test(
    "W1-W10, W23, W38: after a power cut at worst clusters leak, and flushed sectors are there",
    arguments: Kind.all, 1...TestScale.seeds)
  func powerCuts(kind: Kind, seed: UInt64) throws {
    let sectorCount = 100
    let size = sectorCount * Self.sector
    let store = MemoryFileStore()
    _ = try QcowWritingTests.create(
      ImageKind(
        clusterSize: kind.clusterSize, refcountBits: kind.version == 2 ? 16 : 64,
        version: kind.version, hasBacking: kind.backing, isLazy: kind.isLazy),
      byteCount: size, on: store)
    let base: (any DiskImage)? =
      kind.backing
      ? try RawImage(MemoryFileStore([UInt8](repeating: 0xBB, count: size / 2)), readOnly: true)
      : nil
    var initial = [UInt8](repeating: 0, count: sectorCount)
    if kind.backing {
      initial.replaceSubrange(
        0..<sectorCount / 2, with: repeatElement(0xBB, count: sectorCount / 2))
    }
    if kind.compressed {
      for sector in 0..<sectorCount { initial[sector] = UInt8(sector + 100) }
      let content = initial.flatMap { [UInt8](repeating: $0, count: Self.sector) }
      var conversion = ImageConversion()
      conversion.isCompressing = true
      try conversion.run(
        from: RawImage(MemoryFileStore(content), readOnly: true),
        to: QcowImage(store, readOnly: false, backing: base))
    }
    let start = store.copy()
    store.isRecording = true
    let events = try load(QcowImage(store, readOnly: false, backing: base), store, seed: seed)

    var sawDirty = false
    try PowerCuts(start: start, changes: store.changes).forEach(seed: seed) { disk, cut in
      if try QcowHeader(reading: disk).isDirty {
        // Whoever opens it for writing does this first.
        sawDirty = true
        #expect(try QcowImage.repair(disk, .all).exitStatus == 0, "cut \(cut)")
      }
      try expectIntact(disk, base, initial, events, cut: cut)
    }
    #expect(sawDirty == kind.isLazy)
  }

  /// Runs a random load and answers what it did.
  private func load(
    _ image: QcowImage, _ store: MemoryFileStore, seed: UInt64
  ) throws -> [Event] {
    var random = TestRandom(seed: seed &+ 100)
    var events: [Event] = []
    let sectorCount = Int(image.byteCount) / Self.sector
    for step in 0..<30 {
      let first = Int.random(in: 0..<sectorCount, using: &random)
      let end = Int.random(in: first + 1...min(sectorCount, first + 16), using: &random)
      let range = UInt64(first * Self.sector)..<UInt64(end * Self.sector)
      var event = Event(changes: 0..<0, sectors: first..<end, value: UInt8(step + 1))
      let before = store.changes.count
      switch Int.random(in: 0..<8, using: &random) {
      case 0..<4:
        try image.write(
          at: range.lowerBound,
          [UInt8](repeating: event.value, count: Int(range.upperBound - range.lowerBound)))
      case 4:
        event.value = 0
        try image.writeZeroes(range, mayUnmap: true)
      case 5:
        event.value = 0
        try image.writeZeroes(range, mayUnmap: false)
      default:
        event.isFlush = true
        try image.flush()
      }
      event.changes = before..<store.changes.count
      events.append(event)
    }
    try image.close()
    return events
  }

  private func expectIntact(
    _ disk: MemoryFileStore, _ base: (any DiskImage)?, _ initial: [UInt8], _ events: [Event],
    cut: Int
  ) throws {
    let sectorCount = initial.count
    let report = try QcowImage.check(disk)
    #expect([0, 3].contains(report.exitStatus), "cut \(cut): \(report.findings)")
    let image = try QcowImage(disk, backing: base)
    let flushed = events.lastIndex { $0.isFlush && $0.changes.upperBound <= cut } ?? -1
    var allowed = initial.map { Set([$0]) }
    for (index, event) in events.enumerated() where !event.isFlush {
      if index > flushed, event.changes.lowerBound >= cut, cut > 0, event.changes.count > 0 {
        break
      }
      for sector in event.sectors {
        if index <= flushed {
          allowed[sector] = [event.value]
        } else {
          allowed[sector].insert(event.value)
        }
      }
    }
    for sector in 0..<sectorCount {
      let bytes = try image.bytes(at: UInt64(sector * Self.sector), count: Self.sector)
      if !(allowed[sector].contains(bytes[0]) && bytes.allSatisfy { $0 == bytes[0] }) {
        Issue.record("cut \(cut): sector \(sector) holds \(bytes[0]), allowed \(allowed[sector])")
        return
      }
    }
  }
}
