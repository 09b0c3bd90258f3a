/// Compresses clusters with several threads and stores them in the order in which they come.
final class CompressedWriter {
  /// What became of a cluster: its stream, or the cluster where that is not shorter.
  private enum Outcome: Sendable { case stream([UInt8]), cluster([UInt8]) }
  private typealias Queue = WorkQueue<[UInt8], Outcome>

  private let target: QcowImage
  private let queue: Queue
  private let pendingLimit: Int
  private var pending: ArraySlice<(job: Queue.Job, offset: UInt64)> = []

  /// A writer that compresses with `threads` threads, at least one; the caller's reads and writes.
  init(_ target: QcowImage, threads: Int) {
    self.target = target
    pendingLimit = 4 * threads
    let clusterSize = Int(target.geometry.clusterSize)
    queue = Queue(threads: threads) { Self.makeWork(clusterSize) }
  }

  deinit { abandon() }

  /// Takes a cluster; the last one of a disk may be shorter. It is stored sooner or later.
  ///
  /// - Parameter offset: where it belongs, which must be unallocated.
  func add(_ cluster: [UInt8], at offset: UInt64) throws(ImageFault) {
    pending.append((queue.submit(cluster), offset))
    if pending.count > pendingLimit { try storeFirst() }
  }

  /// Stores all that was taken.
  func finish() throws(ImageFault) {
    while !pending.isEmpty { try storeFirst() }
  }

  private func abandon() {
    for (job, _) in pending { queue.abandon(job) }
  }

  private func storeFirst() throws(ImageFault) {
    let (job, offset) = pending.removeFirst()
    switch queue.output(of: job) {
    case .stream(let stream): try target.writeCompressed(stream, at: offset)
    case .cluster(let cluster): try target.write(at: offset, from: cluster.span)
    }
  }

  private static func makeWork(_ clusterSize: Int) -> Queue.Work {
    let compressor = RawDeflater()
    return { cluster in
      // The last cluster may reach past the end of the disk; zeroes complete it.
      let whole =
        cluster.count == clusterSize
        ? cluster : cluster + repeatElement(0, count: clusterSize - cluster.count)
      return compressor?.deflate(whole.span, limit: clusterSize).map { .stream($0) }
        ?? .cluster(cluster)
    }
  }
}
