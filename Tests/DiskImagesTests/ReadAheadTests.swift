import MachineTestKit
import Testing

@testable import DiskImages

/// Clusters that other threads decompress: what a read answers must not depend on them.
@Suite struct ReadAheadTests {
  /// A compressed image of `content`.
  private func compressed(_ content: [UInt8], clusterSize: Int) throws -> MemoryFileStore {
    let store = try ImageOperationTests.newImage(clusterSize, content.count)
    var conversion = ImageConversion()
    conversion.isCompressing = true
    conversion.workers = 3
    try conversion.run(
      from: RawImage(MemoryFileStore(content), readOnly: true),
      to: QcowImage(store, readOnly: false))
    return store
  }

  private func open(
    _ store: MemoryFileStore, workers: Int, readOnly: Bool = true
  ) throws -> QcowImage {
    try QcowImage(
      store, readOnly: readOnly,
      cacheLimits: .init(clusterBytes: 20 * 4096, workers: workers))
  }

  @Test(
    "Sequential and random reads of all sizes see the content", arguments: [512, 4096, 65536],
    [0, 1, 3])
  func reads(clusterSize: Int, workers: Int) throws {
    let content = ImageOperationTests.content(40 * 4096 + clusterSize * 20, seed: 5)
    let image = try open(compressed(content, clusterSize: clusterSize), workers: workers)
    for size in [512, 4096, 50_000, 300_000, content.count] {
      for start in stride(from: 0, to: content.count, by: size) {
        let end = min(start + size, content.count)
        let bytes = try image.bytes(at: UInt64(start), count: end - start)
        try #require(bytes == Array(content[start..<end]), "\(size) bytes at \(start)")
      }
    }
    var random = TestRandom(seed: 6)
    for _ in 0..<100 {
      let start = Int.random(in: 0..<content.count, using: &random)
      let count = Int.random(in: 0...min(200_000, content.count - start), using: &random)
      let bytes = try image.bytes(at: UInt64(start), count: count)
      try #require(bytes == Array(content[start..<start + count]))
    }
  }

  @Test(
    "Writes, zeroes and discards while threads are at the clusters that they change",
    arguments: [512, 4096, 65536], 1...max(3, TestScale.seeds))
  func changes(clusterSize: Int, seed: UInt64) throws {
    let content = ImageOperationTests.content(30 * 4096 + clusterSize * 12, seed: seed)
    let store = try compressed(content, clusterSize: clusterSize)
    var load = GuestLoad(seed: seed, content: content)
    var random = TestRandom(seed: seed &+ 100)
    for _ in 0..<2 {
      let image = try open(store, workers: 3, readOnly: false)
      var position = 0
      for _ in 0..<150 {
        if Int.random(in: 0..<4, using: &random) == 0 {
          try load.step(image, limit: 3 * clusterSize)
        }
        let end = min(position + max(1024, clusterSize / 2), content.count)
        let bytes = try image.bytes(at: UInt64(position), count: end - position)
        try #require(bytes == Array(load.model[position..<end]))
        position = end == content.count ? 0 : end
      }
      try image.close()
    }
    #expect(try QcowImage.check(store, verifiesContent: true).exitStatus == 0)
  }

  @Test("A snapshot that is applied, and a disk that is resized, under the threads")
  func snapshotsAndSizes() throws {
    let content = ImageOperationTests.content(60 * 4096, seed: 9)
    let store = try compressed(content, clusterSize: 4096)
    let image = try open(store, workers: 3, readOnly: false)
    func readSequentially() throws -> [UInt8] {
      try (0..<Int(image.byteCount) / 2048).flatMap {
        try image.bytes(at: UInt64($0) * 2048, count: 2048)
      }
    }
    try image.createSnapshot(named: "a", seconds: 0)
    for cluster in stride(from: 0, to: 60, by: 2) {
      try image.write(at: UInt64(cluster) * 4096, [UInt8](repeating: 7, count: 100))
    }
    _ = try image.bytes(at: 0, count: 30 * 4096)
    try image.applySnapshot(at: 0)
    #expect(try readSequentially() == content)
    try image.resize(to: 20 * 4096, mayShrink: true)
    #expect(try readSequentially() == Array(content[..<(20 * 4096)]))
    try image.resize(to: 30 * 4096)
    #expect(
      try readSequentially()
        == Array(content[..<(20 * 4096)]) + [UInt8](repeating: 0, count: 10 * 4096))
    // New streams take the place of the freed ones.
    for cluster in 20..<30 {
      let bytes = [UInt8](repeating: UInt8(cluster), count: 4096)
      try image.discard(UInt64(cluster) * 4096..<UInt64(cluster + 1) * 4096)
      try image.write(at: UInt64(cluster) * 4096, bytes)
      #expect(try image.bytes(at: UInt64(cluster) * 4096, count: 4096) == bytes)
    }
    try image.close()
  }

  @Test("Memory is bounded however far a reader comes and wherever it goes")
  func bounds() throws {
    let content = (0..<600 * 512).map { UInt8(truncatingIfNeeded: $0 / 50) }
    let image = try open(compressed(content, clusterSize: 512), workers: 2)
    var random = TestRandom(seed: 3)
    for _ in 0..<60 {
      // A row of a few requests: what was fetched for it is never asked for.
      var start = UInt64.random(in: 0..<550, using: &random) * 512
      for _ in 0..<6 {
        _ = try image.bytes(at: start, count: 256)
        start += 256
        #expect(image.decompressed.aheadCount <= 192)
        #expect(image.decompressed.count <= 20 * 4096 / 512)
      }
    }
    #expect(image.decompressed.aheadCount > 0)
    try image.close()
    #expect(image.decompressed.aheadCount == 0)
  }

  @Test("An image may go while threads are at its clusters")
  func abandonment() throws {
    let content = ImageOperationTests.content(1 << 20, seed: 4)
    let store = try compressed(content, clusterSize: 65536)
    for _ in 0..<50 {
      let image = try open(store, workers: 3)
      #expect(try image.bytes(at: 0, count: 200_000) == Array(content[..<200_000]))
    }
  }

  @Test("A damaged cluster fails the reads that need it, with one message, and no other")
  func damage() throws {
    let content = (0..<32 * 4096).map { UInt8(truncatingIfNeeded: $0 / 50) }
    let store = try compressed(content, clusterSize: 4096)
    guard case .compressed(let extent) = try open(store, workers: 0).mapping(at: 20 * 4096).mapping
    else {
      Issue.record("cluster 20 is not compressed")
      return
    }
    try store.write(at: extent.fileOffset, [0xFF, 0xFF, 0xFF, 0xFF])
    let messages = try [0, 3].map { workers in
      let image = try open(store, workers: workers)
      for cluster in 0..<32 where cluster != 20 {
        let bytes = try image.bytes(at: UInt64(cluster) * 4096, count: 4096)
        try #require(bytes == Array(content[cluster * 4096..<(cluster + 1) * 4096]))
      }
      return fault { _ = try image.bytes(at: 0, count: content.count) }
    }
    #expect(messages[0]?.contains("does not inflate") == true)
    #expect(messages[0] == messages[1])
  }

  @Test("Neighbours in the file are read together")
  func reading() throws {
    let content = ImageOperationTests.content(2 << 20, seed: 2)
    let store = try compressed(content, clusterSize: 65536)
    let image = try open(store, workers: 1)
    var reads = 0
    store.failure = { operation, _ in
      if operation == .read { reads += 1 }
      return nil
    }
    #expect(try image.bytes(at: 0, count: content.count) == content)
    // Two parts of at most 1 MiB, and the L2 table; incompressible clusters break the row.
    #expect(reads < 20)
  }

  @Test("A host that cannot read fails the request, not the fetching before it")
  func hostFault() throws {
    let content = (0..<64 * 4096).map { UInt8(truncatingIfNeeded: $0 / 50) }
    let store = try compressed(content, clusterSize: 4096)
    let image = try open(store, workers: 2)
    #expect(try image.bytes(at: 0, count: 4096) == Array(content[..<4096]))
    store.failure = { operation, _ in operation == .read ? 5 : nil }
    #expect(
      fault { _ = try image.bytes(at: 4096, count: 8 * 4096) }
        == "memory: cannot read: Input/output error")
    store.failure = { _, _ in nil }
    #expect(try image.bytes(at: 4096, count: 8 * 4096) == Array(content[4096..<9 * 4096]))
  }
}
