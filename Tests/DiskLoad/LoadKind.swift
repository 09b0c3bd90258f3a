import DiskImages

/// What kind of image a seed stands for: neighbouring seeds differ in everything.
struct LoadKind: CustomStringConvertible {
  enum Base: String, CaseIterable { case none, raw, compressed }

  var clusterSize: Int
  var refcountBits: Int
  var version: Int
  var isLazy: Bool
  var base: Base
  /// Whether the image starts with compressed clusters of its own.
  var startsCompressed: Bool
  var preallocation: Preallocation
  var byteCount: UInt64

  init(seed: UInt64) {
    clusterSize = 1 << (9 + Int(seed % 13))
    refcountBits = 1 << Int(seed / 2 % 7)
    version = refcountBits == 16 && seed % 3 != 0 ? 2 : 3
    isLazy = version == 3 && seed % 5 < 2
    base = Base.allCases[Int(seed / 3 % 3)]
    startsCompressed = seed % 4 == 1
    preallocation =
      base == .none && !startsCompressed
      ? Preallocation.allCases[Int(seed / 5 % 4)] : .off
    // Some dozens of clusters at least, and an odd number of sectors.
    byteCount = UInt64(min(max(48 * clusterSize, 1 << 20), 48 << 20)) + (seed % 9) * 512
  }

  var description: String {
    "clusters of \(clusterSize), \(refcountBits) bits, version \(version)"
      + (isLazy ? ", lazy" : "") + (base == .none ? "" : ", \(base) base")
      + (startsCompressed ? ", compressed" : "")
      + (preallocation == .off ? "" : ", preallocation \(preallocation)")
  }

  /// Whether refcounts have room for a snapshot.
  var canKeepSnapshots: Bool { refcountBits > 2 }

  func options(backingName: String?) -> QcowImage.CreationOptions {
    var options = QcowImage.CreationOptions(byteCount: byteCount)
    options.clusterSize = clusterSize
    options.refcountBits = refcountBits
    options.version = version
    options.hasLazyRefcounts = isLazy
    options.preallocation = preallocation
    options.backingName = backingName
    options.backingFormat = backingName == nil ? nil : base == .raw ? .raw : .qcow2
    return options
  }
}
