public import DiskImages

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A file in memory, sparse, which can fail on demand and remembers what a power cut would lose.
public final class MemoryFileStore: FileStore {
  /// A change of the file, in the order the format made it.
  public enum Change: Equatable, Sendable {
    /// Bytes stored at an offset.
    case write(offset: UInt64, bytes: [UInt8])
    /// The size was set.
    case resize(UInt64)
    /// A hole was punched.
    case punchHole(Range<UInt64>)
    /// Everything before is durable.
    case flush
  }

  /// An operation that a test may let fail.
  public enum Operation: Equatable, Sendable {
    case read, write, flush, resize, punchHole
  }

  /// A name for messages.
  public let name: String
  /// Always nil.
  public var identity: FileIdentity? { nil }
  /// When the file was last written, as ``stamp()`` says it.
  public var modificationTime: Int64 = 0
  /// Whether changes are allowed.
  public var isWritable: Bool

  /// Every change since the start, when ``isRecording`` is set.
  public private(set) var changes: [Change] = []
  /// Whether changes are remembered.
  public var isRecording = false
  /// Asked before every operation; an errno makes it fail.
  public var failure: (Operation, Range<UInt64>) -> Int32? = { _, _ in nil }
  /// Asked before every write; true drops it silently.
  public var dropsWrite: (Range<UInt64>) -> Bool = { _ in false }
  /// Whether holes can be punched.
  public var canPunchHoles = true
  /// Bytes of memory that the file may take; what goes beyond fails with ENOSPC.
  public var allocationLimit = UInt64.max

  private static let pageSize: UInt64 = 4096
  private var pages: [UInt64: [UInt8]] = [:]
  /// The pages' numbers in ascending order, made when asked for.
  private var order: [UInt64]?
  private var size: UInt64

  /// What a file holds: a value that can be kept and made a file again.
  public struct Content: Sendable {
    fileprivate var pages: [UInt64: [UInt8]]
    fileprivate var size: UInt64
  }

  /// The content with its holes.
  public var content: Content { Content(pages: pages, size: size) }

  /// A file with this content.
  public init(_ content: Content, name: String = "memory") {
    self.name = name
    isWritable = true
    pages = content.pages
    size = content.size
  }

  /// An empty file, or one with these bytes.
  public init(_ bytes: [UInt8] = [], name: String = "memory", isWritable: Bool = true) {
    self.name = name
    self.isWritable = isWritable
    size = UInt64(bytes.count)
    store(bytes, at: 0)
  }

  /// The whole content.
  public var bytes: [UInt8] {
    get { (0..<Int(size)).map { byte(at: UInt64($0)) } }
    set {
      pages = [:]
      order = nil
      size = UInt64(newValue.count)
      store(newValue, at: 0)
    }
  }

  /// Bytes of memory that hold data; the rest of the file is a hole.
  public var allocatedByteCount: UInt64 { UInt64(pages.count) * Self.pageSize }

  /// The size.
  public func byteCount() throws(ImageFault) -> UInt64 { size }

  /// The size, and the time that the test has set.
  public func stamp() throws(ImageFault) -> FileStamp {
    FileStamp(identity: identity, byteCount: size, modificationTime: modificationTime)
  }

  /// Copies out, with zeroes past the end.
  @discardableResult
  public func read(
    at offset: UInt64, into bytes: inout MutableSpan<UInt8>
  ) throws(ImageFault) -> Int {
    guard let range = Self.range(offset, bytes.count) else {
      bytes.update(repeating: 0)
      return 0
    }
    try fail(.read, range)
    var done = 0
    while done < bytes.count {
      let position = offset + UInt64(done)
      let start = Int(position % Self.pageSize)
      let count = min(Int(Self.pageSize) - start, bytes.count - done)
      let page = pages[position / Self.pageSize]
      if let page {
        for index in 0..<count { bytes[done + index] = page[start + index] }
      } else {
        var piece = bytes._mutatingExtracting(done..<done + count)
        piece.update(repeating: 0)
      }
      done += count
    }
    return offset < size ? Int(min(UInt64(bytes.count), size - offset)) : 0
  }

  /// Copies in, unless the test lets it fail or drops it.
  public func write(at offset: UInt64, from bytes: Span<UInt8>) throws(ImageFault) {
    guard let range = Self.range(offset, bytes.count) else {
      throw ImageFault(name, .host(operation: "write", errno: EFBIG))
    }
    try fail(.write, range)
    if dropsWrite(range) { return }
    guard allocatedByteCount + UInt64(bytes.count) <= allocationLimit else {
      throw ImageFault(name, .host(operation: "write", errno: ENOSPC))
    }
    let copy = bytes.indices.map { bytes[$0] }
    if isRecording { changes.append(.write(offset: offset, bytes: copy)) }
    store(copy, at: offset)
    size = max(size, range.upperBound)
  }

  /// Is recorded.
  public func flush() throws(ImageFault) {
    try fail(.flush, 0..<size)
    if isRecording { changes.append(.flush) }
  }

  /// Cuts or extends.
  public func setByteCount(_ count: UInt64) throws(ImageFault) {
    guard count <= UInt64(Int64.max) else {
      throw ImageFault(name, .host(operation: "resize", errno: EFBIG))
    }
    try fail(.resize, 0..<count)
    if isRecording { changes.append(.resize(count)) }
    if count < size { clear(count..<size) }
    size = count
  }

  /// Forgets the bytes of a range.
  public func punchHole(_ range: Range<UInt64>) throws(ImageFault) -> Bool {
    try fail(.punchHole, range)
    guard canPunchHoles else { return false }
    if isRecording { changes.append(.punchHole(range)) }
    clear(range)
    return true
  }

  /// Data and holes by pages of 4 KiB.
  public func run(at offset: UInt64) throws(ImageFault) -> (isData: Bool, end: UInt64) {
    guard offset < size else { return (false, .max) }
    var page = offset / Self.pageSize
    guard pages[page] != nil else {
      return (false, min(nextPage(after: page).map { $0 * Self.pageSize } ?? size, size))
    }
    while pages[page] != nil { page += 1 }
    return (true, min(page * Self.pageSize, size))
  }

  /// A file of its own with the same content.
  public func copy() -> MemoryFileStore {
    let copy = MemoryFileStore(name: name)
    copy.pages = pages
    copy.size = size
    return copy
  }

  /// Makes `change` happen to this file: rebuilds what a disk holds after a power cut.
  public func apply(_ change: Change) {
    switch change {
    case .write(let offset, let bytes):
      store(bytes, at: offset)
      size = max(size, offset + UInt64(bytes.count))
    case .resize(let count):
      if count < size { clear(count..<size) }
      size = count
    case .punchHole(let range): clear(range)
    case .flush: break
    }
  }

  /// The bytes of a request, or nil where a host's offsets (off_t) end.
  private static func range(_ offset: UInt64, _ count: Int) -> Range<UInt64>? {
    guard offset <= UInt64(Int64.max) - UInt64(count) else { return nil }
    return offset..<offset + UInt64(count)
  }

  /// The first page with data behind `page`.
  private func nextPage(after page: UInt64) -> UInt64? {
    let sorted = order ?? pages.keys.sorted()
    order = sorted
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] <= page { low = middle + 1 } else { high = middle }
    }
    return low < sorted.count ? sorted[low] : nil
  }

  private func fail(_ operation: Operation, _ range: Range<UInt64>) throws(ImageFault) {
    if operation != .read, operation != .flush, !isWritable {
      throw ImageFault(name, .host(operation: "\(operation)", errno: EBADF))
    }
    if let number = failure(operation, range) {
      throw ImageFault(name, .host(operation: "\(operation)", errno: number))
    }
  }

  private func byte(at offset: UInt64) -> UInt8 {
    pages[offset / Self.pageSize]?[Int(offset % Self.pageSize)] ?? 0
  }

  private func store(_ bytes: [UInt8], at offset: UInt64) {
    order = nil
    var done = 0
    while done < bytes.count {
      let position = offset + UInt64(done)
      let start = Int(position % Self.pageSize)
      let count = min(Int(Self.pageSize) - start, bytes.count - done)
      pages[
        position / Self.pageSize, default: Array(repeating: 0, count: Int(Self.pageSize))
      ].replaceSubrange(start..<start + count, with: bytes[done..<done + count])
      done += count
    }
  }

  /// Zeroes a range that may be far larger than the pages it touches.
  private func clear(_ range: Range<UInt64>) {
    order = nil
    for page in pages.keys {
      let start = page * Self.pageSize
      let clipped = range.clamped(to: start..<start + Self.pageSize)
      guard !clipped.isEmpty else { continue }
      if clipped.count == Int(Self.pageSize) {
        pages[page] = nil
      } else {
        pages[page]?.replaceSubrange(
          Int(clipped.lowerBound - start)..<Int(clipped.upperBound - start),
          with: repeatElement(0, count: clipped.count))
      }
    }
  }
}
