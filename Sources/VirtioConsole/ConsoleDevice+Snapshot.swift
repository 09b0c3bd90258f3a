public import Console
public import DeviceModel
import Virtio

extension ConsoleDevice: Snapshotting {
  /// What the transport and the clock do not save.
  public struct Saved: Codable, Equatable, Sendable {
    /// One port.
    public struct Port: Codable, Equatable, Sendable {
      /// Its name; empty for the console.
      public var name: String
      /// Input that is not yet in guest memory.
      public var input: [UInt8]
      /// Whether the driver has taken the port.
      public var isReady: Bool
      /// Whether a program of the guest has it open.
      public var isGuestOpen: Bool
      /// Whether the driver knows that somebody is at the host's end.
      public var isHostOpen: Bool
      /// Whether output waits for the line.
      public var isStalled: Bool
      /// Which messages wait, one bit each.
      public var messages: UInt8
    }

    /// The ports by number.
    public var ports: [Port]
    /// The window's size.
    public var size: WindowSize?
    /// Notified queues, the next one first.
    public var notified: [Int]
  }

  /// Version 1.
  public static var savedVersion: Int { 1 }

  /// The present state.
  public func save() -> Saved {
    Saved(
      ports: ports.map {
        Saved.Port(
          name: $0.name, input: $0.input, isReady: $0.isReady, isGuestOpen: $0.isGuestOpen,
          isHostOpen: $0.isHostOpen, isStalled: $0.isStalled, messages: $0.messages.rawValue)
      }, size: size, notified: notifiedQueues?.all ?? [])
  }

  /// Restores the state; the alarm comes with the clock. The lines are those of this device, so a
  /// driver learns at the next ``poll()`` where they differ.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    guard saved.ports.map(\.name) == ports.map(\.name) else {
      throw RestoreFault(
        "\(name): saved with ports \(saved.ports.map(\.name)), the device has \(ports.map(\.name))")
    }
    guard (saved.size == nil) == (size == nil) else {
      throw RestoreFault("\(name): a window's size was saved, or is there, but not both")
    }
    for port in saved.ports {
      guard port.input.count <= ConsolePort.inputLimit else {
        throw RestoreFault(
          "\(name): \(port.input.count) bytes of input, at most \(ConsolePort.inputLimit) can wait")
      }
      guard ConsolePort.Messages(rawValue: port.messages).isSubset(of: .all) else {
        throw RestoreFault("\(name): control messages that do not exist wait")
      }
    }
    try notifiedQueues?.restore(saved.notified, of: self)
    for (index, port) in saved.ports.enumerated() {
      ports[index].input = port.input
      ports[index].isReady = port.isReady
      ports[index].isGuestOpen = port.isGuestOpen
      ports[index].isHostOpen = port.isHostOpen
      ports[index].isStalled = port.isStalled
      ports[index].messages = ConsolePort.Messages(rawValue: port.messages)
    }
    setSize(saved.size)
  }
}
