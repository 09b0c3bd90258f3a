/// Reading a header that somebody else wrote: every field is checked before it is used for
/// anything, a shift or an allocation above all.
extension QcowHeader {
  /// Offsets of the fields (qcow2 specification, "Header").
  private enum Offset {
    static let version: UInt64 = 4
    static let backingName: UInt64 = 8
    static let backingNameLength: UInt64 = 16
    static let clusterBits: UInt64 = 20
    static let byteCount: UInt64 = 24
    static let cryptMethod: UInt64 = 32
    static let l1Count: UInt64 = 36
    static let l1Offset: UInt64 = 40
    static let refcountTableOffset: UInt64 = 48
    static let refcountTableClusters: UInt64 = 56
    static let snapshotCount: UInt64 = 60
    static let snapshotsOffset: UInt64 = 64
    static let incompatibleFeatures: UInt64 = 72
    static let compatibleFeatures: UInt64 = 80
    static let autoclearFeatures: UInt64 = 88
    static let refcountOrder: UInt64 = 96
    static let headerLength: UInt64 = 100
    static let compressionType: UInt64 = 104
  }

  /// Reads and checks the header of `store`.
  ///
  /// - Throws: ``ImageFault`` naming the first field that breaks a rule, or the feature that is
  ///   not implemented.
  init(reading store: any FileStore) throws(ImageFault) {
    let fileSize = try store.byteCount()
    let reader = FieldReader(
      file: store.name, fileSize: fileSize,
      bytes: try store.bytes(at: 0, count: Int(min(fileSize, 112))))
    try reader.require("a qcow2 header", byteCount: 72)
    let magic: UInt32 = reader.field(0)
    try reader.rule("magic", 0, magic, magic == Self.magic, "a qcow2 image starts with 0x514649fb")
    version = reader.field(Offset.version)
    try reader.rule("version", Offset.version, version, (2...3).contains(version), "must be 2 or 3")
    let bits: UInt32 = reader.field(Offset.clusterBits)
    try reader.rule(
      "cluster_bits", Offset.clusterBits, bits, (9...21).contains(bits), "must be from 9 to 21")
    clusterBits = Int(bits)
    try parseVersion3(reader)
    let cluster = try store.bytes(at: 0, count: Int(min(fileSize, geometry.clusterSize)))
    try parseBackingName(reader, cluster)
    try parseExtensions(reader, cluster)
    try checkFeatures(reader)
    try parseSizesAndTables(reader)
  }

  private mutating func parseVersion3(_ reader: FieldReader) throws(ImageFault) {
    guard version >= 3 else {
      headerLength = 72
      return
    }
    try reader.require("a version 3 header", byteCount: 104)
    headerLength = reader.field(Offset.headerLength)
    try reader.rule(
      "header_length", Offset.headerLength, headerLength,
      headerLength >= 104 && UInt64(headerLength) <= geometry.clusterSize,
      "must be from 104 to the cluster size")
    incompatibleFeatures = reader.field(Offset.incompatibleFeatures)
    compatibleFeatures = reader.field(Offset.compatibleFeatures)
    autoclearFeatures = reader.field(Offset.autoclearFeatures)
    refcountOrder = reader.field(Offset.refcountOrder)
    try reader.rule(
      "refcount_order", Offset.refcountOrder, refcountOrder, refcountOrder <= 6,
      "must be from 0 to 6")
    let type: UInt8 = headerLength > 104 ? reader.field(Offset.compressionType) : 0
    let isMarked = incompatibleFeatures & QcowFeatures.compressionType != 0
    try reader.rule(
      "compression_type", Offset.compressionType, type, (type != 0) == isMarked,
      "must be nonzero if and only if incompatible feature bit 3 is set")
    try reader.rule(
      "compression_type", Offset.compressionType, type, type <= 1, "must be 0 (deflate)")
  }

  private mutating func parseBackingName(
    _ reader: FieldReader, _ cluster: [UInt8]
  ) throws(ImageFault) {
    let offset: UInt64 = reader.field(Offset.backingName)
    let length: UInt32 = reader.field(Offset.backingNameLength)
    guard offset != 0, length != 0 else { return }
    try reader.rule(
      "backing_file_size", Offset.backingNameLength, length, length <= Limit.backingNameBytes,
      "must be at most \(Limit.backingNameBytes)")
    try reader.rule(
      "backing_file_offset", Offset.backingName, offset,
      offset >= UInt64(headerLength) && offset <= geometry.clusterSize
        && offset + UInt64(length) <= geometry.clusterSize,
      "the name must lie between the header and the end of the first cluster")
    try reader.require("its backing file name", byteCount: offset + UInt64(length))
    backingNameOffset = offset
    backingName = Array(cluster[Int(offset)..<Int(offset) + Int(length)])
  }

  private mutating func parseExtensions(
    _ reader: FieldReader, _ cluster: [UInt8]
  ) throws(ImageFault) {
    let fields = min(fieldsLength, cluster.count)
    laterBytes = Array(cluster[fields..<max(fields, min(Int(headerLength), cluster.count))])
    let end = backingName.isEmpty ? cluster.count : Int(backingNameOffset)
    var offset = Int(headerLength)
    while let type: UInt32 = cluster.bigEndian(at: offset),
      let length: UInt32 = cluster.bigEndian(at: offset + 4), offset + 8 <= end,
      type != Extension.Kind.end
    {
      let start = offset + 8
      try reader.rule(
        "length of header extension \(hexadecimal(UInt64(type)))", UInt64(offset + 4), length,
        Int(length) <= end - start, "must end before offset \(end)")
      if type == Extension.Kind.backingFormat {
        try reader.rule(
          "length of the backing format name", UInt64(offset + 4), length, length < 16,
          "must be below 16")
      }
      extensions.append(
        Extension(type: type, payload: Array(cluster[start..<start + Int(length)])))
      offset = start + (Int(length) + 7) & ~7
    }
    try checkBitmaps(reader)
  }

  /// Bitmaps are not used here; a header that calls them consistent must at least be well formed.
  private func checkBitmaps(_ reader: FieldReader) throws(ImageFault) {
    guard autoclearFeatures & QcowFeatures.bitmaps != 0,
      let payload = payload(Extension.Kind.bitmaps)
    else { return }
    guard payload.count == 24, let count: UInt32 = payload.bigEndian(at: 0), count > 0,
      let reserved: UInt32 = payload.bigEndian(at: 4), reserved == 0,
      let size: UInt64 = payload.bigEndian(at: 8), let offset: UInt64 = payload.bigEndian(at: 16),
      size <= reader.fileSize, offset <= reader.fileSize - size
    else {
      throw reader.fault(
        .corrupt(
          "the bitmaps extension has no bitmap, a reserved field or a directory past the end"))
    }
  }

  private func checkFeatures(_ reader: FieldReader) throws(ImageFault) {
    let unknown = incompatibleFeatures & ~QcowFeatures.supported
    guard unknown == 0 else {
      throw reader.fault(
        .unsupported(
          feature: QcowFeatures.describe(incompatible: unknown, table: featureNames)))
    }
    let method: UInt32 = reader.field(Offset.cryptMethod)
    switch method {
    case 0: break
    case 1: throw reader.fault(.unsupported(feature: "AES encryption"))
    case 2: throw reader.fault(.unsupported(feature: "LUKS encryption"))
    default: try reader.rule("crypt_method", Offset.cryptMethod, method, false, "must be 0")
    }
  }

  private mutating func parseSizesAndTables(_ reader: FieldReader) throws(ImageFault) {
    byteCount = reader.field(Offset.byteCount)
    try reader.rule(
      "size", Offset.byteCount, byteCount, byteCount <= UInt64(Int64.max), "must be below 2^63")
    l1Count = reader.field(Offset.l1Count)
    let needed = geometry.l1Count(for: byteCount)
    try reader.rule(
      "l1_size", Offset.l1Count, l1Count, UInt64(l1Count) * 8 <= Limit.l1Bytes,
      "must be at most \(Limit.l1Bytes / 8)")
    try reader.rule(
      "l1_size", Offset.l1Count, l1Count, UInt64(l1Count) >= needed,
      "a disk of \(byteCount) bytes needs \(needed) entries")
    l1Offset = reader.field(Offset.l1Offset)
    if l1Count > 0 {
      try reader.table(
        "l1_table_offset", Offset.l1Offset, l1Offset, byteCount: UInt64(l1Count) * 8, geometry)
    }
    refcountTableClusters = reader.field(Offset.refcountTableClusters)
    let refcountTableBytes = UInt64(refcountTableClusters) << UInt64(clusterBits)
    try reader.rule(
      "refcount_table_clusters", Offset.refcountTableClusters, refcountTableClusters,
      refcountTableClusters >= 1 && refcountTableBytes <= Limit.refcountTableBytes,
      "the table must have from 1 cluster to \(Limit.refcountTableBytes) bytes")
    refcountTableOffset = reader.field(Offset.refcountTableOffset)
    try reader.table(
      "refcount_table_offset", Offset.refcountTableOffset, refcountTableOffset, byteCount: 1,
      geometry)
    snapshotCount = reader.field(Offset.snapshotCount)
    try reader.rule(
      "nb_snapshots", Offset.snapshotCount, snapshotCount, snapshotCount <= Limit.snapshots,
      "must be at most \(Limit.snapshots)")
    snapshotsOffset = reader.field(Offset.snapshotsOffset)
    if snapshotCount > 0 {
      try reader.table(
        "snapshots_offset", Offset.snapshotsOffset, snapshotsOffset, byteCount: 1, geometry)
    }
  }
}

/// The header's raw fields, and the faults that name them.
private struct FieldReader {
  let file: String
  let fileSize: UInt64
  let bytes: [UInt8]

  /// The field at `offset`; bytes that the file does not have are zero.
  func field<Value: FixedWidthInteger>(_ offset: UInt64) -> Value {
    bytes.bigEndian(at: Int(offset)) ?? 0
  }

  func fault(_ cause: ImageFault.Cause) -> ImageFault { ImageFault(file, cause) }

  func require(_ structure: String, byteCount: UInt64) throws(ImageFault) {
    guard fileSize >= byteCount else {
      throw fault(.tooShort(structure: structure, needs: byteCount, has: fileSize))
    }
  }

  func rule(
    _ name: String, _ offset: UInt64, _ value: some FixedWidthInteger, _ holds: Bool, _ rule: String
  ) throws(ImageFault) {
    guard holds else {
      throw fault(
        .field(name: name, offset: offset, value: UInt64(truncatingIfNeeded: value), rule: rule))
    }
  }

  /// A table must be aligned, behind the header and inside the file.
  func table(
    _ name: String, _ offset: UInt64, _ value: UInt64, byteCount: UInt64,
    _ geometry: ClusterGeometry
  ) throws(ImageFault) {
    try rule(
      name, offset, value, geometry.isAligned(value), "must be a multiple of the cluster size")
    try rule(name, offset, value, value != 0, "must lie behind the header")
    try rule(
      name, offset, value, value <= fileSize && byteCount <= fileSize - value,
      "the table must lie in the file of \(fileSize) bytes")
  }
}
