internal import Tsunami
public import Virtio

/// An option for a virtio device, `VALUE,key=value,...`: some keys are the device's own, the others
/// say how it sits on the board. Errors name the key and what it takes.
public protocol VirtioOption {
  /// The device's own keys, in the order in which messages list them.
  associatedtype Key: RawRepresentable<String> & CaseIterable
  /// What messages call the option's subject, such as `disk 'root.img'`.
  var subject: String { get }
  /// How the device sits on the board.
  var placement: VirtioPlacement { get set }
  /// Takes the value of a key of the device's own.
  mutating func set(_ key: Key, _ value: String) throws(MachineSetUpError)
}

/// How a virtio device sits on the board.
public struct VirtioPlacement: Equatable, Sendable {
  /// The keys that every option for a virtio device has.
  public enum Key: String, CaseIterable, Sendable {
    case interface
    case accessPlatform = "access-platform"
    case dma, slot
  }

  /// The register interfaces that the device shows.
  public var interface = VirtioInterface.modern
  /// Whose addresses the driver gives.
  public var policy = DMAPolicy()
  /// The PCI slot, or nil for the first free one.
  public var slot: Int?

  /// A place; by default a modern device in the first free slot.
  public init(
    interface: VirtioInterface = .modern, policy: DMAPolicy = DMAPolicy(), slot: Int? = nil
  ) {
    self.interface = interface
    self.policy = policy
    self.slot = slot
  }
}

extension VirtioOption {
  /// The names of all keys, in the order in which messages list them.
  public static var keyNames: [String] {
    Key.allCases.map(\.rawValue) + VirtioPlacement.Key.allCases.map(\.rawValue)
  }

  /// Takes the parts `key=value` of an option.
  mutating func set(_ parts: some Sequence<String>) throws(MachineSetUpError) {
    for part in parts {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        .map(String.init)
      if pair.count == 2, let key = Key(rawValue: pair[0]) {
        try set(key, pair[1])
      } else if pair.count == 2, let key = VirtioPlacement.Key(rawValue: pair[0]) {
        try place(key, pair[1])
      } else {
        throw MachineSetUpError(
          "\(subject): '\(part)' is none of the keys "
            + Self.keyNames.map { $0 + "=" }.joined(separator: ", "))
      }
    }
  }

  private mutating func place(
    _ key: VirtioPlacement.Key, _ value: String
  ) throws(MachineSetUpError) {
    switch key {
    case .interface: placement.interface = try choose(key, value)
    case .accessPlatform: placement.policy.accessPlatform = try choose(key, value)
    case .dma: placement.policy.unnegotiated = try choose(key, value)
    case .slot: placement.slot = try number(key, value, InterruptRouting.slots)
    }
  }

  /// The value of an enumeration that has the name.
  private func choose<Value: RawRepresentable<String> & CaseIterable>(
    _ key: some RawRepresentable<String>, _ value: String
  ) throws(MachineSetUpError) -> Value {
    try choose(key, value, Value.allCases.map { ($0.rawValue, $0) })
  }

  /// The choice that has the name.
  func choose<Value>(
    _ key: some RawRepresentable<String>, _ value: String, _ choices: [(String, Value)]
  ) throws(MachineSetUpError) -> Value {
    if let choice = choices.first(where: { $0.0 == value }) { return choice.1 }
    throw MachineSetUpError(
      "\(subject): \(key.rawValue)=\(value) is none of " + choices.map(\.0).joined(separator: ", "))
  }

  /// A number in a range.
  func number<Value: FixedWidthInteger>(
    _ key: some RawRepresentable<String>, _ value: String, _ range: ClosedRange<Value>
  ) throws(MachineSetUpError) -> Value {
    if let number = Value(value), range.contains(number) { return number }
    throw MachineSetUpError(
      "\(subject): \(key.rawValue)=\(value) is not a number from \(range.lowerBound) "
        + "to \(range.upperBound)")
  }
}
