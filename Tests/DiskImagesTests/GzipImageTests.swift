import MachineTestKit
import Testing

@testable import DiskImages

@Suite struct GzipImageTests {
  private func limits(spacing: UInt64) -> GzipIndex.Limits {
    var limits = GzipIndex.Limits()
    limits.spacing = spacing
    return limits
  }

  private func image(
    _ store: MemoryFileStore, spacing: UInt64 = 1 << 20
  ) throws -> GzipImage {
    GzipImage(store, index: try GzipIndex(scanning: store, limits: limits(spacing: spacing)))
  }

  @Test("G5, G6, G8: random and sequential reads over several members", arguments: [9000, 300_000])
  func reads(spacing: UInt64) throws {
    let parts = [900_000, 0, 10, 700_001].map { GzipFixture.content($0, seed: UInt64($0)) }
    let content = parts.flatMap(\.self)
    let bytes = try parts.enumerated().flatMap {
      try GzipFixture().member($1, level: [6, 9, 0, 1][$0])
    }
    let image = try image(MemoryFileStore(bytes), spacing: spacing)
    #expect(image.byteCount == UInt64((content.count + 511) & ~511))
    var random = TestRandom(seed: spacing)
    for _ in 0..<150 {
      let start = Int.random(in: 0..<content.count, using: &random)
      let count = Int.random(
        in: 0...min(content.count - start, Bool.random(using: &random) ? 300_000 : 5000),
        using: &random)
      let read = try image.bytes(at: UInt64(start), count: count)
      #expect(read == Array(content[start..<start + count]))
    }
    var offset = 0
    while offset < content.count {
      let count = min(50_000, content.count - offset)
      let read = try image.bytes(at: UInt64(offset), count: count)
      #expect(read == Array(content[offset..<offset + count]))
      offset += count
    }
  }

  @Test("G6: reading in order reads the file once")
  func sequential() throws {
    let content = GzipFixture.content(2 << 20, seed: 1)
    let store = MemoryFileStore(try GzipFixture().member(content))
    let image = try image(store, spacing: 100_000)
    var read: UInt64 = 0
    store.failure = { operation, range in
      if operation == .read { read += UInt64(range.count) }
      return nil
    }
    for offset in stride(from: 0, to: content.count, by: 4096) {
      _ = try image.bytes(at: UInt64(offset), count: 4096)
    }
    #expect(try (1...store.byteCount()).contains(read))
  }

  @Test("G10: the last sector is completed with zeroes; an empty file is an empty disk")
  func lastSector() throws {
    let image = try image(MemoryFileStore(try GzipFixture().member([1, 2, 3])))
    #expect(image.byteCount == 512)
    #expect(try image.bytes(at: 0, count: 512) == [1, 2, 3] + [UInt8](repeating: 0, count: 509))
    #expect(try image.bytes(at: 400, count: 112) == [UInt8](repeating: 0, count: 112))
    #expect(try image.mapping(at: 3) == Extent(.zero(reservedAt: nil), byteCount: 509))
    #expect(throws: ImageFault.self) { try image.bytes(at: 500, count: 13) }
    let empty = try self.image(MemoryFileStore(try GzipFixture().member([])))
    #expect(empty.byteCount == 0)
    #expect(throws: ImageFault.self) { try empty.bytes(at: 0, count: 1) }
  }

  @Test("G9: every change is refused")
  func readOnly() throws {
    let image = try image(MemoryFileStore(try GzipFixture().member([1, 2, 3])))
    #expect(image.isReadOnly)
    #expect(throws: ImageFault.self) { try image.write(at: 0, [1]) }
    #expect(throws: ImageFault.self) { try image.discard(0..<512) }
    #expect(throws: ImageFault.self) { try image.writeZeroes(0..<512, mayUnmap: true) }
    try image.flush()
    try image.close()
  }

  @Test("the map leads from one checkpoint to the next")
  func mapping() throws {
    let content = GzipFixture.content(200_000, seed: 1)
    let store = MemoryFileStore(try GzipFixture().member(content))
    let image = try image(store, spacing: 50_000)
    var offset: UInt64 = 0
    var extents = 0
    while offset < 200_000 {
      let extent = try image.mapping(at: offset)
      guard case .compressed = extent.mapping else { break }
      extents += 1
      offset += extent.byteCount
    }
    #expect(offset == 200_000)
    #expect(extents == image.information.checkpointCount)
  }

  @Test("I91: reads fail once the file has changed, from memory too")
  func changed() throws {
    let store = MemoryFileStore(
      try GzipFixture().member(GzipFixture.content(300_000, seed: 1)), name: "disk.gz")
    let image = try image(store)
    _ = try image.bytes(at: 0, count: 10)
    store.modificationTime = 5
    let line = "disk.gz: has changed since it was opened; open it again"
    #expect(fault { _ = try image.bytes(at: 0, count: 10) } == line)
    #expect(fault { _ = try image.bytes(at: 290_000, count: 10) } == line)
    store.modificationTime = 0
    try store.setByteCount(1000)
    #expect(fault { _ = try image.bytes(at: 290_000, count: 10) } == line)
  }

  @Test("a host that cannot read fails the request; the next one may succeed")
  func hostFailure() throws {
    let content = GzipFixture.content(300_000, seed: 1)
    let store = MemoryFileStore(try GzipFixture().member(content))
    let image = try image(store)
    store.failure = { operation, _ in operation == .read ? 5 : nil }
    #expect(fault { _ = try image.bytes(at: 0, count: 10) }?.contains("cannot read") == true)
    store.failure = { _, _ in nil }
    #expect(try image.bytes(at: 1000, count: 10) == Array(content[1000..<1010]))
  }

  @Test("I92: an index that turns out wrong is made again, once")
  func remade() throws {
    let content = GzipFixture.content(300_000, seed: 1)
    let store = MemoryFileStore(try GzipFixture().member(content))
    let right = try GzipIndex(scanning: store, limits: limits(spacing: 20_000))
    var wrong = right
    for index in wrong.checkpoints.indices.dropFirst() { wrong.checkpoints[index].inputBit += 3 }
    var made = 0
    let image = GzipImage(store, index: wrong) { () throws(ImageFault) in
      made += 1
      return right
    }
    #expect(try image.bytes(at: 280_000, count: 10) == Array(content[280_000..<280_010]))
    #expect(try image.bytes(at: 0, count: 300_000) == content)
    #expect(made == 1)

    var short = right
    short.dataByteCount += 1000
    let refused = GzipImage(store, index: short) { () throws(ImageFault) in right }
    let line = fault { _ = try refused.bytes(at: 300_000, count: 10) }
    #expect(line?.contains("open it again") == true)
    #expect(fault { _ = try refused.bytes(at: 0, count: 10) } == line, "nor is anything else right")
  }

  @Test("G9: a temporary overlay makes it writable")
  func overlay() throws {
    let content = GzipFixture.content(300_000, seed: 1)
    let image = try image(MemoryFileStore(try GzipFixture().member(content)))
    let overlay = TemporaryOverlay(over: image, scratch: MemoryFileStore())
    var load = GuestLoad(
      seed: 4, content: content + [UInt8](repeating: 0, count: Int(image.byteCount) - 300_000))
    for _ in 0..<100 { try load.step(overlay, limit: 20_000) }
  }
}
