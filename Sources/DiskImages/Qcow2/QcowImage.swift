/// A qcow2 disk, version 2 or 3.
///
/// The specification is "Qcow2 Image File Format" (docs/interop/qcow2 of QEMU). A request first asks
/// where the bytes are (``mapping(at:)``), then moves them.
public final class QcowImage: DiskImage {
  /// How much memory an image may use for tables and decompressed clusters, and how many threads.
  public struct CacheLimits: Sendable {
    /// Bytes of L2 tables.
    public var tableBytes: Int
    /// Bytes of decompressed clusters. A few MiB more are used while a disk is read sequentially.
    public var clusterBytes: Int
    /// Threads that decompress ahead of a sequential reader, besides its own.
    public var workers: Int

    /// Sets the limits; one table and one cluster are kept whatever they say. By default clusters
    /// may take a 32nd of the host's memory, from 32 to 256 MiB, and there is a worker for each
    /// processor of the host but one, at most three.
    public init(
      tableBytes: Int = 8 << 20,
      clusterBytes: Int = min(256 << 20, max(32 << 20, HostMachine.memoryByteCount / 32)),
      workers: Int = min(3, HostMachine.processorCount - 1)
    ) {
      self.tableBytes = tableBytes
      self.clusterBytes = clusterBytes
      self.workers = workers
    }
  }

  /// Whether writes are refused.
  public var isReadOnly: Bool { writer == nil }
  /// The opened backing file.
  public let backing: (any DiskImage)?
  /// The file's name.
  public var description: String { store.name }
  /// Size of the disk in whole sectors.
  public var byteCount: UInt64 { growingTo ?? header.guestByteCount }
  /// The internal snapshots, oldest first.
  public internal(set) var snapshots: [QcowSnapshot]

  /// Everything that writing needs; nil when the image is read-only.
  var writer: QcowWriter?
  let store: any FileStore
  let geometry: ClusterGeometry
  var header: QcowHeader
  /// The size that the disk is about to have, while what is new is made zero.
  var growingTo: UInt64?
  /// Bytes of the snapshot table in the file.
  var snapshotTableByteCount: UInt64
  var l1: [UInt64]
  var tables: BoundedCache<UInt64, L2Table>
  let decompressed: DecompressedClusters
  private let report: (String) -> Void
  private var reported: Set<String> = []

  /// Opens an image.
  ///
  /// - Parameters:
  ///   - readOnly: whether writes are refused. An image whose metadata cannot be trusted opens only
  ///     read-only.
  ///   - backing: the image's backing file, opened. Without it, a request for what only an existing
  ///     backing file knows fails.
  ///   - report: told once, in one line, of each oddity that does not keep the image from working.
  /// - Throws: ``ImageFault`` naming the field that breaks a rule of the format.
  public convenience init(
    _ store: any FileStore, readOnly: Bool = true, backing: (any DiskImage)? = nil,
    cacheLimits: CacheLimits = CacheLimits(),
    report: @escaping (String) -> Void = { _ in }
  ) throws(ImageFault) {
    try self.init(
      store, header: QcowHeader(reading: store), readOnly: readOnly, backing: backing,
      cacheLimits: cacheLimits, report: report)
  }

  init(
    _ store: any FileStore, header: QcowHeader, readOnly: Bool, backing: (any DiskImage)?,
    cacheLimits: CacheLimits, report: @escaping (String) -> Void
  ) throws(ImageFault) {
    self.store = store
    self.header = header
    self.backing = backing
    self.report = report
    geometry = header.geometry
    (snapshots, snapshotTableByteCount) = try QcowSnapshot.readTable(header, from: store)
    l1 = quadwords(try store.bytes(at: header.l1Offset, count: Int(header.l1Count) * 8))
    tables = BoundedCache(limit: cacheLimits.tableBytes)
    decompressed = DecompressedClusters(geometry, cacheLimits)
    if header.byteCount != header.guestByteCount {
      note("its size of \(header.byteCount) bytes is cut to whole sectors")
    }
    if header.isCorrupt { note("it is marked corrupt; check it") }
    if header.isDirty { note("it was not closed cleanly; its refcounts may be stale") }
    if !readOnly { try prepareForWriting(cacheLimits) }
  }

  /// Reports an oddity, once.
  func note(_ text: String) {
    guard reported.count < 1000, reported.insert(text).inserted else { return }
    report("\(escaped(store.name)): \(text)")
  }

  /// Damage met on the way to the guest's byte at `offset`.
  func damage(at offset: UInt64, _ what: String) -> ImageFault {
    ImageFault(store.name, .corrupt("\(what) (disk offset \(hexadecimal(offset)))"))
  }
}
