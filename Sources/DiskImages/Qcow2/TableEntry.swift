/// Bits that L1, L2 and refcount table entries share (qcow2 specification, "Cluster mapping").
enum EntryBits {
  /// Bits 9 to 55: an offset in the file.
  static let offset: UInt64 = 0x00FF_FFFF_FFFF_FE00
  /// Bit 63: the refcount of what the entry names is exactly 1.
  static let copied: UInt64 = 1 << 63
  /// Bit 62 of an L2 entry: the cluster is compressed.
  static let compressed: UInt64 = 1 << 62
  /// Bit 0 of a version 3 L2 entry: the cluster reads zero.
  static let zero: UInt64 = 1
}

/// An entry of the L1 table.
struct L1Entry: RawRepresentable, Equatable, Sendable {
  let rawValue: UInt64
  init(rawValue: UInt64) { self.rawValue = rawValue }
  init(l2Offset: UInt64, isCopied: Bool) {
    rawValue = l2Offset | (isCopied ? EntryBits.copied : 0)
  }

  /// Where the L2 table is; 0: there is none.
  var l2Offset: UInt64 { rawValue & EntryBits.offset }
  var isCopied: Bool { rawValue & EntryBits.copied != 0 }
  var hasReservedBits: Bool { rawValue & ~(EntryBits.offset | EntryBits.copied) != 0 }
}

/// An entry of an L2 table with 8-byte entries.
struct L2Entry: RawRepresentable, Equatable, Sendable {
  let rawValue: UInt64
  init(rawValue: UInt64) { self.rawValue = rawValue }

  static let unallocated = L2Entry(rawValue: 0)
  static let zero = L2Entry(rawValue: EntryBits.zero)
  static func stored(_ offset: UInt64, isCopied: Bool) -> L2Entry {
    L2Entry(rawValue: offset | (isCopied ? EntryBits.copied : 0))
  }
  static func compressed(_ extent: CompressedExtent, in geometry: ClusterGeometry) -> L2Entry {
    let sectors = (extent.fileOffset % 512 + UInt64(extent.byteCount) + 511) / 512
    return L2Entry(
      rawValue: EntryBits.compressed | extent.fileOffset
        | (sectors - 1) << compressedOffsetBits(geometry))
  }

  var isCopied: Bool { rawValue & EntryBits.copied != 0 }
  var isCompressed: Bool { rawValue & EntryBits.compressed != 0 }
  var hasZeroFlag: Bool { !isCompressed && rawValue & EntryBits.zero != 0 }
  /// The host cluster of an entry that is not compressed; 0: none.
  var clusterOffset: UInt64 { rawValue & EntryBits.offset }

  /// Why an entry cannot be used.
  enum Damage: Error, Equatable {
    case misaligned
    case zeroFlagInVersion2
    case compressedOffsetTooBig

    var text: String {
      switch self {
      case .misaligned: "its offset is not aligned to a cluster"
      case .zeroFlagInVersion2: "its zero flag is reserved in version 2"
      case .compressedOffsetTooBig: "its compressed offset exceeds 56 bits"
      }
    }
  }

  /// Bits that must be clear for this kind of entry.
  var hasReservedBits: Bool {
    isCompressed
      ? isCopied
      : rawValue & ~(EntryBits.offset | EntryBits.copied | EntryBits.zero) != 0
        || (isCopied && clusterOffset == 0)
  }

  /// What the entry says about its cluster.
  func mapping(in geometry: ClusterGeometry, version: UInt32) throws(Damage) -> ClusterMapping {
    if isCompressed { return .compressed(try compressedExtent(in: geometry)) }
    guard geometry.isAligned(clusterOffset) else { throw .misaligned }
    if hasZeroFlag {
      guard version >= 3 else { throw .zeroFlagInVersion2 }
      return .zero(reservedAt: clusterOffset == 0 ? nil : clusterOffset)
    }
    return clusterOffset == 0 ? .unallocated : .stored(fileOffset: clusterOffset)
  }

  /// Where the stream of a compressed entry is.
  func compressedExtent(in geometry: ClusterGeometry) throws(Damage) -> CompressedExtent {
    let bits = Self.compressedOffsetBits(geometry)
    let value = rawValue & ~(EntryBits.copied | EntryBits.compressed)
    let offset = value & ((1 << bits) - 1)
    guard offset < 1 << 56 else { throw .compressedOffsetTooBig }
    // The field counts sectors after the one that holds the first byte.
    let sectors = (value >> bits) + 1
    return CompressedExtent(
      fileOffset: offset, byteCount: Int(sectors * 512 - offset % 512))
  }

  /// Width of the offset field: 62 − (cluster_bits − 8).
  private static func compressedOffsetBits(_ geometry: ClusterGeometry) -> UInt64 {
    UInt64(70 - geometry.clusterBits)
  }
}
