/// How much space an image would take: what `image measure` prints.
public struct ImageMeasurement: Equatable, Sendable {
  /// Bytes of the file with the data that there is.
  public var required: UInt64
  /// Bytes of the file when all of the disk is written.
  public var fullyAllocated: UInt64

  /// Measures an image of `options`.
  ///
  /// - Parameters:
  ///   - format: of the image to be made.
  ///   - source: the disk whose data it is to hold; nil: it holds none.
  public init(
    _ format: ImageFormat, _ options: QcowImage.CreationOptions,
    source: (any DiskImage)? = nil
  ) throws(ImageFault) {
    guard format == .qcow2 else {
      let (size, overflow) = options.byteCount.addingReportingOverflow(511)
      guard !overflow else {
        throw ImageFault("raw image", .refused("\(options.byteCount) bytes are too many"))
      }
      required = size & ~511
      fullyAllocated = required
      return
    }
    let geometry = try QcowImage.header(for: options, name: "qcow2 image").geometry
    let data = geometry.clusterCount(options.byteCount)
    let metadata = Self.metadataClusters(data, geometry, options.refcountBits)
    let takesAll = [.falloc, .full].contains(options.preallocation)
    var used = takesAll ? data : 0
    if let source, !takesAll {
      var counted: UInt64 = 0
      try ImageMap.forEachSegment(of: source) { segment in
        switch segment.mapping {
        case .unallocated, .zero: break
        case .stored where segment.isHole: break
        case .stored, .compressed:
          let first = max(counted, segment.start >> UInt64(geometry.clusterBits))
          counted = max(first, geometry.clusterCount(segment.start + segment.length))
          used += counted - first
        }
      }
    }
    required = (metadata + used) << UInt64(geometry.clusterBits)
    fullyAllocated = (metadata + data) << UInt64(geometry.clusterBits)
  }

  /// Clusters of header, L1 and L2 tables, and of the refcounts for all these and the data.
  private static func metadataClusters(
    _ data: UInt64, _ geometry: ClusterGeometry, _ refcountBits: Int
  ) -> UInt64 {
    let entries = UInt64(geometry.entriesPerL2)
    func clusters(_ count: UInt64, per entries: UInt64) -> UInt64 {
      (count + entries - 1) / entries
    }
    let l2 = clusters(data, per: entries)
    let tables = 1 + l2 + clusters(l2, per: entries)
    let countsPerBlock = geometry.clusterSize * 8 / UInt64(refcountBits)
    var refcounts: UInt64 = 0
    // Refcounts count their own clusters too; the sum only grows and soon settles.
    while true {
      let blocks = clusters(data + tables + refcounts, per: countsPerBlock)
      let sum = blocks + clusters(blocks, per: entries)
      if sum == refcounts { return tables + refcounts }
      refcounts = sum
    }
  }
}
