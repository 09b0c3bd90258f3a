/// A raw disk in a gzip file (RFC 1952), for reading at any place.
///
/// Decoding starts at the nearest checkpoint of an index before the wanted byte, and the decoder is
/// kept, so that reading in order starts once. The last sector is completed with zeroes.
public final class GzipImage: ReadOnlyDiskImage {
  /// Bytes that are decoded and kept together.
  private static let chunkSize: UInt64 = 1 << 17
  /// What the kept chunks may take.
  private static let cacheLimit = 16 << 20
  /// Chunks on the way from a checkpoint that are kept with the wanted one.
  private static let keptOnTheWay: UInt64 = 15

  /// The data's size, rounded up to whole sectors.
  public let byteCount: UInt64
  /// The file's name.
  public var description: String { store.name }
  /// What the index says.
  public var information: GzipInformation { GzipInformation(index) }

  private let store: any FileStore
  private var index: GzipIndex
  private var remake: (() throws(ImageFault) -> GzipIndex)?
  /// Why the size that this disk was given is wrong.
  private var sizeFault: ImageFault?
  private var decoder: GzipDecoder?
  private var chunks = BoundedCache<UInt64, [UInt8]>(limit: GzipImage.cacheLimit)

  /// A disk on a file and its index.
  ///
  /// - Parameter remake: makes the index again, if it has not been made just now: what it says may
  ///   then turn out wrong.
  package init(
    _ store: any FileStore, index: GzipIndex,
    remake: (() throws(ImageFault) -> GzipIndex)? = nil
  ) {
    self.store = store
    self.index = index
    self.remake = remake
    byteCount = (index.dataByteCount + 511) & ~511
  }

  /// Reads decoded data. Fails when the file is no longer what the index was made of.
  public func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(ImageFault) {
    try check(offset, byteCount: bytes.count)
    if let sizeFault { throw sizeFault }
    var done = 0
    while done < bytes.count {
      let position = offset + UInt64(done)
      var rest = bytes._mutatingExtracting(done..<bytes.count)
      guard position < index.dataByteCount else {
        rest.update(repeating: 0)
        break
      }
      let chunk = try chunk(position / Self.chunkSize)
      let start = Int(position % Self.chunkSize)
      let count = min(chunk.count - start, rest.count)
      rest.copy(from: chunk.span.extracting(start..<start + count))
      done += count
    }
    // Afterwards: what was read before a change is right.
    try checkUnchanged()
  }

  /// Compressed, from one checkpoint to the next; only the bytes that complete the last sector are
  /// known to be zero.
  public func mapping(at offset: UInt64) throws(ImageFault) -> Extent {
    try check(offset, byteCount: 1)
    guard offset < index.dataByteCount else {
      return Extent(.zero(reservedAt: nil), byteCount: byteCount - offset)
    }
    let number = index.checkpointIndex(for: offset)
    let next = index.checkpoints.dropFirst(number + 1).first
    let start = index.checkpoints[number].inputBit / 8
    let end = next.map { $0.inputBit / 8 + 1 } ?? index.stamp.byteCount
    let extent = CompressedExtent(
      fileOffset: start, byteCount: Int(clamping: end - min(start, end)))
    return Extent(
      .compressed(extent), byteCount: (next?.outputOffset ?? index.dataByteCount) - offset)
  }

  // MARK: - Decoding

  /// The chunk of this number, whole but for the last one.
  private func chunk(_ number: UInt64) throws(ImageFault) -> [UInt8] {
    if let chunk = chunks.value(number) { return chunk }
    do throws(ImageFault) {
      return try decode(number)
    } catch {
      decoder = nil
      try checkUnchanged()
      guard let remake, case .corrupt = error.cause else { throw error }
      // The file was found sound when the index was made; so it is the index that is wrong.
      self.remake = nil
      let fresh = try remake()
      guard fresh.dataByteCount == index.dataByteCount else {
        let fault = ImageFault(
          store.name,
          .refused(
            "has \(fresh.dataByteCount) bytes of data, not what its index said; open it again"))
        sizeFault = fault
        throw fault
      }
      index = fresh
      return try decode(number)
    }
  }

  private func decode(_ number: UInt64) throws(ImageFault) -> [UInt8] {
    let decoder = try decoder(before: number * Self.chunkSize)
    let first = max(
      (decoder.readOffset + Self.chunkSize - 1) / Self.chunkSize,
      number - min(number, Self.keptOnTheWay))
    guard try decoder.skip(to: first * Self.chunkSize) else { throw ends(decoder) }
    for passed in first..<number { _ = try readChunk(passed, decoder) }
    return try readChunk(number, decoder)
  }

  /// The live decoder if it is the shortest way to `offset`, else one at a checkpoint.
  private func decoder(before offset: UInt64) throws(ImageFault) -> GzipDecoder {
    let checkpoint = index.checkpoints[index.checkpointIndex(for: offset)]
    if let decoder, (checkpoint.outputOffset...offset).contains(decoder.readOffset) {
      return decoder
    }
    let restarted =
      if let decoder {
        decoder
      } else {
        try GzipDecoder(store, byteCount: index.stamp.byteCount, verifies: false)
      }
    decoder = restarted
    try restarted.resume(at: checkpoint)
    return restarted
  }

  private func readChunk(_ number: UInt64, _ decoder: GzipDecoder) throws(ImageFault) -> [UInt8] {
    let count = Int(min(Self.chunkSize, index.dataByteCount - number * Self.chunkSize))
    var chunk = [UInt8](repeating: 0, count: count)
    var span = chunk.mutableSpan
    guard try decoder.read(into: &span) == count else { throw ends(decoder) }
    chunks.insert(chunk, for: number, cost: count)
    return chunk
  }

  private func ends(_ decoder: GzipDecoder) -> ImageFault {
    decoder.fault("the data end before their \(index.dataByteCount) bytes")
  }

  private func checkUnchanged() throws(ImageFault) {
    guard try store.stamp() == index.stamp else {
      throw ImageFault(store.name, .refused("has changed since it was opened; open it again"))
    }
  }
}

/// What `image info` says about a gzip image beyond its size.
public struct GzipInformation: Equatable, Sendable {
  /// Bytes of data, before the last sector is completed.
  public var dataByteCount: UInt64
  /// Bytes of the file.
  public var compressedByteCount: UInt64
  /// Number of members.
  public var memberCount: UInt64
  /// Places from which decoding can start.
  public var checkpointCount: Int

  init(_ index: GzipIndex) {
    dataByteCount = index.dataByteCount
    compressedByteCount = index.stamp.byteCount
    memberCount = index.memberCount
    checkpointCount = index.checkpoints.count
  }
}
