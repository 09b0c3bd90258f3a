/// Where the content of a disk comes from, over its whole chain: what `image map` prints.
public struct ImageMap {
  /// A run of bytes that come from one place.
  public struct Segment: Equatable, Sendable {
    /// First byte on the disk.
    public var start: UInt64
    /// Length in bytes.
    public var length: UInt64
    /// Which image answers: 0 the disk itself, 1 its backing image, and so on.
    public var depth: Int
    /// How that image stores it. The deepest image answers `unallocated` for what none holds.
    public var mapping: ClusterMapping
    /// Whether what it stores is a hole of its file, and so reads zero.
    public var isHole = false
  }

  /// Calls `body` with each segment in turn, neighbours of one kind merged.
  public static func forEachSegment(
    of image: any DiskImage, _ body: (Segment) -> Void
  ) throws(ImageFault) {
    var current: Segment?
    var offset: UInt64 = 0
    while offset < image.byteCount {
      let next = try segment(of: image, at: offset)
      offset += next.length
      if var merged = current, merged.absorb(next) {
        current = merged
      } else {
        if let current { body(current) }
        current = next
      }
    }
    if let current { body(current) }
  }

  /// The segment that starts at `offset`, as far as one table or file knows.
  static func segment(
    of image: any DiskImage, at offset: UInt64
  ) throws(ImageFault) -> Segment {
    var length = image.byteCount - offset
    var layer = image
    var depth = 0
    while true {
      let extent = try layer.mapping(at: offset)
      length = min(length, extent.byteCount)
      guard case .unallocated = extent.mapping, let backing = layer.backing,
        offset < backing.byteCount
      else {
        return Segment(
          start: offset, length: length, depth: depth, mapping: extent.mapping,
          isHole: extent.isHole)
      }
      length = min(length, backing.byteCount - offset)
      layer = backing
      depth += 1
    }
  }
}

extension ImageMap.Segment {
  /// Appends a neighbour if it continues this segment.
  fileprivate mutating func absorb(_ next: Self) -> Bool {
    guard next.depth == depth, next.isHole == isHole else { return false }
    switch (mapping, next.mapping) {
    case (.unallocated, .unallocated), (.zero(nil), .zero(nil)), (.compressed, .compressed): break
    case (.zero(let here?), .zero(let there?)) where here + length == there: break
    case (.stored(let here), .stored(let there)) where here + length == there: break
    default: return false
    }
    length += next.length
    return true
  }
}
