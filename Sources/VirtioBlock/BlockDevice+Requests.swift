import DeviceModel
import DiskImages
import GuestMemory
import Virtio

/// Why a request is answered with something else than OK.
private enum RequestFailure: Error {
  /// The driver asked for something impossible; said once.
  case refused(BlockStatus, String)
  /// Guest memory could not be reached.
  case dma(DMAFault)
  /// The image could not do it.
  case image(ImageFault)
}

/// Serving requests (VIRTIO 1.2, 5.2.6).
extension BlockDevice {
  /// Serves one request. Returns how many contiguous bytes were stored from the first writable one.
  ///
  /// - Throws: when the request has no header or no reachable place for the status: there is no way
  ///   to answer it.
  func serve(_ chain: inout DescriptorChain) throws(QueueFault) -> UInt32 {
    guard chain.readable.remaining >= BlockRequest.headerSize else {
      throw .malformedRequest(
        head: chain.head,
        reason: "\(chain.readable.remaining) readable bytes, the header alone has "
          + "\(BlockRequest.headerSize)")
    }
    guard var statusByte = chain.writable.splitLastByte() else {
      throw .malformedRequest(head: chain.head, reason: "no writable byte for the status")
    }
    let room = chain.writable.remaining
    notifiedQueues?.spend(Self.requestCost)
    let status = answer(&chain)
    do {
      _ = try statusByte.write([status.rawValue].span)
    } catch {
      throw .answerUnreachable(head: chain.head, error)
    }
    let written = chain.writable.written
    return UInt32(clamping: written == room ? written + 1 : written)
  }

  /// Performs the request and reports what went wrong.
  private func answer(_ chain: inout DescriptorChain) -> BlockStatus {
    var request: BlockRequest?
    var status = BlockStatus.ok
    do throws(RequestFailure) {
      let header = BlockRequest(try gather(&chain.readable, BlockRequest.headerSize))
      request = header
      try perform(header, &chain)
    } catch {
      let what = request.map { "\($0)" } ?? "request header"
      switch error {
      case .refused(let refusal, let reason):
        status = refusal
        warn("request refused", "\(what): \(reason)")
      case .dma(let fault):
        status = .ioError
        // The way to memory has reported the fault itself; only what it cannot know is added.
        trace.trace(.block, "\(name): \(what): \(fault)")
        if let hint = core?.hint(for: fault) {
          warn("address", "\(what): \(fault.address): \(hint)")
        }
      case .image(let fault):
        status = .ioError
        warn("image", "\(what): \(fault)")
      }
    }
    trace.trace(.block, "\(name): \(request.map { "\($0)" } ?? "no header"): \(status)")
    return status
  }

  private func perform(
    _ request: BlockRequest, _ chain: inout DescriptorChain
  ) throws(RequestFailure) {
    switch request.operation {
    case .read: try read(request, &chain)
    case .write: try write(request, &chain)
    case .flush, .legacyFlush: try flushImage()
    case .identify: try identify(&chain.writable)
    case .discard: try changeSegments(request, .discard, &chain.readable)
    case .writeZeroes: try changeSegments(request, .writeZeroes, &chain.readable)
    case nil: throw .refused(.unsupported, "no such request type")
    }
  }

  // MARK: Data

  private func read(
    _ request: BlockRequest, _ chain: inout DescriptorChain
  ) throws(RequestFailure) {
    var offset = try byteOffset(of: request, byteCount: chain.writable.remaining)
    if chain.writable.remaining == 0, chain.readable.remaining > 0 {
      warn("wrong direction", "\(request): its buffers are readable; nothing is stored there")
    }
    notifiedQueues?.spend(chain.writable.remaining)
    try withBuffer(chain.writable.remaining) { (bytes) throws(RequestFailure) in
      while chain.writable.remaining > 0 {
        let count = min(chain.writable.remaining, bytes.count)
        do throws(ImageFault) {
          var whole = bytes.mutableSpan
          var part = whole._mutatingExtracting(0..<count)
          try image.read(at: offset, into: &part)
        } catch {
          throw .image(error)
        }
        do throws(DMAFault) {
          _ = try chain.writable.write(bytes.span.extracting(0..<count))
        } catch {
          throw .dma(error)
        }
        offset += UInt64(count)
      }
    }
  }

  private func write(
    _ request: BlockRequest, _ chain: inout DescriptorChain
  ) throws(RequestFailure) {
    try checkWritable()
    var offset = try byteOffset(of: request, byteCount: chain.readable.remaining)
    if chain.readable.remaining == 0, chain.writable.remaining > 0 {
      warn("wrong direction", "\(request): its buffers are writable; nothing is taken from there")
    }
    notifiedQueues?.spend(chain.readable.remaining)
    hasUnflushed = true
    try withBuffer(chain.readable.remaining) { (bytes) throws(RequestFailure) in
      while chain.readable.remaining > 0 {
        let count = min(chain.readable.remaining, bytes.count)
        do throws(DMAFault) {
          var whole = bytes.mutableSpan
          var part = whole._mutatingExtracting(0..<count)
          _ = try chain.readable.read(into: &part)
        } catch {
          throw .dma(error)
        }
        do throws(ImageFault) {
          try image.write(at: offset, from: bytes.span.extracting(0..<count))
        } catch {
          throw .image(error)
        }
        offset += UInt64(count)
      }
    }
    if isWriteThrough { try flushImage() }
  }

  private func flushImage() throws(RequestFailure) {
    guard !image.isReadOnly else { return }
    notifiedQueues?.spend(Self.flushCost)
    do {
      try image.flush()
      hasUnflushed = false
    } catch {
      throw .image(error)
    }
  }

  /// The serial, padded with zeroes, as far as the driver has room for it.
  private func identify(_ writer: inout ChainWriter) throws(RequestFailure) {
    guard writer.remaining > 0 else { throw .refused(.ioError, "no buffer for the serial") }
    var bytes = Array(options.serial.utf8)
    bytes.append(contentsOf: repeatElement(0, count: Self.serialSize - bytes.count))
    do {
      _ = try writer.write(bytes.span)
    } catch {
      throw .dma(error)
    }
  }

  // MARK: Ranges

  private enum RangeChange { case discard, writeZeroes }

  /// Checks every range before touching any.
  private func changeSegments(
    _ request: BlockRequest, _ change: RangeChange, _ reader: inout ChainReader
  ) throws(RequestFailure) {
    try checkWritable()
    let feature: VirtioFeatures = change == .discard ? .discard : .writeZeroes
    guard core?.features.contains(feature) == true else {
      throw .refused(.unsupported, "the driver did not accept the feature")
    }
    let byteCount = reader.remaining
    guard byteCount > 0, byteCount.isMultiple(of: BlockSegment.byteCount),
      byteCount <= Self.maximumSegments * BlockSegment.byteCount
    else {
      throw .refused(
        .ioError, "\(byteCount) bytes, 1 to \(Self.maximumSegments) ranges of 16 are wanted")
    }
    let payload = try gather(&reader, byteCount)
    var ranges: [(range: Range<UInt64>, mayUnmap: Bool)] = []
    for offset in stride(from: 0, to: byteCount, by: BlockSegment.byteCount) {
      let segment = BlockSegment(payload, at: offset)
      guard segment.flags & ~(change == .discard ? 0 : 1) == 0 else {
        throw .refused(.unsupported, "flags 0x\(String(segment.flags, radix: 16)) in a range")
      }
      guard segment.sectorCount <= Self.maximumSegmentSectors else {
        throw .refused(
          .ioError,
          "a range of \(segment.sectorCount) sectors, \(Self.maximumSegmentSectors) are "
            + "possible")
      }
      let start = try byteOffset(sector: segment.sector, sectorCount: UInt64(segment.sectorCount))
      let end = start + UInt64(segment.sectorCount) * Self.sectorSize
      if start < end { ranges.append((start..<end, segment.mayUnmap)) }
    }
    hasUnflushed = true
    do {
      for (range, mayUnmap) in ranges {
        notifiedQueues?.spend(range.count)
        switch change {
        case .discard: try image.discard(range)
        case .writeZeroes: try image.writeZeroes(range, mayUnmap: mayUnmap)
        }
      }
    } catch {
      throw .image(error)
    }
    if isWriteThrough { try flushImage() }
  }

  // MARK: Checks

  private func checkWritable() throws(RequestFailure) {
    guard !image.isReadOnly else { throw .refused(.ioError, "the disk is read-only") }
  }

  private func byteOffset(
    of request: BlockRequest, byteCount: Int
  ) throws(RequestFailure) -> UInt64 {
    guard UInt64(byteCount).isMultiple(of: Self.sectorSize) else {
      throw .refused(.ioError, "\(byteCount) bytes are no whole sectors of \(Self.sectorSize)")
    }
    guard byteCount <= Self.maximumRequestSize else {
      throw .refused(
        .ioError, "\(byteCount) bytes, at most \(Self.maximumRequestSize) are possible")
    }
    return try byteOffset(
      sector: request.sector, sectorCount: UInt64(byteCount) / Self.sectorSize)
  }

  private func byteOffset(
    sector: UInt64, sectorCount: UInt64
  ) throws(RequestFailure) -> UInt64 {
    guard sector <= capacity, sectorCount <= capacity - sector else {
      throw .refused(
        .ioError, "\(sectorCount) sectors from \(sector) leave the disk of \(capacity) sectors")
    }
    return sector * Self.sectorSize
  }

  // MARK: Buffers

  /// Reads a few bytes, which the caller has bounded.
  private func gather(
    _ reader: inout ChainReader, _ byteCount: Int
  ) throws(RequestFailure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    do throws(DMAFault) {
      var span = bytes.mutableSpan
      _ = try reader.read(into: &span)
    } catch {
      throw .dma(error)
    }
    return bytes
  }

  /// Lends out the chunk buffer, grown for `byteCount` bytes but never beyond a chunk.
  private func withBuffer(
    _ byteCount: Int, _ body: (inout [UInt8]) throws(RequestFailure) -> Void
  ) throws(RequestFailure) {
    var bytes: [UInt8] = []
    swap(&bytes, &buffer)
    defer { swap(&bytes, &buffer) }
    let missing = min(byteCount, Self.chunkSize) - bytes.count
    if missing > 0 { bytes.append(contentsOf: repeatElement(0, count: missing)) }
    try body(&bytes)
  }
}
