/// Several disks one after the other, to be read as one.
public final class ConcatenatedDisk: ReadOnlyDiskImage {
  /// The sum of the sizes.
  public let byteCount: UInt64
  /// The parts' names.
  public var description: String { parts.map(\.disk.description).joined(separator: " + ") }
  private let parts: [(start: UInt64, disk: any DiskImage)]

  /// Puts disks together.
  ///
  /// - Throws: ``ImageFault`` when they are too big together.
  public init(_ disks: [any DiskImage]) throws(ImageFault) {
    var parts: [(UInt64, any DiskImage)] = []
    var end: UInt64 = 0
    for disk in disks {
      parts.append((end, disk))
      let (sum, overflow) = end.addingReportingOverflow(disk.byteCount)
      guard !overflow, sum <= UInt64(Int64.max) else {
        throw ImageFault(disk.description, .refused("is too big to follow the disks before it"))
      }
      end = sum
    }
    self.parts = parts
    byteCount = end
  }

  /// Reads each part's share.
  public func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(ImageFault) {
    try check(offset, byteCount: bytes.count)
    var done = 0
    while done < bytes.count, let (position, disk) = part(at: offset + UInt64(done)) {
      let count = Int(min(UInt64(bytes.count - done), disk.byteCount - position))
      var piece = bytes._mutatingExtracting(done..<done + count)
      try disk.read(at: position, into: &piece)
      done += count
    }
  }

  /// What the part says; where its backing image answers, the whole chain's answer.
  public func mapping(at offset: UInt64) throws(ImageFault) -> Extent {
    try check(offset, byteCount: 1)
    guard let (position, disk) = part(at: offset) else {
      return Extent(.unallocated, byteCount: byteCount - offset)
    }
    let zero = try disk.zeroRun(at: position, enough: 1)
    guard zero == 0 else { return Extent(.zero(reservedAt: nil), byteCount: zero) }
    return Extent(
      .stored(fileOffset: position), byteCount: try disk.mapping(at: position).byteCount)
  }

  /// The disk that holds the byte at `offset`, and where there.
  private func part(at offset: UInt64) -> (offset: UInt64, disk: any DiskImage)? {
    parts.last { $0.start <= offset && $0.disk.byteCount > offset - $0.start }
      .map { (offset - $0.start, $0.disk) }
  }
}
