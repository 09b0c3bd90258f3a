/// Moving bytes to the guest.
extension QcowImage {
  /// Fills `bytes` cluster run by cluster run.
  public func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(ImageFault) {
    try check(offset, byteCount: bytes.count)
    let end = offset + UInt64(bytes.count)
    try settle(before: offset..<end)
    if let expected = decompressed.expected(after: offset..<end) { fetch(expected) }
    var done = 0
    while done < bytes.count {
      let position = offset + UInt64(done)
      let extent = try mapping(at: position, upTo: end)
      if case .compressed(let stream) = extent.mapping, position + extent.byteCount < end,
        !decompressed.contains(stream)
      {
        fetch(position..<min(end, position + decompressed.window))
      }
      let next = done + Int(extent.byteCount)
      var piece = bytes._mutatingExtracting(done..<next)
      try read(extent.mapping, at: position, into: &piece)
      done = next
    }
  }

  /// Fills `bytes`, which lie at `offset` of the disk in a run that is mapped like this.
  func read(
    _ mapping: ClusterMapping, at offset: UInt64, into bytes: inout MutableSpan<UInt8>
  ) throws(ImageFault) {
    switch mapping {
    case .unallocated:
      try readBacking(at: offset, into: &bytes)
    case .zero:
      bytes.update(repeating: 0)
    case .stored(let fileOffset):
      if try store.read(at: fileOffset, into: &bytes) < bytes.count {
        note("clusters lie past the end of the file; what is missing reads zero")
      }
    case .compressed(let extent):
      try read(extent, at: offset, into: &bytes)
    }
  }

  private func readBacking(
    at offset: UInt64, into bytes: inout MutableSpan<UInt8>
  ) throws(ImageFault) {
    if let backing {
      try backing.readPadded(at: offset, into: &bytes)
    } else if header.backingName.isEmpty {
      bytes.update(repeating: 0)
    } else {
      throw ImageFault(
        store.name,
        .backing(
          name: String(decoding: header.backingName, as: UTF8.self), reason: "it was not opened"))
    }
  }

  /// Lets other threads decompress what is compressed in a range that will soon be read.
  private func fetch(_ range: Range<UInt64>) {
    guard decompressed.canFetch else { return }
    var extents: [CompressedExtent] = []
    var position = range.lowerBound
    let end = min(range.upperBound, byteCount)
    // Damage is left to the read that meets it.
    while position < end, let extent = try? mapping(at: position, upTo: end) {
      if case .compressed(let stream) = extent.mapping, !decompressed.contains(stream) {
        extents.append(stream)
      }
      position += extent.byteCount
    }
    decompressed.fetch(extents, from: store)
  }

  private func read(
    _ extent: CompressedExtent, at offset: UInt64, into bytes: inout MutableSpan<UInt8>
  ) throws(ImageFault) {
    let clusterSize = Int(geometry.clusterSize)
    if let cluster = decompressed.value(extent) {
      copy(cluster, from: offset, to: &bytes)
      return
    }
    let fetched = decompressed.take(extent)
    if bytes.count < clusterSize {
      let cluster = try wholeCluster(fetched, extent, at: offset)
      copy(cluster, from: offset, to: &bytes)
      decompressed.keep(cluster, for: extent)
      return
    }
    // A whole cluster is rarely asked for twice: it goes to its place and is not kept.
    switch fetched {
    case .output(let cluster): copy(cluster, from: offset, to: &bytes)
    case .input(let stream) where stream.inflate(into: &bytes): break
    case .input, nil: try inflate(extent, at: offset, into: &bytes)
    }
  }

  /// All of the cluster that holds `offset`, as far as it was fetched or from the file.
  private func wholeCluster(
    _ fetched: DecompressedClusters.Fetched?, _ extent: CompressedExtent, at offset: UInt64
  ) throws(ImageFault) -> [UInt8] {
    switch fetched {
    case .output(let cluster): return cluster
    case .input(let stream):
      if let cluster = stream.inflated() { return cluster }
    case nil: break
    }
    var cluster = [UInt8](repeating: 0, count: Int(geometry.clusterSize))
    var span = cluster.mutableSpan
    try inflate(extent, at: offset, into: &span)
    return cluster
  }

  /// Copies the part of a cluster that starts at `offset` of the disk.
  private func copy(
    _ cluster: [UInt8], from offset: UInt64, to bytes: inout MutableSpan<UInt8>
  ) {
    let start = Int(geometry.offsetInCluster(offset))
    bytes.copy(from: cluster.span.extracting(start..<start + bytes.count))
  }

  private func inflate(
    _ extent: CompressedExtent, at offset: UInt64, into cluster: inout MutableSpan<UInt8>
  ) throws(ImageFault) {
    var input = [UInt8](repeating: 0, count: extent.byteCount)
    var span = input.mutableSpan
    // The sector count may reach past the end of the file; the stream itself must not.
    let available = try store.read(at: extent.fileOffset, into: &span)
    let isWhole = CompressedCluster.inflate(
      input.span.extracting(0..<available), into: &cluster)
    guard isWhole else {
      throw damage(
        at: offset,
        "the compressed cluster in \(available) bytes at \(hexadecimal(extent.fileOffset)) "
          + "does not inflate to \(cluster.count) bytes")
    }
  }
}
