import MachineTestKit
import Testing

@testable import DiskImages

@Suite struct ImageOperationTests {
  /// Bytes with empty, repetitive and random clusters.
  static func content(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = TestRandom(seed: seed)
    var bytes: [UInt8] = []
    while bytes.count < count {
      switch Int.random(in: 0..<3, using: &random) {
      case 0: bytes += [UInt8](repeating: 0, count: 5000)
      case 1: bytes += random.bytes(3000)
      default: bytes += (0..<6000).map { UInt8(truncatingIfNeeded: $0 / 60) }
      }
    }
    return Array(bytes.prefix(count))
  }

  static func newImage(
    _ clusterSize: Int, _ byteCount: Int, refcountBits: Int = 16, version: Int = 3
  ) throws -> MemoryFileStore {
    let store = MemoryFileStore()
    _ = try QcowWritingTests.create(
      ImageKind(clusterSize: clusterSize, refcountBits: refcountBits, version: version),
      byteCount: byteCount, on: store)
    return store
  }

  @Test(
    "V1-V8: conversion keeps the content, compressed or not",
    arguments: [(512, 1), (512, 16), (4096, 16), (65536, 64)], [true, false])
  func conversion(kind: (clusterSize: Int, refcountBits: Int), isCompressing: Bool) throws {
    let bytes = Self.content(150_016, seed: 8)
    let source = try RawImage(MemoryFileStore(bytes), readOnly: true)
    let store = try Self.newImage(kind.clusterSize, bytes.count, refcountBits: kind.refcountBits)
    var conversion = ImageConversion()
    conversion.isCompressing = isCompressing
    var last: UInt64 = 0
    conversion.progress = { done, _ in
      last = done
      return true
    }
    try conversion.run(from: source, to: QcowImage(store, readOnly: false))
    #expect(last == UInt64(bytes.count))
    let image = try QcowImage(store)
    #expect(try image.bytes(at: 0, count: bytes.count) == bytes)
    #expect(try ImageComparison.run(image, source) == .same)
    let report = try QcowImage.check(store, verifiesContent: true)
    #expect(report.exitStatus == 0, "\(report.findings)")
    #expect((report.compressedClusters > 0) == isCompressing)
    let back = MemoryFileStore()
    try back.setByteCount(UInt64(bytes.count))
    try ImageConversion().run(from: image, to: RawImage(back, readOnly: false))
    #expect(back.bytes == bytes)
  }

  @Test("A conversion can be stopped, and refuses a smaller target")
  func stoppedConversion() throws {
    let source = try RawImage(MemoryFileStore(Self.content(65536, seed: 1)), readOnly: true)
    var conversion = ImageConversion()
    conversion.progress = { _, _ in false }
    let store = try Self.newImage(4096, 65536)
    #expect(
      fault { try conversion.run(from: source, to: QcowImage(store, readOnly: false)) }?.contains(
        "interrupted") == true)
    let small = try Self.newImage(4096, 65024)
    #expect(
      fault { try ImageConversion().run(from: source, to: QcowImage(small, readOnly: false)) }?
        .contains("less than") == true)
  }

  @Test("Comparison finds the first difference; a longer disk may end in zeroes")
  func comparison() throws {
    var bytes = Self.content(100_352, seed: 2)
    let left = try RawImage(MemoryFileStore(bytes), readOnly: true)
    let longer = try RawImage(
      MemoryFileStore(bytes + [UInt8](repeating: 0, count: 4096)), readOnly: true)
    #expect(try ImageComparison.run(left, longer) == .same)
    bytes[70_000] ^= 1
    let other = try RawImage(MemoryFileStore(bytes), readOnly: true)
    #expect(try ImageComparison.run(left, other) == .differs(offset: 70_000))
  }

  @Test("R25: the map walks the chain and merges neighbours")
  func map() throws {
    let base = MemoryFileStore()
    try base.setByteCount(1 << 20)
    try base.write(at: 65536, [UInt8](repeating: 1, count: 4096))
    let store = MemoryFileStore()
    _ = try QcowWritingTests.create(
      ImageKind(clusterSize: 4096, hasBacking: true), byteCount: 2 << 20, on: store)
    let image = try QcowImage(
      store, readOnly: false, backing: RawImage(base, readOnly: true))
    try image.write(at: 0, [UInt8](repeating: 2, count: 8192))
    try image.writeZeroes(8192..<16384, mayUnmap: true)
    var segments: [ImageMap.Segment] = []
    try ImageMap.forEachSegment(of: image) { segments.append($0) }
    #expect(segments.map(\.start) == [0, 8192, 16384, 65536, 69632, 1 << 20])
    #expect(segments.map(\.depth) == [0, 0, 1, 1, 1, 0])
    #expect(segments.map(\.length).reduce(0, +) == 2 << 20)
    #expect(segments[1].mapping == .zero(reservedAt: nil))
    #expect(segments[3].mapping == .stored(fileOffset: 65536))
    #expect(segments[5].mapping == .unallocated)
  }

  @Test("W34: resizing keeps what remains and shows nothing old", arguments: [2, 3])
  func resize(version: Int) throws {
    let store = try Self.newImage(512, 70_144, version: version)
    let image = try QcowImage(store, readOnly: false)
    let bytes = [UInt8](repeating: 0xAB, count: 70_144)
    try image.write(at: 0, bytes)
    #expect(fault { try image.resize(to: 1000) }?.contains("allow shrinking") == true)
    // An L1 table of one cluster holds 64 entries of 32 KiB: this needs a bigger one.
    try image.resize(to: 3 << 20)
    #expect(
      try image.bytes(at: 70_000, count: 1000) == bytes.prefix(144)
        + [UInt8](repeating: 0, count: 856))
    try image.write(at: (3 << 20) - 3, [1, 2, 3])
    try image.resize(to: 40_500, mayShrink: true)
    #expect(image.byteCount == 40_960)
    try image.resize(to: 70_144)
    #expect(
      try image.bytes(at: 0, count: 70_144) == bytes.prefix(40_960)
        + [UInt8](repeating: 0, count: 29_184))
    try image.close()
    let report = try QcowImage.check(store)
    #expect(report.exitStatus == 0, "\(report.findings)")
    #expect(
      fault { try QcowImage(store, readOnly: false).resize(to: .max) }?.contains("cannot have")
        == true)
  }

  @Test("W26: what lies behind the end of the disk does not come up when it grows")
  func growthOverMachineState() throws {
    // Data behind the end is what is left when a snapshot with a machine's state was applied.
    let store = try Self.newImage(512, 200_704)
    let image = try QcowImage(store, readOnly: false)
    try image.write(at: 0, [UInt8](repeating: 5, count: 200_704))
    try image.close()
    try store.write(at: 24, bigEndianBytes(of: [10_000 & ~511]))
    let smaller = try QcowImage(store, readOnly: false)
    try smaller.resize(to: 300_032)
    try smaller.close()
    let expected = [UInt8](repeating: 5, count: 9728) + [UInt8](repeating: 0, count: 290_304)
    #expect(try QcowImage(store).bytes(at: 0, count: 300_032) == expected)
    let report = try QcowImage.check(store)
    #expect(report.exitStatus == 0, "\(report.findings)")
  }

  @Test("A disk whose new part finds no space on the host keeps its size")
  func growthWithoutSpace() throws {
    let store = try Self.newImage(4096, 65536)
    store.allocationLimit = store.allocatedByteCount + 100_000
    let image = try QcowImage(store, readOnly: false)
    #expect(fault { try image.resize(to: 10 << 20, preallocation: .full) } != nil)
    #expect(image.byteCount == 65536)
    try image.close()
    #expect(try QcowImage(store).byteCount == 65536)
    let report = try QcowImage.check(store)
    #expect(report.exitStatus == 0, "\(report.findings)")
  }

  @Test("A lazy image is clean after its backing file was changed", arguments: [true, false])
  func rebasedLazily(isLazy: Bool) throws {
    let store = try Self.newImage(4096, 65536)
    let image = try QcowImage(store, readOnly: false)
    try image.setLazyRefcounts(isLazy)
    try image.write(at: 5000, [UInt8](repeating: 1, count: 9000))
    try image.setBacking(name: "base.raw", format: .raw)
    #expect(try QcowHeader(reading: store).isDirty == false)
    let report = try QcowImage.check(store)
    #expect(report.exitStatus == 0, "\(report.findings)")
  }

  @Test("W35-W37: snapshots are made, applied and deleted under load", arguments: [512, 4096])
  func snapshots(clusterSize: Int) throws {
    let size = 90_112
    let content = Self.content(size, seed: 6)
    let store = try Self.newImage(clusterSize, size)
    var conversion = ImageConversion()
    conversion.isCompressing = true
    try conversion.run(
      from: RawImage(MemoryFileStore(content), readOnly: true),
      to: QcowImage(store, readOnly: false))
    var load = GuestLoad(seed: 4, content: content)
    let image = try QcowImage(store, readOnly: false)
    var kept: [[UInt8]] = []
    for name in ["one", "two", "three"] {
      for _ in 0..<20 { try load.step(image, limit: 9000) }
      try image.createSnapshot(named: name, seconds: 1)
      kept.append(load.model)
    }
    for _ in 0..<20 { try load.step(image, limit: 9000) }
    #expect(image.snapshots.map(\.id) == ["1", "2", "3"])
    try image.flush()
    #expect(try QcowImage.check(store).findings == [])
    try image.applySnapshot(at: 1)
    #expect(try image.bytes(at: 0, count: size) == kept[1])
    load.model = kept[1]
    for _ in 0..<20 { try load.step(image, limit: 9000) }
    try image.deleteSnapshot(at: 0)
    try image.deleteSnapshot(at: 1)
    #expect(try image.bytes(at: 0, count: size) == load.model)
    #expect(image.snapshots.map(\.name) == ["two"])
    try image.applySnapshot(at: 0)
    #expect(try image.bytes(at: 0, count: size) == kept[1])
    try image.deleteSnapshot(at: 0)
    try image.write(at: 0, [9])
    try image.close()
    let report = try QcowImage.check(store)
    #expect(report.exitStatus == 0, "\(report.findings)")
    #expect(try QcowImage(store).snapshots.isEmpty)
  }

  @Test("W18: a refcount without room refuses the snapshot and changes nothing")
  func narrowRefcounts() throws {
    let store = try Self.newImage(512, 10_240, refcountBits: 1)
    let image = try QcowImage(store, readOnly: false)
    try image.write(at: 0, [1])
    #expect(fault { try image.createSnapshot(named: "a", seconds: 0) }?.contains("no room") == true)
    try image.close()
    #expect(try QcowImage.check(store).exitStatus == 0)
  }

  @Test("Q11: a snapshot without a size gets one when its image becomes one of version 3")
  func upgradeOfOldSnapshots() throws {
    let store = try Self.newImage(4096, 1 << 20, version: 2)
    let image = try QcowImage(store, readOnly: false)
    try image.write(at: 0, [UInt8](repeating: 7, count: 1 << 20))
    try image.createSnapshot(named: "old", seconds: 1)
    // As old versions of QEMU wrote it.
    var bare = image.snapshots[0]
    bare.diskByteCount = nil
    try image.replaceSnapshotTable([bare], #require(image.writer))
    try image.close()
    let old = try QcowImage(store, readOnly: false)
    #expect(fault { try old.resize(to: 4096, mayShrink: true) }?.contains("keep a size") == true)
    try old.upgradeToVersion3()
    try old.resize(to: 4096, mayShrink: true)
    try old.applySnapshot(at: 0)
    try old.close()
    #expect(try QcowImage.check(store).exitStatus == 0)
    let after = try QcowImage(store)
    #expect(after.byteCount == 1 << 20)
    #expect(try after.bytes(at: 0, count: 1 << 20) == [UInt8](repeating: 7, count: 1 << 20))
  }

  @Test("A host that cannot reserve space keeps what the new image was to replace")
  func refusedReservation() throws {
    let store = MemoryFileStore([UInt8](repeating: 7, count: 4096))
    var options = QcowImage.CreationOptions(byteCount: 1 << 20)
    options.preallocation = .falloc
    #expect(fault { try RawImage.create(on: store, options) }?.contains("cannot reserve") == true)
    #expect(fault { try QcowImage.create(on: store, options) }?.contains("cannot reserve") == true)
    let isKept = store.bytes == [UInt8](repeating: 7, count: 4096)
    #expect(isKept)
  }

  @Test("Q11: the refcount width changes, unless a count would not fit")
  func refcountWidth() throws {
    let store = try Self.newImage(512, 40_960)
    let content = Self.content(40_960, seed: 3)
    do {
      let image = try QcowImage(store, readOnly: false)
      try image.write(at: 0, content)
      try image.createSnapshot(named: "a", seconds: 0)
      try image.createSnapshot(named: "b", seconds: 0)
      try image.close()
    }
    #expect(
      fault { try QcowImage.setRefcountBits(1, of: store) }?.contains("3 references") == true)
    #expect(fault { try QcowImage.setRefcountBits(7, of: store) }?.contains("power of two") == true)
    for bits in [2, 64, 8] {
      let start = store.copy()
      let recorder = store.copy()
      recorder.isRecording = true
      try QcowImage.setRefcountBits(bits, of: recorder)
      try PowerCuts(start: start, changes: recorder.changes).forEach(seed: 3) { disk, cut in
        let status = try QcowImage.check(disk).exitStatus
        #expect(status == 0 || status == 3, "\(bits), cut \(cut)")
        #expect(try QcowImage(disk).bytes(at: 0, count: content.count) == content)
      }
      try QcowImage.setRefcountBits(bits, of: store)
      #expect(try QcowHeader(reading: store).refcountBits == bits)
      #expect(try QcowImage.check(store).exitStatus == 0, "\(bits)")
      let image = try QcowImage(store, readOnly: false)
      #expect(try image.bytes(at: 0, count: content.count) == content)
      try image.write(at: 1000, Array(content[1000..<3000]))
      try image.close()
    }
  }

  @Test("Q11: an amendment is checked whole before anything changes, and does no more than it says")
  func amendment() throws {
    let store = try Self.newImage(512, 40_960, version: 2)
    let before = store.bytes
    var amendment = ImageAmendment()
    amendment.version = 2
    try amendment.run(on: store)
    #expect(store.bytes == before)
    amendment.hasLazyRefcounts = true
    #expect(fault { try amendment.run(on: store) }?.contains("no lazy refcounts") == true)
    amendment.version = 3
    amendment.refcountBits = 7
    #expect(fault { try amendment.run(on: store) }?.contains("power of two") == true)
    #expect(store.bytes == before)
    amendment.refcountBits = 8
    try amendment.run(on: store)
    let information = try QcowImage(store).information
    #expect(information.version == 3 && information.hasLazyRefcounts)
    #expect(information.refcountBits == 8)
    #expect(try QcowImage.check(store).exitStatus == 0)
    amendment.version = 2
    #expect(fault { try amendment.run(on: store) }?.contains("going back") == true)
  }

  @Test("Q13: preallocated clusters read zero where freed ones held data")
  func preallocationOverOldData() throws {
    for punches in [true, false] {
      let store = try Self.newImage(512, 20_480)
      store.canPunchHoles = punches
      let image = try QcowImage(store, readOnly: false)
      try image.write(at: 0, [UInt8](repeating: 9, count: 20_480))
      try image.flush()
      try image.discard(0..<20_480)
      try image.flush()
      try image.resize(to: 40_960, preallocation: .metadata)
      #expect(
        try image.bytes(at: 0, count: 40_960) == [UInt8](repeating: 0, count: 40_960))
      guard case .stored = try image.mapping(at: 30_000).mapping else {
        Issue.record("not preallocated")
        return
      }
      try image.close()
      #expect(try QcowImage.check(store).exitStatus == 0)
    }
  }

  @Test("Preallocated clusters in a hole of the file are known to be zero without a read")
  func preallocatedHoles() throws {
    let size: UInt64 = 64 << 20
    let store = MemoryFileStore()
    var options = QcowImage.CreationOptions(byteCount: size)
    options.preallocation = .metadata
    try QcowImage.create(on: store, options)
    let image = try QcowImage(store, readOnly: false)
    try image.write(at: (1 << 20) + 70_144, [UInt8](repeating: 3, count: 512))
    try image.write(at: 32 << 20, [UInt8](repeating: 7, count: 65_536))
    try image.flush()
    var segments: [ImageMap.Segment] = []
    try ImageMap.forEachSegment(of: image) { segments.append($0) }
    #expect(segments.map(\.isHole) == [true, false, true, false, true])
    // Whole clusters, however little of one is data.
    let starts: [UInt64] = [0, 0x11_0000, 0x12_0000, 0x200_0000, 0x201_0000]
    #expect(segments.map(\.start) == starts)
    let inside = try image.mapping(at: (1 << 20) + 100)
    #expect(inside.isHole && inside.byteCount == 65_436)

    var bytesRead: UInt64 = 0
    store.failure = { operation, range in
      if operation == .read { bytesRead += range.upperBound - range.lowerBound }
      return nil
    }
    let target = MemoryFileStore()
    try target.setByteCount(size)
    try ImageConversion().run(from: image, to: RawImage(target, readOnly: false))
    #expect(bytesRead < 8 << 20)
    #expect(try ImageComparison.run(image, RawImage(target, readOnly: true)) == .same)
    let written = MemoryFileStore()
    options.preallocation = .full
    try QcowImage.create(on: written, options)
    let empty = try QcowImage(written)
    #expect(
      try ImageComparison.run(image, empty, isStrict: true) == .storedDifferently(offset: 0))
  }

  @Test("Parts and rows of disks are read as one disk")
  func slices() throws {
    let bytes = Self.content(30_208, seed: 9)
    let disk = try RawImage(MemoryFileStore(bytes), readOnly: true)
    let slice = DiskSlice(disk, 1000..<30_000)
    #expect(slice.byteCount == 29_184)
    let expected = Array(bytes[1000..<30_000]) + [UInt8](repeating: 0, count: 184)
    #expect(try slice.bytes(at: 0, count: 29_184) == expected)
    let row = try ConcatenatedDisk([slice, disk, slice])
    #expect(row.byteCount == 29_184 * 2 + 30_208)
    #expect(
      try row.bytes(at: 100, count: 80_000) == Array((expected + bytes + expected)[100..<80_100]))
    let copy = MemoryFileStore()
    try copy.setByteCount(row.byteCount)
    try ImageConversion().run(from: row, to: RawImage(copy, readOnly: false))
    #expect(copy.bytes == expected + bytes + expected)
    #expect(fault { try row.write(at: 0, [1]) }?.contains("read-only") == true)
  }
}
