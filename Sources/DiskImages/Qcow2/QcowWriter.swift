/// What an image that takes writes needs beyond one that is only read.
final class QcowWriter {
  let refcounts: RefcountTable
  /// Where a write of the guest must not go.
  var metadata: MetadataMap
  /// Changes that wait for a commit.
  var pending = PendingChanges()
  /// Why no more writes are taken: damage was met, or the image is closed.
  var refusal: ImageFault?
  /// End of the last compressed cluster, if the next may follow directly.
  var compressedEnd: UInt64?

  /// The bytes of the disk that wait for those which follow them, all in one cluster; nil: none.
  var gathered: Range<UInt64>?
  /// What they are; as big as a cluster once it was needed.
  var gatherBuffer: [UInt8] = []
  /// Why a write that waited will never be stored. The next flush reports it.
  var lost: ImageFault?

  init(refcounts: RefcountTable, metadata: MetadataMap) {
    self.refcounts = refcounts
    self.metadata = metadata
  }
}

/// Changes of metadata that are made in memory and not yet on disk.
///
/// They become durable together, in an order that lets a crash at any point lose nothing but
/// space: see ``QcowImage/commit()``.
struct PendingChanges {
  /// Bytes of tables, and number of releases, after which a commit is due.
  static let tableByteLimit = 8 << 20
  static let releaseLimit = 1 << 16

  /// L2 tables with entries that differ from the disk, by offset.
  var tables: [UInt64: L2Table] = [:]
  /// Those of `tables` that nothing on disk points to yet.
  var newTables: Set<UInt64> = []
  /// Entries of the L1 table that differ from the disk.
  var l1Indices: Set<Int> = []
  /// References to clusters that the tables in memory no longer hold, while the tables on disk
  /// still may.
  var releases: [UInt64: UInt64] = [:]
  /// Whether data was written that must be durable before the tables name it.
  var dataPrecedesTables = false
}
