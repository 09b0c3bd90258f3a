/// References to each cluster of a file, as counted: sparse, so that a huge file costs what it
/// refers to.
struct ReferenceCensus {
  private static let chunkSize: UInt64 = 128
  private var chunks: [UInt64: [UInt32]] = [:]

  /// Counted references to a cluster.
  subscript(cluster: UInt64) -> UInt64 {
    guard let chunk = chunks[cluster / Self.chunkSize] else { return 0 }
    return UInt64(chunk[Int(cluster % Self.chunkSize)])
  }

  /// Counts `references` more; the sum stops at 2^32 − 1.
  mutating func add(_ cluster: UInt64, _ references: UInt64 = 1) {
    let slot = Int(cluster % Self.chunkSize)
    chunks[
      cluster / Self.chunkSize, default: Array(repeating: 0, count: Int(Self.chunkSize))
    ][slot] = UInt32(clamping: self[cluster] &+ references)
  }

  /// The clusters that have references, in ascending order.
  var clusters: [UInt64] {
    chunks.keys.sorted().flatMap { chunk in
      (0..<Self.chunkSize).map { chunk * Self.chunkSize + $0 }.filter { self[$0] != 0 }
    }
  }
}
