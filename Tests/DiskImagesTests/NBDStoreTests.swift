import Foundation
import Testing

@testable import DiskImages

@Suite struct NBDStoreTests {
  private func makeStore(
    _ script: [UInt8], size: UInt64 = 65536,
    flags: NBDTransmissionFlags = NBDTransmissionFlags(rawValue: 0x6D), minimum: UInt32 = 1,
    writable: Bool = true
  ) throws -> (store: NBDStore, channel: ScriptedChannel) {
    let channel = ScriptedChannel(script)
    let export = try NBDScript.export(size: size, flags: flags, minimum: minimum)
    return (
      NBDStore(NBDTransmission(channel, export), name: "nbd:x", writable: writable), channel
    )
  }

  /// Commands and ranges of the requests that a client sent; payloads are skipped.
  private func requests(_ channel: ScriptedChannel) -> [String] {
    var texts: [String] = []
    var rest = channel.sent[...]
    while rest.count >= 28 {
      let bytes = Array(rest.prefix(28))
      let command: UInt16 = bytes.bigEndian(at: 6) ?? 0
      let flags: UInt16 = bytes.bigEndian(at: 4) ?? 0
      let offset: UInt64 = bytes.bigEndian(at: 16) ?? 0
      let length: UInt32 = bytes.bigEndian(at: 24) ?? 0
      texts.append("\(command)/\(flags) \(offset)+\(length)")
      rest = rest.dropFirst(28 + (command == 1 ? Int(length) : 0))
    }
    return texts
  }

  @Test("Parts of blocks are read whole, and written after the rest has been read")
  func partsOfBlocks() throws {
    func block(_ cookie: UInt64, _ offset: UInt64, _ byte: UInt8) -> [UInt8] {
      NBDScript.data(cookie, at: offset, [UInt8](repeating: byte, count: 4096))
    }
    let (store, channel) = try makeStore(
      block(1, 4096, 5) + block(2, 0, 1) + block(3, 8192, 3) + NBDScript.chunk(4, 0)
        + block(5, 0, 7) + NBDScript.chunk(6, 0), minimum: 4096)
    #expect(try store.bytes(at: 5000, count: 3) == [5, 5, 5])
    try store.write(at: 4000, [UInt8](repeating: 9, count: 4200))
    try store.write(at: 1, [8])
    #expect(
      requests(channel) == [
        "0/0 4096+4096", "0/0 0+4096", "0/0 8192+4096", "1/0 0+12288", "0/0 0+4096", "1/0 0+4096",
      ])
    let written = channel.sent[(4 * 28)...].prefix(12288)
    #expect(
      Array(written) == [UInt8](repeating: 1, count: 4000) + [UInt8](repeating: 9, count: 4200)
        + [UInt8](repeating: 3, count: 4088))
    #expect(Array(channel.sent.suffix(4096).prefix(3)) == [7, 8, 7])
  }

  @Test("Past the end reads zero; a write there, a resize and a hole are refused")
  func end() throws {
    let (store, channel) = try makeStore(NBDScript.data(1, at: 65530, [1, 2, 3, 4, 5, 6]))
    var bytes = [UInt8](repeating: 9, count: 10)
    var span = bytes.mutableSpan
    #expect(try store.read(at: 65530, into: &span) == 6)
    #expect(bytes == [1, 2, 3, 4, 5, 6, 0, 0, 0, 0])
    #expect(try store.bytes(at: 65536, count: 4) == [0, 0, 0, 0])
    #expect(try store.bytes(at: .max, count: 4) == [0, 0, 0, 0])
    #expect(throws: ImageFault.self) { try store.write(at: 65535, [1, 2]) }
    #expect(throws: ImageFault.self) { try store.write(at: .max, [1, 2]) }
    #expect(throws: ImageFault.self) { _ = try store.punchHole(65000..<65537) }
    #expect(
      fault { try store.setByteCount(100) }
        == "nbd:x: is an NBD export of 65536 bytes, whose size cannot be changed from here")
    #expect(try store.run(at: 65536) == (false, .max))
    #expect(store.capacity == 65536)
    #expect(requests(channel).count == 1)
  }

  @Test("What a server cannot do is not asked of it")
  func flags() throws {
    let (store, channel) = try makeStore(NBDScript.chunk(1, 0), flags: .hasFlags)
    #expect(try !store.punchHole(0..<4096))
    #expect(try !store.discard(0..<4096))
    try store.flush()
    #expect(!store.canFlush)
    try store.writeZeroes(0..<4096)
    #expect(requests(channel) == ["1/0 0+4096"])
  }

  @Test("Zeroes and discarded ranges are whole blocks; what is around them is written or left")
  func zeroes() throws {
    let zero = [UInt8](repeating: 0, count: 512)
    let (store, channel) = try makeStore(
      (1...4).flatMap { NBDScript.chunk($0, 0) } + NBDScript.data(5, at: 0, zero)
        + NBDScript.chunk(6, 0) + NBDScript.data(7, at: 2048, zero) + NBDScript.chunk(8, 0),
      minimum: 512)
    #expect(try store.punchHole(0..<65536))
    #expect(try store.discard(100..<2000))
    #expect(try store.discard(60000..<70000))
    try store.writeZeroes(100..<2100)
    #expect(
      requests(channel) == [
        "6/0 0+65536", "4/0 512+1024", "4/0 60416+5120",
        "6/2 512+1536", "0/0 0+512", "1/0 0+512", "0/0 2048+512", "1/0 2048+512",
      ])
  }

  @Test("A server that has the flag for zeroes but not the command gets plain zeroes")
  func zeroesNotSupported() throws {
    let (store, channel) = try makeStore(
      NBDScript.simple(1, error: 95) + NBDScript.chunk(2, 0))
    try store.writeZeroes(0..<4096)
    #expect(requests(channel) == ["6/2 0+4096", "1/0 0+4096"])
  }

  @Test("A server that has the flag for trim but not the command: what it would free stays")
  func trimNotSupported() throws {
    let (store, _) = try makeStore(
      NBDScript.simple(1, error: 95) + NBDScript.simple(2, error: 5))
    #expect(try !store.discard(0..<4096))
    #expect(fault { _ = try store.discard(0..<4096) }?.contains("input/output error") == true)
  }

  @Test("W11: one failed flush, and every later one fails")
  func stickyFlush() throws {
    let (store, channel) = try makeStore(
      NBDScript.simple(1, error: 5) + NBDScript.data(2, at: 0, [3]))
    let line = "nbd:x: its server could not make the data durable: input/output error"
    #expect(fault { try store.flush() } == line)
    #expect(fault { try store.flush() } == line)
    #expect(try store.bytes(at: 0, count: 1) == [3])
    #expect(requests(channel).count == 2)
  }

  @Test("After a lost connection or a lie everything fails as the first call did, unsent")
  func lost() throws {
    for (script, says) in [
      ([UInt8](), "its server closed the connection"),
      (NBDScript.simple(9), "its server breaks the NBD protocol: a reply to request 9"),
    ] {
      let (store, channel) = try makeStore(script)
      let line = fault { try store.write(at: 0, [1]) }
      #expect(line?.contains(says) == true)
      #expect(fault { _ = try store.bytes(at: 0, count: 1) } == line)
      #expect(fault { try store.flush() } == line)
      #expect(fault { _ = try store.run(at: 0) } == line)
      #expect(fault { _ = try store.punchHole(0..<512) } == line)
      #expect(requests(channel).count == 1)
    }
  }

  @Test("No space left is told apart; a read-only store is not asked")
  func errors() throws {
    let (store, _) = try makeStore(NBDScript.simple(1, error: 28))
    #expect { try store.write(at: 0, [1]) } throws: { ($0 as? ImageFault)?.isOutOfSpace == true }
    let (other, channel) = try makeStore([], writable: false)
    #expect(throws: ImageFault.self) { try other.write(at: 0, [1]) }
    #expect(throws: ImageFault.self) { _ = try other.discard(0..<512) }
    #expect(channel.sent.isEmpty)
  }

  @Test("Holes are asked for once for many stretches, and anew after a write")
  func holes() throws {
    func status(_ cookie: UInt64, _ lengths: [(UInt32, UInt32)]) -> [UInt8] {
      NBDScript.chunk(
        cookie, 5,
        NBDScript.bytes(7 as UInt32) + lengths.flatMap { NBDScript.bytes($0.0, $0.1) })
    }
    let (store, channel) = try makeStore(
      status(1, [(4096, 0), (4096, 3)]) + status(2, [(57344, 0)]) + NBDScript.chunk(3, 0)
        + status(4, [(65536, 3)]) + NBDScript.simple(5, error: 22), minimum: 512)
    #expect(try store.run(at: 100) == (true, 4096))
    #expect(try store.run(at: 4096) == (false, 8192))
    #expect(try store.run(at: 8191) == (false, 8192))
    #expect(try store.run(at: 8192) == (true, 65536))
    try store.write(at: 0, [UInt8](repeating: 0, count: 512))
    #expect(try store.run(at: 0) == (false, 65536))
    #expect(try store.discard(0..<100))
    #expect(try store.run(at: 1) == (true, 65536), "who cannot tell calls everything data")
    #expect(
      requests(channel) == [
        "7/0 0+65536", "7/0 8192+57344", "1/0 0+512", "7/0 0+65536", "7/0 0+65536",
      ])
  }

  @Test("Answers about holes are in whole blocks, but for what reaches the export's end")
  func brokenStretches() throws {
    func answer(_ first: UInt32, _ second: UInt32) -> [UInt8] {
      NBDScript.chunk(
        1, 5, NBDScript.bytes(7 as UInt32, first, 3 as UInt32, second, 0 as UInt32))
    }
    for (first, second): (UInt32, UInt32) in [(1, 65535), (512, 1), (513, 511)] {
      let (store, _) = try makeStore(answer(first, second), minimum: 512)
      #expect(fault { _ = try store.run(at: 0) }?.contains("no whole blocks of 512") == true)
    }
    let (store, _) = try makeStore(answer(512, 65537), minimum: 512)
    #expect(try store.run(at: 0) == (false, 512))
    #expect(try store.run(at: 512) == (true, 65536))
    let unnamed = try NBDExport(byteCount: 65536, flags: .hasFlags, advertised: nil)
    #expect(unnamed.blockSizes.minimum == 512)
    #expect(unnamed.extentUnit == 1)
  }

  @Test("A guest that leaves room for no cluster gets an error, and nothing is lost")
  func fullExport() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("image")
    let file = try HostFile.create(path)
    try QcowImage.create(on: file, .init(byteCount: 8 << 20))
    try file.setByteCount(512 << 10)
    let store = BoundedStore(file)
    let image = try QcowImage(store, readOnly: false)
    let data = [UInt8](repeating: 7, count: 65536)
    var stored: UInt64 = 0
    while (try? image.write(at: stored << 16, data)) != nil { stored += 1 }
    // Header, refcount table, block, L1 and L2 leave three clusters of eight.
    #expect(stored == 3)
    #expect { try image.write(at: 7 << 20, [1]) } throws: {
      ($0 as? ImageFault)?.isOutOfSpace == true
    }
    try image.flush()
    try image.write(at: 5, [1])
    try image.discard(65536..<131072)
    try image.flush()
    try image.write(at: 7 << 20, [9])
    try image.close()
    #expect(try file.byteCount() == 512 << 10)
    let report = try QcowImage.check(file)
    #expect(report.exitStatus == 0)
    let again = try QcowImage(file)
    #expect(try again.bytes(at: 4, count: 2) == [7, 1])
    #expect(try again.bytes(at: 7 << 20, count: 2) == [9, 0])
    #expect(try again.bytes(at: 2 << 16, count: 65536) == data)
  }
}

/// A file that must not grow.
final class BoundedStore: FileStore {
  private let file: HostFile

  init(_ file: HostFile) { self.file = file }

  var name: String { file.name }
  var identity: FileIdentity? { nil }
  var isWritable: Bool { true }
  var capacity: UInt64? { try? file.byteCount() }

  func byteCount() throws(ImageFault) -> UInt64 { try file.byteCount() }
  func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(ImageFault) -> Int {
    try file.read(at: offset, into: &bytes)
  }
  func write(at offset: UInt64, from bytes: Span<UInt8>) throws(ImageFault) {
    guard try offset + UInt64(bytes.count) <= file.byteCount() else { throw grown }
    try file.write(at: offset, from: bytes)
  }
  func flush() throws(ImageFault) { try file.flush() }
  func setByteCount(_ count: UInt64) throws(ImageFault) { throw grown }
  func punchHole(_ range: Range<UInt64>) throws(ImageFault) -> Bool { false }
  func run(at offset: UInt64) throws(ImageFault) -> (isData: Bool, end: UInt64) {
    try file.run(at: offset)
  }

  private var grown: ImageFault { ImageFault(name, .refused("would grow")) }
}
