import MachineTestKit
import Testing

@testable import DiskImages

@Suite struct NBDHandshakeTests {
  private func run(
    _ script: [UInt8], name: String = ""
  ) throws -> (export: NBDExport, channel: ScriptedChannel) {
    let channel = ScriptedChannel(script)
    return (try NBDHandshake(channel, exportName: name).run(), channel)
  }

  private func failure(_ script: [UInt8], name: String = "") -> NBDFault? {
    nbdFault { _ = try run(script, name: name) }
  }

  @Test("Fixed newstyle: structured replies, base:allocation, NBD_OPT_GO with block sizes")
  func modern() throws {
    let (export, channel) = try run(
      NBDScript.negotiation(size: 1 << 30, blocks: NBDScript.blockSizes(512, 4096, 32 << 20)),
      name: "disk")
    #expect(export.byteCount == 1 << 30)
    #expect(export.flags.contains([.sendFlush, .sendTrim, .sendWriteZeroes]))
    #expect(!export.flags.contains(.readOnly))
    #expect(export.blockSizes == NBDBlockSizes(minimum: 512, maximum: 32 << 20))
    #expect(export.hasStructuredReplies)
    #expect(export.allocationContext == 7)
    #expect(channel.rest == 0)
    func option(_ number: UInt32, _ data: [UInt8]) -> [UInt8] {
      [UInt8]("IHAVEOPT".utf8) + NBDScript.bytes(number, UInt32(data.count)) + data
    }
    let name = NBDScript.bytes(4 as UInt32) + [UInt8]("disk".utf8)
    let query = NBDScript.bytes(1 as UInt32, 15 as UInt32) + [UInt8]("base:allocation".utf8)
    #expect(
      channel.sent == NBDScript.bytes(3 as UInt32) + option(8, []) + option(10, name + query)
        + option(7, name + NBDScript.bytes(1 as UInt16, 3 as UInt16)))
  }

  @Test("A server that knows none of the newer options is asked by NBD_OPT_EXPORT_NAME")
  func fallback() throws {
    let start =
      NBDScript.greeting(flags: 1) + NBDScript.error(.structuredReply, 1)
      + NBDScript.error(.go, 1)
    let described = start + NBDScript.bytes(1000 as UInt64, 3 as UInt16)
    let (export, channel) = try run(described + [UInt8](repeating: 0, count: 124), name: "x")
    #expect(export.byteCount == 1000)
    #expect(export.flags == [.hasFlags, .readOnly])
    #expect(export.blockSizes == NBDBlockSizes(minimum: 1, maximum: nil))
    #expect(!export.hasStructuredReplies)
    #expect(export.allocationContext == nil)
    #expect(channel.rest == 0)
    #expect(channel.sent.suffix(17) == [UInt8]("IHAVEOPT".utf8) + [0, 0, 0, 1, 0, 0, 0, 1, 0x78])
    #expect(
      failure(start, name: "gone")
        == .refused("its server closed the connection when asked for export \"gone\""))
  }

  @Test("Without named block sizes, 512 bytes are a block where they divide the export")
  func unnamedBlockSizes() throws {
    #expect(try run(NBDScript.negotiation(size: 1024)).export.blockSizes.minimum == 512)
    #expect(try run(NBDScript.negotiation(size: 1000)).export.blockSizes.minimum == 1)
    #expect(try run(NBDScript.negotiation(size: 0)).export.byteCount == 0)
    let odd = NBDScript.negotiation(size: 1000, blocks: NBDScript.blockSizes(512, 512, 1024))
    #expect(try run(odd).export.byteCount == 512)
  }

  @Test("An export that does not exist is answered with those that do")
  func unknownExport() {
    func listed(_ name: String) -> [UInt8] {
      NBDScript.reply(.list, 2, NBDScript.bytes(UInt32(name.utf8.count)) + name.utf8 + [0x21])
    }
    let start =
      NBDScript.greeting() + NBDScript.error(.structuredReply, 1) + NBDScript.error(.go, 6)
    #expect(
      failure(start + listed("a") + listed("b\n") + NBDScript.reply(.list, 1), name: "c")
        == .refused("its server has no export \"c\"; it has \"a\", \"b\\n\""))
    let many = (0..<12).flatMap { listed("\($0)") }
    #expect(
      failure(start + many + NBDScript.reply(.list, 1))?.description.hasSuffix(
        "\"9\" and 2 more") == true)
    #expect(
      failure(start + NBDScript.error(.list, 2), name: "c")
        == .refused("its server has no export \"c\""))
    #expect(failure(start, name: "c") == .refused("its server has no export \"c\""))
  }

  @Test("A server that wants TLS, refuses or is too old is called by its fault")
  func refusals() {
    let start = NBDScript.greeting()
    let tls = failure(start + NBDScript.error(.structuredReply, 5, "no plain text\nhere"))
    #expect(
      tls
        == .refused(
          "its server wants TLS, which is not implemented (\"no plain text\\nhere\")"))
    let structured = start + NBDScript.error(.structuredReply, 1)
    #expect(
      failure(structured + NBDScript.error(.go, 5))?.description.contains("TLS") == true)
    #expect(
      failure(structured + NBDScript.error(.go, 2, "not for you"))
        == .refused("its server does not allow it (\"not for you\")"))
    #expect(
      failure(structured + NBDScript.error(.go, 7)) == .refused("its server is shutting down"))
    let old = [UInt8]("NBDMAGIC".utf8) + NBDScript.bytes(0x0000_4202_8186_1253 as UInt64)
    for script in [old, NBDScript.greeting(flags: 0), NBDScript.greeting(flags: 2)] {
      #expect(failure(script)?.description.contains("too old") == true)
    }
  }

  static let violations: [(String, [UInt8])] = {
    let start = NBDScript.greeting()
    let plain = start + NBDScript.error(.structuredReply, 1)
    let structured = start + NBDScript.reply(.structuredReply, 1)
    func go(_ payload: [UInt8]) -> [UInt8] {
      plain + NBDScript.reply(.go, 3, payload) + NBDScript.reply(.go, 1)
    }
    func blocks(_ minimum: UInt32, _ maximum: UInt32) -> [UInt8] {
      plain + NBDScript.exportInfo(4096) + NBDScript.blockSizes(minimum, 512, maximum)
        + NBDScript.reply(.go, 1)
    }
    let context = NBDScript.bytes(7 as UInt32) + [UInt8]("base:allocation".utf8)
    return [
      ("another protocol", [UInt8]("HTTP/1.1 400 Bad Request\r\n".utf8)),
      ("another second magic", [UInt8]("NBDMAGICNBDMAGIC".utf8)),
      (
        "a payload of 4 GiB",
        start
          + NBDScript.bytes(
            0x0003_E889_0455_65A9 as UInt64, 8 as UInt32, 1 as UInt32, UInt32.max)
      ),
      ("a reply to another option", start + NBDScript.reply(.go, 1)),
      ("a reply without magic", start + [UInt8](repeating: 0, count: 20)),
      ("endless replies", plain + (0..<4097).flatMap { _ in NBDScript.exportInfo(512) }),
      ("no size", plain + NBDScript.reply(.go, 1)),
      ("a size in 11 bytes", go([UInt8](repeating: 0, count: 11))),
      ("information in one byte", go([0])),
      ("2^63 bytes", go(NBDScript.bytes(0 as UInt16, UInt64(1) << 63, 1 as UInt16))),
      ("no flags", go(NBDScript.bytes(0 as UInt16, 512 as UInt64, 0 as UInt16))),
      ("blocks of 0", blocks(0, 4096)), ("blocks of 3", blocks(3, 4096)),
      ("blocks of 128 KiB", blocks(131072, 131072)), ("a maximum of 0", blocks(512, 0)),
      ("a maximum of 1000", blocks(512, 1000)),
      ("another answer to go", plain + NBDScript.reply(.go, 2)),
      ("another context", structured + NBDScript.reply(.setMetaContext, 4, [0, 0, 0, 1, 0x78])),
      ("a context without number", structured + NBDScript.reply(.setMetaContext, 4, [0])),
      (
        "two contexts",
        structured + NBDScript.reply(.setMetaContext, 4, context)
          + NBDScript.reply(.setMetaContext, 4, context)
      ),
    ]
  }()

  @Test("A server that breaks the protocol is left", arguments: violations)
  func violation(_ what: String, _ script: [UInt8]) {
    #expect(failure(script)?.isViolation == true)
  }

  @Test("A connection that ends anywhere in the negotiation ends it")
  func cut() {
    let script = NBDScript.negotiation(blocks: NBDScript.blockSizes(512, 512, 4096))
    for count in 0..<script.count {
      #expect(failure(Array(script.prefix(count))) == .disconnected)
    }
  }

  @Test("Changed bytes lead to an export within bounds or to a fault")
  func mutations() {
    var random = SeededGenerator(11)
    let script = NBDScript.negotiation(blocks: NBDScript.blockSizes(512, 512, 4096))
    for _ in 0..<4000 {
      var changed = script
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        changed[Int.random(in: 0..<changed.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      guard let (export, _) = try? run(changed) else { continue }
      #expect(export.byteCount <= UInt64(Int64.max))
      #expect((1...65536).contains(export.blockSizes.minimum))
      #expect(export.blockSizes.piece(atMost: 1 << 20) > 0)
    }
  }
}
