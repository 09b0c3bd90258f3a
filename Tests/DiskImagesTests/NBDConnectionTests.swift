import Foundation
import Testing

@testable import DiskImages

@Suite struct NBDConnectionTests {
  /// Both ends of a connection: what a server has said already, and what it hears.
  private final class Pair {
    let client: Int32
    private let server: Int32

    init(saying bytes: [UInt8], closing: Bool) throws {
      var ends: [Int32] = [-1, -1]
      try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
      (client, server) = (ends[0], ends[1])
      try #require(unsafe write(server, bytes, bytes.count) == bytes.count)
      if closing { shutdown(server, Int32(SHUT_WR)) }
    }

    /// All that has come, once the client's end is closed.
    func heard() -> [UInt8] {
      [UInt8](FileHandle(fileDescriptor: server, closeOnDealloc: false).readDataToEndOfFile())
    }

    deinit { close(server) }
  }

  private func makeStore(_ pair: Pair, patience: Duration = .milliseconds(50)) throws -> NBDStore {
    let connection = NBDConnection(pair.client, patience: patience)
    let export = try NBDHandshake(connection, exportName: "").run()
    return NBDStore(NBDTransmission(connection, export), name: "nbd:x", writable: true)
  }

  @Test("The server is told when the store goes")
  func disconnect() throws {
    let data = [UInt8](repeating: 4, count: 196 * 512)
    let pair = try Pair(
      saying: NBDScript.negotiation() + NBDScript.data(1, at: 0, data), closing: false)
    do {
      let store = try makeStore(pair)
      #expect(try store.bytes(at: 0, count: data.count) == data)
    }
    let heard = pair.heard()
    #expect(heard.suffix(28).prefix(8) == [0x25, 0x60, 0x95, 0x13, 0, 0, 0, 2])
  }

  @Test("A server that closes the connection in the middle of a reply")
  func closed() throws {
    let reply = NBDScript.data(1, at: 0, [UInt8](repeating: 1, count: 1000))
    let pair = try Pair(saying: NBDScript.negotiation() + reply.dropLast(), closing: true)
    let store = try makeStore(pair)
    #expect(
      fault { _ = try store.bytes(at: 0, count: 1000) } == "nbd:x: its server closed the connection"
    )
  }

  @Test("A server that stands still is left after a while, in the negotiation too")
  func stalled() throws {
    let silent = try Pair(saying: [], closing: false)
    #expect(nbdFault { _ = try makeStore(silent) } == .stalled(seconds: 0))
    let pair = try Pair(saying: NBDScript.negotiation(), closing: false)
    let store = try makeStore(pair)
    let line = fault { _ = try store.bytes(at: 0, count: 1000) }
    #expect(line == "nbd:x: its server did not answer for 0 s")
    #expect(fault { try store.flush() } == line)
  }

  @Test("A server that takes nothing is left after a while")
  func full() throws {
    let pair = try Pair(saying: NBDScript.negotiation(size: 1 << 30), closing: false)
    let store = try makeStore(pair)
    let line = fault { try store.write(at: 0, [UInt8](repeating: 0, count: 8 << 20)) }
    #expect(line?.contains("did not answer") == true)
  }

  @Test("An address of a family that the host lacks does not keep from the next one")
  func families() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    try unsafe withUnsafeMutablePointer(to: &address) { pointer in
      try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        try #require(unsafe bind(listener, address, length) == 0)
        try #require(unsafe getsockname(listener, address, &length) == 0)
        var known = unsafe addrinfo()
        unsafe known.ai_family = AF_INET
        unsafe known.ai_addr = address
        unsafe known.ai_addrlen = length
        try unsafe withUnsafeMutablePointer(to: &known) { known in
          var unknown = unsafe known.pointee
          unsafe unknown.ai_family = 12345
          #expect(
            nbdFault { _ = try unsafe connectedSocket(&unknown, .seconds(5)) }
              == .host(operation: "make a socket", errno: EAFNOSUPPORT))
          unsafe unknown.ai_next = known
          #expect(
            nbdFault { _ = try unsafe connectedSocket(&unknown, .seconds(5)) }
              == .host(operation: "connect to its server", errno: ECONNREFUSED))
          try #require(listen(listener, 1) == 0)
          close(try unsafe connectedSocket(&unknown, .seconds(5)))
        }
      }
    }
  }

  @Test("Nobody listens, the path is too long, there is no socket")
  func connecting() throws {
    let directory = try TemporaryDirectory()
    func line(_ path: String) -> String? {
      fault { _ = try ImageOpener.store("nbd:unix:\(path)", writable: false) }
    }
    let path = directory.file("s")
    #expect(
      line(path) == "nbd:unix:\(path): cannot connect to its server: No such file or directory")
    try directory.write("s", [])
    #expect(
      line(path) == "nbd:unix:\(path): cannot connect to its server: Connection refused")
    #expect(line(String(repeating: "a", count: 108))?.contains("more than 107 bytes") == true)
  }
}
