/// What the negotiation found out about an export.
struct NBDExport: Equatable {
  /// Size in bytes: whole blocks of `blockSizes.minimum`.
  var byteCount: UInt64
  var flags: NBDTransmissionFlags
  var blockSizes: NBDBlockSizes
  /// What divides the lengths in answers about holes: a server that has named no block sizes knows
  /// none.
  var extentUnit: UInt32
  /// Whether replies may come in chunks, and those to reads must.
  var hasStructuredReplies = false
  /// The number under which the server tells data from holes, if it can.
  var allocationContext: UInt32?

  /// - Parameter advertised: nil when the server has not named its block sizes.
  init(
    byteCount: UInt64, flags: NBDTransmissionFlags, advertised: NBDBlockSizes?
  ) throws(NBDFault) {
    guard byteCount <= UInt64(Int64.max) else {
      throw .violation("the export has \(byteCount) bytes, more than 2^63 - 1")
    }
    guard flags.contains(.hasFlags) else {
      throw .violation("transmission flags \(hexadecimal(UInt64(flags.rawValue))) lack bit 0")
    }
    self.flags = flags
    // Unnamed block sizes: what goes with most servers, as far as all of the export is reached.
    blockSizes =
      advertised ?? NBDBlockSizes(minimum: byteCount.isMultiple(of: 512) ? 512 : 1, maximum: nil)
    extentUnit = advertised?.minimum ?? 1
    // Nobody can ask for a part of a block.
    self.byteCount = byteCount & ~(UInt64(blockSizes.minimum) - 1)
  }
}

/// The sizes that requests must have ("Block size constraints").
struct NBDBlockSizes: Equatable {
  /// A power of two that divides all offsets and lengths.
  var minimum: UInt32
  /// Most bytes of a request; nil: no limit of the server's.
  var maximum: UInt32?

  init(minimum: UInt32, maximum: UInt32?) {
    self.minimum = minimum
    self.maximum = maximum
  }

  /// Reads NBD_INFO_BLOCK_SIZE without its type.
  init(_ payload: [UInt8]) throws(NBDFault) {
    guard payload.count == 12, let minimum = payload.bigEndian(at: 0, as: UInt32.self),
      let maximum = payload.bigEndian(at: 8, as: UInt32.self)
    else { throw .violation("block sizes in \(payload.count) bytes; 12 are right") }
    guard minimum > 0, minimum & (minimum - 1) == 0, minimum <= 65536 else {
      throw .violation("the smallest block has \(minimum) bytes, no power of two up to 65536")
    }
    self.minimum = minimum
    self.maximum = maximum == .max ? nil : maximum
    guard self.maximum == nil || (maximum >= minimum && maximum.isMultiple(of: minimum)) else {
      throw .violation(
        "the biggest request has \(maximum) bytes, no multiple of the smallest block's \(minimum)")
    }
  }

  /// The biggest request of at most `limit` bytes, or one block.
  func piece(atMost limit: UInt32) -> UInt64 {
    let size = min(limit, maximum ?? limit)
    return UInt64(max(size & ~(minimum - 1), minimum))
  }

  /// The blocks that `range` touches.
  func blocks(around range: Range<UInt64>) -> Range<UInt64> {
    let mask = UInt64(minimum) - 1
    return range.lowerBound & ~mask..<(range.upperBound &+ mask) & ~mask
  }

  /// The whole blocks in `range`; empty at its start if there are none.
  func wholeBlocks(in range: Range<UInt64>) -> Range<UInt64> {
    let mask = UInt64(minimum) - 1
    let (first, end) = ((range.lowerBound &+ mask) & ~mask, range.upperBound & ~mask)
    return first < end ? first..<end : range.lowerBound..<range.lowerBound
  }
}
