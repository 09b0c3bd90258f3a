/// An internal snapshot: a second L1 table, and when and of what it was made.
public struct QcowSnapshot: Equatable, Sendable {
  /// Where its L1 table is.
  var l1Offset: UInt64
  /// Entries of its L1 table.
  var l1Count: UInt32
  /// Identifier and name as the table has them, which may be no text.
  var rawID: [UInt8]
  var rawName: [UInt8]
  /// When it was made, in seconds of Unix time.
  public var seconds: UInt32
  /// Nanoseconds of that second.
  public var nanoseconds: UInt32
  /// How long the guest had run, in nanoseconds.
  public var guestClock: UInt64
  /// Bytes of saved machine state behind the end of the disk.
  public var machineStateByteCount: UInt64
  /// Size of the disk when it was made, or nil if the table does not say.
  public var diskByteCount: UInt64?
  /// Bytes of the entry's extra data behind the two fields above, kept as they are.
  var unknownExtra: [UInt8] = []

  /// Short identifier, usually a number.
  public var id: String { String(decoding: rawID, as: UTF8.self) }
  /// Name that the user gave.
  public var name: String { String(decoding: rawName, as: UTF8.self) }
  /// Instructions that the guest had executed, if the table says so and its machine counted them.
  public var instructionCount: UInt64? {
    unknownExtra.bigEndian(at: 0).flatMap { $0 == .max ? nil : $0 }
  }
}

extension QcowSnapshot {
  /// Limits against hostile tables.
  private enum Limit {
    static let extraBytes: UInt32 = 1024
    static let tableBytes: UInt64 = 64 << 20
  }

  /// Reads the snapshot table that `header` names.
  static func readTable(
    _ header: QcowHeader, from store: any FileStore
  ) throws(ImageFault) -> (snapshots: [QcowSnapshot], byteCount: UInt64) {
    let fileSize = try store.byteCount()
    var snapshots: [QcowSnapshot] = []
    var offset = header.snapshotsOffset
    for index in 0..<header.snapshotCount {
      let fixed = try store.bytes(at: offset, count: 40)
      let extraCount: UInt32 = fixed.bigEndian(at: 36) ?? 0
      guard extraCount <= Limit.extraBytes else {
        throw ImageFault(
          store.name,
          .field(
            name: "extra data size of snapshot \(index)", offset: offset + 36,
            value: UInt64(extraCount), rule: "must be at most \(Limit.extraBytes)"))
      }
      let idCount: UInt16 = fixed.bigEndian(at: 12) ?? 0
      let nameCount: UInt16 = fixed.bigEndian(at: 14) ?? 0
      let count = 40 + Int(extraCount) + Int(idCount) + Int(nameCount)
      let end = offset + UInt64(count)
      guard end <= fileSize, end - header.snapshotsOffset <= Limit.tableBytes else {
        throw ImageFault(
          store.name,
          .corrupt("snapshot \(index) at offset \(offset) ends past the file or the table's limit"))
      }
      let bytes = try store.bytes(at: offset, count: count)
      snapshots.append(QcowSnapshot(entry: bytes, extraCount: Int(extraCount), Int(idCount)))
      offset = (end + 7) & ~7
    }
    return (snapshots, offset - header.snapshotsOffset)
  }

  /// Decodes one entry whose parts are known to lie in `entry`.
  private init(entry: [UInt8], extraCount: Int, _ idCount: Int) {
    l1Offset = entry.bigEndian(at: 0) ?? 0
    l1Count = entry.bigEndian(at: 8) ?? 0
    seconds = entry.bigEndian(at: 16) ?? 0
    nanoseconds = entry.bigEndian(at: 20) ?? 0
    guestClock = entry.bigEndian(at: 24) ?? 0
    let oldStateSize: UInt32 = entry.bigEndian(at: 32) ?? 0
    let extra = Array(entry[40..<40 + extraCount])
    machineStateByteCount = extra.bigEndian(at: 0) ?? UInt64(oldStateSize)
    diskByteCount = extra.bigEndian(at: 8)
    unknownExtra = Array(extra.dropFirst(16))
    let idStart = 40 + extraCount
    rawID = Array(entry[idStart..<idStart + idCount])
    rawName = Array(entry[(idStart + idCount)...])
  }

  /// The entry as the snapshot table holds it.
  func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendBigEndian(l1Offset)
    bytes.appendBigEndian(l1Count)
    bytes.appendBigEndian(UInt16(truncatingIfNeeded: rawID.count))
    bytes.appendBigEndian(UInt16(truncatingIfNeeded: rawName.count))
    bytes.appendBigEndian(seconds)
    bytes.appendBigEndian(nanoseconds)
    bytes.appendBigEndian(guestClock)
    bytes.appendBigEndian(UInt32(clamping: machineStateByteCount))
    bytes.appendBigEndian(UInt32(diskByteCount == nil ? 0 : 16 + unknownExtra.count))
    if let diskByteCount {
      bytes.appendBigEndian(machineStateByteCount)
      bytes.appendBigEndian(diskByteCount)
      bytes += unknownExtra
    }
    bytes += rawID + rawName
    bytes.pad(to: 8)
    return bytes
  }
}
