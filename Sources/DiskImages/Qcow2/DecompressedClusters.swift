/// The decompressed clusters of an image: those that are kept for later requests, and those that
/// other threads are at because a request for them is expected.
///
/// Which of them are there changes how long a read takes and nothing else.
final class DecompressedClusters {
  /// A compressed cluster in memory.
  struct Stream: Sendable {
    /// What was read from the file, perhaps for several clusters.
    fileprivate let bytes: [UInt8]
    fileprivate let range: Range<Int>
    fileprivate let clusterSize: Int

    /// Inflates it to its place. Answers false where it is damaged.
    func inflate(into cluster: inout MutableSpan<UInt8>) -> Bool {
      CompressedCluster.inflate(bytes.span.extracting(range), into: &cluster)
    }

    /// Inflates it; nil where it is damaged.
    func inflated() -> [UInt8]? {
      CompressedCluster.inflated(bytes.span.extracting(range), count: clusterSize)
    }
  }

  /// A cluster that was fetched.
  enum Fetched {
    /// Decompressed by a thread.
    case output([UInt8])
    /// Not begun by any.
    case input(Stream)
  }

  private typealias Queue = WorkQueue<Stream, [UInt8]?>

  /// Bytes of the disk that are decompressed ahead of a sequential reader.
  let window: UInt64
  /// Most bytes that are read from the file at once, except for a single stream.
  private static let longestRead: UInt64 = 1 << 20
  private let clusterSize: Int
  private var kept: BoundedCache<CompressedExtent, [UInt8]>
  private let queue: Queue?
  private var ahead: [CompressedExtent: Queue.Job] = [:]
  /// The keys of ``ahead``, oldest first.
  private var order: [CompressedExtent] = []
  private var streams = SequentialStreams()

  init(_ geometry: ClusterGeometry, _ limits: QcowImage.CacheLimits) {
    clusterSize = Int(geometry.clusterSize)
    window = geometry.clusterSize * min(64, max(2, (2 << 20) / geometry.clusterSize))
    kept = BoundedCache(limit: limits.clusterBytes)
    queue = limits.workers > 0 ? Queue(threads: limits.workers) { { $0.inflated() } } : nil
  }

  deinit { abandonAll() }

  /// Number of clusters that are kept.
  var count: Int { kept.count }
  /// Number of clusters that were fetched and not yet asked for.
  var aheadCount: Int { ahead.count }
  /// Whether there are threads to decompress anything ahead.
  var canFetch: Bool { queue != nil }

  /// A cluster that is kept.
  func value(_ extent: CompressedExtent) -> [UInt8]? { kept.value(extent) }

  /// Keeps a cluster.
  func keep(_ cluster: [UInt8], for extent: CompressedExtent) {
    kept.insert(cluster, for: extent, cost: cluster.count)
  }

  /// Whether a cluster need not be fetched.
  func contains(_ extent: CompressedExtent) -> Bool {
    ahead[extent] != nil || kept.value(extent) != nil
  }

  /// Takes a cluster that was fetched: decompressed if a thread has begun it, else as it is. Nil
  /// where it was not fetched or is damaged.
  func take(_ extent: CompressedExtent) -> Fetched? {
    guard let queue, let job = ahead.removeValue(forKey: extent) else { return nil }
    order.removeAll { $0 == extent }
    return switch queue.take(job, helpingWith: { $0.inflated() }) {
    case .input(let stream): .input(stream)
    case .output(let cluster): cluster.map { Fetched.output($0) }
    }
  }

  /// What the file or the tables say about a cluster is no longer so.
  func remove(_ extent: CompressedExtent) {
    kept.remove(extent)
    if let job = ahead.removeValue(forKey: extent) {
      queue?.abandon(job)
      order.removeAll { $0 == extent }
    }
  }

  /// Forgets everything.
  func removeAll() {
    kept = BoundedCache(limit: kept.limit)
    abandonAll()
  }

  private func abandonAll() {
    for job in ahead.values { queue?.abandon(job) }
    ahead = [:]
    order = []
  }

  /// What a sequential reader will want next after a request, if it is one.
  func expected(after request: Range<UInt64>) -> Range<UInt64>? {
    canFetch ? streams.enter(request, window: window) : nil
  }

  /// Reads streams and hands them to the threads. What cannot be read is left to the request that
  /// needs it, and to its error.
  func fetch(_ extents: [CompressedExtent], from store: any FileStore) {
    guard let queue else { return }
    var rest = extents[...]
    while let first = rest.first {
      // Neighbours in the file are read together.
      var end = first.fileOffset + UInt64(first.byteCount)
      var group = rest.prefix(1)
      for extent in rest.dropFirst() {
        let extentEnd = extent.fileOffset + UInt64(extent.byteCount)
        guard extent.fileOffset >= first.fileOffset, extent.fileOffset <= end,
          extentEnd - first.fileOffset <= Self.longestRead
        else { break }
        end = max(end, extentEnd)
        group = rest.prefix(group.count + 1)
      }
      rest = rest.dropFirst(group.count)
      var bytes = [UInt8](repeating: 0, count: Int(end - first.fileOffset))
      var span = bytes.mutableSpan
      guard let available = try? store.read(at: first.fileOffset, into: &span) else { continue }
      for extent in group where ahead[extent] == nil {
        let start = min(Int(extent.fileOffset - first.fileOffset), available)
        let range = start..<min(start + extent.byteCount, available)
        let stream = Stream(bytes: bytes, range: range, clusterSize: clusterSize)
        ahead[extent] = queue.submit(stream)
        order.append(extent)
      }
    }
    // What nobody has come for makes room.
    while order.count > 3 * Int(window) / clusterSize { remove(order[0]) }
  }
}
