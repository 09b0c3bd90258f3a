/// How a qcow2 image cuts guest offsets into L1 index, L2 index and offset in a cluster.
struct ClusterGeometry: Equatable, Sendable {
  /// log2 of the cluster size, 9 to 21.
  let clusterBits: Int

  /// Bytes in a cluster, of the guest's disk as of the file.
  var clusterSize: UInt64 { 1 << UInt64(clusterBits) }
  /// Entries in an L2 table, which fills one cluster.
  var entriesPerL2: Int { 1 << (clusterBits - 3) }
  /// Bytes of the disk that one L2 table maps.
  var bytesPerL2: UInt64 { 1 << UInt64(2 * clusterBits - 3) }

  func l1Index(_ offset: UInt64) -> UInt64 { offset >> UInt64(2 * clusterBits - 3) }
  func l2Index(_ offset: UInt64) -> Int { Int(offset >> UInt64(clusterBits)) & (entriesPerL2 - 1) }
  func offsetInCluster(_ offset: UInt64) -> UInt64 { offset & (clusterSize - 1) }
  func isAligned(_ offset: UInt64) -> Bool { offsetInCluster(offset) == 0 }

  /// L1 entries that a disk of `byteCount` bytes needs.
  func l1Count(for byteCount: UInt64) -> UInt64 {
    byteCount == 0 ? 0 : l1Index(byteCount - 1) + 1
  }

  /// Whether an L1 table of legal size maps a disk of `byteCount` bytes.
  func canMap(_ byteCount: UInt64) -> Bool {
    byteCount <= UInt64(Int64.max) && l1Count(for: byteCount) * 8 <= QcowHeader.Limit.l1Bytes
  }

  /// The clusters of the file that a range of bytes touches. The range must not be empty, nor reach
  /// past 2^64.
  func clusters(at offset: UInt64, byteCount: UInt64) -> Range<UInt64> {
    offset >> UInt64(clusterBits)..<((offset + (byteCount - 1)) >> UInt64(clusterBits)) + 1
  }

  /// The number of clusters that `byteCount` bytes fill, the last perhaps in part.
  func clusterCount(_ byteCount: UInt64) -> UInt64 {
    (byteCount >> UInt64(clusterBits)) + (isAligned(byteCount) ? 0 : 1)
  }
}
