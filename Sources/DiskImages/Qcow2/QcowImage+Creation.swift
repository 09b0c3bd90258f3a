/// Making new images.
extension QcowImage {
  /// What a new image is to be.
  public struct CreationOptions: Sendable {
    /// Size of the disk in bytes; rounded up to whole sectors.
    public var byteCount: UInt64
    /// Bytes in a cluster: a power of two from 512 to 2 MiB.
    public var clusterSize = 65536
    /// 2 or 3 ("compat=0.10" and "compat=1.1" of qemu-img).
    public var version = 3
    /// Bits in a refcount: a power of two up to 64. Version 2 has 16.
    public var refcountBits = 16
    /// Name of the backing file, relative to the image.
    public var backingName: String?
    /// Format of the backing file.
    public var backingFormat: ImageFormat?
    /// Whether writers may postpone refcounts; version 3 only.
    public var hasLazyRefcounts = false
    /// What is taken from the host at once. An image with a backing file takes nothing.
    public var preallocation = Preallocation.off

    /// An image of `byteCount` bytes with the defaults of qemu-img.
    public init(byteCount: UInt64) { self.byteCount = byteCount }
  }

  /// Writes an empty image into `store`.
  ///
  /// The header comes last, so that a file that is only half made is no image.
  public static func create(
    on store: any FileStore, _ options: CreationOptions
  ) throws(ImageFault) {
    var header = try header(for: options, name: store.name)
    let layout = Layout(header)
    header.refcountTableOffset = layout.offset(1)
    header.refcountTableClusters = UInt32(layout.tableClusters)
    header.l1Offset = header.l1Count == 0 ? 0 : layout.offset(layout.firstL1Cluster)
    let encoded = header.encode()
    guard let encoded else {
      throw ImageFault(store.name, .refused("its backing file's name does not fit its header"))
    }
    try store.checkCanReserve(options.preallocation)
    try store.clear(
      layout.offset(layout.firstL1Cluster) + (UInt64(header.l1Count) * 8 + 511) & ~511)
    var table: [UInt64] = []
    for index in 0..<layout.blockClusters {
      let block = RefcountBlock(
        fileOffset: layout.offset(1 + layout.tableClusters + index), order: header.refcountOrder,
        bytes: Array(repeating: 0, count: Int(header.geometry.clusterSize)))
      let first = index * UInt64(block.count)
      for slot in 0..<block.count where first + UInt64(slot) < layout.clusterCount {
        block[slot] = 1
      }
      table.append(block.fileOffset)
      try store.write(at: block.fileOffset, block.bytes)
    }
    try store.write(at: header.refcountTableOffset, bigEndianBytes(of: table))
    try store.flush()
    try store.write(at: 0, encoded + header.backingName)
    try store.flush()
    guard options.preallocation != .off else { return }
    let image = try QcowImage(store, readOnly: false)
    try image.preallocate(0..<image.byteCount, options.preallocation)
    try image.close()
  }

  /// A header without places for its tables.
  static func header(
    for options: CreationOptions, name: String
  ) throws(ImageFault) -> QcowHeader {
    func refuse(_ what: String) -> ImageFault { ImageFault(name, .refused(what)) }
    func logarithm(_ value: Int) -> Int? {
      value > 0 && value & (value - 1) == 0 ? value.trailingZeroBitCount : nil
    }
    guard let clusterBits = logarithm(options.clusterSize), (9...21).contains(clusterBits) else {
      throw refuse("the cluster size must be a power of two from 512 to 2 MiB")
    }
    guard let order = logarithm(options.refcountBits), order <= 6 else {
      throw refuse("the refcount width must be a power of two up to 64 bits")
    }
    guard options.version == 3 || (options.version == 2 && order == 4) else {
      throw refuse("the version must be 3, or 2 with refcounts of 16 bits")
    }
    guard options.version == 3 || !options.hasLazyRefcounts else {
      throw refuse("version 2 has no lazy refcounts (compat=1.1 has)")
    }
    guard options.preallocation == .off || options.backingName == nil else {
      throw refuse("its backing file would never show: preallocation covers it")
    }
    let size = options.byteCount.addingReportingOverflow(511)
    let byteCount = size.partialValue & ~511
    let geometry = ClusterGeometry(clusterBits: clusterBits)
    guard !size.overflow, geometry.canMap(byteCount) else {
      throw refuse(
        "a disk with clusters of \(options.clusterSize) bytes has at most "
          + "\(QcowHeader.Limit.l1Bytes / 8 * geometry.bytesPerL2) bytes")
    }
    var header = QcowHeader()
    header.version = UInt32(options.version)
    header.clusterBits = clusterBits
    header.byteCount = byteCount
    header.refcountOrder = UInt32(order)
    if options.version == 2 {
      header.headerLength = 72
      header.laterBytes = []
    }
    header.compatibleFeatures = options.hasLazyRefcounts ? QcowFeatures.lazyRefcounts : 0
    header.l1Count = UInt32(geometry.l1Count(for: byteCount))
    header.backingName = Array((options.backingName ?? "").utf8)
    guard header.backingName.count <= Int(QcowHeader.Limit.backingNameBytes) else {
      throw refuse("the backing file's name must have at most 1023 bytes")
    }
    if let format = options.backingFormat {
      header.extensions.append(
        .init(type: QcowHeader.Extension.Kind.backingFormat, payload: Array(format.rawValue.utf8)))
    }
    if header.version >= 3, clusterBits > 9 {
      header.extensions.append(
        .init(
          type: QcowHeader.Extension.Kind.featureNames,
          payload: QcowFeatures.encodeNames(QcowFeatures.names)))
    }
    return header
  }

  /// Where a new image's structures go: header, refcount table, refcount blocks, L1 table.
  private struct Layout {
    var tableClusters: UInt64 = 1
    var blockClusters: UInt64 = 1
    var clusterCount: UInt64 = 0
    let clusterBits: UInt64
    var firstL1Cluster: UInt64 { 1 + tableClusters + blockClusters }

    init(_ header: QcowHeader) {
      clusterBits = UInt64(header.clusterBits)
      let geometry = header.geometry
      let countsPerBlock = header.countsPerBlock
      let l1Clusters = geometry.clusterCount(UInt64(header.l1Count) * 8)
      // Each round makes room for what the last one added; the sums only grow and soon settle.
      while true {
        clusterCount = firstL1Cluster + l1Clusters
        let blocks = (clusterCount + countsPerBlock - 1) / countsPerBlock
        let table = geometry.clusterCount(blocks * 8)
        if blocks <= blockClusters, table <= tableClusters { return }
        blockClusters = max(blocks, blockClusters)
        tableClusters = max(table, tableClusters)
      }
    }

    func offset(_ cluster: UInt64) -> UInt64 { cluster << clusterBits }
  }
}
