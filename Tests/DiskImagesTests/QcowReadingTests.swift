import MachineTestKit
import Testing

@testable import DiskImages

@Suite struct QcowReadingTests {
  private static let zeroes = [UInt8](repeating: 0, count: 4096)
  private static let pattern = (0..<4096).map(QcowFixture.pattern)

  @Test("R24: requests cross clusters and L2 tables")
  func crossing() throws {
    var fixture = QcowFixture()
    let second = fixture.append(Self.pattern.reversed())
    fixture.put64(QcowFixture.l2 + 8, UInt64(second) | QcowFixture.copied)
    let image = try fixture.open()
    #expect(
      try image.bytes(at: 1000, count: 8000)
        == Array((Self.pattern + Self.pattern.reversed() + Self.zeroes)[1000..<9000]))
    #expect(try image.bytes(at: (2 << 20) - 100, count: 200) == [UInt8](repeating: 0, count: 200))
    #expect(try image.bytes(at: 4 << 20, count: 0) == [])
  }

  @Test("Requests that leave the disk are refused whole")
  func outOfRange() throws {
    let image = try QcowFixture().open()
    let offsets: [UInt64] = [(4 << 20) - 511, 4 << 20, .max - 100]
    for offset in offsets {
      #expect(
        fault { _ = try image.bytes(at: offset, count: 512) }?.contains("leaves the disk") == true)
    }
  }

  @Test("R25: the mapping merges runs and names what it finds")
  func mapping() throws {
    var fixture = QcowFixture()
    _ = fixture.append(Self.pattern)
    fixture.put64(QcowFixture.l2 + 8, UInt64(QcowFixture.data + 4096))
    fixture.put64(QcowFixture.l2 + 16, 1)
    fixture.put64(QcowFixture.l2 + 24, 1)
    fixture.put64(QcowFixture.l2 + 32, UInt64(QcowFixture.data) | 1)
    fixture.mapCompressed(5, at: 0x5123, moreSectors: 2)
    let image = try fixture.open()
    let data = UInt64(QcowFixture.data)
    #expect(try image.mapping(at: 0) == Extent(.stored(fileOffset: data), byteCount: 8192))
    #expect(try image.mapping(at: 100) == Extent(.stored(fileOffset: data + 100), byteCount: 8092))
    #expect(try image.mapping(at: 8192) == Extent(.zero(reservedAt: nil), byteCount: 8192))
    #expect(try image.mapping(at: 16384) == Extent(.zero(reservedAt: data), byteCount: 4096))
    let stream = CompressedExtent(fileOffset: 0x5123, byteCount: 3 * 512 - 0x123)
    #expect(try image.mapping(at: 20480) == Extent(.compressed(stream), byteCount: 4096))
    #expect(try image.mapping(at: 24576) == Extent(.unallocated, byteCount: (2 << 20) - 24576))
    #expect(try image.mapping(at: 2 << 20) == Extent(.unallocated, byteCount: 2 << 20))
  }

  @Test("R14, I30, I33: a misaligned entry fails its request and no other")
  func misaligned() throws {
    var fixture = QcowFixture()
    fixture.put64(QcowFixture.l2 + 8, UInt64(QcowFixture.data + 512))
    fixture.put64(QcowFixture.l1 + 8, UInt64(QcowFixture.l2 + 512))
    let image = try fixture.open()
    let line = fault { _ = try image.bytes(at: 4096, count: 512) }
    #expect(
      line == "fixture: is corrupt: L2 entry 0x5200: its offset is not aligned to a cluster "
        + "(disk offset 0x1000)")
    #expect(
      fault { _ = try image.bytes(at: 2 << 20, count: 1) }?.contains("L1 entry 0x4200") == true)
    #expect(try image.bytes(at: 0, count: 4096) == Self.pattern)
  }

  @Test("R15, I34: reserved bits are read and reported once")
  func reservedBits() throws {
    var fixture = QcowFixture()
    fixture.put64(QcowFixture.l2, UInt64(QcowFixture.data) | 1 << 58 | 2)
    var lines: [String] = []
    let image = try fixture.open { lines.append($0) }
    #expect(try image.bytes(at: 0, count: 4096) == Self.pattern)
    #expect(try image.bytes(at: 0, count: 4096) == Self.pattern)
    #expect(lines.count == 1)
  }

  @Test("R16, I39: the zero flag fails in version 2")
  func zeroFlag() throws {
    var fixture = QcowFixture(version: 2)
    fixture.put64(QcowFixture.l2, 1)
    let line = fault { _ = try fixture.open().bytes(at: 0, count: 512) }
    #expect(line?.contains("zero flag is reserved in version 2") == true)
  }

  @Test("R28, I35, I78: clusters past the end of the file read zero and are reported")
  func pastTheEnd() throws {
    var fixture = QcowFixture()
    fixture.put64(QcowFixture.l2 + 8, 1 << 55)
    fixture.bytes.removeLast(1000)
    var lines: [String] = []
    let image = try fixture.open { lines.append($0) }
    #expect(
      try image.bytes(at: 0, count: 8192) == Self.pattern.prefix(3096)
        + [UInt8](repeating: 0, count: 1000 + 4096))
    #expect(lines.count == 1)
  }

  @Test("I30: an L2 table past the end of the file fails")
  func tablePastTheEnd() throws {
    var fixture = QcowFixture()
    fixture.put64(QcowFixture.l1, 1 << 50)
    let line = fault { _ = try fixture.open().bytes(at: 0, count: 512) }
    #expect(line?.contains("lies past the end of the file") == true)
  }

  @Test("I36: COPIED without an offset is unallocated; I32: a table may be its own data")
  func oddOwners() throws {
    var fixture = QcowFixture()
    fixture.put64(QcowFixture.l2 + 8, QcowFixture.copied)
    fixture.put64(QcowFixture.l2 + 16, UInt64(QcowFixture.l2))
    let image = try fixture.open()
    #expect(try image.bytes(at: 4096, count: 4096) == Self.zeroes)
    #expect(
      try image.bytes(at: 8192, count: 4096)
        == Array(fixture.bytes[QcowFixture.l2..<QcowFixture.l2 + 4096]))
  }

  @Test("R17, R23: compressed clusters inflate, in whole and in part")
  func compressed() throws {
    var fixture = QcowFixture()
    let stream = try deflated(Self.pattern)
    let offset = fixture.append([UInt8](repeating: 0xAA, count: 700) + stream) + 700
    fixture.mapCompressed(3, at: offset, moreSectors: (offset % 512 + stream.count - 1) / 512)
    let image = try fixture.open()
    #expect(try image.bytes(at: 3 * 4096 + 10, count: 100) == Array(Self.pattern[10..<110]))
    #expect(try image.bytes(at: 3 * 4096, count: 4096) == Self.pattern)
    #expect(
      try image.bytes(at: 2 * 4096, count: 3 * 4096) == Self.zeroes + Self.pattern + Self.zeroes)
    #expect(image.decompressed.count == 1)
  }

  @Test("R19, I45, I54: a sector count past the end is fine; many clusters may share a stream")
  func generousCount() throws {
    var fixture = QcowFixture()
    let stream = try deflated(Self.pattern)
    let offset = fixture.bytes.count
    fixture.bytes += stream
    for index in 1..<100 { fixture.mapCompressed(index, at: offset, moreSectors: 15) }
    let image = try fixture.open()
    for index in 1..<100 {
      #expect(try image.bytes(at: UInt64(index) * 4096, count: 4096) == Self.pattern)
    }
  }

  @Test(
    "R18, R21, I44, I46, I47: a stream that does not fill its cluster fails that cluster only",
    arguments: [(0x5000, 7), (0, 7), (1 << 53, 0), (1 << 57, 0), (0x6000, 0)])
  func badStream(offset: Int, sectors: Int) throws {
    var fixture = QcowFixture()
    var random = TestRandom(seed: 1)
    let stream = try deflated((random.bytes(3000) + [UInt8](repeating: 0, count: 1096)))
    #expect(fixture.append(stream) == 0x6000)
    fixture.mapCompressed(1, at: offset, moreSectors: sectors)
    let image = try fixture.open()
    let line = fault { _ = try image.bytes(at: 4096, count: 512) }
    #expect(line?.contains("is corrupt") == true, "\(line ?? "read")")
    #expect(try image.bytes(at: 0, count: 4096) == Self.pattern)
  }

  @Test("The cache of decompressed clusters and of tables keeps its bound")
  func boundedCaches() throws {
    var fixture = QcowFixture()
    let stream = try deflated(Self.pattern)
    for index in 1..<64 {
      let offset = fixture.append(stream)
      fixture.mapCompressed(index, at: offset, moreSectors: 7)
    }
    let image = try QcowImage(
      fixture.store(), cacheLimits: .init(tableBytes: 1, clusterBytes: 10 * 4096))
    for index in 1..<64 { _ = try image.bytes(at: UInt64(index) * 4096 + 1, count: 1) }
    #expect(image.decompressed.count == 10)
    #expect(image.tables.count == 1)
  }

  @Test("Failing reads of the host reach the caller")
  func hostFault() throws {
    let store = QcowFixture().store()
    let image = try QcowImage(store)
    store.failure = { operation, _ in operation == .read ? 5 : nil }
    #expect(
      fault { _ = try image.bytes(at: 0, count: 1) } == "fixture: cannot read: Input/output error")
  }

  @Test("An image opened for reading takes no writes")
  func readOnly() throws {
    let image = try QcowFixture().open()
    #expect(
      fault { try image.write(at: 0, [1]) } == "fixture: cannot be written: it was opened read-only"
    )
  }
}
