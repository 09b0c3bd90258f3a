import Foundation
import Testing

@testable import Console

/// Endpoints on real pipes, files, terminals and sockets of the host. Writing before `service()`
/// makes every result certain, so nothing here waits.
@Suite struct HostEndpointTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  private func received(_ endpoint: some CharacterEndpoint) -> [SerialInput] {
    endpoint.service()
    var pieces: [SerialInput] = []
    while let piece = endpoint.receive() { pieces.append(piece) }
    return pieces
  }

  private func bytes(_ text: String) -> [SerialInput] { text.utf8.map(SerialInput.byte) }

  private func print(_ text: String, to endpoint: some CharacterEndpoint) {
    for byte in text.utf8 { endpoint.send(byte) }
  }

  private func read(_ descriptor: Int32) -> String {
    guard case .bytes(let bytes) = HostDescriptor(descriptor, isOwned: false)
      .readAvailable(limit: 4096)
    else { return "" }
    return String(decoding: bytes, as: UTF8.self)
  }

  // MARK: Files

  @Test func fileReceivesOutputWhenFlushed() throws {
    let file = try FileEndpoint(path: path("log"))
    print("hello", to: file)
    #expect(try String(contentsOfFile: path("log"), encoding: .utf8).isEmpty)
    file.flush()
    #expect(try String(contentsOfFile: path("log"), encoding: .utf8) == "hello")
    #expect(file.inputHasEnded)
    #expect(file.failure == nil)
  }

  @Test func fileThatCannotBeMadeIsNamed() {
    let bad = path("no/such/folder/log")
    #expect(throws: ConsoleError.host(operation: "open", path: bad, errno: ENOENT)) {
      try FileEndpoint(path: bad)
    }
  }

  @Test func aFullDeviceIsReportedOnce() throws {
    let file = try FileEndpoint(path: "/dev/full")
    print("x", to: file)
    file.flush()
    #expect(
      file.failure == .host(operation: "write to", path: "/dev/full", errno: ENOSPC))
  }

  // MARK: Standard input and output

  @Test func pipesCarryEveryByteAndEndQuietly() {
    var input: [Int32] = [0, 0]
    var output: [Int32] = [0, 0]
    #expect(pipe(&input) == 0 && pipe(&output) == 0)
    let terminal = TerminalEndpoint(input: input[0], output: output[1])
    #expect(!terminal.isInteractive)
    #expect(received(terminal).isEmpty)
    #expect(!terminal.inputHasEnded)

    #expect(write(input[1], "a\u{1}x", 3) == 3)
    #expect(received(terminal) == bytes("a\u{1}x"))
    #expect(!terminal.quitRequested)

    close(input[1])
    #expect(received(terminal).isEmpty)
    #expect(terminal.inputHasEnded)

    print("abc", to: terminal)
    #expect(read(output[0]).isEmpty)
    print("\n>>> ", to: terminal)
    #expect(read(output[0]) == "abc\n")
    terminal.flush()
    #expect(read(output[0]) == ">>> ")
  }

  @Test func nullDeviceIsAnEndedInput() {
    let null = open("/dev/null", O_RDWR)
    let terminal = TerminalEndpoint(input: null, output: null)
    #expect(received(terminal).isEmpty)
    #expect(terminal.inputHasEnded)
    close(null)
  }

  @Test func aTerminalIsRawAndGetsItsModeBack() throws {
    let master = posix_openpt(O_RDWR | O_NOCTTY)
    #expect(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0)
    let name = try #require(ptsname(master))
    let slave = open(name, O_RDWR | O_NOCTTY)
    func localFlags() -> tcflag_t {
      var mode = termios()
      tcgetattr(slave, &mode)
      return mode.c_lflag
    }
    let former = localFlags()
    #expect(former & tcflag_t(ICANON | ECHO | ISIG) != 0)

    var terminal: TerminalEndpoint? = TerminalEndpoint(input: slave, output: slave)
    #expect(terminal?.isInteractive == true)
    #expect(localFlags() & tcflag_t(ICANON | ECHO | ISIG) == 0)

    #expect(write(master, "q\u{3}\u{1}\u{1}\u{1}b\u{1}h\u{1}x", 10) == 10)
    #expect(
      terminal.map(received) == [
        .byte(0x71), .byte(0x03), .byte(0x01), .breakCondition,
      ])
    #expect(terminal?.quitRequested == true)
    #expect(read(master).contains("Ctrl-A x"))

    terminal = nil
    #expect(localFlags() == former)
    close(slave)
    close(master)
  }

  // MARK: Sockets

  private func connected(to path: String) -> Int32 {
    let client = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(client, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(result == 0)
    return client
  }

  @Test func socketServesOneClientAfterTheOther() throws {
    let endpoint = try SocketEndpoint(path: path("console"))
    print("boot log\r\n", to: endpoint)
    #expect(received(endpoint).isEmpty)
    #expect(!endpoint.hasClient)

    let first = connected(to: path("console"))
    #expect(write(first, "ls\r", 3) == 3)
    #expect(received(endpoint) == bytes("ls\r"))
    #expect(read(first) == "boot log\r\n")
    close(first)
    #expect(received(endpoint).isEmpty)
    #expect(!endpoint.hasClient)

    let second = connected(to: path("console"))
    print("# ", to: endpoint)
    #expect(received(endpoint).isEmpty)
    #expect(read(second) == "# ")
    close(second)
  }

  @Test func socketDoesNotDieOfAClientThatLeft() throws {
    let endpoint = try SocketEndpoint(path: path("console"))
    let client = connected(to: path("console"))
    endpoint.service()
    #expect(endpoint.hasClient)
    close(client)
    for _ in 0..<4 {
      print("more", to: endpoint)
      endpoint.service()
    }
    #expect(!endpoint.hasClient)
  }

  @Test func onlyAStaleSocketIsReplaced() throws {
    let place = path("console")
    do {
      let live = try SocketEndpoint(path: place)
      #expect(throws: ConsoleError.socketInUse(path: place)) { try SocketEndpoint(path: place) }
      _ = live.hasClient
    }
    #expect(!FileManager.default.fileExists(atPath: place))

    // A socket whose owner died without removing it.
    let stale = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(place.utf8)) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(stale, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(bound == 0)
    close(stale)
    let replaced = try SocketEndpoint(path: place)
    #expect(!replaced.hasClient)

    try "text".write(toFile: path("file"), atomically: true, encoding: .utf8)
    #expect(throws: ConsoleError.notASocket(path: path("file"))) {
      try SocketEndpoint(path: path("file"))
    }
  }

  @Test func socketPathHasALimit() {
    let long = "/tmp/" + String(repeating: "x", count: 200)
    #expect(throws: ConsoleError.pathTooLong(path: long, limit: 107)) {
      try SocketEndpoint(path: long)
    }
  }
}
