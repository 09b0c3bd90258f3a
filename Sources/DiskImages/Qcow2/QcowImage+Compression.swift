/// Storing compressed clusters, for conversion.
extension QcowImage {
  /// Stores a cluster's deflate stream where the image holds nothing but zeroes.
  ///
  /// Streams follow each other without a gap as long as the file's clusters do; each adds a
  /// reference to every cluster it touches.
  ///
  /// - Parameters:
  ///   - stream: raw deflate, shorter than a cluster.
  ///   - offset: start of a cluster of the disk that has no place in the file.
  func writeCompressed(_ stream: [UInt8], at offset: UInt64) throws(ImageFault) {
    let writer = try writable(offset, byteCount: 0)
    try commitIfDue()
    let table = try writableTable(for: offset, writer)
    let index = geometry.l2Index(offset)
    guard geometry.isAligned(offset), [.unallocated, .zero].contains(table.entry(index)),
      stream.count < Int(geometry.clusterSize)
    else {
      throw ImageFault(
        store.name, .refused("a compressed cluster cannot replace one that has a place in the file")
      )
    }
    let place = try allocateBytes(UInt64(stream.count), writer)
    let extent = CompressedExtent(fileOffset: place, byteCount: stream.count)
    do {
      try store.write(at: place, stream)
    } catch {
      release(place, UInt64(stream.count), writer)
      throw error
    }
    writer.compressedEnd = place + UInt64(stream.count)
    set(table, index, to: .compressed(extent, in: geometry), writer)
  }

  /// Takes room for a stream, behind the last one if the file's clusters allow.
  private func allocateBytes(
    _ count: UInt64, _ writer: QcowWriter
  ) throws(ImageFault) -> UInt64 {
    let bits = UInt64(geometry.clusterBits)
    if let end = writer.compressedEnd, !geometry.isAligned(end) {
      let cluster = end >> bits
      let last = (end + count - 1) >> bits
      if try writer.refcounts.count(cluster) < writer.refcounts.maximum {
        if last == cluster {
          try writer.refcounts.retain(cluster)
          return end
        }
        // A stream is shorter than a cluster: it reaches into the next at most.
        if writer.metadata.owner(at: last << bits) == nil,
          try writer.refcounts.allocate(at: last)
        {
          try writer.refcounts.retain(cluster)
          return end
        }
      }
    }
    return try allocate(writer)
  }
}
