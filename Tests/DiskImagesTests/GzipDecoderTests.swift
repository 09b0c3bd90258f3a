import MachineTestKit
import Testing

@testable import DiskImages

/// What a gzip file may look like, and what is refused.
@Suite struct GzipDecoderTests {
  private let content = GzipFixture.content(5000, seed: 1)

  private func scan(_ bytes: [UInt8]) throws -> GzipIndex {
    try GzipIndex(scanning: MemoryFileStore(bytes, name: "disk.gz"))
  }

  /// What the disk of a file reads as, without the padding of the last sector.
  private func inflate(_ bytes: [UInt8]) throws -> [UInt8] {
    let store = MemoryFileStore(bytes)
    let index = try GzipIndex(scanning: store)
    return try GzipImage(store, index: index).bytes(at: 0, count: Int(index.dataByteCount))
  }

  private func refusal(_ bytes: [UInt8]) -> String { fault { _ = try scan(bytes) } ?? "accepted" }

  @Test("every optional part of a header is stepped over, its CRC checked")
  func headers() throws {
    let fixtures = [
      GzipFixture(), GzipFixture(flags: 1), GzipFixture(extra: []),
      GzipFixture(extra: [UInt8](repeating: 7, count: 65535)),
      GzipFixture(name: Array("disk".utf8)),
      GzipFixture(name: []), GzipFixture(comment: [UInt8](repeating: 65, count: 65536)),
      GzipFixture(hasHeaderCRC: true),
      GzipFixture(extra: [1, 2, 3], name: [255], comment: [10, 13], hasHeaderCRC: true),
    ]
    for fixture in fixtures { #expect(try inflate(fixture.member(content)) == content) }
  }

  @Test("members follow each other; empty ones give nothing")
  func members() throws {
    let parts = [content, [], Array(content.reversed()), [], [], [9]]
    let bytes = try parts.flatMap { try GzipFixture(name: [65]).member($0) }
    #expect(try inflate(bytes) == parts.flatMap(\.self))
    #expect(try scan(bytes).memberCount == 6)
    #expect(try inflate(GzipFixture().member([])) == [])
  }

  @Test("I82: magic, method and reserved flags")
  func badHeader() throws {
    #expect(refusal([0x1F, 0x8C, 8, 0]).contains("no gzip header, which starts with 1f 8b"))
    #expect(refusal([]).contains("no gzip header"))
    #expect(refusal(try GzipFixture(method: 7).member(content)).contains("the method is 7, but 8"))
    for bit in 5...7 {
      let flags = UInt8(1) << UInt8(bit)
      #expect(refusal(try GzipFixture(flags: flags).member(content)).contains("bits 5 to 7"))
    }
    // A later member as well: what starts with the magic is no garbage.
    let second = try GzipFixture().member(content) + GzipFixture(method: 9).member(content)
    #expect(refusal(second).contains("member 2, input offset"))
  }

  @Test("I83: a header that does not end, and one that is longer than any name")
  func endlessHeader() throws {
    let whole = GzipFixture(
      extra: [1, 2, 3], name: [65, 66], comment: [67], hasHeaderCRC: true
    ).header
    for count in 2..<whole.count {
      #expect(refusal(Array(whole.prefix(count))).contains("the file ends inside a header"))
    }
    #expect(refusal(whole).contains("the file ends inside the data"))
    for fixture in [
      GzipFixture(name: [UInt8](repeating: 65, count: 65537)),
      GzipFixture(comment: [UInt8](repeating: 65, count: 65537)),
    ] {
      #expect(refusal(try fixture.member(content)).contains("longer than 65536 bytes"))
    }
  }

  @Test("I84: a wrong CRC of the header")
  func headerCRC() throws {
    let fixture = GzipFixture(name: [65], hasHeaderCRC: true, headerCRCError: 0x8000)
    #expect(refusal(try fixture.member(content)).contains("the header's CRC is 0x"))
  }

  @Test("I85, G13: a wrong CRC or length is refused with member and offsets")
  func trailer() throws {
    let good = try GzipFixture().member(content)
    let badSum = good + (try GzipFixture(crcError: 1).member([1, 2, 3]))
    let end = hexadecimal(UInt64(badSum.count))
    #expect(
      refusal(badSum).hasPrefix(
        "disk.gz: is corrupt: member 2, input offset \(end), output offset 0x138b: the CRC-32 is 0x"
      ))
    let badLength = try GzipFixture(lengthError: 0x100).member(content)
    #expect(refusal(badLength).contains("the length modulo 2^32 is"))
  }

  @Test("I86: a file that breaks off anywhere")
  func truncated() throws {
    let whole = try GzipFixture(name: [65]).member(Array(content.prefix(300)))
    for count in 0..<whole.count { #expect(refusal(Array(whole.prefix(count))) != "accepted") }
    #expect(refusal(Array(whole.dropLast(1))).contains("the file ends inside the trailer"))
    #expect(refusal(Array(whole.dropLast(9))).contains("the file ends inside the data"))
  }

  @Test("I51: damaged data are refused, with their place")
  func damaged() throws {
    let fixture = GzipFixture()
    for stream: [UInt8] in [[0x07], [0x03, 0x02, 0x00], [0x63, 0x00, 0x13, 0x00]] {
      let bytes = fixture.member([], stream: stream + [UInt8](repeating: 0, count: 64))
      #expect(refusal(bytes).contains("input offset 0x"))
      #expect(refusal(bytes).contains("the deflated data are damaged: "))
    }
  }

  @Test("I89: zero padding is ignored; anything else is, too, and counted")
  func padding() throws {
    let member = try GzipFixture().member(content)
    for zeroes in [1, 511, 300_000] {
      let padded = member + [UInt8](repeating: 0, count: zeroes)
      #expect(try inflate(padded) == content)
      #expect(try scan(padded).garbageByteCount == 0)
    }
    for garbage: [UInt8] in [[1], [0x1F], [0x1F, 0x8A, 8], [0, 0, 5, 0], Array("text".utf8)] {
      #expect(try inflate(member + garbage) == content)
      #expect(try scan(member + garbage).garbageByteCount > 0)
    }
    // As gzip: padding is followed by no member.
    #expect(try inflate(member + [0] + member) == content)
  }

  @Test("random damage never crashes, and never gives other bytes than the right ones")
  func randomDamage() throws {
    let good =
      try GzipFixture(name: [65], hasHeaderCRC: true).member(content)
      + GzipFixture().member(Array(content.reversed()), level: 0)
    let expected = content + content.reversed()
    var random = TestRandom(seed: 11)
    for _ in 0..<400 * Int(TestScale.seeds) {
      var bytes = good
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0...50, using: &random)) }
      // The second member may have become garbage.
      if let read = try? inflate(bytes) { #expect(read == expected || read == content) }
    }
  }
}
