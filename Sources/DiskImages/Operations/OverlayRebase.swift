/// Prepares an overlay for another backing image: what `image rebase` does.
public enum OverlayRebase {
  /// Writes into `overlay`, durably, what it now shows of its old backing image and would no longer
  /// show over the new one.
  ///
  /// - Parameters:
  ///   - base: the new backing image; nil: the overlay is to have none.
  ///   - progress: told after each piece how many bytes of the disk are done.
  public static func keepDifferences(
    of overlay: QcowImage, over base: (any DiskImage)?,
    progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(ImageFault) {
    var old = [UInt8](repeating: 0, count: Int(overlay.geometry.clusterSize))
    var new = old
    var offset: UInt64 = 0
    while offset < overlay.byteCount {
      let extent = try overlay.mapping(at: offset)
      var end = offset + extent.byteCount
      if case .unallocated = extent.mapping {
        end = min(end, offset + UInt64(old.count))
        let count = Int(end - offset)
        var oldSpan = old.mutableSpan
        var oldPiece = oldSpan._mutatingExtracting(0..<count)
        try overlay.readPadded(at: offset, into: &oldPiece)
        var newSpan = new.mutableSpan
        var newPiece = newSpan._mutatingExtracting(0..<count)
        // Without a backing image, `new` stays zero.
        try base?.readPadded(at: offset, into: &newPiece)
        if old[..<count] != new[..<count] {
          try overlay.write(at: offset, from: old.span.extracting(0..<count))
        }
      }
      offset = end
      progress(offset, overlay.byteCount)
    }
    try overlay.flush()
  }
}
