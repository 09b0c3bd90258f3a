/// Moving bytes to the guest.
extension QcowImage {
  /// Fills `bytes` cluster run by cluster run.
  public func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(ImageFault) {
    try check(offset, byteCount: bytes.count)
    let end = offset + UInt64(bytes.count)
    var done = 0
    while done < bytes.count {
      let position = offset + UInt64(done)
      let extent = try mapping(at: position, upTo: end)
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

  private func read(
    _ extent: CompressedExtent, at offset: UInt64, into bytes: inout MutableSpan<UInt8>
  ) throws(ImageFault) {
    let clusterSize = Int(geometry.clusterSize)
    let start = Int(geometry.offsetInCluster(offset))
    if let cluster = decompressed.value(extent) {
      bytes.copy(from: cluster.span.extracting(start..<start + bytes.count))
    } else if bytes.count == clusterSize {
      // A whole cluster is rarely asked for twice: it goes to its place and not to the cache.
      try inflate(extent, at: offset, into: &bytes)
    } else {
      var cluster = [UInt8](repeating: 0, count: clusterSize)
      var span = cluster.mutableSpan
      try inflate(extent, at: offset, into: &span)
      bytes.copy(from: cluster.span.extracting(start..<start + bytes.count))
      decompressed.insert(cluster, for: extent, cost: clusterSize)
    }
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
