/// A part of a disk, to be read as one.
public final class DiskSlice: ReadOnlyDiskImage {
  /// Bytes of the part, rounded up to whole sectors; what is missing reads zero.
  public let byteCount: UInt64
  /// The disk's name.
  public var description: String { disk.description }
  private let disk: any DiskImage
  private let range: Range<UInt64>

  /// A part of `disk` that lies on it.
  public init(_ disk: any DiskImage, _ range: Range<UInt64>) {
    self.disk = disk
    self.range = range
    byteCount = (range.upperBound - range.lowerBound + 511) & ~511
  }

  /// Reads the disk.
  public func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(ImageFault) {
    try check(offset, byteCount: bytes.count)
    let length = range.upperBound - range.lowerBound
    let count = offset < length ? Int(min(UInt64(bytes.count), length - offset)) : 0
    if count > 0 {
      var piece = bytes._mutatingExtracting(0..<count)
      try disk.read(at: range.lowerBound + offset, into: &piece)
    }
    var rest = bytes._mutatingExtracting(count..<bytes.count)
    rest.update(repeating: 0)
  }

  /// What the disk's whole chain says.
  public func mapping(at offset: UInt64) throws(ImageFault) -> Extent {
    try check(offset, byteCount: 1)
    let position = range.lowerBound + offset
    guard position < range.upperBound else {
      return Extent(.zero(reservedAt: nil), byteCount: byteCount - offset)
    }
    let zero = try disk.zeroRun(at: position, enough: 1)
    let run = zero == 0 ? try disk.mapping(at: position).byteCount : zero
    return Extent(
      zero == 0 ? .stored(fileOffset: position) : .zero(reservedAt: nil),
      byteCount: min(run, range.upperBound - position))
  }
}
