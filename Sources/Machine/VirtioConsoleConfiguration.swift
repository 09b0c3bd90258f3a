public import Console
internal import VirtioConsole

/// One virtio console of the machine, as `--virtio-console TARGET[,key=value...]` describes it.
public struct VirtioConsoleConfiguration: VirtioOption, Equatable, Sendable {
  /// The keys that only it has, in the order in which messages list them.
  public enum Key: String, CaseIterable, Sendable {
    case port, size
  }

  /// A port beside the console.
  public struct Port: Equatable, Sendable {
    /// What the guest finds it by.
    public var name: String
    /// Where it ends.
    public var target: ConsoleTarget
  }

  /// Where the console ends.
  public var target: ConsoleTarget
  /// Ports 1 and up.
  public var ports: [Port] = []
  /// The window's size; nil for that of the terminal, if there is one.
  public var size: WindowSize?
  /// How the device sits on the board.
  public var placement = VirtioPlacement()
  /// What messages call it.
  public var subject: String { "virtio console '\(target)'" }

  /// Where console and ports end.
  public var targets: [ConsoleTarget] { [target] + ports.map(\.target) }

  /// Reads the text of a `--virtio-console` option.
  ///
  /// - Throws: ``MachineSetUpError`` naming the key and what it takes.
  public init(parsing text: String) throws(MachineSetUpError) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard let target = ConsoleTarget(parts[0]) else {
      throw MachineSetUpError("virtio console '\(parts[0])' is none of \(ConsoleTarget.forms)")
    }
    self.target = target
    try set(parts.dropFirst())
  }

  /// Takes the value of a key.
  public mutating func set(_ key: Key, _ value: String) throws(MachineSetUpError) {
    switch key {
    case .port:
      let pair = value.split(separator: ":", maxSplits: 1).map(String.init)
      guard pair.count == 2, let target = ConsoleTarget(pair[1]) else {
        throw MachineSetUpError(
          "\(subject): port=\(value) is not NAME:TARGET, with a target of \(ConsoleTarget.forms)")
      }
      ports.append(Port(name: pair[0], target: target))
    case .size:
      let pair = value.split(separator: "x", omittingEmptySubsequences: false)
      guard pair.count == 2, let columns = UInt16(pair[0]), let rows = UInt16(pair[1]),
        columns > 0, rows > 0
      else {
        throw MachineSetUpError("\(subject): size=\(value) is not COLUMNSxROWS, such as 80x24")
      }
      size = WindowSize(columns: columns, rows: rows)
    }
  }
}

extension VirtioConsoleConfiguration {
  /// Opens what console and ports end in.
  public func openLines() throws(ConsoleError) -> [any CharacterEndpoint] {
    var lines: [any CharacterEndpoint] = []
    for target in targets { lines.append(try target.open()) }
    return lines
  }
}

extension Machine {
  /// Attaches a virtio console, whose lines have been opened.
  ///
  /// - Precondition: there are as many lines as targets.
  public func attach(
    _ console: VirtioConsoleConfiguration, _ lines: [any CharacterEndpoint]
  ) throws {
    let recorder = PanicLineRecorder(lines[0])
    let device = try ConsoleDevice(
      "virtio-console\(functions.count)", console: recorder, size: console.size,
      namedPorts: zip(console.ports, lines.dropFirst()).map { NamedPort($0.name, $1) },
      clock: clock, trace: trace)
    try attach(device, console.placement)
    consoles.append(device)
    panicRecorders.append(recorder)
  }
}
