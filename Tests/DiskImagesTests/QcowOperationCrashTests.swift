import MachineTestKit
import Testing

@testable import DiskImages

/// Power cuts, and disks that are full, at every write of the operations that change a whole image.
@Suite struct QcowOperationCrashTests {
  /// An operation on an image of some kind.
  struct Operation: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var kind = ImageKind(clusterSize: 512)
    var size = 30 * 1024
    /// What comes before the operation.
    var prepare: @Sendable (QcowImage) throws -> Void = { _ in }
    var run: @Sendable (QcowImage) throws -> Void
    /// Inside it COPIED may be missing, or set on clusters that leak (W38).
    var mayMissCopied = false
    var hasBacking: Bool { kind.hasBacking }

    static let all = [
      Operation("snapshot create", mayMissCopied: true) { try $0.keep("new") },
      Operation("second snapshot", mayMissCopied: true) {
        try $0.keep("old")
        try $0.write(at: 3000, [UInt8](repeating: 77, count: 4000))
      } run: {
        try $0.keep("new")
      },
      Operation("snapshot apply", mayMissCopied: true) {
        try $0.keep("old")
        try $0.write(at: 3000, [UInt8](repeating: 77, count: 4000))
      } run: {
        try $0.applySnapshot(at: 0)
      },
      Operation("snapshot apply after growth", mayMissCopied: true) {
        try $0.keep("old")
        try $0.resize(to: 100 << 10)
        try $0.write(at: 90 << 10, [UInt8](repeating: 77, count: 4000))
      } run: {
        try $0.applySnapshot(at: 0)
      },
      Operation("snapshot delete", mayMissCopied: true) {
        try $0.keep("old")
        try $0.write(at: 3000, [UInt8](repeating: 77, count: 4000))
        try $0.keep("other")
      } run: {
        try $0.deleteSnapshot(at: 0)
      },
      Operation("grow") { try $0.resize(to: 60 << 10) },
      Operation("grow with a new L1 table") { try $0.resize(to: 100 << 10) },
      Operation("grow over a bigger backing file", ImageKind(clusterSize: 512, hasBacking: true)) {
        try $0.resize(to: 60 << 10)
      },
      Operation("grow, preallocated") { try $0.resize(to: 60 << 10, preallocation: .metadata) },
      Operation("grow, preallocated in full") { try $0.resize(to: 60 << 10, preallocation: .full) },
      Operation("shrink") { try $0.resize(to: 5000, mayShrink: true) },
      Operation("shrink, version 2", ImageKind(clusterSize: 512, version: 2)) {
        try $0.resize(to: 5000, mayShrink: true)
      },
      Operation("empty after a commit", ImageKind(clusterSize: 512, hasBacking: true)) {
        try $0.dropContent()
      },
      Operation("lazy: snapshot create", ImageKind(clusterSize: 512, isLazy: true)) {
        try $0.keep("new")
      },
      Operation("lazy: grow", ImageKind(clusterSize: 512, isLazy: true)) {
        try $0.resize(to: 100 << 10)
        try $0.write(at: 80 << 10, [UInt8](repeating: 77, count: 4000))
        try $0.flush()
      },
      Operation(
        "lazy: grow over a bigger backing file",
        ImageKind(clusterSize: 512, hasBacking: true, isLazy: true)
      ) {
        try $0.resize(to: 60 << 10)
      },
      Operation("refcount table growth", ImageKind(clusterSize: 512, refcountBits: 64)) {
        image in
        // 64 entries for 64 blocks of 64 counts: 2 MiB of file, which are almost full here.
        try image.resize(to: 2200 << 10)
        var offset: UInt64 = 100 << 10
        while image.writer?.refcounts.entries.lastIndex(where: { $0 != 0 }) ?? 99 < 62 {
          try image.write(at: offset, [UInt8](repeating: 66, count: 8192))
          offset += 8192
        }
      } run: { image in
        try image.write(at: 30 << 10, [UInt8](repeating: 77, count: 69_000))
        try image.flush()
        #expect(image.header.refcountTableClusters > 1)
      },
    ]

    init(
      _ name: String, _ kind: ImageKind = ImageKind(clusterSize: 512), mayMissCopied: Bool = false,
      prepare: @escaping @Sendable (QcowImage) throws -> Void = { _ in },
      run: @escaping @Sendable (QcowImage) throws -> Void
    ) {
      testDescription = name
      self.kind = kind
      self.mayMissCopied = mayMissCopied
      self.prepare = prepare
      self.run = run
    }
  }

  /// What an image holds.
  private struct Content: Equatable {
    var disk: [UInt8]
    var snapshots: [String: [UInt8]] = [:]

    init(_ store: MemoryFileStore, _ backing: (any DiskImage)?) throws {
      let image = try QcowImage(store, backing: backing)
      disk = try image.bytes(at: 0, count: Int(image.byteCount))
      for (index, snapshot) in image.snapshots.enumerated() {
        let kept = try QcowImage(store, backing: backing)
        try kept.showSnapshot(at: index)
        snapshots[snapshot.name] = try kept.bytes(at: 0, count: Int(kept.byteCount))
      }
    }
  }

  /// An image before an operation, partly compressed, in part over a backing image.
  private func prepared(
    _ operation: Operation
  ) throws -> (store: MemoryFileStore, backing: (any DiskImage)?) {
    let store = MemoryFileStore()
    _ = try QcowWritingTests.create(operation.kind, byteCount: operation.size, on: store)
    var random = TestRandom(seed: 5)
    let backing: (any DiskImage)? =
      operation.hasBacking
      ? try RawImage(MemoryFileStore(random.bytes(40 << 10)), readOnly: true) : nil
    var conversion = ImageConversion()
    conversion.isCompressing = true
    let packed = (0..<16_384).map { UInt8(truncatingIfNeeded: $0 / 700) }
    try conversion.run(
      from: RawImage(MemoryFileStore(packed), readOnly: true),
      to: QcowImage(store, readOnly: false, backing: backing))
    let image = try QcowImage(store, readOnly: false, backing: backing)
    try image.write(at: 10_000, random.bytes(9000))
    try image.writeZeroes(12_288..<13_312, mayUnmap: false)
    try operation.prepare(image)
    try image.close()
    #expect(try QcowImage.check(store).exitStatus == 0)
    return (store, backing)
  }

  @Test(
    "W34-W38, C15: an operation that is cut leaves an image that opens, and loses nothing",
    arguments: Operation.all)
  func powerCuts(_ operation: Operation) throws {
    let (store, backing) = try prepared(operation)
    let start = store.copy()
    let before = try Content(start, backing)
    store.isRecording = true
    let image = try QcowImage(store, readOnly: false, backing: backing)
    try operation.run(image)
    // What follows is the clean end, which is cut too.
    let returned = store.changes.count
    try image.close()
    let after = try Content(store, backing)
    let hasChanged = after != before
    #expect(hasChanged)
    try PowerCuts(start: start, changes: store.changes, most: 40).forEach(seed: 1) { disk, cut in
      try expectWhole(
        disk, backing, before, after, operation, isDone: cut >= returned, "cut \(cut)")
    }
  }

  @Test(
    "W34: a header that is cut while its backing file changes is the old one or the new one",
    arguments: [512, 4096], 1...UInt64(8))
  func headerCuts(clusterSize: Int, seed: UInt64) throws {
    let kind = ImageKind(clusterSize: clusterSize, version: 2)
    let store = MemoryFileStore()
    _ = try QcowWritingTests.create(kind, byteCount: 4096, on: store)
    let longest = clusterSize - 200
    let names: [String?] = [
      "short", String(repeating: "a", count: min(600, longest)),
      String(repeating: "b", count: min(1000, longest)), nil, "end",
    ]
    var random = TestRandom(seed: seed)
    let steps: [(inout QcowImage) throws -> Void] =
      names.map { name in { try $0.setBacking(name: name, format: .raw) } }
      + [{ try $0.upgradeToVersion3() }]
    var states = [try QcowHeader(reading: store)]
    for step in steps.shuffled(using: &random) {
      let start = store.copy()
      store.isRecording = true
      let before = store.changes.count
      var image = try QcowImage(store, readOnly: false)
      try step(&image)
      states.append(try QcowHeader(reading: store))
      let known = states.suffix(2)
      try PowerCuts(start: start, changes: Array(store.changes[before...])).forEach(seed: seed) {
        disk, cut in
        let header = try QcowHeader(reading: disk)
        let isKnown = known.contains {
          $0.version == header.version && $0.backingName == header.backingName
            && $0.backingFormat == header.backingFormat
        }
        #expect(isKnown, "cut \(cut)")
        #expect(try QcowImage.check(disk).exitStatus == 0)
      }
    }
  }

  @Test("W34: new extensions do not touch the old backing name before the header names the new one")
  func extensionsOverName() throws {
    let store = MemoryFileStore()
    _ = try QcowWritingTests.create(ImageKind(clusterSize: 4096), byteCount: 4096, on: store)
    var header = try QcowHeader(reading: store)
    // Its extensions fill the first sector, and the name follows.
    header.extensions = [.init(type: 0x1234_5678, payload: [UInt8](repeating: 1, count: 384))]
    header.backingName = Array("base.qcow2".utf8)
    let encoded = header.encode()
    let bytes = try #require(encoded)
    #expect(bytes.count == 512 && header.backingNameOffset == 512)
    try store.write(at: 0, bytes + header.backingName)
    let start = store.copy()
    store.isRecording = true
    try QcowImage(store, readOnly: false).setBacking(name: "other.raw", format: .raw)
    try PowerCuts(start: start, changes: store.changes).forEach(seed: 3) { disk, cut in
      let now = try QcowHeader(reading: disk)
      let isOld = now.backingName == header.backingName && now.backingFormat == nil
      let isNew = now.backingName == Array("other.raw".utf8) && now.backingFormat == "raw"
      #expect(isOld || isNew, "cut \(cut)")
    }
    #expect(try QcowHeader(reading: store).backingFormat == "raw")
  }

  @Test(
    "W21: an operation that the host fails once, for want of space or in a flush, works later",
    arguments: Operation.all, [false, true])
  func hostFailure(_ operation: Operation, inFlush: Bool) throws {
    func isVictim(_ kind: MemoryFileStore.Operation) -> Bool {
      inFlush ? kind == .flush : kind == .write || kind == .resize
    }
    let (start, backing) = try prepared(operation)
    let before = try Content(start, backing)
    let reference = start.copy()
    var total = 0
    reference.failure = { kind, _ in
      total += isVictim(kind) ? 1 : 0
      return nil
    }
    let untroubled = try QcowImage(reference, readOnly: false, backing: backing)
    try operation.run(untroubled)
    let writesOfRun = total
    try untroubled.close()
    let after = try Content(reference, backing)
    let step = TestScale.seeds > 1 ? 1 : max(1, writesOfRun / 20)
    for victim in stride(from: 0, to: writesOfRun, by: step) {
      let store = start.copy()
      var writes = -1
      store.failure = { kind, _ in
        guard isVictim(kind) else { return nil }
        writes += 1
        return writes == victim ? (inFlush ? 5 : 28) : nil
      }
      let image = try QcowImage(store, readOnly: false, backing: backing)
      let failed = fault { try operation.run(image) } != nil
      store.failure = { _, _ in nil }
      #expect(writes >= victim)
      try image.flush()
      try expectWhole(
        store.copy(), backing, before, after, operation, isDone: !failed, "write \(victim)")
      // And once more, on the same open image, unless it had got to its point.
      let isUntouched =
        image.byteCount == UInt64(before.disk.count)
        && image.snapshots.count == before.snapshots.count
      if failed, isUntouched { try operation.run(image) }
      try image.close()
      try expectWhole(
        store, backing, before, after, operation, isDone: false, "closed, write \(victim)")
    }
  }

  /// Expects a file that holds `before` or `after`, or each sector of one of them, and that is
  /// whole, at the latest after a repair.
  private func expectWhole(
    _ disk: MemoryFileStore, _ backing: (any DiskImage)?, _ before: Content, _ after: Content,
    _ operation: Operation, isDone: Bool, _ place: String
  ) throws {
    let isDirty = try QcowHeader(reading: disk).isDirty
    #expect(!isDirty || operation.kind.isLazy)
    let report = try QcowImage.check(disk)
    let isCopiedOnly =
      operation.mayMissCopied && report.exitStatus == 2
      && report.findings.allSatisfy { $0.contains("COPIED") || $0.hasPrefix("leaked") }
    if !isDirty, !isCopiedOnly, ![0, 3].contains(report.exitStatus) {
      Issue.record("\(place): \(report.findings)")
      return
    }
    let content = try Content(disk, backing)
    expect(content, before, isDone ? after : before, after, place)
    if report.exitStatus != 0 || isDirty {
      let repaired = try QcowImage.repair(disk, .all)
      #expect(repaired.exitStatus == 0, "\(place): \(repaired.findings)")
      let isKept = try Content(disk, backing) == content
      #expect(isKept, "\(place): repaired")
    }
    let image = try QcowImage(disk, readOnly: false, backing: backing)
    try image.write(at: 700, [1, 2, 3])
    try image.close()
    #expect(try QcowImage.check(disk).exitStatus == 0, "\(place): written")
    var written = content
    written.disk.replaceSubrange(700..<703, with: [1, 2, 3])
    let isWritten = try Content(disk, backing) == written
    #expect(isWritten, "\(place): written")
  }

  private func expect(
    _ content: Content, _ before: Content, _ least: Content, _ after: Content, _ place: String
  ) {
    if least == after {
      let isDone = content == after
      #expect(isDone, "\(place): done")
      return
    }
    guard [before.disk.count, after.disk.count].contains(content.disk.count) else {
      Issue.record("\(place): size \(content.disk.count)")
      return
    }
    for start in stride(from: 0, to: content.disk.count, by: 512) {
      let sector = content.disk[start..<start + 512]
      let isKnown = [before, after].contains { side in
        start < side.disk.count
          ? side.disk[start..<start + 512] == sector : sector.allSatisfy { $0 == 0 }
      }
      guard isKnown else {
        Issue.record("\(place): sector at \(start) is neither old nor new")
        return
      }
    }
    for (name, kept) in content.snapshots {
      let isKept = kept == before.snapshots[name] ?? after.snapshots[name]
      #expect(isKept, "\(place): \(name)")
    }
    for name in before.snapshots.keys where after.snapshots[name] != nil {
      #expect(content.snapshots[name] != nil, "\(place): \(name) is gone")
    }
  }
}

extension QcowImage {
  fileprivate func keep(_ name: String) throws {
    try createSnapshot(named: name, seconds: 1)
  }
}
