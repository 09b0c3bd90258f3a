/// What one pass through a gzip file has found: how big the disk is, and places all over the file
/// where decoding can start.
package struct GzipIndex: Equatable, Sendable {
  /// How many checkpoints are taken, and how much memory they may use.
  package struct Limits: Equatable, Sendable {
    /// Bytes of output from one checkpoint to the next, at least. Doubled as often as the other
    /// limits need.
    package var spacing: UInt64 = 1 << 20
    /// The most checkpoints.
    package var checkpointCount = 4096
    /// The most bytes that the windows may take, deflated.
    package var windowByteCount = 64 << 20
    /// The biggest disk.
    package var diskByteCount: UInt64 = 1 << 44

    /// What serves disks of any size.
    package init() {}
  }

  /// The biggest file: its bits can be counted, and some more.
  static let fileLimit = UInt64.max >> 4

  /// The file that this index is of.
  package var stamp: FileStamp
  /// CRC-32 of the file's first and last 4 KiB.
  package var fingerprint: UInt32
  /// Bytes of output in all members.
  package var dataByteCount: UInt64
  /// Number of members.
  var memberCount: UInt64
  /// Bytes at the end of the file that belong to no member and are not zero padding.
  var garbageByteCount: UInt64
  /// In the order of the file. From the first all of the output can be reached.
  var checkpoints: [GzipCheckpoint]

  /// The last checkpoint from which `offset` of the output can be reached.
  func checkpointIndex(for offset: UInt64) -> Int {
    var range = 0..<checkpoints.count
    while range.count > 1 {
      let middle = range.lowerBound + range.count / 2
      range =
        checkpoints[middle].outputOffset <= offset
        ? middle..<range.upperBound : range.lowerBound..<middle
    }
    return range.lowerBound
  }

  /// The fingerprint of a file.
  static func fingerprint(
    of store: any FileStore, byteCount: UInt64
  ) throws(ImageFault) -> UInt32 {
    let count = Int(min(byteCount, 4096))
    let head = try store.bytes(at: 0, count: count)
    return CRC32.of(head + (try store.bytes(at: byteCount - UInt64(count), count: count)))
  }
}

extension GzipIndex {
  /// Decodes all of `store` once. CRC-32 and length of each member are checked.
  ///
  /// Time follows the size of the file and of its output; memory is bounded by `limits`.
  ///
  /// - Parameter progress: told now and then how many bytes of the file are done. Answers whether
  ///   to go on.
  package init(
    scanning store: any FileStore, limits: Limits = Limits(),
    progress: (_ done: UInt64, _ total: UInt64) -> Bool = { _, _ in true }
  ) throws(ImageFault) {
    stamp = try store.stamp()
    guard stamp.byteCount <= Self.fileLimit else {
      throw ImageFault(store.name, .refused("is too big for a gzip image"))
    }
    fingerprint = try Self.fingerprint(of: store, byteCount: stamp.byteCount)
    let decoder = try GzipDecoder(
      store, byteCount: stamp.byteCount, verifies: true,
      stepSize: Int(max(1, min(limits.spacing, UInt64(GzipDecoder.stepSize)))))
    var plan = CheckpointPlan(limits)
    var reported: UInt64 = 0
    while try decoder.step() {
      guard decoder.outputOffset <= limits.diskByteCount else {
        throw ImageFault(
          store.name,
          .refused("inflates to more than \(limits.diskByteCount) bytes, the limit for a disk"))
      }
      if plan.wants(decoder), let checkpoint = decoder.checkpoint() { plan.add(checkpoint) }
      let done = decoder.input.offset
      // By output too: a bomb makes much of little.
      guard done + decoder.outputOffset >= reported + 1 << 20 else { continue }
      reported = done + decoder.outputOffset
      guard progress(done, stamp.byteCount) else { throw ImageFault(store.name, .interrupted) }
    }
    guard try store.stamp() == stamp else {
      throw ImageFault(store.name, .refused("has changed while it was read"))
    }
    _ = progress(stamp.byteCount, stamp.byteCount)
    dataByteCount = decoder.outputOffset
    memberCount = decoder.member - 1
    garbageByteCount = decoder.garbageOffset.map { [stamp] in stamp.byteCount - $0 } ?? 0
    checkpoints = plan.checkpoints.filter {
      [dataByteCount] in $0.outputOffset == 0 || $0.outputOffset < dataByteCount
    }
  }
}

/// Chooses checkpoints, so that they are spread evenly however long the file turns out to be.
private struct CheckpointPlan {
  private(set) var checkpoints = [GzipCheckpoint.start]
  private let limits: GzipIndex.Limits
  private var spacing: UInt64
  private var windowByteCount = 0

  init(_ limits: GzipIndex.Limits) {
    self.limits = limits
    spacing = max(1, limits.spacing)
  }

  /// Whether a checkpoint where `decoder` stands would be far enough from the last one.
  func wants(_ decoder: GzipDecoder) -> Bool {
    // The start of a member needs no window: it is worth being early.
    let due = decoder.state == .header ? spacing - spacing / 8 : spacing
    return distance(to: decoder.outputOffset, decoder.input.offset) >= due
  }

  /// How much has to be decoded from the last checkpoint on. Input counts as well, though less: a
  /// file can have any number of members and blocks without output.
  private func distance(to outputOffset: UInt64, _ inputOffset: UInt64) -> UInt64 {
    guard let last = checkpoints.last else { return .max }
    let output = outputOffset &- last.outputOffset
    let input = inputOffset &- last.inputBit / 8
    return max(output, input / 2)
  }

  /// Takes a checkpoint in, and leaves out every other one when there are too many.
  mutating func add(_ checkpoint: GzipCheckpoint) {
    // Of two at one place of the output the later is the better.
    if let last = checkpoints.last, last.outputOffset == checkpoint.outputOffset {
      windowByteCount -= last.window.stored.count
      checkpoints.removeLast()
    }
    append(checkpoint)
    while checkpoints.count > max(2, limits.checkpointCount)
      || windowByteCount > limits.windowByteCount && checkpoints.count > 2
    {
      spacing = min(spacing, 1 << 62) * 2
      let all = checkpoints
      checkpoints = []
      windowByteCount = 0
      for checkpoint in all
      where distance(to: checkpoint.outputOffset, checkpoint.inputBit / 8) >= spacing {
        append(checkpoint)
      }
    }
  }

  private mutating func append(_ checkpoint: GzipCheckpoint) {
    windowByteCount += checkpoint.window.stored.count
    checkpoints.append(checkpoint)
  }
}
