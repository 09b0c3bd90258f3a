/// The header of a qcow2 image, versions 2 and 3, with its extensions.
struct QcowHeader: Equatable, Sendable {
  /// "QFI" and 0xFB.
  static let magic: UInt32 = 0x5146_49FB
  /// Limits that keep a hostile header from choosing how much memory is allocated.
  enum Limit {
    static let l1Bytes: UInt64 = 32 << 20
    static let refcountTableBytes: UInt64 = 8 << 20
    static let snapshots: UInt32 = 65536
    static let backingNameBytes: UInt32 = 1023
  }

  var version: UInt32 = 3
  /// Where the backing file's name is in the file; 0: there is none.
  var backingNameOffset: UInt64 = 0
  var backingName: [UInt8] = []
  var clusterBits: Int = 16
  /// Size of the disk in bytes, as stored; a guest sees whole sectors of it.
  var byteCount: UInt64 = 0
  var l1Count: UInt32 = 0
  var l1Offset: UInt64 = 0
  var refcountTableOffset: UInt64 = 0
  var refcountTableClusters: UInt32 = 0
  var snapshotCount: UInt32 = 0
  var snapshotsOffset: UInt64 = 0
  var incompatibleFeatures: UInt64 = 0
  var compatibleFeatures: UInt64 = 0
  var autoclearFeatures: UInt64 = 0
  /// log2 of the bits in a refcount.
  var refcountOrder: UInt32 = 4
  /// Bytes before the extensions, with those of a newer writer.
  var headerLength: UInt32 = 112
  /// Header bytes from offset 104 on: the compression type, 0 for deflate, padding, and what a newer
  /// writer put there. Kept as they are.
  var laterBytes = [UInt8](repeating: 0, count: 8)
  var extensions: [Extension] = []

  /// A header extension.
  struct Extension: Equatable, Sendable {
    enum Kind {
      static let end: UInt32 = 0
      static let backingFormat: UInt32 = 0xE279_2ACA
      static let featureNames: UInt32 = 0x6803_F857
      static let bitmaps: UInt32 = 0x2385_2875
    }
    var type: UInt32
    var payload: [UInt8]
  }

  var geometry: ClusterGeometry { ClusterGeometry(clusterBits: clusterBits) }
  var isDirty: Bool { incompatibleFeatures & QcowFeatures.dirty != 0 }
  var isCorrupt: Bool { incompatibleFeatures & QcowFeatures.corrupt != 0 }
  /// Size of the disk as the guest sees it.
  var guestByteCount: UInt64 { byteCount & ~511 }
  /// Bits in a refcount.
  var refcountBits: Int { 1 << Int(refcountOrder) }
  /// Refcounts in one block.
  var countsPerBlock: UInt64 { (geometry.clusterSize * 8) >> UInt64(refcountOrder) }
  /// The highest refcount that the width holds.
  var maximumRefcount: UInt64 { refcountOrder == 6 ? .max : (1 << UInt64(refcountBits)) - 1 }

  func payload(_ type: UInt32) -> [UInt8]? { extensions.first { $0.type == type }?.payload }
  /// The format that the backing file's creator named.
  var backingFormat: String? {
    payload(Extension.Kind.backingFormat).map { String(decoding: $0, as: UTF8.self) }
  }
  var featureNames: [QcowFeatures.Name] {
    QcowFeatures.parseNames(payload(Extension.Kind.featureNames) ?? [])
  }

  /// Bytes of the fields that every header of this version has.
  var fieldsLength: Int { version == 2 ? 72 : 104 }

  /// Those fields, as the file holds them: always below one sector.
  func encodedFields() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendBigEndian(Self.magic)
    bytes.appendBigEndian(version)
    bytes.appendBigEndian(backingNameOffset)
    bytes.appendBigEndian(UInt32(backingName.count))
    bytes.appendBigEndian(UInt32(clusterBits))
    bytes.appendBigEndian(byteCount)
    bytes.appendBigEndian(UInt32(0))  // crypt_method: none
    bytes.appendBigEndian(l1Count)
    bytes.appendBigEndian(l1Offset)
    bytes.appendBigEndian(refcountTableOffset)
    bytes.appendBigEndian(refcountTableClusters)
    bytes.appendBigEndian(snapshotCount)
    bytes.appendBigEndian(snapshotsOffset)
    guard version >= 3 else { return bytes }
    bytes.appendBigEndian(incompatibleFeatures)
    bytes.appendBigEndian(compatibleFeatures)
    bytes.appendBigEndian(autoclearFeatures)
    bytes.appendBigEndian(refcountOrder)
    bytes.appendBigEndian(headerLength)
    return bytes
  }

  /// The header with its extensions, or nil when a cluster cannot hold it and the backing name, for
  /// which a place is chosen.
  ///
  /// - Parameter used: bytes of the file that are not for the name, where there is room elsewhere.
  mutating func encode(besides used: Range<Int> = 0..<0) -> [UInt8]? {
    var tail: [UInt8] = []
    for item in extensions {
      tail.appendBigEndian(item.type)
      tail.appendBigEndian(UInt32(item.payload.count))
      tail += item.payload
      tail.pad(to: 8)
    }
    tail.appendBigEndian(UInt64(0))  // end of extensions
    let start = version == 2 ? 72 : Int(headerLength)
    let tailEnd = start + tail.count
    let room = Int(geometry.clusterSize) - backingName.count
    guard tailEnd <= room else { return nil }
    let nameEnd = tailEnd + backingName.count
    let isFree = used.isEmpty || !used.overlaps(tailEnd..<max(nameEnd, tailEnd + 1))
    let nameOffset = isFree || used.upperBound > room ? tailEnd : max(tailEnd, used.upperBound)
    backingNameOffset = backingName.isEmpty ? 0 : UInt64(nameOffset)
    return encodedFields() + laterBytes + tail
  }
}
