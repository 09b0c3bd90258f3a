/// Counts references to the clusters of a file.
///
/// What it needs grows with what is counted, not with the file: rows of clusters that are referred to
/// alike cost nothing more than one, a reference that stands alone some dozens of bytes.
struct ReferenceCensus {
  private var counts = ReferenceCounts()
  /// What was added since, not yet in ``counts``.
  private var added: [ReferenceCounts.Run] = []

  /// Counts `references` more to each of some clusters. A sum stops at 2^32 − 1.
  mutating func add(_ clusters: Range<UInt64>, _ references: UInt64 = 1) {
    guard !clusters.isEmpty else { return }
    if let last = added.last, last.references == references,
      last.clusters.upperBound == clusters.lowerBound
    {
      added[added.count - 1].clusters = last.clusters.lowerBound..<clusters.upperBound
      return
    }
    // A merge may go through all that was counted, so it waits until there is enough to be added.
    if added.count > max(4096, counts.stepCount / 8) { _ = result() }
    added.append(ReferenceCounts.Run(clusters: clusters, references: references))
  }

  /// All that was counted until now.
  mutating func result() -> ReferenceCounts {
    counts.add(added)
    added = []
    return counts
  }
}

/// How many references each cluster of a file has.
struct ReferenceCounts {
  /// Clusters that follow each other and have as many references each.
  struct Run {
    var clusters: Range<UInt64>
    var references: UInt64
  }

  /// Where the number of references changes, ascending, and what it is from there on. The last
  /// level is 0.
  private var starts: [UInt64] = []
  private var levels: [UInt32] = []

  /// How often the number of references changes from one cluster to the next.
  var stepCount: Int { starts.count }

  /// The most references that a cluster has.
  var highest: UInt64 { UInt64(levels.max() ?? 0) }

  /// References to one cluster.
  subscript(cluster: UInt64) -> UInt64 {
    let steps = stepCount(before: cluster + 1)
    return steps == 0 ? 0 : UInt64(levels[steps - 1])
  }

  /// Steps at clusters below this one.
  private func stepCount(before cluster: UInt64) -> Int {
    var (low, high) = (0, starts.count)
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] < cluster { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The clusters that have references, in ascending order.
  var runs: some Sequence<Run> {
    starts.indices.lazy.filter { levels[$0] > 0 }.map {
      Run(clusters: starts[$0]..<starts[$0 + 1], references: UInt64(levels[$0]))
    }
  }

  /// Answers for clusters in ascending order, without a search for each.
  func reader() -> (_ cluster: UInt64) -> UInt64 {
    var step = 0
    return { cluster in
      while step < starts.count, starts[step] <= cluster { step += 1 }
      return step == 0 ? 0 : UInt64(levels[step - 1])
    }
  }

  /// Adds the references of some runs, which may overlap.
  fileprivate mutating func add(_ runs: [Run]) {
    var changes: [(cluster: UInt64, change: Int64)] = []
    changes.reserveCapacity(2 * runs.count)
    for run in runs {
      let references = Int64(UInt32(clamping: run.references))
      changes.append((run.clusters.lowerBound, references))
      changes.append((run.clusters.upperBound, -references))
    }
    changes.sort { $0.cluster < $1.cluster }
    guard let first = changes.first else { return }
    // Files are mostly filled in order: what lies before all that is new stays as it is.
    let kept = stepCount(before: first.cluster)
    let tail = Array(zip(starts[kept...], levels[kept...]))
    starts.removeSubrange(kept...)
    levels.removeSubrange(kept...)
    var (step, change) = (0, 0)
    var (level, added): (UInt32, Int64) = (levels.last ?? 0, 0)
    while step < tail.count || change < changes.count {
      let cluster = min(
        step < tail.count ? tail[step].0 : .max,
        change < changes.count ? changes[change].cluster : .max)
      if step < tail.count, tail[step].0 == cluster {
        level = tail[step].1
        step += 1
      }
      while change < changes.count, changes[change].cluster == cluster {
        added += changes[change].change
        change += 1
      }
      let total = UInt32(clamping: Int64(level) + added)
      if total != levels.last ?? 0 {
        starts.append(cluster)
        levels.append(total)
      }
    }
  }
}
