import MachineTestKit
import Testing

@testable import DiskImages

/// What one request does to an L2 entry, row by row.
@Suite struct QcowEntryTests {
  enum Before: CaseIterable, Sendable { case empty, normal, shared, compressed, zero, reserved }
  enum Request: CaseIterable, Sendable { case write, part, zero, unmap, discard, zeroPart }
  /// C: a new cluster. H: the cluster it had. Z: the zero flag. 0: empty. +: COPIED.
  struct Row: CustomTestStringConvertible, Sendable {
    var version: UInt32
    var backing: Bool
    var before: Before
    var after: [String]
    var testDescription: String { "version \(version), backing \(backing), \(before)" }
  }

  static let rows: [Row] = [
    Row(version: 2, backing: false, before: .empty, after: ["C+", "C+", "0", "0", "0", "0"]),
    Row(version: 2, backing: false, before: .normal, after: ["H+", "H+", "0", "0", "0", "H+"]),
    Row(version: 2, backing: false, before: .shared, after: ["C+", "C+", "0", "0", "0", "C+"]),
    Row(version: 2, backing: false, before: .compressed, after: ["C+", "C+", "0", "0", "0", "C+"]),
    Row(version: 2, backing: true, before: .empty, after: ["C+", "C+", "C+", "C+", "0", "C+"]),
    Row(version: 2, backing: true, before: .normal, after: ["H+", "H+", "H+", "H+", "H+", "H+"]),
    Row(version: 2, backing: true, before: .shared, after: ["C+", "C+", "C+", "C+", "H", "C+"]),
    Row(
      version: 2, backing: true, before: .compressed, after: ["C+", "C+", "C+", "C+", "K", "C+"]),
    // Without a backing file an empty entry reads zero as it is; a flag would add nothing.
    Row(version: 3, backing: false, before: .empty, after: ["C+", "C+", "0", "0", "0", "0"]),
    Row(version: 3, backing: true, before: .empty, after: ["C+", "C+", "Z", "Z", "Z", "C+"]),
    Row(version: 3, backing: true, before: .normal, after: ["H+", "H+", "HZ+", "Z", "Z", "H+"]),
    Row(version: 3, backing: false, before: .normal, after: ["H+", "H+", "HZ+", "Z", "Z", "H+"]),
    Row(version: 3, backing: true, before: .shared, after: ["C+", "C+", "HZ", "Z", "Z", "C+"]),
    Row(version: 3, backing: true, before: .compressed, after: ["C+", "C+", "Z", "Z", "Z", "C+"]),
    Row(version: 3, backing: true, before: .zero, after: ["C+", "C+", "Z", "Z", "Z", "Z"]),
    Row(version: 3, backing: true, before: .reserved, after: ["H+", "H+", "HZ+", "Z", "Z", "HZ+"]),
  ]

  @Test("W12-W16, W24-W26: each request does to each entry what the table says", arguments: rows)
  func entries(_ row: Row) throws {
    for (request, expected) in zip(Request.allCases, row.after) {
      var fixture = QcowFixture(version: row.version)
      let content = (0..<4096).map(QcowFixture.pattern)
      let data = UInt64(QcowFixture.data)
      var old = content
      switch row.before {
      case .empty, .zero:
        fixture.put64(QcowFixture.l2, row.before == .zero ? 1 : 0)
        fixture.bytes[QcowFixture.refcountBlock + 11] = 0
        old = [UInt8](repeating: row.before == .empty && row.backing ? 0xBB : 0, count: 4096)
      case .normal: break
      case .shared:
        fixture.put64(QcowFixture.l2, data)
        fixture.bytes[QcowFixture.refcountBlock + 11] = 2
      case .compressed:
        let stream = try deflated(content)
        fixture.put(QcowFixture.data, stream)
        fixture.mapCompressed(0, at: QcowFixture.data, moreSectors: (stream.count - 1) / 512)
      case .reserved:
        fixture.put64(QcowFixture.l2, data | QcowFixture.copied | 1)
        old = [UInt8](repeating: 0, count: 4096)
      }
      if row.backing {
        fixture.put64(8, 1000)
        fixture.put32(16, 4)
        fixture.put(1000, Array("base".utf8))
      }
      let base = try RawImage(
        MemoryFileStore([UInt8](repeating: 0xBB, count: 8192)), readOnly: true)
      let image = try QcowImage(
        fixture.store(), readOnly: false, backing: row.backing ? base : nil)
      let before = fixture.bytes.dropFirst(QcowFixture.l2).prefix(8).reduce(UInt64(0)) {
        $0 << 8 | UInt64($1)
      }
      switch request {
      case .write:
        old = [UInt8](repeating: 0xCC, count: 4096)
        try image.write(at: 0, old)
      case .part:
        old.replaceSubrange(10..<13, with: [1, 2, 3])
        try image.write(at: 10, [1, 2, 3])
      case .zero, .unmap:
        old = [UInt8](repeating: 0, count: 4096)
        try image.writeZeroes(0..<4096, mayUnmap: request == .unmap)
      case .discard:
        try image.discard(0..<4096)
        if row.version == 3 || !row.backing { old = [UInt8](repeating: 0, count: 4096) }
      case .zeroPart:
        old.replaceSubrange(10..<512, with: repeatElement(0, count: 502))
        try image.writeZeroes(10..<512, mayUnmap: true)
      }
      #expect(try image.bytes(at: 0, count: 4096) == old, "\(request)")
      try image.close()
      let entry = try #require(try image.table(for: 0)).entry(0)
      #expect(Self.name(entry, before: before) == expected, "\(request)")
      if row.before != .shared {
        #expect(try QcowImage.check(image.store).exitStatus == 0, "\(request)")
      }
    }
  }

  private static func name(_ entry: L2Entry, before: UInt64) -> String {
    if entry.rawValue == before, entry.isCompressed { return "K" }
    let cluster =
      switch entry.clusterOffset {
      case 0: ""
      case UInt64(QcowFixture.data)
      where before & EntryBits.offset == UInt64(QcowFixture.data)
        && before & EntryBits.compressed == 0:
        "H"
      default: "C"
      }
    let text = cluster + (entry.hasZeroFlag ? "Z" : "") + (entry.isCopied ? "+" : "")
    return text.isEmpty ? "0" : text
  }
}
