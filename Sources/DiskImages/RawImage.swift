/// A disk whose file holds its bytes one for one.
///
/// A file that ends inside a sector shows the guest the rest of that sector as zeroes; a write
/// there extends the file no further than the sector.
public final class RawImage: DiskImage {
  /// The file's size, rounded up to whole sectors.
  public let byteCount: UInt64
  /// Whether writes are refused.
  public let isReadOnly: Bool
  /// Always nil: a raw image is complete.
  public var backing: (any DiskImage)? { nil }
  /// The file's name.
  public var description: String { store.name }
  private let store: any FileStore

  /// Opens a file as a disk of its own size, rounded up to whole sectors.
  public init(_ store: any FileStore, readOnly: Bool) throws(ImageFault) {
    let size = try store.byteCount()
    guard size <= UInt64(Int64.max) - 511 else {
      throw ImageFault(store.name, .refused("is too big for a disk: \(size) bytes"))
    }
    self.store = store
    byteCount = (size + 511) & ~511
    isReadOnly = readOnly || !store.isWritable
  }

  /// Makes `store` an empty disk of whole sectors.
  static func create(
    on store: any FileStore, _ options: QcowImage.CreationOptions
  ) throws(ImageFault) {
    let (size, overflow) = options.byteCount.addingReportingOverflow(511)
    guard !overflow, size <= UInt64(Int64.max) else {
      throw ImageFault(
        store.name, .refused("\(options.byteCount) bytes are too many for a file"))
    }
    try checkPreallocation(options.preallocation, of: store)
    try store.checkCanReserve(options.preallocation)
    if store.capacity == nil {
      // A size that the file system refuses fails before the old content is gone.
      try store.setByteCount(size & ~511)
      try store.setByteCount(0)
    } else {
      try store.clear(size & ~511)
    }
    try store.reserve(0..<size & ~511, options.preallocation)
  }

  /// Makes a raw disk bigger, with zeroes, or smaller.
  ///
  /// - Parameters:
  ///   - byteCount: of whole sectors.
  ///   - preallocation: of the part that is new.
  public static func resize(
    _ store: any FileStore, to byteCount: UInt64, _ preallocation: Preallocation = .off
  ) throws(ImageFault) {
    try checkPreallocation(preallocation, of: store)
    let old = try store.byteCount()
    guard byteCount > old else {
      guard preallocation == .off else {
        throw ImageFault(store.name, .refused("preallocation is for a disk that grows"))
      }
      return try store.setByteCount(byteCount)
    }
    do {
      try store.reserve(old..<byteCount, preallocation)
    } catch {
      try? store.setByteCount(old)
      throw error
    }
  }

  /// A raw image has no tables whose space could be taken alone.
  private static func checkPreallocation(
    _ preallocation: Preallocation, of store: any FileStore
  ) throws(ImageFault) {
    guard preallocation != .metadata else {
      throw ImageFault(
        store.name, .refused("a raw image's preallocation is off, falloc or full, not metadata"))
    }
  }

  /// Reads the file.
  public func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(ImageFault) {
    try check(offset, byteCount: bytes.count)
    try store.read(at: offset, into: &bytes)
  }

  /// Writes the file.
  public func write(at offset: UInt64, from bytes: Span<UInt8>) throws(ImageFault) {
    try checkWritable(offset, byteCount: bytes.count)
    try store.write(at: offset, from: bytes)
  }

  /// Makes the file durable.
  public func flush() throws(ImageFault) {
    if !isReadOnly { try store.flush() }
  }

  /// Gives the space back where the host can.
  public func discard(_ range: Range<UInt64>) throws(ImageFault) {
    try checkWritable(range)
    _ = try store.discard(range)
  }

  /// Punches a hole if allowed, else stores zeroes.
  public func writeZeroes(_ range: Range<UInt64>, mayUnmap: Bool) throws(ImageFault) {
    try checkWritable(range)
    if mayUnmap, try store.punchHole(range) { return }
    try store.writeZeroes(range)
  }

  /// Data and holes of the file.
  public func mapping(at offset: UInt64) throws(ImageFault) -> Extent {
    try check(offset, byteCount: 1)
    let (isData, end) = try store.run(at: offset)
    let mapping: ClusterMapping =
      isData ? .stored(fileOffset: offset) : .zero(reservedAt: nil)
    return Extent(mapping, byteCount: min(end, byteCount) - offset)
  }
}
