import Foundation
import MachineTestKit
import Testing

@testable import DiskImages

/// A small qcow2 image made byte by byte, not by the code under test.
///
/// Clusters in order: header, refcount table, refcount block, L1, L2, data. The disk has 4 MiB (two
/// L2 tables of 4 KiB clusters); its first cluster is the data cluster, the rest is unallocated.
struct QcowFixture {
  static let cluster = 4096
  static let refcountTable = 1 * cluster
  static let refcountBlock = 2 * cluster
  static let l1 = 3 * cluster
  static let l2 = 4 * cluster
  static let data = 5 * cluster
  static let copied: UInt64 = 1 << 63
  static let compressed: UInt64 = 1 << 62

  var bytes = [UInt8](repeating: 0, count: 6 * cluster)

  init(version: UInt32 = 3) {
    put32(0, 0x5146_49FB)
    put32(4, version)
    put32(20, 12)
    put64(24, 4 << 20)
    put32(36, 2)
    put64(40, UInt64(Self.l1))
    put64(48, UInt64(Self.refcountTable))
    put32(56, 1)
    if version >= 3 {
      put32(96, 4)
      put32(100, 112)
    }
    put64(Self.refcountTable, UInt64(Self.refcountBlock))
    for cluster in 0..<6 { bytes[Self.refcountBlock + 2 * cluster + 1] = 1 }
    put64(Self.l1, UInt64(Self.l2) | Self.copied)
    put64(Self.l2, UInt64(Self.data) | Self.copied)
    for index in 0..<Self.cluster { bytes[Self.data + index] = Self.pattern(index) }
  }

  static func pattern(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: index &* 7 &+ index >> 8) }

  mutating func put32(_ offset: Int, _ value: UInt32) {
    for index in 0..<4 {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (24 - 8 * index))
    }
  }

  mutating func put64(_ offset: Int, _ value: UInt64) {
    put32(offset, UInt32(truncatingIfNeeded: value >> 32))
    put32(offset + 4, UInt32(truncatingIfNeeded: value))
  }

  mutating func put(_ offset: Int, _ content: [UInt8]) {
    bytes.replaceSubrange(offset..<offset + content.count, with: content)
  }

  /// Appends whole clusters with this content and answers where it starts.
  mutating func append(_ content: [UInt8]) -> Int {
    let offset = bytes.count
    bytes += content
    bytes += [UInt8](
      repeating: 0, count: (Self.cluster - content.count % Self.cluster) % Self.cluster)
    return offset
  }

  /// Makes guest cluster `index` a compressed one whose stream is at `offset`, with `sectors`
  /// sectors after the first.
  mutating func mapCompressed(_ index: Int, at offset: Int, moreSectors sectors: Int) {
    put64(Self.l2 + 8 * index, Self.compressed | UInt64(sectors) << 58 | UInt64(offset))
  }

  func store() -> MemoryFileStore { MemoryFileStore(bytes, name: "fixture") }
  func open(report: @escaping (String) -> Void = { _ in }) throws -> QcowImage {
    try QcowImage(store(), report: report)
  }
}

extension DiskImage {
  /// `count` bytes from `offset` on.
  func bytes(at offset: UInt64, count: Int) throws(ImageFault) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xEE, count: count)
    var span = bytes.mutableSpan
    try read(at: offset, into: &span)
    return bytes
  }

  /// Stores the bytes of an array.
  func write(at offset: UInt64, _ bytes: [UInt8]) throws(ImageFault) {
    try write(at: offset, from: bytes.span)
  }
}

/// The one-line fault of `body`, or nil.
func fault(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch {
    return "\(error)"
  }
}

/// Repeatable pseudo-random numbers (xorshift64*).
struct TestRandom: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }
  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 32) }
  }
  static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = TestRandom(seed: seed)
    return random.bytes(count)
  }
}

/// `content` deflated, which must have made it shorter.
func deflated(_ content: [UInt8]) throws -> [UInt8] {
  let compressor = try #require(RawDeflater())
  let stream = compressor.deflate(content.span, limit: content.count)
  return try #require(stream)
}

/// How long the random tests run: DISK_TEST_SEEDS=100 repeats each with a hundred seeds.
enum TestScale {
  static let seeds =
    ProcessInfo.processInfo.environment["DISK_TEST_SEEDS"].flatMap { UInt64($0) } ?? 1
}
