/// Feature words of a version 3 header, and their names.
enum QcowFeatures {
  /// Incompatible bit 0: refcounts may be stale.
  static let dirty: UInt64 = 1 << 0
  /// Incompatible bit 1: damaged metadata has been seen.
  static let corrupt: UInt64 = 1 << 1
  /// Incompatible bit 3: the header's compression type is not deflate.
  static let compressionType: UInt64 = 1 << 3
  /// Compatible bit 0: a writer may postpone refcounts while `dirty` is set.
  static let lazyRefcounts: UInt64 = 1 << 0
  /// Autoclear bit 0: the bitmaps extension is consistent with the disk.
  static let bitmaps: UInt64 = 1 << 0

  /// Incompatible bits that are implemented.
  static let supported = dirty | corrupt

  /// A row of the feature name table.
  struct Name: Equatable, Sendable {
    /// 0 incompatible, 1 compatible, 2 autoclear.
    var word: UInt8
    var bit: UInt8
    var text: String
  }

  /// The rows that a header written here carries.
  static let names = [
    Name(word: 0, bit: 0, text: "dirty bit"),
    Name(word: 0, bit: 1, text: "corrupt bit"),
    Name(word: 0, bit: 2, text: "external data file"),
    Name(word: 0, bit: 3, text: "compression type"),
    Name(word: 0, bit: 4, text: "extended L2 entries"),
    Name(word: 1, bit: 0, text: "lazy refcounts"),
    Name(word: 2, bit: 0, text: "bitmaps"),
    Name(word: 2, bit: 1, text: "raw external data"),
  ]

  /// The incompatible bits of `word` in words: by the image's own table, else by ours, else by
  /// number.
  static func describe(incompatible word: UInt64, table: [Name]) -> String {
    (0..<64).filter { word & (1 << UInt64($0)) != 0 }.map { bit in
      (table + names).first { $0.word == 0 && Int($0.bit) == bit }
        .map { "\"\(escaped($0.text))\" (incompatible feature bit \(bit))" }
        ?? "incompatible feature bit \(bit)"
    }.joined(separator: ", ")
  }

  /// Reads the payload of a feature name table; a partial record at its end is ignored.
  static func parseNames(_ payload: [UInt8]) -> [Name] {
    stride(from: 0, through: payload.count - 48, by: 48).map { start in
      let text = payload[(start + 2)..<(start + 48)].prefix { $0 != 0 }
      return Name(
        word: payload[start], bit: payload[start + 1], text: String(decoding: text, as: UTF8.self))
    }
  }

  /// The payload of a feature name table.
  static func encodeNames(_ names: [Name]) -> [UInt8] {
    names.flatMap { name -> [UInt8] in
      let text = Array(name.text.utf8.prefix(46))
      return [name.word, name.bit] + text + [UInt8](repeating: 0, count: 46 - text.count)
    }
  }
}
