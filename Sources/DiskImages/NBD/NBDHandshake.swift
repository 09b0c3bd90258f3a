/// Agreeing with a server on an export: fixed newstyle negotiation, from the server's greeting to the
/// start of the transmission phase ("Handshake phase").
struct NBDHandshake {
  /// Most replies to one option that are listened to.
  private static let replyLimit = 4096
  /// NBD_INFO_EXPORT and NBD_INFO_BLOCK_SIZE.
  private enum Information {
    static let export: UInt16 = 0
    static let blockSize: UInt16 = 3
  }
  /// Handshake flags, the same for both sides.
  private enum Flag {
    static let fixedNewstyle: UInt16 = 1
    static let noZeroes: UInt16 = 2
  }

  private let channel: any NBDChannel
  private let exportName: String

  init(_ channel: any NBDChannel, exportName: String) {
    self.channel = channel
    self.exportName = exportName
  }

  /// Negotiates. The connection is in the transmission phase afterwards.
  ///
  /// - Throws: ``NBDFault`` in one line; for an export that does not exist it names those that do.
  func run() throws(NBDFault) -> NBDExport {
    let noZeroes = try greet()
    let isStructured = try ask(.structuredReply) == nil
    let context = isStructured ? try askForAllocation() : nil
    var export =
      if let export = try go() { export } else { try exportByName(noZeroes: noZeroes) }
    export.hasStructuredReplies = isStructured
    export.allocationContext = context
    return export
  }

  /// Answers the greeting and tells whether padding is left out.
  private func greet() throws(NBDFault) -> Bool {
    channel.startClock(isSlow: false)
    let magic: UInt64 = try channel.receive()
    guard magic == NBDMagic.server else {
      throw .violation("its greeting starts with \(hexadecimal(magic)), not with NBDMAGIC")
    }
    let style: UInt64 = try channel.receive()
    guard style != NBDMagic.oldstyle else { throw Self.oldServer }
    guard style == NBDMagic.options else {
      throw .violation("its greeting goes on with \(hexadecimal(style)), not with IHAVEOPT")
    }
    let flags: UInt16 = try channel.receive()
    guard flags & Flag.fixedNewstyle != 0 else { throw Self.oldServer }
    let noZeroes = flags & Flag.noZeroes
    var answer: [UInt8] = []
    answer.appendBigEndian(UInt32(Flag.fixedNewstyle | noZeroes))
    try channel.send(answer)
    return noZeroes != 0
  }

  private static let oldServer = NBDFault.refused(
    "its server is too old: it lacks the fixed newstyle negotiation of the NBD protocol")

  // MARK: - Options

  /// Sends an option, hands out the replies before the last, and answers that if it is an error.
  private func ask(
    _ option: NBDOption, _ data: [UInt8] = [],
    each: (NBDOptionReply) throws(NBDFault) -> Void = { _ throws(NBDFault) in }
  ) throws(NBDFault) -> NBDOptionReply? {
    channel.startClock(isSlow: false)
    try channel.send(option.encoded(data))
    for _ in 0..<Self.replyLimit {
      let header = try channel.receive(NBDOptionReply.headerByteCount)
      let (type, byteCount) = try NBDOptionReply.payloadByteCount(header, answering: option)
      let reply = NBDOptionReply(type: type, payload: try channel.receive(byteCount))
      if type == NBDOptionReply.acknowledgement { return nil }
      guard !reply.isError else {
        // Without TLS no other option will do better.
        guard type != NBDOptionReply.tlsRequired else { throw refusal(reply) }
        return reply
      }
      try each(reply)
    }
    throw .violation("more than \(Self.replyLimit) replies to option \(option.rawValue)")
  }

  private func refusal(_ reply: NBDOptionReply) -> NBDFault {
    .refused("its server \(reply.errorText)")
  }

  private var encodedName: [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendBigEndian(UInt32(exportName.utf8.count))
    return bytes + exportName.utf8
  }

  /// Selects `base:allocation`; nil if the server has no such thing.
  private func askForAllocation() throws(NBDFault) -> UInt32? {
    let query = "base:allocation"
    var data = encodedName
    data.appendBigEndian(UInt32(1))
    data.appendBigEndian(UInt32(query.utf8.count))
    data += query.utf8
    var context: UInt32?
    let error = try ask(.setMetaContext, data) { reply throws(NBDFault) in
      guard reply.type == NBDOptionReply.metaContext, context == nil,
        let number = reply.payload.bigEndian(at: 0, as: UInt32.self),
        reply.payload.dropFirst(4).elementsEqual(query.utf8)
      else { throw .violation("an answer about metadata contexts is not the one asked for") }
      context = number
    }
    return error == nil ? context : nil
  }

  /// NBD_OPT_GO; nil if the server does not know it.
  private func go() throws(NBDFault) -> NBDExport? {
    var data = encodedName
    data.appendBigEndian(UInt16(1))
    data.appendBigEndian(Information.blockSize)
    var size: UInt64?
    var flags: UInt16?
    var blockSizes: NBDBlockSizes?
    let error = try ask(.go, data) { reply throws(NBDFault) in
      guard reply.type == NBDOptionReply.info,
        let type = reply.payload.bigEndian(at: 0, as: UInt16.self)
      else { throw .violation("an answer about the export is of type \(reply.type)") }
      switch type {
      case Information.export:
        guard reply.payload.count == 12 else {
          throw .violation("size and flags in \(reply.payload.count) bytes; 12 are right")
        }
        size = reply.payload.bigEndian(at: 2)
        flags = reply.payload.bigEndian(at: 10)
      case Information.blockSize:
        blockSizes = try NBDBlockSizes(Array(reply.payload.dropFirst(2)))
      default: break
      }
    }
    switch error?.type {
    case nil:
      guard let size, let flags else { throw .violation("the export's size is missing") }
      return try NBDExport(
        byteCount: size, flags: NBDTransmissionFlags(rawValue: flags), advertised: blockSizes)
    case NBDOptionReply.unsupported?: return nil
    case NBDOptionReply.unknownExport?: throw unknownExport()
    case _?: throw error.map(refusal) ?? .disconnected
    }
  }

  /// NBD_OPT_EXPORT_NAME, which a server cannot refuse but by closing the connection.
  private func exportByName(noZeroes: Bool) throws(NBDFault) -> NBDExport {
    channel.startClock(isSlow: false)
    try channel.send(NBDOption.exportName.encoded(Array(exportName.utf8)))
    let size: UInt64
    do {
      size = try channel.receive()
    } catch .disconnected {
      throw .refused(
        "its server closed the connection when asked for export \"\(escaped(exportName))\"")
    }
    let flags: UInt16 = try channel.receive()
    if !noZeroes { _ = try channel.receive(124) }
    return try NBDExport(
      byteCount: size, flags: NBDTransmissionFlags(rawValue: flags), advertised: nil)
  }

  /// What to say about an export that does not exist: the names of those that do.
  private func unknownExport() -> NBDFault {
    var names: [String] = []
    var others = 0
    let shown = 10
    let error = try? ask(.list) { reply throws(NBDFault) in
      guard reply.type == NBDOptionReply.server,
        let length = reply.payload.bigEndian(at: 0, as: UInt32.self),
        length <= reply.payload.count - 4
      else { throw .violation("an export is listed without its name") }
      if names.count < shown {
        names.append("\"\(printable(reply.payload.dropFirst(4).prefix(Int(length))))\"")
      } else {
        others += 1
      }
    }
    // The server need not wait for more; that it does not hear this is no second error.
    try? channel.send(NBDOption.abort.encoded())
    var text = "its server has no export \"\(escaped(exportName))\""
    if error == nil, !names.isEmpty {
      text += "; it has " + names.joined(separator: ", ")
      if others > 0 { text += " and \(others) more" }
    }
    return .refused(text)
  }
}
