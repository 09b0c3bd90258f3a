import MachineTestKit
import Testing

@testable import DiskImages

/// Small writes that wait in memory until their cluster is full.
@Suite struct GatheringTests {
  private static let cluster = 4096

  /// An overlay over 16 clusters of a base that counts how often it is read.
  private struct Overlay {
    let base = MemoryFileStore(
      (0..<16 * cluster).map { UInt8(truncatingIfNeeded: $0 / 7) }, name: "base")
    let store = MemoryFileStore()
    let image: QcowImage

    init() throws {
      _ = try QcowWritingTests.create(
        ImageKind(clusterSize: cluster, hasBacking: true), byteCount: 16 * cluster, on: store)
      image = try QcowImage(
        store, readOnly: false, backing: RawImage(base, readOnly: true))
    }

    /// The image as another process would find it.
    func reopened() throws -> QcowImage {
      try QcowImage(
        MemoryFileStore(store.bytes), backing: RawImage(base, readOnly: true))
    }
  }

  private let ones = [UInt8](repeating: 1, count: 512)

  @Test("A cluster that is written in order needs nothing of what was there")
  func sequence() throws {
    let overlay = try Overlay()
    var baseReads = 0
    overlay.base.failure = { operation, _ in
      if operation == .read { baseReads += 1 }
      return nil
    }
    for sector in 0..<24 { try overlay.image.write(at: UInt64(sector) * 512, ones) }
    #expect(baseReads == 0)
    try overlay.image.flush()
    #expect(baseReads == 0)
    #expect(
      try overlay.reopened().bytes(at: 0, count: 3 * Self.cluster)
        == [UInt8](repeating: 1, count: 3 * Self.cluster))
  }

  @Test("W16: a flush, a read of it and a write elsewhere store a part with its surroundings")
  func settled() throws {
    let settlers: [(QcowImage) throws -> Void] = [
      { try $0.flush() },
      { _ = try $0.bytes(at: 700, count: 100) },
      { try $0.write(at: 9 * 4096 + 10, [2]) },
      { try $0.discard(5 * 4096..<6 * 4096) },
      { _ = try $0.mapping(at: 0) },
    ]
    for (index, settle) in settlers.enumerated() {
      let waiting: Range<UInt64>? = index == 2 ? 36874..<36875 : nil
      let overlay = try Overlay()
      try overlay.image.write(at: 512, ones)
      try settle(overlay.image)
      #expect(overlay.image.writer?.gathered == waiting)
      var expected = Array(overlay.base.bytes.prefix(Self.cluster))
      expected.replaceSubrange(512..<1024, with: ones)
      #expect(try overlay.image.bytes(at: 0, count: Self.cluster) == expected)
      try overlay.image.flush()
      #expect(try overlay.reopened().bytes(at: 0, count: Self.cluster) == expected)
    }
  }

  @Test("A part waits through reads of other clusters, and at most one waits")
  func waiting() throws {
    let overlay = try Overlay()
    try overlay.image.write(at: 0, ones)
    _ = try overlay.image.bytes(at: 5 * 4096, count: 4096)
    #expect(overlay.image.writer?.gathered == 0..<512)
    try overlay.image.write(at: 4096, ones)
    #expect(overlay.image.writer?.gathered == 4096..<4608)
    // Not where nothing has to be fetched.
    try overlay.image.write(at: 100, ones)
    #expect(overlay.image.writer?.gathered == nil)
  }

  @Test("A part whose surroundings cannot be read is lost, and stops nothing else")
  func unreadableBase() throws {
    let overlay = try Overlay()
    overlay.base.failure = { operation, range in
      operation == .read && range.overlaps(0..<4096) ? 5 : nil
    }
    try overlay.image.write(at: 512, ones)
    #expect(fault { try overlay.image.write(at: 20_000, ones) }?.contains("base") == true)
    #expect(fault { try overlay.image.flush() }?.contains("base") == true)
    try overlay.image.write(at: 20_000, ones)
    try overlay.image.flush()
    #expect(try overlay.reopened().bytes(at: 20_000, count: 512) == ones)
    // A flush that meets the fault itself reports it once.
    try overlay.image.write(at: 512, ones)
    #expect(fault { try overlay.image.flush() } != nil)
    try overlay.image.flush()
  }

  @Test("W21: a part that the host cannot take goes on waiting, and is not reported as durable")
  func hostFault() throws {
    let overlay = try Overlay()
    try overlay.image.write(at: 512, ones)
    overlay.store.failure = { operation, _ in operation == .write ? 28 : nil }
    for _ in 0..<3 {
      #expect(fault { try overlay.image.flush() }?.contains("No space") == true)
    }
    overlay.store.failure = { _, _ in nil }
    try overlay.image.flush()
    #expect(try overlay.reopened().bytes(at: 512, count: 512) == ones)
    #expect(try QcowImage.check(overlay.store).exitStatus == 0)
  }

  @Test(
    "R21: a part of a cluster whose rest is damaged is reported by what meets it and by a flush")
  func damage() throws {
    var fixture = QcowFixture()
    let offset = fixture.append([0xFF, 0xFF, 0xFF])
    fixture.mapCompressed(3, at: offset, moreSectors: 0)
    fixture.bytes[QcowFixture.refcountBlock + 2 * (offset / 4096) + 1] = 1
    let image = try QcowImage(fixture.store(), readOnly: false)
    try image.write(at: 3 * 4096 + 512, ones)
    #expect(
      fault { _ = try image.bytes(at: 3 * 4096 + 512, count: 1) }?.contains("inflate") == true)
    #expect(fault { try image.flush() }?.contains("inflate") == true)
    try image.flush()
    // The rest of the disk works on, and the whole cluster can be replaced.
    try image.write(at: 3 * 4096, [UInt8](repeating: 9, count: 4096))
    try image.flush()
    #expect(try image.bytes(at: 3 * 4096, count: 4096) == [UInt8](repeating: 9, count: 4096))
  }
}
