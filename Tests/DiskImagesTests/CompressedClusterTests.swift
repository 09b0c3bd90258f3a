import Testing

@testable import DiskImages

@Suite struct CompressedClusterTests {
  private func inflate(_ input: [UInt8], count: Int) -> [UInt8]? {
    var output = [UInt8](repeating: 0, count: count)
    var span = output.mutableSpan
    return CompressedCluster.inflate(input.span, into: &span) ? output : nil
  }

  @Test("Deflate and inflate are inverse; random data is not worth it")
  func roundTrip() throws {
    let text = (0..<65536).map { UInt8(truncatingIfNeeded: $0 / 100) }
    let stream = try deflated(text)
    #expect(stream.count < 4000)
    #expect(inflate(stream, count: 65536) == text)
    var random = TestRandom(seed: 3)
    let compressor = try #require(RawDeflater())
    #expect(compressor.deflate(random.bytes(4096).span, limit: 4096) == nil)
    #expect(compressor.deflate(text.span, limit: 65536) == stream)
  }

  @Test("R20, I53: a stream may lack its end once the output is full; I52: not before")
  func missingEnd() throws {
    let text = (0..<4096).map { UInt8(truncatingIfNeeded: $0 / 3) }
    let stream = try deflated(text)
    #expect(inflate(Array(stream.dropLast(1)), count: 4096) == text)
    #expect(inflate(Array(stream.dropLast(40)), count: 4096) == nil)
    #expect(inflate(stream, count: 4097) == nil)
  }

  @Test("R18, I49: what follows a full cluster is ignored, however much it is")
  func bomb() throws {
    let zeroes = [UInt8](repeating: 0, count: 1 << 20)
    let stream = try deflated(zeroes)
    #expect(inflate(stream + [1, 2, 3], count: 512) == [UInt8](repeating: 0, count: 512))
  }

  @Test(
    "I48, I50, I51: wrappers, empty blocks and bad codes fail",
    arguments: [
      [0x78, 0x9C, 0x63, 0x00], [0x1F, 0x8B, 0x08, 0x00], [0x07], [0xFF, 0xFF, 0xFF], [],
      [UInt8](repeating: 0, count: 4096),
      // A fixed block whose first symbol is a length, with a distance before the start.
      [0x03, 0x02, 0x00], [0x63, 0x00, 0x13, 0x00],
    ])
  func garbage(_ input: [UInt8]) {
    #expect(inflate(input, count: 512) == nil)
  }

  @Test("I50: empty stored blocks end with the input")
  func emptyBlocks() {
    let block: [UInt8] = [0, 0, 0, 0xFF, 0xFF]
    #expect(inflate(Array(repeatElement(block, count: 100_000).joined()), count: 512) == nil)
  }

  @Test("R17: distances up to 32 KiB are followed")
  func longDistance() {
    // One stored block of 32768 random bytes, then a fixed block: length 258 at distance 32768.
    var random = TestRandom(seed: 9)
    let first = random.bytes(32768)
    var bits: [Bool] = []
    func put(_ value: Int, _ width: Int) {
      for bit in 0..<width { bits.append(value >> bit & 1 != 0) }
    }
    func putCode(_ value: Int, _ width: Int) {
      for bit in (0..<width).reversed() { bits.append(value >> bit & 1 != 0) }
    }
    put(1, 1)
    put(1, 2)
    putCode(0b1100_0101, 8)  // symbol 285: length 258
    putCode(29, 5)  // distances 24577 to 32768
    put(8191, 13)
    putCode(0, 7)
    let last = stride(from: 0, to: bits.count, by: 8).map { start in
      bits[start..<min(start + 8, bits.count)].enumerated()
        .reduce(UInt8(0)) { $0 | ($1.element ? 1 << UInt8($1.offset) : 0) }
    }
    let stream: [UInt8] = [0, 0x00, 0x80, 0xFF, 0x7F] + first + last
    #expect(inflate(stream, count: 33026) == first + first.prefix(258))
  }
}
