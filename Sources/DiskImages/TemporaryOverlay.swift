/// A disk that takes writes over a base which it never changes, and forgets them when it goes.
///
/// Many machines can share one base this way. Written bytes lie in a scratch file at the offset
/// they have on the disk, so the file is as sparse as the writes; a state per block of 4 KiB says
/// which of them are valid. Nothing is ever made durable: the scratch file has no name.
public final class TemporaryOverlay: DiskImage {
  /// Where a block's content is.
  private enum BlockState: UInt8 {
    case base, zero, stored
  }

  /// The states of neighbouring blocks. One for all is what a big discard leaves: memory follows
  /// writes.
  private enum Group {
    case uniform(BlockState)
    case mixed([BlockState])

    mutating func set(_ places: Range<Int>, to state: BlockState) {
      var states: [BlockState]
      switch self {
      case _ where places.count == TemporaryOverlay.blocksPerGroup:
        self = .uniform(state)
        return
      case .uniform(state): return
      case .uniform(let other):
        states = Array(repeating: other, count: TemporaryOverlay.blocksPerGroup)
      case .mixed(let present): states = present
      }
      // Else the array would be copied.
      self = .uniform(state)
      for place in places { states[place] = state }
      self = .mixed(states)
    }
  }

  /// The base's size.
  public let byteCount: UInt64
  /// Always false.
  public var isReadOnly: Bool { false }
  /// The base.
  public let backing: (any DiskImage)?
  /// The base's name.
  public var description: String { "\(base.description) (temporary overlay)" }

  private static let blockSize: UInt64 = 4096
  /// Blocks whose states are kept together.
  private static let blocksPerGroup = 32768
  /// Bytes of their content.
  private static let groupSize = blockSize * UInt64(blocksPerGroup)
  private let base: any DiskImage
  private let scratch: any FileStore
  private var groups: [UInt64: Group] = [:]

  /// Lays an overlay over `base`.
  ///
  /// - Parameter scratch: an empty file for the written bytes; see ``HostFile/unlinked(in:)``.
  public init(over base: any DiskImage, scratch: any FileStore) {
    self.base = base
    self.scratch = scratch
    backing = base
    byteCount = base.byteCount
  }

  /// Reads what was written, and the base elsewhere.
  public func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(ImageFault) {
    try check(offset, byteCount: bytes.count)
    var done = 0
    while done < bytes.count {
      let position = offset + UInt64(done)
      let (state, end) = run(at: position, upTo: offset + UInt64(bytes.count))
      let next = done + Int(end - position)
      var piece = bytes._mutatingExtracting(done..<next)
      switch state {
      case .base: try base.read(at: position, into: &piece)
      case .zero: piece.update(repeating: 0)
      case .stored: try scratch.read(at: position, into: &piece)
      }
      done = next
    }
  }

  /// Stores in the scratch file.
  public func write(at offset: UInt64, from bytes: Span<UInt8>) throws(ImageFault) {
    try checkWritable(offset, byteCount: bytes.count)
    guard !bytes.isEmpty else { return }
    let range = offset..<offset + UInt64(bytes.count)
    // Only the first and the last block can be written in part.
    try complete(blockAt: range.lowerBound, around: range)
    try complete(blockAt: range.upperBound - 1, around: range)
    try scratch.write(at: offset, from: bytes)
    setState(.stored, of: range)
  }

  /// Nothing to do: a temporary disk need not survive anything.
  public func flush() throws(ImageFault) {}

  /// Whole blocks read zero afterwards.
  public func discard(_ range: Range<UInt64>) throws(ImageFault) {
    try checkWritable(range)
    try release(wholeBlocks(in: range))
  }

  /// Forgets whole blocks and stores zeroes in the others.
  public func writeZeroes(_ range: Range<UInt64>, mayUnmap: Bool) throws(ImageFault) {
    try checkWritable(range)
    let whole = wholeBlocks(in: range)
    try writeZeroBytes(range.lowerBound..<whole.lowerBound)
    try writeZeroBytes(whole.upperBound..<range.upperBound)
    try release(whole)
  }

  /// Stored: offsets in the scratch file. Unallocated: the base answers.
  public func mapping(at offset: UInt64) throws(ImageFault) -> Extent {
    try check(offset, byteCount: 1)
    let (state, end) = run(at: offset, upTo: byteCount)
    let mapping: ClusterMapping =
      switch state {
      case .base: .unallocated
      case .zero: .zero(reservedAt: nil)
      case .stored: .stored(fileOffset: offset)
      }
    return Extent(mapping, byteCount: end - offset)
  }

  // MARK: - Blocks

  /// The state at `offset` and where it ends, at most at `limit`. Looks at one group only, so that
  /// an untouched disk of any size is one step per group.
  private func run(at offset: UInt64, upTo limit: UInt64) -> (state: BlockState, end: UInt64) {
    let start = offset / Self.groupSize * Self.groupSize
    let groupLimit = min(start + Self.groupSize, limit)
    switch groups[offset / Self.groupSize] ?? .uniform(.base) {
    case .uniform(let state): return (state, groupLimit)
    case .mixed(let states):
      let blocks = Self.blocks(of: offset - start..<groupLimit - start)
      let state = states[blocks.lowerBound]
      let end = states[blocks].firstIndex { $0 != state }
      return (state, end.map { start + UInt64($0) * Self.blockSize } ?? groupLimit)
    }
  }

  private func setState(_ state: BlockState, of range: Range<UInt64>) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let start = offset / Self.groupSize * Self.groupSize
      let end = min(start + Self.groupSize, range.upperBound)
      groups[offset / Self.groupSize, default: .uniform(.base)].set(
        Self.blocks(of: offset - start..<end - start), to: state)
      offset = end
    }
  }

  /// The blocks of a group that hold bytes of `range`, which counts from the group's start.
  private static func blocks(of range: Range<UInt64>) -> Range<Int> {
    Int(range.lowerBound / blockSize)..<Int((range.upperBound + blockSize - 1) / blockSize)
  }

  /// Brings the block that holds `offset` into the scratch file if `range` covers it only in part.
  private func complete(blockAt offset: UInt64, around range: Range<UInt64>) throws(ImageFault) {
    let start = offset / Self.blockSize * Self.blockSize
    let end = min(start + Self.blockSize, byteCount)
    guard range.lowerBound > start || range.upperBound < end else { return }
    let (state, _) = run(at: start, upTo: end)
    guard state != .stored else { return }
    var block = [UInt8](repeating: 0, count: Int(end - start))
    if state == .base {
      var span = block.mutableSpan
      try base.read(at: start, into: &span)
    }
    try scratch.write(at: start, block)
    setState(.stored, of: start..<end)
  }

  /// The part of `range` that consists of whole blocks; empty at `range.lowerBound` if none. The
  /// block at the end of the disk counts as whole when `range` reaches the end.
  private func wholeBlocks(in range: Range<UInt64>) -> Range<UInt64> {
    let lower = (range.lowerBound + Self.blockSize - 1) / Self.blockSize * Self.blockSize
    let upper =
      range.upperBound == byteCount
      ? byteCount : range.upperBound / Self.blockSize * Self.blockSize
    return lower < upper ? lower..<upper : range.lowerBound..<range.lowerBound
  }

  private func release(_ range: Range<UInt64>) throws(ImageFault) {
    setState(.zero, of: range)
    _ = try scratch.punchHole(range)
  }

  private func writeZeroBytes(_ range: Range<UInt64>) throws(ImageFault) {
    var offset = range.lowerBound
    let zeroes = [UInt8](repeating: 0, count: Int(Self.blockSize))
    while offset < range.upperBound {
      let count = Int(min(Self.blockSize, range.upperBound - offset))
      try write(at: offset, from: zeroes.span.extracting(0..<count))
      offset += UInt64(count)
    }
  }
}
