/// Writes what overlays hold into the disk below them: what `image commit` does.
public enum OverlayCommit {
  /// Bytes that are copied at a time; a cluster is no bigger.
  private static let pieceSize = 2 << 20

  /// Makes `base` show what the uppermost layer shows over it, but not yet durably.
  ///
  /// - Parameters:
  ///   - layers: the uppermost first, each opened without its backing file.
  ///   - base: at least as big as the uppermost layer.
  ///   - progress: told after each piece how many bytes of the disk are done.
  public static func run(
    _ layers: [any DiskImage], to base: any DiskImage,
    progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(ImageFault) {
    let byteCount = layers.first?.byteCount ?? 0
    var bytes = [UInt8](repeating: 0, count: pieceSize)
    var offset: UInt64 = 0
    while offset < byteCount {
      let (layer, extent) = try answer(of: layers, at: offset)
      var end = min(byteCount, offset + extent.byteCount)
      switch extent.mapping {
      case .unallocated: break
      case .zero: try base.writeZeroes(offset..<end, mayUnmap: true)
      case .stored, .compressed:
        end = min(end, offset + UInt64(pieceSize))
        let count = Int(end - offset)
        var span = bytes.mutableSpan
        var piece = span._mutatingExtracting(0..<count)
        try layer.readPadded(at: offset, into: &piece)
        try base.write(at: offset, from: bytes.span.extracting(0..<count))
      }
      offset = end
      progress(offset, byteCount)
    }
  }

  /// The uppermost layer that knows the byte at `offset`, and how far all above leave it to that.
  private static func answer(
    of layers: [any DiskImage], at offset: UInt64
  ) throws(ImageFault) -> (layer: any DiskImage, Extent) {
    var byteCount = UInt64.max
    for layer in layers {
      // A layer that ends here hides what lies below: its disk reads zero from there on.
      guard offset < layer.byteCount else {
        return (layer, Extent(.zero(reservedAt: nil), byteCount: byteCount))
      }
      let extent = try layer.mapping(at: offset)
      byteCount = min(byteCount, extent.byteCount)
      if extent.mapping != .unallocated {
        return (layer, Extent(extent.mapping, byteCount: byteCount))
      }
    }
    return (layers[0], Extent(.unallocated, byteCount: byteCount))
  }
}
