import DiskImages

/// A server in memory that keeps the NBD protocol, fails or breaks it, as an input says request by
/// request; or one of which an input is all that it says.
final class NBDFuzzServer: NBDChannel {
  /// Types of the requests ("Request types").
  private enum Command {
    static let read: UInt16 = 0
    static let write: UInt16 = 1
    static let flush: UInt16 = 3
    static let trim: UInt16 = 4
    static let writeZeroes: UInt16 = 6
    static let blockStatus: UInt16 = 7
  }

  /// Whether all that it said was right.
  private(set) var isHonest = true
  /// Whether it has answered something with an error.
  private(set) var hasFailed = false
  /// What its export holds.
  private(set) var disk: [UInt8]
  /// Whether its export takes no writes.
  let isReadOnly: Bool

  private var input: FuzzInput
  private let isStructured: Bool
  /// What divides the stretches of its answers about holes.
  private let unit: Int
  /// What it has said and nobody has received.
  private var outgoing: [UInt8] = []
  private var position = 0
  /// Replies that it keeps back.
  private var held: [[UInt8]] = []
  /// What it was told and has not understood yet.
  private var heard: [UInt8] = []
  private var isNegotiating = true

  /// - Parameter saysAnything: whether the input is all that it says.
  init(_ input: FuzzInput, saysAnything: Bool) {
    var input = input
    guard !saysAnything else {
      (isHonest, isReadOnly, isStructured, unit, disk) = (false, false, true, 1, [])
      outgoing = input.array(1 << 16)
      self.input = FuzzInput([])
      return
    }
    let (kind, flags, sizes) = (input.byte(), input.byte(), input.byte())
    isStructured = kind & 1 == 0
    // Its own read-only flag, flush, trim and zeroes ("Transmission flags").
    let transmissionFlags = UInt16(flags & 0x66) | 1
    isReadOnly = flags & 2 != 0
    let shift = Int(sizes & 15) % 13
    let minimum = kind & 2 == 0 ? 1 << shift : 1
    let count = input.word() * 4
    unit = minimum
    // Data and holes, side by side.
    disk = (0..<count).map { $0 >> 13 & 1 == 0 ? 0 : UInt8(truncatingIfNeeded: $0 >> 5) }
    self.input = input
    negotiate(
      transmissionFlags,
      blockSizes: kind & 2 == 0 ? (minimum, max(512, minimum << Int(sizes >> 4))) : nil)
  }

  /// All of a modern server's part in the negotiation, whatever is asked.
  private func negotiate(_ flags: UInt16, blockSizes: (minimum: Int, maximum: Int)?) {
    func reply(_ option: UInt32, _ type: UInt32, _ payload: [UInt8] = []) {
      outgoing += bigEndian(0x0003_E889_0455_65A9 as UInt64) + bigEndian(option)
      outgoing += bigEndian(type) + bigEndian(UInt32(payload.count)) + payload
    }
    outgoing += Array("NBDMAGICIHAVEOPT".utf8) + [0, 3]
    if isStructured {
      reply(8, 1)
      reply(10, 4, bigEndian(Self.context) + Array("base:allocation".utf8))
      reply(10, 1)
    } else {
      reply(8, 1 << 31 | 1)
    }
    reply(7, 3, [0, 0] + bigEndian(UInt64(disk.count)) + bigEndian(flags))
    if let (minimum, maximum) = blockSizes {
      reply(
        7, 3,
        [0, 3] + bigEndian(UInt32(minimum)) + bigEndian(UInt32(minimum))
          + bigEndian(UInt32(maximum)))
    }
    reply(7, 1)
  }

  private static let context: UInt32 = 7

  // MARK: - Channel

  func startClock(isSlow: Bool) {}

  func send(_ bytes: Span<UInt8>, hasMore: Bool) throws(NBDFault) {
    guard isHonest || !disk.isEmpty else { return }
    for index in bytes.indices { heard.append(bytes[index]) }
    if !hasMore { listen() }
  }

  func receive(into bytes: inout MutableSpan<UInt8>) throws(NBDFault) {
    if position == outgoing.count, !held.isEmpty { outgoing += held.removeLast() }
    guard bytes.count <= outgoing.count - position else {
      hasFailed = true
      throw .disconnected
    }
    for index in bytes.indices { bytes[index] = outgoing[position + index] }
    position += bytes.count
  }

  // MARK: - Requests

  /// Understands what it was told.
  private func listen() {
    if isNegotiating {
      // The client's flags, then options: magic, number, length, data.
      guard heard.count >= 4 else { return }
      var start = 4
      while heard.count >= start + 16, heard[start] == 0x49 {
        let option = number(at: start + 8, 4)
        start += 16 + number(at: start + 12, 4)
        if option == 7 {
          isNegotiating = false
          heard = Array(heard.dropFirst(start))
          return listen()
        }
      }
      return
    }
    while heard.count >= 28 {
      let command = UInt16(number(at: 6, 2))
      let (offset, count) = (number(at: 16, 8), number(at: 24, 4))
      let payload = command == Command.write ? count : 0
      guard heard.count >= 28 + payload else { return }
      let cookie = Array(heard[8..<16])
      let data = Array(heard[28..<28 + payload])
      heard = Array(heard.dropFirst(28 + payload))
      answer(command, cookie, offset, count, data)
    }
  }

  private func number(at offset: Int, _ width: Int) -> Int {
    heard[offset..<offset + width].reduce(0) { $0 << 8 | Int($1) }
  }

  private func answer(
    _ command: UInt16, _ cookie: [UInt8], _ offset: Int, _ count: Int, _ data: [UInt8]
  ) {
    // Taking leave is not answered; another request out of bounds is a client's fault.
    guard command != 2 else { return }
    guard offset >= 0, offset <= disk.count, count <= disk.count - offset else {
      outgoing += simple(22, cookie)
      return
    }
    let decision = input.byte()
    switch decision & 15 {
    case 0...9:
      let reply = reply(command, cookie, offset..<offset + count, data, decision)
      if decision & 0x80 == 0 { outgoing += reply } else { held.append(reply) }
    case 10, 11:
      hasFailed = true
      let number = UInt32([5, 22, 28, 95][Int(decision >> 4) % 4])
      outgoing +=
        isStructured && decision & 1 == 0
        ? chunk(0x8001, cookie, bigEndian(number) + [0, 1, 0x0A]) : simple(number, cookie)
    case 12, 13:
      isHonest = false
      var reply = reply(command, cookie, offset..<offset + count, data, 0)
      let place = input.word() % reply.count
      reply[decision & 1 == 0 ? place % 32 % reply.count : place] = input.byte()
      outgoing += reply
    case 14:
      isHonest = false
      outgoing += input.array(Int(input.byte()))
    default:
      isHonest = false
      outgoing += reply(command, cookie, offset..<offset + count, data, 0).dropLast()
    }
  }

  /// Does what was asked and says so.
  private func reply(
    _ command: UInt16, _ cookie: [UInt8], _ range: Range<Int>, _ data: [UInt8], _ decision: UInt8
  ) -> [UInt8] {
    switch command {
    case Command.read:
      guard isStructured else { return simple(0, cookie) + disk[range] }
      return readChunks(cookie, range, decision)
    case Command.write: disk.replaceSubrange(range, with: data)
    case Command.writeZeroes:
      disk.replaceSubrange(range, with: repeatElement(0, count: range.count))
    case Command.blockStatus: return chunk(5, cookie, bigEndian(Self.context) + stretches(range))
    default: break
    }
    return isStructured && decision & 0x10 != 0 ? chunk(0, cookie, []) : simple(0, cookie)
  }

  /// Data in one chunk or two, in either order, holes among them where the disk is zero.
  private func readChunks(_ cookie: [UInt8], _ range: Range<Int>, _ decision: UInt8) -> [UInt8] {
    let middle = range.lowerBound + range.count / 2
    var parts =
      decision & 0x10 == 0 ? [range] : [range.lowerBound..<middle, middle..<range.upperBound]
    parts.removeAll(where: \.isEmpty)
    if decision & 0x20 != 0 { parts.reverse() }
    let isLastAlone = decision & 0x40 != 0
    var reply: [UInt8] = []
    for (index, part) in parts.enumerated() {
      let isLast = !isLastAlone && index == parts.count - 1
      let start = bigEndian(UInt64(part.lowerBound))
      reply +=
        disk[part].allSatisfy { $0 == 0 }
        ? chunk(2, cookie, start + bigEndian(UInt32(part.count)), isLast: isLast)
        : chunk(1, cookie, start + disk[part], isLast: isLast)
    }
    return reply + (isLastAlone ? chunk(0, cookie, []) : [])
  }

  /// Lengths and flags of stretches that are zero or not, in whole blocks from the range's start.
  private func stretches(_ range: Range<Int>) -> [UInt8] {
    let size = max(unit, 512)
    var stretches: [UInt8] = []
    for start in stride(from: range.lowerBound, to: range.upperBound, by: size) {
      let block = disk[start..<min(start + size, range.upperBound)]
      stretches += bigEndian(UInt32(block.count)) + [0, 0, 0, block.allSatisfy { $0 == 0 } ? 3 : 0]
    }
    return stretches
  }

  private func simple(_ error: UInt32, _ cookie: [UInt8]) -> [UInt8] {
    bigEndian(0x6744_6698 as UInt32) + bigEndian(error) + cookie
  }

  private func chunk(
    _ type: UInt16, _ cookie: [UInt8], _ payload: [UInt8], isLast: Bool = true
  ) -> [UInt8] {
    bigEndian(0x668E_33EF as UInt32) + [0, isLast ? 1 : 0] + bigEndian(type) + cookie
      + bigEndian(UInt32(payload.count)) + payload
  }
}
