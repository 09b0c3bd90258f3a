/// Gathering small writes.
///
/// To write a part of a cluster that is compressed, shared or in the backing image, the rest has to be
/// fetched from there first. A guest that writes in order will soon bring the rest itself. So such a
/// write waits in memory for those that continue it, until its cluster is full; whatever else the disk
/// is asked to do, and a read of these bytes, stores it first. Until the next flush the guest has no
/// promise that a write is anywhere else than in memory.
extension QcowImage {
  /// Stores bytes that lie in one cluster, now or together with what follows them.
  func gather(
    _ bytes: Span<UInt8>, at offset: UInt64, _ writer: QcowWriter
  ) throws(ImageFault) {
    let end = offset + UInt64(bytes.count)
    if let waiting = writer.gathered, waiting.upperBound == offset, !geometry.isAligned(offset) {
      put(bytes, behind: waiting.lowerBound, offset, writer)
      if geometry.isAligned(end) || end == byteCount { try settle(writer) }
      return
    }
    try settle(writer)
    guard end != byteCount, !geometry.isAligned(end), try needsOldContent(at: offset, writer) else {
      try commitIfDue()
      try writeInCluster(at: offset, from: bytes, writer)
      return
    }
    put(bytes, behind: offset, offset, writer)
  }

  /// Stores the write that waits, if there is one.
  ///
  /// It goes on waiting while the host has no space for it. Else it is lost, which the next flush
  /// reports too.
  func settle(_ writer: QcowWriter) throws(ImageFault) {
    guard let waiting = writer.gathered, writer.refusal == nil else { return }
    var buffer: [UInt8] = []
    swap(&buffer, &writer.gatherBuffer)
    defer { swap(&buffer, &writer.gatherBuffer) }
    writer.gathered = nil
    do {
      try commitIfDue()
      try writeInCluster(
        at: waiting.lowerBound, from: buffer.span.extracting(0..<waiting.count), writer)
    } catch {
      if error.isOutOfSpace { writer.gathered = waiting } else { writer.lost = error }
      throw error
    }
  }

  /// Stores the write that waits if a range that is to be looked at has part of it.
  func settle(before range: Range<UInt64>) throws(ImageFault) {
    guard let writer, let waiting = writer.gathered, waiting.overlaps(range) else { return }
    // What has been acknowledged and will never be stored must not read as what was there before.
    if let refusal = writer.refusal { throw refusal }
    try settle(writer)
  }

  /// Appends bytes to the write that waits and begins at `start`.
  private func put(
    _ bytes: Span<UInt8>, behind start: UInt64, _ offset: UInt64, _ writer: QcowWriter
  ) {
    var buffer: [UInt8] = []
    swap(&buffer, &writer.gatherBuffer)
    if buffer.isEmpty { buffer = Array(repeating: 0, count: Int(geometry.clusterSize)) }
    let position = Int(offset - start)
    do {
      var span = buffer.mutableSpan
      var place = span._mutatingExtracting(position..<position + bytes.count)
      place.copy(from: bytes)
    }
    swap(&buffer, &writer.gatherBuffer)
    writer.gathered = start..<offset + UInt64(bytes.count)
  }

  /// Whether a write of a part of this cluster has to fetch the rest of it.
  private func needsOldContent(
    at offset: UInt64, _ writer: QcowWriter
  ) throws(ImageFault) -> Bool {
    let entry = try table(for: offset)?.entry(geometry.l2Index(offset)) ?? .unallocated
    // Damage is reported to the write that meets it.
    return switch try writableMapping(of: entry, at: offset) {
    case .unallocated: backing != nil
    case .zero: false
    case .compressed: true
    case .stored: !entry.isCopied
    }
  }
}
