public import VirtioEntropy

/// One random number generator of the machine, as `--rng key=value,...` describes it.
public struct EntropyConfiguration: VirtioOption, Equatable, Sendable {
  /// The keys that only it has, in the order in which messages list them.
  public enum Key: String, CaseIterable, Sendable {
    case source, seed
  }

  /// Where the bytes come from. A seed by default, so that runs repeat.
  public var source = EntropySource.seed(0)
  /// How the device sits on the board.
  public var placement = VirtioPlacement()
  private var seed: UInt64?
  /// What messages call it.
  public var subject: String { "rng" }

  /// Reads the text of a `--rng` option.
  ///
  /// - Throws: ``MachineSetUpError`` naming the key and what it takes.
  public init(parsing text: String) throws(MachineSetUpError) {
    try set(text.split(separator: ",", omittingEmptySubsequences: false).map(String.init))
    guard let seed else { return }
    guard source != .host else {
      throw MachineSetUpError("rng: source=host has no use for a seed")
    }
    source = .seed(seed)
  }

  /// Takes the value of a key.
  public mutating func set(_ key: Key, _ value: String) throws(MachineSetUpError) {
    switch key {
    case .source:
      source = try choose(key, value, [("seed", EntropySource.seed(0)), ("host", .host)])
    case .seed: seed = try number(key, value, 0...UInt64.max)
    }
  }
}

extension Machine {
  /// Attaches a virtio entropy device.
  public func attach(_ generator: EntropyConfiguration) throws {
    try attach(
      EntropyDevice(
        "virtio-rng\(functions.count)", source: generator.source, clock: clock, trace: trace),
      generator.placement)
  }
}
