import MachineTestKit
import Testing

@testable import DiskImages

/// A damage to the fixture and a part of the line that must say so.
struct HostileHeader: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var expected: String
  var damage: @Sendable (inout QcowFixture) -> Void

  init(
    _ name: String, _ expected: String, _ damage: @escaping @Sendable (inout QcowFixture) -> Void
  ) {
    testDescription = name
    self.expected = expected
    self.damage = damage
  }

  static func word(_ name: String, _ offset: Int, _ values: [UInt32], _ expected: String) -> [Self]
  {
    values.map { value in Self("\(name) \(value)", expected) { $0.put32(offset, value) } }
  }

  static func quad(_ name: String, _ offset: Int, _ values: [UInt64], _ expected: String) -> [Self]
  {
    values.map { value in
      Self("\(name) \(hexadecimal(value))", expected) { $0.put64(offset, value) }
    }
  }

  static let refused: [Self] =
    [0, 1, 71].map { count in
      Self("I1 file of \(count) bytes", "too short for a qcow2 header: it needs 72") {
        $0.bytes.removeLast($0.bytes.count - count)
      }
    }
    + word("magic", 0, [0, 0x5146_49FA], "magic at offset 0 is")
    + word("I2 version", 4, [0, 1, 4, .max], "version at offset 4 is")
    + [
      Self("I3 version 3 in 100 bytes", "too short for a version 3 header") {
        $0.bytes.removeLast($0.bytes.count - 100)
      }
    ]
    + word("I4 cluster_bits", 20, [0, 8, 22, 31, 63, .max], "must be from 9 to 21")
    + word("I5 header_length", 100, [0, 72, 103], "header_length at offset 100 is")
    + word("I6 header_length", 100, [4097, 0xFFFF_FFF8], "header_length at offset 100 is")
    + quad("I8 incompatible bits", 72, [1 << 40], "incompatible feature bit 40")
    + quad("I8 all incompatible bits", 72, [~0b1000], "\"external data file\"")
    + quad("extended L2", 72, [1 << 4], "\"extended L2 entries\" (incompatible feature bit 4)")
    + word("I11 refcount_order", 96, [7, 31, .max], "must be from 0 to 6")
    + quad("I13 bit without type", 72, [1 << 3], "compression_type at offset 104 is 0")
    + [1, 2, 255].map { type in
      Self("I13 type \(type) without bit", "compression_type at offset 104") {
        $0.bytes[104] = type
      }
    }
    + [
      Self("I13 zstd", "\"compression type\"") {
        $0.put64(72, 1 << 3)
        $0.bytes[104] = 1
      },
      Self("I13 type 2", "must be 0 (deflate)") {
        $0.put64(72, 1 << 3)
        $0.bytes[104] = 2
      },
    ]
    + word("I14 crypt_method", 32, [1], "AES") + word("I14 crypt_method", 32, [2], "LUKS")
    + word("I14 crypt_method", 32, [3], "crypt_method at offset 32")
    + quad("I17 size", 24, [1 << 63, .max], "must be below 2^63")
    + quad(
      "I18 size", 24, [1 << 40, UInt64(Int64.max)], "l1_size at offset 36 is 2, but a disk of")
    + word("I19 l1_size", 36, [0, 1], "needs 2 entries")
    + word("I20 l1_size", 36, [.max, 4_194_305], "must be at most 4194304")
    + quad(
      "I22 l1_table_offset", 40, [0, 512, 0x3001, 1 << 40, .max - 4095, .max],
      "l1_table_offset at offset 40 is")
    + quad(
      "I24 refcount_table_offset", 48, [0, 512, 1 << 40, .max - 4095],
      "refcount_table_offset at offset 48 is")
    + word("I24 refcount_table_clusters", 56, [0, 2049, .max], "refcount_table_clusters")
    + word("I68 nb_snapshots", 60, [65537, .max], "nb_snapshots at offset 60")
    + [UInt64(512), 1 << 40].map { offset in
      Self("I69 snapshots_offset \(offset)", "snapshots_offset at offset 64") {
        $0.put32(60, 1)
        $0.put64(64, offset)
      }
    }
    + [
      Self("I70 snapshot extra data of 1025 bytes", "extra data size of snapshot 0") {
        $0.put32(60, 1)
        $0.put64(64, UInt64($0.append([UInt8](repeating: 0, count: 4096))))
        $0.put32(6 * 4096 + 36, 1025)
      },
      Self("I70 snapshot name past the file", "snapshot 0 at offset 24576 ends past") {
        $0.put32(60, 1)
        $0.put64(64, UInt64($0.append([UInt8](repeating: 0, count: 4096))))
        $0.put32(6 * 4096 + 12, .max)
      },
      Self("I55 backing name inside the header", "backing_file_offset at offset 8 is 100") {
        $0.put64(8, 100)
        $0.put32(16, 4)
      },
      Self("I55 backing name crosses the cluster", "backing_file_offset") {
        $0.put64(8, 4090)
        $0.put32(16, 20)
      },
      Self("I55 backing name near 2^64", "backing_file_offset") {
        $0.put64(8, .max)
        $0.put32(16, 20)
      },
      Self("I55 backing name of 1024 bytes", "backing_file_size at offset 16 is 1024") {
        $0.put64(8, 200)
        $0.put32(16, 1024)
      },
      Self("I64 extension of 4 GiB", "length of header extension 0x12345678") {
        $0.put32(112, 0x1234_5678)
        $0.put32(116, .max)
      },
      Self("I64 extension past the cluster", "length of header extension") {
        $0.put32(112, 0x1234_5678)
        $0.put32(116, 4096 - 119)
      },
      Self("I65 backing format of 16 bytes", "length of the backing format name") {
        $0.put32(112, 0xE279_2ACA)
        $0.put32(116, 16)
      },
      Self("I73 bitmaps extension without bitmaps", "bitmaps extension") {
        $0.put64(88, 1)
        $0.put32(112, 0x2385_2875)
        $0.put32(116, 24)
      },
      Self("I77 file of one cluster", "l1_table_offset at offset 40") {
        $0.bytes.removeLast(5 * 4096)
      },
    ]

  /// Damages that an image must survive.
  static let accepted: [Self] =
    word("I7 header_length", 100, [104, 105, 120, 4096], "")
    + [Self("I9 unknown compatible bits", "") { $0.put64(80, ~0) }]
    + [Self("I10 unknown autoclear bits", "") { $0.put64(88, ~1) }]
    + [
      Self("I66 extensions without an end mark", "") { fixture in
        fixture.put32(112, 0x1234_5678)
        fixture.put32(116, 4096 - 120)
      }
    ]
    + [
      Self("I67 only empty extensions", "") { fixture in
        for offset in stride(from: 112, to: 4096, by: 8) { fixture.put32(offset, 0x1234_5678) }
      }
    ]
    + [Self("I75 corrupt bit, read-only", "") { $0.put64(72, 2) }]
    + [Self("I76 dirty bit, read-only", "") { $0.put64(72, 1) }]
}

@Suite struct QcowHeaderTests {
  @Test("Hostile headers are refused in one line (R2, R6-R9)", arguments: HostileHeader.refused)
  func refused(_ hostile: HostileHeader) {
    var fixture = QcowFixture()
    hostile.damage(&fixture)
    let line = fault { _ = try fixture.open() }
    #expect(line?.contains(hostile.expected) == true, "\(line ?? "opened")")
    #expect(line?.contains("\n") == false)
  }

  @Test("Odd but legal headers open", arguments: HostileHeader.accepted)
  func accepted(_ hostile: HostileHeader) throws {
    var fixture = QcowFixture()
    hostile.damage(&fixture)
    let content = try fixture.open().bytes(at: 0, count: 4096)
    #expect(content == Array(fixture.bytes[QcowFixture.data..<QcowFixture.data + 4096]))
  }

  @Test("R2: an unknown feature is refused by the name in the image's own table")
  func featureNameTable() {
    var fixture = QcowFixture()
    fixture.put64(72, 1 << 9)
    fixture.put32(112, 0x6803_F857)
    fixture.put32(116, 48)
    fixture.put(120, [0, 9] + Array("time travel".utf8))
    let line = fault { _ = try fixture.open() }
    #expect(line?.contains("\"time travel\" (incompatible feature bit 9)") == true)
  }

  @Test("I12: version 2 ignores the version 3 fields")
  func version2() throws {
    var fixture = QcowFixture(version: 2)
    // Where version 3 has feature words, version 2 has its extensions: an empty list here.
    fixture.put32(96, .max)
    fixture.put32(100, 3)
    let image = try fixture.open()
    #expect(image.header.refcountOrder == 4)
    #expect(image.header.headerLength == 72)
  }

  @Test("I15: a disk of no bytes opens")
  func emptyDisk() throws {
    var fixture = QcowFixture()
    fixture.put64(24, 0)
    fixture.put32(36, 0)
    fixture.put64(40, 0)
    let image = try fixture.open()
    #expect(image.byteCount == 0)
    #expect(throws: ImageFault.self) { try image.bytes(at: 0, count: 1) }
  }

  @Test("I16: an odd size is cut to whole sectors and reported")
  func oddSize() throws {
    var fixture = QcowFixture()
    fixture.put64(24, 1000)
    var lines: [String] = []
    let image = try fixture.open { lines.append($0) }
    #expect(image.byteCount == 512)
    #expect(lines == ["fixture: its size of 1000 bytes is cut to whole sectors"])
  }

  @Test("I21: the biggest L1 table opens")
  func biggestL1() throws {
    let fixture = QcowFixture()
    let store = fixture.store()
    try store.write(at: 36, [0x00, 0x40, 0x00, 0x00])
    try store.setByteCount(UInt64(QcowFixture.l1) + 32 << 20)
    let image = try QcowImage(store)
    #expect(image.header.l1Count == 4_194_304)
  }

  @Test("R9: unknown extensions, unknown header bytes and feature names survive re-encoding")
  func roundTrip() throws {
    var fixture = QcowFixture()
    fixture.put32(100, 120)
    fixture.put64(112, 0x0102_0304_0506_0708)
    fixture.put32(120, 0x1234_5678)
    fixture.put32(124, 3)
    fixture.put(128, [9, 8, 7])
    fixture.put32(136, 0xE279_2ACA)
    fixture.put32(140, 3)
    fixture.put(144, Array("raw".utf8))
    fixture.put64(8, 200)
    fixture.put32(16, 4)
    fixture.put(200, Array("base".utf8))
    var header = try QcowHeader(reading: fixture.store())
    #expect(header.backingFormat == "raw")
    #expect(header.backingName == Array("base".utf8))
    var copy = fixture
    let encoded = header.encode()
    copy.put(0, try #require(encoded) + header.backingName)
    #expect(try QcowHeader(reading: copy.store()) == header)
    #expect(header.laterBytes == [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
  }

  @Test("R27, I72: the snapshot table is parsed, with and without extra data")
  func snapshots() throws {
    var fixture = QcowFixture()
    var table: [UInt8] = []
    for (extra, name) in [(24, "first"), (0, "second")] {
      table.appendBigEndian(UInt64(QcowFixture.l1))
      table.appendBigEndian(UInt32(2))
      table.appendBigEndian(UInt16(1))
      table.appendBigEndian(UInt16(name.utf8.count))
      table.appendBigEndian(UInt32(1000))
      table.appendBigEndian(UInt32(5))
      table.appendBigEndian(UInt64(77))
      table.appendBigEndian(UInt32(33))
      table.appendBigEndian(UInt32(extra))
      if extra > 0 {
        table.appendBigEndian(UInt64(44))
        table.appendBigEndian(UInt64(4 << 20))
        table.appendBigEndian(UInt64(9))
      }
      table += Array("7\(name)".utf8)
      table.pad(to: 8)
    }
    fixture.put32(60, 2)
    fixture.put64(64, UInt64(fixture.append(table)))
    let snapshots = try fixture.open().snapshots
    #expect(snapshots.map(\.name) == ["first", "second"])
    #expect(snapshots.map(\.id) == ["7", "7"])
    #expect(snapshots.map(\.machineStateByteCount) == [44, 33])
    #expect(snapshots.map(\.diskByteCount) == [4 << 20, nil])
    #expect(snapshots[0].unknownExtra == [0, 0, 0, 0, 0, 0, 0, 9])
  }

  @Test("I7: a header of 105 bytes is rewritten with its last byte, and opens", arguments: [0, 7])
  func oddHeaderLength(later: Int) throws {
    var fixture = QcowFixture()
    fixture.put32(100, UInt32(105 + later))
    for index in 0..<later { fixture.bytes[105 + index] = 9 }
    let store = fixture.store()
    let image = try QcowImage(store, readOnly: false)
    try image.setBacking(name: "base.raw", format: .raw)
    let header = try QcowHeader(reading: store)
    #expect(header.backingName == Array("base.raw".utf8))
    #expect(header.backingFormat == "raw")
    #expect(header.laterBytes == [0] + [UInt8](repeating: 9, count: later))
    #expect(try QcowImage.check(store).exitStatus == 0)
  }

  @Test("R27, W36: a snapshot's name that is no text stays as it is")
  func snapshotNameBytes() throws {
    var fixture = QcowFixture()
    var table: [UInt8] = []
    table.appendBigEndian(UInt64(QcowFixture.l1))
    table.appendBigEndian(UInt32(2))
    table.appendBigEndian(UInt16(2))
    table.appendBigEndian(UInt16(3))
    table += [UInt8](repeating: 0, count: 24)
    table += [0xFF, 0xFE, 0x80, 0xC3, 0x28]
    table.pad(to: 8)
    fixture.put32(60, 1)
    fixture.put64(64, UInt64(fixture.append(table)))
    let snapshot = try #require(try fixture.open().snapshots.first)
    #expect(snapshot.rawName == [0x80, 0xC3, 0x28])
    #expect(snapshot.encoded() == table)
  }
}
