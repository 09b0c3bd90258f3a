import MachineTestKit
import Testing

@testable import DiskImages

/// Checkpoints: where they are taken, that each can be taken up, and how many there are.
@Suite struct GzipIndexTests {
  private static func limits(spacing: UInt64) -> GzipIndex.Limits {
    var limits = GzipIndex.Limits()
    limits.spacing = spacing
    return limits
  }

  /// The output from a checkpoint to the end.
  private func output(
    of store: MemoryFileStore, from checkpoint: GzipCheckpoint, _ index: GzipIndex
  ) throws -> [UInt8] {
    let decoder = try GzipDecoder(store, byteCount: index.stamp.byteCount, verifies: false)
    try decoder.resume(at: checkpoint)
    var output = [UInt8](
      repeating: 0, count: Int(index.dataByteCount - checkpoint.outputOffset) + 1)
    var span = output.mutableSpan
    let count = try decoder.read(into: &span)
    #expect(count == output.count - 1)
    return Array(output.prefix(count))
  }

  /// Makes an index and takes up every checkpoint of it.
  private func checkAll(
    _ bytes: [UInt8], _ content: [UInt8], spacing: UInt64
  ) throws -> GzipIndex {
    let store = MemoryFileStore(bytes)
    let index = try GzipIndex(scanning: store, limits: Self.limits(spacing: spacing))
    #expect(index.dataByteCount == UInt64(content.count))
    for checkpoint in index.checkpoints {
      let rest = try output(of: store, from: checkpoint, index)
      #expect(rest == Array(content[Int(checkpoint.outputOffset)...]), "\(checkpoint.place)")
    }
    for (one, next) in zip(index.checkpoints, index.checkpoints.dropFirst()) {
      // A step, a symbol, and the rest of a stored block.
      #expect(next.outputOffset - one.outputOffset <= 2 * spacing + 65535)
    }
    return index
  }

  @Test(
    "G2-G5: every checkpoint can be taken up, whatever the blocks",
    arguments: [0, 1, 6, 9] as [Int32], [300, 7777, 40_000] as [UInt64])
  func checkpoints(level: Int32, spacing: UInt64) throws {
    let size = spacing < 1000 ? 60_000 : 400_000
    let content = GzipFixture.content(size, seed: UInt64(level) + spacing)
    let bytes = try GzipFixture(name: [65]).member(content, level: level)
    let index = try checkAll(bytes, content, spacing: spacing)
    #expect(index.checkpoints.count > size / Int(spacing) / 3)
  }

  @Test("G2: places of all kinds: in stored, fixed and dynamic blocks, between blocks and members")
  func places() throws {
    var random = TestRandom(seed: 4)
    var kinds: Set<String> = []
    for round in 0..<6 {
      var writer = DeflateWriter()
      writer.stored(random.bytes(Int.random(in: 1...9000, using: &random)))
      writer.fixed(
        (0..<9000).map {
          $0 % 5 == 4
            ? .match(length: 258, distance: [1, 2, 3, 5, 9, 513][$0 % 6])
            : .literal(UInt8(truncatingIfNeeded: $0 * $0))
        })
      writer.dynamic(
        (0..<20_000).map {
          $0 % 3 == 2
            ? .match(length: 3, distance: $0 % 4 + 1) : .literal(UInt8(truncatingIfNeeded: $0 / 7))
        })
      writer.stored(random.bytes(65535))
      writer.stored([])
      for _ in 0..<50 { writer.fixed([.literal(1), .match(length: 258, distance: 1)]) }
      writer.stored(random.bytes(20_000), isLast: true)
      let second = GzipFixture.content(3000, seed: 5)
      let bytes =
        GzipFixture().member(writer.content, stream: writer.stream)
        + (try GzipFixture().member(second))
      let index = try checkAll(bytes, writer.content + second, spacing: UInt64(900 + 101 * round))
      for checkpoint in index.checkpoints {
        kinds.insert(String("\(checkpoint.place)".prefix { $0 != "(" }))
      }
    }
    #expect(kinds == ["member", "block", "symbol", "stored"])
  }

  @Test("a checkpoint within a match goes back to the match's start")
  func withinMatch() throws {
    var writer = DeflateWriter()
    writer.fixed(
      [.literal(5)] + repeatElement(.match(length: 258, distance: 1), count: 1000), isLast: true)
    let index = try checkAll(
      GzipFixture().member(writer.content, stream: writer.stream), writer.content, spacing: 1000)
    #expect(index.checkpoints.dropFirst().allSatisfy { $0.outputOffset % 258 == 1 })
  }

  @Test("I90: one block of megabytes has checkpoints like any other", arguments: [false, true])
  func giantBlock(isDynamic: Bool) throws {
    var random = TestRandom(seed: 8)
    var writer = DeflateWriter()
    let symbols: [DeflateWriter.Symbol] = (0..<1_500_000).map { _ in
      .literal(UInt8(truncatingIfNeeded: random.next() >> 40))
    }
    if isDynamic {
      writer.dynamic(symbols, isLast: true)
    } else {
      writer.fixed(symbols, isLast: true)
    }
    let store = MemoryFileStore(GzipFixture().member(writer.content, stream: writer.stream))
    let index = try GzipIndex(scanning: store, limits: Self.limits(spacing: 1 << 16))
    #expect((20...23).contains(index.checkpoints.count))
    for checkpoint in index.checkpoints.suffix(3) {
      let rest = try output(of: store, from: checkpoint, index)
      #expect(rest == Array(writer.content[Int(checkpoint.outputOffset)...]))
    }
  }

  @Test("G3: the start of a member is taken where one is near, and needs no window")
  func memberStarts() throws {
    // As bgzip makes them: members of at most 64 KiB.
    let content = GzipFixture.content(400_000, seed: 6)
    let bytes = try stride(from: 0, to: content.count, by: 2500).flatMap {
      try GzipFixture(extra: [66, 67, 2, 0, 0, 0]).member(Array(content[$0..<$0 + 2500]))
    }
    let index = try checkAll(bytes, content, spacing: 20_000)
    #expect(index.checkpoints.count > 15)
    #expect(index.checkpoints.allSatisfy { $0.place == .member && $0.window.stored.isEmpty })
  }

  @Test("I87: a bomb has few checkpoints, and the disk's size has a limit")
  func bomb() throws {
    let mebibytes = [UInt8](repeating: 0, count: 16 << 20)
    let member = try GzipFixture().member(mebibytes)
    let bytes = Array(repeatElement(member, count: 16).joined())
    #expect(bytes.count < 1 << 20)
    var limits = GzipIndex.Limits()
    limits.checkpointCount = 50
    let store = MemoryFileStore(bytes)
    let index = try GzipIndex(scanning: store, limits: limits)
    #expect(index.dataByteCount == 256 << 20)
    #expect((10...50).contains(index.checkpoints.count))
    limits.diskByteCount = 100 << 20
    #expect(
      fault { _ = try GzipIndex(scanning: store, limits: limits) }
        == "memory: inflates to more than 104857600 bytes, the limit for a disk")
  }

  @Test("G7: windows that do not deflate are bounded too, and stay evenly spread")
  func windowMemory() throws {
    var random = TestRandom(seed: 12)
    let content = random.bytes(1_000_000)
    var limits = Self.limits(spacing: 4096)
    limits.windowByteCount = 500_000
    let store = MemoryFileStore(try GzipFixture().member(content, level: 1))
    let index = try GzipIndex(scanning: store, limits: limits)
    let windows = index.checkpoints.map(\.window.stored.count).reduce(0, +)
    #expect((200_000...500_000).contains(windows))
    let distances = zip(index.checkpoints.dropFirst(), index.checkpoints).map {
      $0.outputOffset - $1.outputOffset
    }
    #expect((distances.max() ?? 0) <= 4 * (distances.min() ?? 0))
  }

  @Test("I88: empty members by the thousand cost no checkpoints, and are not gone through again")
  func emptyMembers() throws {
    let content = GzipFixture.content(3000, seed: 2)
    let empty = try GzipFixture().member([])
    let bytes =
      Array(repeatElement(empty, count: 30_000).joined()) + (try GzipFixture().member(content))
    let store = MemoryFileStore(bytes)
    let index = try GzipIndex(scanning: store, limits: Self.limits(spacing: 100_000))
    #expect(index.memberCount == 30_001)
    #expect(index.checkpoints.count == 1)
    let first = try #require(index.checkpoints.first)
    #expect(first.outputOffset == 0)
    #expect(UInt64(bytes.count) - first.inputBit / 8 <= 2 * 100_000 + 2 * UInt64(empty.count))
    #expect(try output(of: store, from: first, index) == content)
  }

  @Test("I50: empty blocks are not gone through again either")
  func emptyBlocks() throws {
    var writer = DeflateWriter()
    writer.stored([1, 2, 3])
    for _ in 0..<100_000 { writer.stored([]) }
    writer.stored([4, 5], isLast: true)
    let store = MemoryFileStore(GzipFixture().member([1, 2, 3, 4, 5], stream: writer.stream))
    let index = try GzipIndex(scanning: store, limits: Self.limits(spacing: 50_000))
    #expect(index.checkpoints.count == 2)
    let last = try #require(index.checkpoints.last)
    #expect(last.outputOffset == 3)
    #expect(last.inputBit / 8 > 300_000)
    #expect(try output(of: store, from: last, index) == [4, 5])
  }

  @Test("G1: progress rises to the end, and the scan can be stopped")
  func progress() throws {
    let content = GzipFixture.content(3 << 20, seed: 3)
    let store = MemoryFileStore(try GzipFixture().member(content), name: "disk.gz")
    var reports: [UInt64] = []
    _ = try GzipIndex(scanning: store) { done, total in
      #expect(total == (try? store.byteCount()))
      reports.append(done)
      return true
    }
    #expect(reports.count > 3)
    #expect(reports == reports.sorted())
    #expect(reports.last == (try store.byteCount()))
    #expect(
      fault { _ = try GzipIndex(scanning: store) { _, _ in false } }
        == "disk.gz: was not read to its end: interrupted")
  }

  @Test("I91: a file that changes during the scan is refused")
  func changesDuringScan() throws {
    let store = MemoryFileStore(
      try GzipFixture().member(GzipFixture.content(3 << 20, seed: 3)), name: "disk.gz")
    let line = fault {
      _ = try GzipIndex(scanning: store) { _, _ in
        store.modificationTime += 1
        return true
      }
    }
    #expect(line == "disk.gz: has changed while it was read")
  }
}
