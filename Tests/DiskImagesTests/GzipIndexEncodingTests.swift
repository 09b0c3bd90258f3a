import MachineTestKit
import Testing

@testable import DiskImages

/// The index as bytes of a file that anybody may have written.
@Suite struct GzipIndexEncodingTests {
  private let store: MemoryFileStore
  private let index: GzipIndex
  private let content = GzipFixture.content(300_000, seed: 1)
  private let limits: GzipIndex.Limits

  init() throws {
    store = MemoryFileStore(
      try GzipFixture().member(Array(content.prefix(100_000)), level: 0)
        + GzipFixture().member(Array(content.dropFirst(100_000))))
    store.modificationTime = 1_234_567_890_123_456_789
    var limits = GzipIndex.Limits()
    limits.spacing = 5000
    self.limits = limits
    index = try GzipIndex(scanning: store, limits: limits)
  }

  private func decode(
    _ bytes: [UInt8], stamp: FileStamp? = nil, fingerprint: UInt32? = nil
  ) -> GzipIndex? {
    GzipIndex(
      decoding: bytes, of: stamp ?? index.stamp, fingerprint: fingerprint ?? index.fingerprint,
      limits: limits)
  }

  /// `bytes` with a checksum that is right.
  private func summed(_ bytes: [UInt8]) -> [UInt8] {
    var sum: [UInt8] = []
    sum.appendBigEndian(CRC32.of(Array(bytes.dropFirst(28))))
    return Array(bytes.prefix(24)) + sum + bytes.dropFirst(28)
  }

  @Test("G11: an index comes back as it was")
  func roundTrip() throws {
    #expect(index.checkpoints.count > 20)
    let decoded = try #require(decode(index.encoded))
    #expect(decoded == index)
    #expect(summed(index.encoded) == index.encoded)
  }

  @Test("G12, I92: an index of another state of the file is none")
  func stale() {
    var stamp = index.stamp
    stamp.modificationTime += 1
    #expect(decode(index.encoded, stamp: stamp) == nil)
    stamp = index.stamp
    stamp.byteCount += 1
    #expect(decode(index.encoded, stamp: stamp) == nil)
    stamp = index.stamp
    stamp.identity = FileIdentity(device: 1, inode: 2)
    #expect(decode(index.encoded, stamp: stamp) == nil)
    #expect(decode(index.encoded, fingerprint: index.fingerprint ^ 1) == nil)
  }

  @Test("I92: a truncated or damaged index is none")
  func damaged() {
    let encoded = index.encoded
    for count in [0, 1, 23, 24, 27, 28, 91, 92, 93, encoded.count - 1] {
      #expect(decode(Array(encoded.prefix(count))) == nil)
      #expect(count < 28 || decode(summed(Array(encoded.prefix(count)))) == nil)
    }
    #expect(decode(encoded + [0]) == nil)
    #expect(decode(summed(encoded + [0])) == nil)
    for offset in stride(from: 0, to: encoded.count, by: 97) {
      var bytes = encoded
      bytes[offset] ^= 0x10
      #expect(decode(bytes) == nil)
    }
  }

  @Test(
    "I92: forged counts and offsets with a right checksum are refused before any memory is taken",
    arguments: [
      ("data size", 64, 8), ("number of checkpoints", 88, 4), ("first offset", 92, 8),
      ("first input", 100, 8), ("kind", 92 + 32, 1), ("window size", 92 + 36, 4),
      ("deflated size", 92 + 40, 4), ("second offset", 92 + 44, 8),
    ])
  func forged(field: String, offset: Int, width: Int) {
    for value: UInt8 in [0xFF, 0x7F] {
      var bytes = index.encoded
      for index in offset..<offset + width { bytes[index] = value }
      #expect(decode(summed(bytes)) == nil, "\(field)")
    }
  }

  @Test("a file whose bits nobody can count is refused, with and without a forged index")
  func hugeFile() throws {
    let huge = MemoryFileStore()
    try huge.setByteCount(1 << 62)
    var forged = index
    forged.stamp = try huge.stamp()
    forged.checkpoints = [index.checkpoints[0]]
    forged.checkpoints[0].inputBit = (1 << 61 - 1) * 8
    #expect(decode(forged.encoded, stamp: forged.stamp) == nil)
    #expect(
      fault { _ = try GzipIndex(scanning: huge) } == "memory: is too big for a gzip image")
    try huge.setByteCount(GzipIndex.fileLimit)
    forged.stamp = try huge.stamp()
    forged.checkpoints[0].inputBit = forged.stamp.byteCount * 8
    let decoded = try #require(decode(forged.encoded, stamp: forged.stamp))
    let image = GzipImage(huge, index: decoded)
    #expect(throws: ImageFault.self) { try image.bytes(at: 0, count: 1) }
  }

  @Test("I92: random forgery never crashes; what is read is right, or is refused")
  func randomForgery() throws {
    var random = TestRandom(seed: 21)
    let good = index.encoded
    for _ in 0..<150 * Int(TestScale.seeds) {
      var bytes = good
      let table = 92 + index.checkpoints.count * 44
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 28..<table, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      guard let forged = decode(summed(bytes)) else { continue }
      let image = GzipImage(store, index: forged)
      for _ in 0..<3 where image.byteCount > 0 {
        let start = UInt64.random(in: 0..<image.byteCount, using: &random)
        // Content is not the point: whoever may write here may write the image.
        _ = try? image.bytes(at: start, count: Int(min(1000, image.byteCount - start)))
      }
    }
  }
}
