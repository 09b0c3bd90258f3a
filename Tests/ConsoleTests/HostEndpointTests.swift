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
    guard
      case .bytes(let bytes) = HostDescriptor(descriptor, isOwned: false)
        .readAvailable(limit: 4096)
    else { return "" }
    return String(decoding: bytes, as: UTF8.self)
  }

  // MARK: Files

  @Test func fileReceivesOutputWhenFlushed() throws {
    try "old".write(toFile: path("log"), atomically: true, encoding: .utf8)
    let file = try FileEndpoint(path: path("log"))
    print("hello", to: file)
    file.flush()
    #expect(try String(contentsOfFile: path("log"), encoding: .utf8) == "old")
    file.start()
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
    file.start()
    print("x", to: file)
    file.flush()
    #expect(
      file.failure == .host(operation: "write to", path: "/dev/full", errno: ENOSPC))
  }

  @Test func aFifoThatNobodyReadsIsGivenUpWhenAsked() throws {
    let fifo = path("fifo")
    #expect(HostCalls.makeFifo(fifo))
    let reader = HostCalls.openForBoth(fifo)
    let file = try FileEndpoint(path: fifo)
    // Through what stands before it.
    let line = PanicLineRecorder(file)
    line.isHopeless = { true }
    line.start()
    print(String(repeating: "x", count: 1 << 20), to: line)
    line.flush()
    #expect(file.failure == nil)
    close(reader)
  }

  // MARK: Standard input and output

  @Test func aReaderWhoTakesNothingIsGivenUpWhenAsked() throws {
    let output = try #require(HostCalls.makePipe())
    let terminal = TerminalEndpoint(input: output.reader, output: output.writer)
    var questions = 0
    terminal.isHopeless = {
      questions += 1
      return true
    }
    print(String(repeating: "x", count: 1 << 20), to: terminal)
    terminal.flush()
    #expect(questions > 0)
    #expect(terminal.failure == nil)
  }

  @Test func pipesCarryEveryByteAndEndQuietly() throws {
    let input = try #require(HostCalls.makePipe())
    let output = try #require(HostCalls.makePipe())
    let terminal = TerminalEndpoint(input: input.reader, output: output.writer)
    #expect(!terminal.isInteractive)
    #expect(received(terminal).isEmpty)
    #expect(!terminal.inputHasEnded)

    #expect(HostCalls.put("a\u{1}x", to: input.writer))
    #expect(received(terminal) == bytes("a\u{1}x"))
    #expect(!terminal.quitRequested)

    close(input.writer)
    #expect(received(terminal).isEmpty)
    #expect(terminal.inputHasEnded)

    print("abc", to: terminal)
    #expect(read(output.reader).isEmpty)
    print("\n>>> ", to: terminal)
    #expect(read(output.reader) == "abc\n")
    terminal.flush()
    #expect(read(output.reader) == ">>> ")
  }

  @Test func nullDeviceIsAnEndedInput() {
    let null = HostCalls.openForBoth("/dev/null")
    let terminal = TerminalEndpoint(input: null, output: null)
    #expect(received(terminal).isEmpty)
    #expect(terminal.inputHasEnded)
    close(null)
  }

  @Test func aTerminalIsRawAndGetsItsModeBack() throws {
    let (user, program, _) = try #require(HostCalls.makeTerminal())
    let former = HostCalls.localFlags(of: program)
    #expect(former & tcflag_t(ICANON | ECHO | ISIG) != 0)

    var terminal: TerminalEndpoint? = TerminalEndpoint(input: program, output: program)
    #expect(terminal?.isInteractive == true)
    #expect(HostCalls.localFlags(of: program) == former)
    terminal?.start()
    #expect(HostCalls.localFlags(of: program) & tcflag_t(ICANON | ECHO | ISIG) == 0)

    #expect(HostCalls.put("q\u{3}\u{1}\u{1}\u{1}b\u{1}h\u{1}x", to: user))
    #expect(
      terminal.map(received) == [
        .byte(0x71), .byte(0x03), .byte(0x01), .breakCondition,
      ])
    #expect(terminal?.quitRequested == true)
    #expect(read(user).contains("Ctrl-A x"))

    terminal = nil
    #expect(HostCalls.localFlags(of: program) == former)
    close(program)
    close(user)
  }

  @Test(arguments: [SIGABRT, SIGTERM, SIGSEGV])
  func aSignalThatEndsTheProcessGivesTheTerminalBack(_ signal: Int32) async throws {
    let (user, program, path) = try #require(HostCalls.makeTerminal())
    let former = HostCalls.localFlags(of: program)
    await #expect(processExitsWith: .signal(signal)) {
      [path = path as String, signal = signal as Int32] in
      let line = HostCalls.openForBoth(path)
      let terminal = TerminalEndpoint(input: line, output: line)
      terminal.start()
      if HostCalls.localFlags(of: line) & tcflag_t(ICANON) == 0 {
        for byte in "raw".utf8 { terminal.send(byte) }
        terminal.flush()
      }
      // To the process: the threads that run tests block signals. The wait is cut short by the end.
      kill(getpid(), signal)
      HostDescriptor.wait(for: [], 10_000)
    }
    #expect(read(user) == "raw")
    #expect(HostCalls.localFlags(of: program) == former)
    close(program)
    close(user)
  }

  @Test func theSizeOfTheWindowIsReadAtTheStartAndAfterASignal() async throws {
    let (user, program, path) = try #require(HostCalls.makeTerminal())
    #expect(TerminalEndpoint(input: program, output: program).windowSize == nil)
    #expect(HostCalls.resize(user, columns: 80, rows: 24))
    await #expect(processExitsWith: .success) { [path = path as String] in
      let line = HostCalls.openForBoth(path)
      let terminal = TerminalEndpoint(input: line, output: line)
      terminal.start()
      guard terminal.windowSize == WindowSize(columns: 80, rows: 24),
        HostCalls.resize(line, columns: 132, rows: 50)
      else { exit(1) }
      // Nobody has said so yet.
      terminal.service()
      guard terminal.windowSize?.columns == 80 else { exit(2) }
      kill(getpid(), SIGWINCH)
      for _ in 0..<1000 where terminal.windowSize?.columns == 80 {
        HostDescriptor.wait(for: [], 10)
        terminal.service()
      }
      exit(terminal.windowSize == WindowSize(columns: 132, rows: 50) ? 0 : 3)
    }
    close(program)
    close(user)
  }

  // MARK: Sockets

  @Test func socketServesOneClientAfterTheOther() throws {
    let endpoint = try SocketEndpoint(path: path("console"))
    print("boot log\r\n", to: endpoint)
    #expect(received(endpoint).isEmpty)
    #expect(!endpoint.isConnected)

    let first = try #require(HostCalls.makeSocket(connectedTo: path("console")))
    #expect(HostCalls.put("ls\r", to: first))
    #expect(received(endpoint) == bytes("ls\r"))
    #expect(read(first) == "boot log\r\n")
    close(first)
    #expect(received(endpoint).isEmpty)
    #expect(!endpoint.isConnected)

    let second = try #require(HostCalls.makeSocket(connectedTo: path("console")))
    print("# ", to: endpoint)
    #expect(received(endpoint).isEmpty)
    #expect(read(second) == "# ")
    close(second)
  }

  @Test func socketDoesNotDieOfAClientThatLeft() throws {
    let endpoint = try SocketEndpoint(path: path("console"))
    let client = try #require(HostCalls.makeSocket(connectedTo: path("console")))
    endpoint.service()
    #expect(endpoint.isConnected)
    close(client)
    for _ in 0..<4 {
      print("more", to: endpoint)
      endpoint.service()
    }
    #expect(!endpoint.isConnected)
  }

  @Test func socketTakesWhatAClientTypedThatIsGoneAlready() throws {
    let endpoint = try SocketEndpoint(path: path("console"))
    print("# ", to: endpoint)
    let hasty = try #require(HostCalls.makeSocket(connectedTo: path("console")))
    #expect(HostCalls.put("halt\r", to: hasty))
    close(hasty)
    #expect(received(endpoint) == bytes("halt\r"))
    #expect(endpoint.acceptsOutput)
    endpoint.service()
    #expect(!endpoint.isConnected)
    let next = try #require(HostCalls.makeSocket(connectedTo: path("console")))
    endpoint.service()
    #expect(read(next) == "# ")
    close(next)
  }

  @Test func onlyAStaleSocketIsReplaced() throws {
    let place = path("console")
    do {
      let live = try SocketEndpoint(path: place)
      #expect(throws: ConsoleError.socketInUse(path: place)) { try SocketEndpoint(path: place) }
      _ = live.isConnected
    }
    #expect(!FileManager.default.fileExists(atPath: place))

    // A socket whose owner died without removing it.
    let stale = try #require(HostCalls.makeSocket(boundTo: place))
    close(stale)
    let replaced = try SocketEndpoint(path: place)
    #expect(!replaced.isConnected)

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
