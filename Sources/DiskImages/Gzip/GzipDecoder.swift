/// Decodes a gzip file (RFC 1952) in bounded steps, from its start or from a checkpoint, and says
/// where it could be taken up again.
final class GzipDecoder {
  /// What comes next in the file.
  enum State {
    /// A member's header, or what follows the last member.
    case header
    /// Deflated data.
    case data
    /// A member's CRC-32 and length.
    case trailer
    /// Zeroes to the end of the file, or else bytes that belong to no member.
    case padding
    /// Nothing.
    case end
  }

  /// The most output that one step makes, unless less is asked for.
  static let stepSize = 1 << 17
  /// Output that is kept behind: a window before a symbol, and the longest symbol.
  private static let historySize = GzipWindow.limit + 258

  /// What comes next in the file.
  var state = State.header
  /// The number of the member at hand, from 1 on.
  private(set) var member: UInt64 = 1
  /// Bytes of output up to now.
  private(set) var outputOffset: UInt64 = 0
  /// Where bytes begin that belong to no member, once they have been met.
  var garbageOffset: UInt64?
  var input: GzipInput

  private let inflater: RawInflater
  /// Whether CRC-32 and length of members are checked: possible from the start of the file only.
  private let verifies: Bool
  /// History, followed by the output of the last step.
  private var output: [UInt8]
  /// The part of ``output`` that has not been taken.
  private var fresh = 0..<0
  /// The member's output up to now, for its trailer and for how far its distances reach.
  private var memberByteCount: UInt64 = 0
  private var memberSum: UInt32 = 0
  /// Where the header of the block at hand is.
  private var blockBit: UInt64 = 0

  /// A decoder at the start of `store`, whose first `byteCount` bytes count.
  init(
    _ store: any FileStore, byteCount: UInt64, verifies: Bool, stepSize: Int = GzipDecoder.stepSize
  ) throws(ImageFault) {
    input = GzipInput(store, byteCount: byteCount)
    output = [UInt8](repeating: 0, count: Self.historySize + stepSize)
    self.verifies = verifies
    guard let inflater = RawInflater() else {
      throw ImageFault(store.name, .refused("there is no memory to inflate it"))
    }
    self.inflater = inflater
  }

  /// A fault at the present place.
  func fault(_ what: String) -> ImageFault {
    ImageFault(
      input.store.name,
      .corrupt(
        "member \(member), input offset \(hexadecimal(input.offset)), "
          + "output offset \(hexadecimal(outputOffset)): \(what)"))
  }

  // MARK: - Steps

  /// Goes on by a header, a trailer, or some data. What the step before gave is lost unless it was
  /// taken.
  ///
  /// - Returns: false at the end of the file.
  func step() throws(ImageFault) -> Bool {
    fresh = fresh.upperBound..<fresh.upperBound
    switch state {
    case .header: try readHeader()
    case .data: try inflate()
    case .trailer: try readTrailer()
    case .padding: try skipPadding()
    case .end: return false
    }
    return true
  }

  /// Fills `target` with the next output, or its start at the end of the file.
  ///
  /// - Returns: how many bytes there were.
  func read(into target: inout MutableSpan<UInt8>) throws(ImageFault) -> Int {
    var done = 0
    while done < target.count {
      if fresh.isEmpty, try !step() { break }
      let count = min(fresh.count, target.count - done)
      var piece = target._mutatingExtracting(done..<done + count)
      piece.copy(from: output.span.extracting(fresh.prefix(count)))
      fresh = fresh.lowerBound + count..<fresh.upperBound
      done += count
    }
    return done
  }

  /// Goes on to `offset`, which is not behind.
  ///
  /// - Returns: false when the output ends before.
  func skip(to offset: UInt64) throws(ImageFault) -> Bool {
    while outputOffset < offset { if try !step() { return false } }
    fresh = fresh.upperBound - Int(outputOffset - offset)..<fresh.upperBound
    return true
  }

  /// Offset of the byte that ``read(into:)`` gives next.
  var readOffset: UInt64 { outputOffset - UInt64(fresh.count) }

  /// What begins a member's data, behind its header.
  func beginData() {
    inflater.reset(window: [])
    blockBit = input.offset * 8
    memberByteCount = 0
    memberSum = 0
    state = .data
  }

  private func inflate() throws(ImageFault) {
    guard try input.fill() else { throw fault("the file ends inside the data") }
    if fresh.upperBound == output.count { keepHistory() }
    let start = fresh.upperBound
    var room = output.mutableSpan
    let end = min(room.count, start + room.count - Self.historySize)
    var target = room._mutatingExtracting(start..<end)
    let progress = inflater.inflate(
      input.buffer.span.extracting(input.unread), into: &target)
    fresh = start..<start + progress.produced
    input.skip(progress.consumed)
    outputOffset += UInt64(progress.produced)
    memberByteCount += UInt64(progress.produced)
    if verifies { memberSum = CRC32.extend(memberSum, with: output.span.extracting(fresh)) }
    switch progress.outcome {
    case .paused, .headerEnd: break
    case .blockEnd: blockBit = inputBit
    case .streamEnd: state = .trailer
    case .damaged(let how): throw fault("the deflated data are damaged: \(how)")
    }
  }

  /// Moves the last output to the front.
  private func keepHistory() {
    let history = Array(output.suffix(Self.historySize))
    output.replaceSubrange(0..<Self.historySize, with: history)
    fresh = Self.historySize..<Self.historySize
  }

  private func readTrailer() throws(ImageFault) {
    if verifies {
      let (sum, length) = (try readWord(), try readWord())
      guard sum == memberSum else {
        throw fault(
          "the CRC-32 is \(hexadecimal(UInt64(sum))), of the data it is "
            + hexadecimal(UInt64(memberSum)))
      }
      guard length == UInt32(truncatingIfNeeded: memberByteCount) else {
        throw fault("the length modulo 2^32 is \(length), the data have \(memberByteCount) bytes")
      }
    } else {
      input.seek(to: input.offset + 8)
    }
    // A checkpoint may come from a file, with any number.
    member &+= 1
    state = .header
  }

  /// The little-endian longword that comes next.
  private func readWord() throws(ImageFault) -> UInt32 {
    var word: UInt32 = 0
    for shift in stride(from: 0, to: 32, by: 8) {
      guard let byte = try input.next() else { throw fault("the file ends inside the trailer") }
      word |= UInt32(byte) << UInt32(shift)
    }
    return word
  }

  // MARK: - Checkpoints

  /// The bit of the file that the decoder needs next.
  private var inputBit: UInt64 { input.offset * 8 &- UInt64(inflater.pendingBits) }

  /// Where decoding can be taken up again: here, or at the start of the symbol at hand. Nil in a
  /// header and at the end.
  func checkpoint() -> GzipCheckpoint? {
    if state == .header {
      return GzipCheckpoint(
        outputOffset: outputOffset, inputBit: input.offset * 8, member: member, place: .member,
        window: GzipWindow([]))
    }
    guard state == .data else { return nil }
    var bit = inputBit
    var bytesBack = 0
    let place: GzipCheckpoint.Place
    switch inflater.place {
    case .stored(let remaining):
      place = .stored(
        remaining: UInt16(clamping: remaining), isLast: inflater.isInLastBlock)
    case .symbol(let bits, let bytes):
      place = .symbol(blockBit: blockBit)
      bit -= UInt64(bits)
      bytesBack = bytes
    case .outside:
      // Behind the last block there is nothing that a window would serve.
      guard bit == blockBit, !inflater.isInLastBlock else { return nil }
      place = .block
    }
    let end = fresh.upperBound - bytesBack
    let count = min(
      end, GzipWindow.limit, Int(clamping: memberByteCount) - bytesBack)
    guard count >= 0 else { return nil }
    return GzipCheckpoint(
      outputOffset: outputOffset - UInt64(bytesBack), inputBit: bit, member: member, place: place,
      window: GzipWindow(output[end - count..<end]))
  }

  /// Goes on from a checkpoint.
  ///
  /// - Throws: ``ImageFault`` when the file does not have there what the checkpoint says.
  func resume(at checkpoint: GzipCheckpoint) throws(ImageFault) {
    member = checkpoint.member
    outputOffset = checkpoint.outputOffset
    guard let window = checkpoint.window.bytes else { throw fault("the window is damaged") }
    output.replaceSubrange(0..<window.count, with: window)
    fresh = window.count..<window.count
    inflater.reset(window: window)
    memberByteCount = UInt64(window.count)
    state = .data
    switch checkpoint.place {
    case .member:
      input.seek(to: checkpoint.inputBit / 8)
      state = .header
    case .block:
      blockBit = checkpoint.inputBit
      try seek(toBit: checkpoint.inputBit)
    case .symbol(let header):
      blockBit = header
      try seek(toBit: header)
      try readBlockHeader()
      try seek(toBit: checkpoint.inputBit)
    case .stored(let remaining, let isLast):
      // The header of a block of what remains, which zlib reads from here.
      let length = [remaining, ~remaining].flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
      _ = readBlockHeader(([isLast ? 1 : 0] + length).span)
      try seek(toBit: checkpoint.inputBit)
    }
  }

  private func seek(toBit bit: UInt64) throws(ImageFault) {
    inflater.dropPendingBits()
    input.seek(to: bit / 8)
    let used = UInt8(bit % 8)
    guard used > 0 else { return }
    guard let byte = try input.next() else { throw fault("the file ends inside the data") }
    inflater.prime(byte >> used, bits: 8 - Int(used))
  }

  /// Lets zlib learn the codes of the block at hand.
  private func readBlockHeader() throws(ImageFault) {
    while true {
      guard try input.fill() else { throw fault("the file ends inside a block's header") }
      let progress = readBlockHeader(input.buffer.span.extracting(input.unread))
      input.skip(progress.consumed)
      switch progress.outcome {
      case .headerEnd: return
      case .paused where progress.consumed > 0: continue
      default: throw fault("there is no block of deflated data")
      }
    }
  }

  private func readBlockHeader(_ bytes: Span<UInt8>) -> RawInflater.Progress {
    // A header gives no output, but zlib wants a place for it.
    var room: [UInt8] = [0]
    var span = room.mutableSpan
    return inflater.inflate(bytes, into: &span, stopsBehindHeader: true)
  }
}
