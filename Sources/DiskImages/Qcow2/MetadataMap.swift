/// Which clusters of the file hold metadata, so that a damaged pointer cannot make a guest's write
/// land there.
struct MetadataMap {
  /// What a cluster holds.
  enum Owner: String {
    case header = "the header"
    case l1 = "the L1 table"
    case refcountTable = "the refcount table"
    case refcountBlock = "a refcount block"
    case l2 = "an L2 table"
    case snapshotTable = "the snapshot table"
    case snapshotL1 = "the L1 table of a snapshot"
  }

  private typealias Structure = (clusters: Range<UInt64>, owner: Owner)

  private let geometry: ClusterGeometry
  /// Structures of one cluster, by its number.
  private var clusters: [UInt64: Owner] = [:]
  /// Other structures, in ascending order.
  private var ranges: [Structure] = []

  init(_ geometry: ClusterGeometry) { self.geometry = geometry }

  /// Who owns any cluster of these bytes of the file.
  func owner(at offset: UInt64, byteCount: UInt64 = 1) -> Owner? {
    guard byteCount > 0 else { return nil }
    let touched = numbers(offset, byteCount)
    let after = position(after: touched.lowerBound)
    if after > 0, ranges[after - 1].clusters.overlaps(touched) { return ranges[after - 1].owner }
    if after < ranges.count, ranges[after].clusters.overlaps(touched) {
      return ranges[after].owner
    }
    // A hostile range may have more clusters than there are structures.
    if touched.count > clusters.count {
      return clusters.first { touched.contains($0.key) }?.value
    }
    return touched.lazy.compactMap { clusters[$0] }.first
  }

  /// Enters a structure. Answers who owns part of its place already; nothing is entered then.
  mutating func insert(_ owner: Owner, at offset: UInt64, byteCount: UInt64) -> Owner? {
    guard byteCount > 0 else { return nil }
    if let other = self.owner(at: offset, byteCount: byteCount) { return other }
    let touched = numbers(offset, byteCount)
    if owner == .l2 || owner == .refcountBlock {
      clusters[touched.lowerBound] = owner
    } else {
      ranges.insert((touched, owner), at: position(after: touched.lowerBound))
    }
    return nil
  }

  /// Forgets the structure that starts at `offset`.
  mutating func remove(at offset: UInt64) {
    let cluster = offset >> UInt64(geometry.clusterBits)
    clusters[cluster] = nil
    let after = position(after: cluster)
    if after > 0, ranges[after - 1].clusters.lowerBound == cluster { ranges.remove(at: after - 1) }
  }

  /// The first of ``ranges`` that starts after `cluster`.
  private func position(after cluster: UInt64) -> Int {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].clusters.lowerBound <= cluster { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func numbers(_ offset: UInt64, _ byteCount: UInt64) -> Range<UInt64> {
    let bits = UInt64(geometry.clusterBits)
    let last = offset.addingReportingOverflow(byteCount - 1)
    return offset >> bits..<((last.overflow ? .max : last.partialValue) >> bits) + 1
  }
}
