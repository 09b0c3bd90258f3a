import MachineTestKit
import Testing

@testable import DiskImages

@Suite struct NBDTransmissionTests {
  private func pattern(_ offset: Int, _ count: Int) -> [UInt8] {
    (offset..<offset + count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
  }

  private func read(
    _ script: [UInt8], at offset: UInt64 = 0, count: Int = 1024, structured: Bool = true
  ) throws -> [UInt8] {
    var transmission = NBDTransmission(
      ScriptedChannel(script), try NBDScript.export(structured: structured))
    var bytes = [UInt8](repeating: 0xEE, count: count)
    var span = bytes.mutableSpan
    try transmission.read(at: offset, into: &span)
    return bytes
  }

  @Test("A simple reply to a read, with data or an error")
  func simple() throws {
    let channel = ScriptedChannel(NBDScript.simple(1, [9, 8]) + NBDScript.simple(2, error: 5))
    var transmission = NBDTransmission(channel, try NBDScript.export(structured: false))
    var bytes: [UInt8] = [0, 0]
    var span = bytes.mutableSpan
    try transmission.read(at: 0x1234, into: &span)
    #expect(
      throws: NBDFault.failed(command: .read, NBDError(rawValue: 5), message: "")
    ) {
      var span = bytes.mutableSpan
      try transmission.read(at: 0, into: &span)
    }
    #expect(bytes == [9, 8])
    #expect(
      channel.sent.prefix(28)
        == NBDScript.bytes(
          0x2560_9513 as UInt32, 0 as UInt32, 1 as UInt64, 0x1234 as UInt64, 2 as UInt32)[...])
  }

  @Test("Chunks in any order: data, holes, nothing")
  func chunks() throws {
    let data = pattern(512, 1024)
    let script =
      NBDScript.data(1, at: 1280, Array(data[768...]), done: false)
      + NBDScript.chunk(1, 2, NBDScript.bytes(768 as UInt64, 512 as UInt32), done: false)
      + NBDScript.data(1, at: 512, Array(data[..<256]), done: false) + NBDScript.chunk(1, 0)
    #expect(
      try read(script, at: 512)
        == data[..<256] + [UInt8](repeating: 0, count: 512) + data[768...])
  }

  @Test("A big read is many requests, and their replies may come in any order")
  func pieces() throws {
    let piece = Int(NBDTransmission.pieceLimit)
    let count = piece * 16 + 100
    let data = pattern(0, count)
    var script: [UInt8] = []
    for index in (0..<16).reversed() {
      let start = index * piece
      script += NBDScript.data(
        UInt64(index + 1), at: UInt64(start), Array(data[start..<start + piece]))
    }
    script += NBDScript.data(17, at: UInt64(16 * piece), Array(data[(16 * piece)...]))
    let channel = ScriptedChannel(script)
    var transmission = NBDTransmission(channel, try NBDScript.export(size: 1 << 30))
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    try transmission.read(at: 0, into: &span)
    #expect(bytes == data)
    #expect(channel.sent.count == 17 * 28)
  }

  @Test("A write's bytes follow its request, in pieces that the server takes")
  func write() throws {
    let channel = ScriptedChannel(
      NBDScript.chunk(2, 0) + NBDScript.chunk(1, 0) + NBDScript.simple(3))
    var transmission = NBDTransmission(
      channel, try NBDScript.export(minimum: 512, maximum: 1024))
    let data = pattern(0, 2560)
    try transmission.write(at: 512, from: data.span)
    var expected: [UInt8] = []
    for (cookie, range) in [(1, 0..<1024), (2, 1024..<2048), (3, 2048..<2560)] {
      let request = NBDRequest(
        command: .write, cookie: UInt64(cookie), offset: UInt64(512 + range.lowerBound),
        byteCount: UInt32(range.count))
      expected += request.encoded + data[range]
    }
    #expect(channel.sent == expected)
  }

  @Test("After an error the other replies are waited for, and the connection goes on")
  func errors() throws {
    let piece = Int(NBDTransmission.pieceLimit)
    let message = [UInt8]("disk on fire\n".utf8)
    let channel = ScriptedChannel(
      NBDScript.chunk(
        2, 1 << 15 | 1, NBDScript.bytes(28 as UInt32, UInt16(message.count)) + message)
        + NBDScript.chunk(1, 0) + NBDScript.chunk(3, 0))
    var transmission = NBDTransmission(channel, try NBDScript.export(size: 1 << 30))
    let fault = nbdFault {
      try transmission.write(at: 0, from: [UInt8](repeating: 1, count: 2 * piece).span)
    }
    #expect(
      fault == .failed(command: .write, .noSpace, message: "disk on fire\\n"))
    #expect(fault?.isFatal == false)
    try transmission.flush()
    #expect(channel.rest == 0)
  }

  @Test("An error with an offset, in the middle of a read")
  func errorAtOffset() {
    let error = NBDScript.bytes(5 as UInt32, 0 as UInt16, 512 as UInt64)
    let script =
      NBDScript.data(1, at: 0, pattern(0, 512), done: false)
      + NBDScript.chunk(1, 1 << 15 | 2, error, done: false) + NBDScript.chunk(1, 0)
    #expect(
      nbdFault { _ = try read(script) }
        == .failed(command: .read, NBDError(rawValue: 5), message: ""))
  }

  static let violations: [(String, [UInt8])] = {
    let content = [UInt8](repeating: 1, count: 1024)
    func data(_ offset: UInt64, _ count: Int, done: Bool = true) -> [UInt8] {
      NBDScript.data(1, at: offset, Array(content[..<count]), done: done)
    }
    func status(_ payload: [UInt8]) -> [UInt8] { NBDScript.chunk(1, 5, payload) }
    func error(_ number: UInt32, _ length: UInt16) -> [UInt8] {
      NBDScript.bytes(number, length)
    }
    return [
      ("no magic", [UInt8](repeating: 0, count: 16)),
      ("a reply to nothing", NBDScript.simple(2)),
      ("a chunk to nothing", NBDScript.chunk(0, 0)),
      ("data in a simple reply", NBDScript.simple(1, content)),
      ("an unfinished none", NBDScript.chunk(1, 0, done: false)),
      ("a none with bytes", NBDScript.chunk(1, 0, [0])),
      ("no data", NBDScript.chunk(1, 0)), ("too little data", data(1024, 1023)),
      ("data before", data(1023, 1)), ("data behind", data(1025, 1024)),
      ("data at the end of all", data(.max, 1024)),
      ("data twice", data(1024, 600, done: false) + data(1623, 425)),
      ("data again", data(1024, 1024, done: false) + data(1024, 1024)),
      ("an empty chunk of data", NBDScript.chunk(1, 1, NBDScript.bytes(1024 as UInt64))),
      (
        "4 GiB of data",
        NBDScript.bytes(
          0x668E_33EF as UInt32, 1 as UInt16, 1 as UInt16, 1 as UInt64, UInt32.max, 1024 as UInt64)
      ),
      ("a hole of 0", NBDScript.chunk(1, 2, NBDScript.bytes(1024 as UInt64, 0 as UInt32))),
      ("a hole behind", NBDScript.chunk(1, 2, NBDScript.bytes(1024 as UInt64, 2000 as UInt32))),
      ("a hole in 13 bytes", NBDScript.chunk(1, 2, [UInt8](repeating: 0, count: 13))),
      (
        "a thousand scattered bytes",
        (0..<1100).flatMap { NBDScript.data(1, at: 1024 + $0 * 2, [1], done: false) }
      ),
      ("holes nobody asked for", status(NBDScript.bytes(7 as UInt32, 512 as UInt32, 0 as UInt32))),
      ("an unknown chunk", NBDScript.chunk(1, 77)),
      ("an error of 5 bytes", NBDScript.chunk(1, 1 << 15 | 1, [0, 0, 0, 5, 0])),
      ("an error with a long message", NBDScript.chunk(1, 1 << 15 | 1, error(5, 1))),
      ("an error of 0", NBDScript.chunk(1, 1 << 15 | 1, error(0, 0))),
      (
        "an error of 1 MiB",
        NBDScript.bytes(
          0x668E_33EF as UInt32, 1 as UInt16, 0x8001 as UInt16, 1 as UInt64, UInt32(1 << 20))
      ),
      (
        "endless errors",
        (0..<17).flatMap { _ in NBDScript.chunk(1, 1 << 15 | 1, error(5, 0), done: false) }
      ),
    ]
  }()

  @Test("A server that breaks the protocol is left", arguments: violations)
  func violation(_ what: String, _ script: [UInt8]) {
    let count = what == "a thousand scattered bytes" ? 4096 : 1024
    let fault = nbdFault { _ = try read(script, at: 1024, count: count) }
    #expect(fault?.isViolation == true, "\(fault.map { "\($0)" } ?? "accepted")")
    #expect(fault?.isFatal == true)
  }

  @Test("A structured reply that was not agreed on")
  func notAgreedOn() {
    let script = NBDScript.data(1, at: 0, [UInt8](repeating: 1, count: 1024))
    #expect(nbdFault { _ = try read(script, structured: false) }?.isViolation == true)
  }

  private func status(_ payload: [UInt8], size: UInt64 = 1 << 20) throws -> NBDExtents {
    var transmission = NBDTransmission(
      ScriptedChannel(NBDScript.chunk(1, 5, payload)), try NBDScript.export(size: size))
    return try transmission.blockStatus(4096..<8192)
  }

  @Test("Data and holes, neighbours of one kind together, more than was asked included")
  func blockStatus() throws {
    // A hole that does not read zero counts as data.
    let extents = try status(
      NBDScript.bytes(7 as UInt32)
        + [(1024, 0), (1024, 1), (512, 3), (512, 2), (1 << 31, 0)].flatMap {
          NBDScript.bytes(UInt32($0.0), UInt32($0.1))
        })
    func check(_ offset: UInt64, _ isZero: Bool, _ end: UInt64) {
      let run = extents.run(at: offset)
      #expect(run?.isZero == isZero && run?.end == end, "at \(offset)")
    }
    check(4096, false, 6144)
    check(6143, false, 6144)
    check(6144, true, 7168)
    check(7168, false, 1 << 20)
    #expect(extents.run(at: 4095) == nil)
    #expect(extents.run(at: 1 << 20) == nil)
  }

  @Test(
    "Wrong answers about holes",
    arguments: [
      [], NBDScript.bytes(7 as UInt32), NBDScript.bytes(7 as UInt32, 1 as UInt32),
      NBDScript.bytes(8 as UInt32, 512 as UInt32, 0 as UInt32),
      NBDScript.bytes(7 as UInt32, 0 as UInt32, 0 as UInt32),
    ])
  func wrongStatus(_ payload: [UInt8]) {
    #expect(nbdFault { _ = try status(payload) }?.isViolation == true)
  }

  @Test("Changed bytes give data, an error or a fault, and nothing else")
  func mutations() throws {
    var random = SeededGenerator(5)
    let script =
      NBDScript.data(1, at: 0, pattern(0, 256), done: false)
      + NBDScript.chunk(1, 2, NBDScript.bytes(256 as UInt64, 512 as UInt32), done: false)
      + NBDScript.data(1, at: 768, pattern(0, 256))
    for _ in 0..<4000 {
      var changed = script
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<64, using: &random)
        let start = [0, 284, 316][Int.random(in: 0..<3, using: &random)]
        changed[min(start + place, changed.count - 1)] = .random(in: 0...255, using: &random)
      }
      if let bytes = try? read(changed) { #expect(bytes.count == 1024) }
    }
  }
}
