/// An export of an NBD server as a file.
///
/// After a lost connection every call fails as the first did: bytes that the server had not made
/// durable may be gone, so nobody may go on as if they were there. The server is told when this
/// object goes.
final class NBDStore: FileStore {
  /// The export as the user named it.
  let name: String
  /// Whether the export was opened for writing.
  let isWritable: Bool
  /// Always nil: two names of one export cannot be told from names of two.
  var identity: FileIdentity? { nil }
  /// An export's size never changes.
  var capacity: UInt64? { transmission.export.byteCount }

  private var transmission: NBDTransmission
  /// Why the connection is of no more use.
  private var lost: ImageFault?
  private var flushFault: ImageFault?
  /// What the server told last about holes, as long as nothing is written.
  private var extents: NBDExtents?

  private var export: NBDExport { transmission.export }

  /// Connects to a server and agrees on an export.
  ///
  /// - Throws: ``ImageFault`` in one line; also for a read-only export that is to be written.
  convenience init(
    _ location: NBDLocation, name: String, writable: Bool,
    patience: Duration = NBDConnection.patience
  ) throws(ImageFault) {
    let connection: NBDConnection
    do throws(NBDFault) {
      connection = try NBDConnection(to: location.address, patience: patience)
    } catch {
      throw ImageFault(name, .server(error))
    }
    try self.init(
      connection, exportName: location.exportName, name: name, writable: writable)
  }

  /// Agrees on an export with the server at the other end of a channel.
  convenience init(
    _ channel: any NBDChannel, exportName: String, name: String, writable: Bool
  ) throws(ImageFault) {
    do throws(NBDFault) {
      let export = try NBDHandshake(channel, exportName: exportName).run()
      self.init(NBDTransmission(channel, export), name: name, writable: writable)
    } catch {
      throw ImageFault(name, .server(error))
    }
    guard !writable || !export.flags.contains(.readOnly) else {
      throw ImageFault(name, .readOnly(reason: "its server exports it read-only"))
    }
  }

  /// Takes over a connection on which an export was agreed on.
  init(_ transmission: NBDTransmission, name: String, writable: Bool) {
    self.transmission = transmission
    self.name = name
    isWritable = writable
  }

  deinit { if lost == nil { transmission.disconnect() } }

  /// Whether the server can make data durable on request.
  var canFlush: Bool { export.flags.contains(.sendFlush) }

  /// The export's size.
  func byteCount() throws(ImageFault) -> UInt64 { export.byteCount }

  /// NBD_CMD_READ.
  @discardableResult
  func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(ImageFault) -> Int {
    let available =
      offset < export.byteCount ? Int(min(UInt64(bytes.count), export.byteCount - offset)) : 0
    var rest = bytes._mutatingExtracting(available..<bytes.count)
    rest.update(repeating: 0)
    guard available > 0 else { return 0 }
    let range = offset..<offset + UInt64(available)
    var wanted = bytes._mutatingExtracting(0..<available)
    let blocks = export.blockSizes.blocks(around: range)
    if blocks == range {
      try readBlocks(at: offset, into: &wanted)
    } else {
      // The server gives whole blocks only.
      var whole = [UInt8](repeating: 0, count: blocks.count)
      var span = whole.mutableSpan
      try readBlocks(at: blocks.lowerBound, into: &span)
      let first = Int(offset - blocks.lowerBound)
      wanted.copy(from: whole.span.extracting(first..<first + available))
    }
    return available
  }

  /// NBD_CMD_WRITE; of blocks that are written in part the rest is read first.
  func write(at offset: UInt64, from bytes: Span<UInt8>) throws(ImageFault) {
    let (end, overflow) = offset.addingReportingOverflow(UInt64(bytes.count))
    let range = offset..<(overflow ? .max : end)
    try startChange(in: range)
    guard !range.isEmpty else { return }
    let blocks = export.blockSizes.blocks(around: range)
    guard blocks != range else { return try writeBlocks(at: offset, from: bytes) }
    var whole = [UInt8](repeating: 0, count: blocks.count)
    var span = whole.mutableSpan
    let block = Int(export.blockSizes.minimum)
    var head = span._mutatingExtracting(0..<block)
    if blocks.lowerBound < offset { try readBlocks(at: blocks.lowerBound, into: &head) }
    var tail = span._mutatingExtracting(span.count - block..<span.count)
    if end < blocks.upperBound, blocks.lowerBound == offset || blocks.count > block {
      try readBlocks(at: blocks.upperBound - UInt64(block), into: &tail)
    }
    let first = Int(offset - blocks.lowerBound)
    var middle = span._mutatingExtracting(first..<first + bytes.count)
    middle.copy(from: bytes)
    try writeBlocks(at: blocks.lowerBound, from: whole.span)
  }

  /// NBD_CMD_FLUSH. A server that has no such command keeps its own counsel about durability.
  func flush() throws(ImageFault) {
    if let flushFault { throw flushFault }
    guard canFlush else { return try checkConnection() }
    do throws(ImageFault) {
      try checkConnection()
      do throws(NBDFault) { try transmission.flush() } catch { throw fault(error) }
    } catch {
      flushFault = error
      throw error
    }
  }

  /// Refused: nobody but the server can change the size.
  func setByteCount(_ count: UInt64) throws(ImageFault) {
    guard count != export.byteCount else { return }
    throw ImageFault(
      name,
      .refused(
        "is an NBD export of \(export.byteCount) bytes, whose size cannot be changed from here"))
  }

  /// NBD_CMD_WRITE_ZEROES, for which the server may release the space.
  func punchHole(_ range: Range<UInt64>) throws(ImageFault) -> Bool {
    try zero(range, flags: 0)
  }

  /// NBD_CMD_WRITE_ZEROES with NBD_CMD_FLAG_NO_HOLE, or plain zeroes.
  func writeZeroes(_ range: Range<UInt64>) throws(ImageFault) {
    if try !zero(range, flags: NBDRequest.noHole) { try storeZeroes(range) }
  }

  /// NBD_CMD_TRIM of the whole blocks that the export has.
  func discard(_ range: Range<UInt64>) throws(ImageFault) -> Bool {
    guard export.flags.contains(.sendTrim) else { return false }
    let range = range.clamped(to: 0..<export.byteCount)
    try startChange(in: range)
    let blocks = export.blockSizes.wholeBlocks(in: range)
    do throws(NBDFault) {
      try transmission.change(.trim, blocks)
    } catch .failed(_, .notSupported, _) {
      return false
    } catch {
      throw fault(error)
    }
    return true
  }

  /// NBD_CMD_BLOCK_STATUS.
  func run(at offset: UInt64) throws(ImageFault) -> (isData: Bool, end: UInt64) {
    let size = export.byteCount
    guard offset < size else { return (false, .max) }
    guard export.allocationContext != nil else { return (true, size) }
    if extents?.run(at: offset) == nil {
      try checkConnection()
      let start = export.blockSizes.blocks(around: offset..<offset + 1).lowerBound
      do throws(NBDFault) {
        extents = try transmission.blockStatus(start..<size)
      } catch .failed {
        // The server cannot tell after all.
        return (true, size)
      } catch {
        throw fault(error)
      }
    }
    guard let run = extents?.run(at: offset) else { return (true, size) }
    return (!run.isZero, run.end)
  }

  // MARK: - Parts

  private func readBlocks(
    at offset: UInt64, into bytes: inout MutableSpan<UInt8>
  ) throws(ImageFault) {
    try checkConnection()
    do throws(NBDFault) {
      try transmission.read(at: offset, into: &bytes)
    } catch {
      throw fault(error)
    }
  }

  private func writeBlocks(at offset: UInt64, from bytes: Span<UInt8>) throws(ImageFault) {
    do throws(NBDFault) {
      try transmission.write(at: offset, from: bytes)
    } catch {
      throw fault(error)
    }
  }

  /// Zeroes a range; false, with nothing done, when the server has no command for it.
  private func zero(_ range: Range<UInt64>, flags: UInt16) throws(ImageFault) -> Bool {
    guard export.flags.contains(.sendWriteZeroes) else { return false }
    try startChange(in: range)
    let blocks = export.blockSizes.wholeBlocks(in: range)
    do throws(NBDFault) {
      try transmission.change(.writeZeroes, flags: flags, blocks)
    } catch .failed(_, .notSupported, _) {
      return false
    } catch {
      throw fault(error)
    }
    try storeZeroes(range.lowerBound..<blocks.lowerBound)
    try storeZeroes(blocks.upperBound..<range.upperBound)
    return true
  }

  private func checkConnection() throws(ImageFault) { if let lost { throw lost } }

  /// Before anything is changed on the server.
  private func startChange(in range: Range<UInt64>) throws(ImageFault) {
    try checkConnection()
    guard isWritable else {
      throw ImageFault(name, .readOnly(reason: "its export was opened read-only"))
    }
    guard range.upperBound <= export.byteCount else {
      throw ImageFault(
        name,
        .outOfRange(
          offset: range.lowerBound, byteCount: range.upperBound - range.lowerBound,
          diskByteCount: export.byteCount))
    }
    extents = nil
  }

  /// A fault of the server as one of this file.
  private func fault(_ fault: NBDFault) -> ImageFault {
    let result = ImageFault(name, .server(fault))
    if fault.isFatal { lost = result }
    return result
  }
}

extension ImageOpener {
  /// The default export of the server at the other end of a channel.
  package static func export(
    over channel: any NBDChannel, writable: Bool
  ) throws(ImageFault) -> any FileStore {
    try NBDStore(channel, exportName: "", name: "nbd", writable: writable)
  }
}
