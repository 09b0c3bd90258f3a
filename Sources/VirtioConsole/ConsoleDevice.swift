public import Console
public import DeviceModel
import GuestMemory
public import Virtio

/// A virtio console (VIRTIO 1.2, 5.3): a console, and any number of named ports.
///
/// Without named ports it is the simple device of one port, which every driver knows; with them it
/// offers VIRTIO_CONSOLE_F_MULTIPORT.
public final class ConsoleDevice: VirtioDevice {
  /// Nanoseconds between a notification and its service. Linux spins meanwhile.
  static let latency: UInt64 = 1000
  /// Most named ports.
  public static let namedPortLimit = 15

  /// The name in reports.
  public let name: String
  /// Console.
  public var type: VirtioDeviceType { .console }
  /// Two queues for each port and, with named ports, two for control messages.
  public let queueSizes: [UInt16]

  /// The console first.
  var ports: [ConsolePort]
  /// The size that the configuration shows; nil where the feature is not offered.
  private(set) var size: WindowSize?
  private let hasFixedSize: Bool
  let trace: DeviceTrace
  weak var core: VirtioCore?
  var notifiedQueues: NotifiedQueues?

  /// A console device.
  ///
  /// - Parameters:
  ///   - name: Unique in the machine.
  ///   - console: The host's end of port 0, which guests take as a console.
  ///   - size: The size of its window; without one, the size is that of the line, if it has any.
  ///   - namedPorts: Ports 1 and up.
  /// - Throws: ``ConsoleSetUpError`` for too many ports, and for a name that cannot be one.
  public init(
    _ name: String, console: any CharacterEndpoint, size: WindowSize? = nil,
    namedPorts: [NamedPort] = [], clock: VirtualClock, trace: DeviceTrace
  ) throws(ConsoleSetUpError) {
    guard namedPorts.count <= Self.namedPortLimit else { throw .tooManyPorts(namedPorts.count) }
    for (index, port) in namedPorts.enumerated() {
      guard (1...64).contains(port.name.utf8.count), !port.name.contains("/"),
        port.name.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
      else { throw .badName(port.name) }
      guard !namedPorts[..<index].contains(where: { $0.name == port.name }) else {
        throw .nameTwice(port.name)
      }
    }
    self.name = name
    self.trace = trace
    self.size = size ?? console.windowSize
    hasFixedSize = size != nil
    ports =
      [ConsolePort(name: "", line: console)]
      + namedPorts.map { ConsolePort(name: $0.name, line: $0.line) }
    let queueCount = namedPorts.isEmpty ? 2 : 2 * (ports.count + 1)
    queueSizes = [UInt16](repeating: 64, count: queueCount)
    notifiedQueues = NotifiedQueues(name, clock: clock, latency: Self.latency) {
      [weak self] queue in self?.serve(queue) ?? false
    }
  }

  /// What the device offers.
  public var features: VirtioFeatures {
    var features: VirtioFeatures = [.emergencyWrite]
    if size != nil { features.insert(.windowSize) }
    if ports.count > 1 { features.insert(.multiport) }
    return features
  }

  /// The host's ends of all ports.
  public var lines: [any CharacterEndpoint] { ports.map(\.line) }

  // MARK: Life

  /// Keeps the way to memory and queues.
  public func attach(to core: VirtioCore) { self.core = core }

  /// Every enabled queue is about to be served; that is all there is to do.
  public func start() {}

  /// Forgets the driver.
  public func reset() {
    for index in ports.indices { ports[index].reset() }
    notifiedQueues?.reset()
  }

  /// Exchanges data with the host, and passes on to the driver what is new there. The run loop calls
  /// this between slices, as it does for the serial port.
  public func poll() {
    for index in ports.indices {
      ports[index].line.service()
      ports[index].collectInput()
      if ports[index].isReady, ports[index].isHostOpen != ports[index].line.isConnected {
        ports[index].messages.insert(.open)
      }
      if !ports[index].input.isEmpty { serveAndGoOn(Queue.receive(index)) }
      if ports[index].isStalled, ports[index].line.acceptsOutput {
        serveAndGoOn(Queue.transmit(index))
      }
    }
    followSize()
    if ports.contains(where: { !$0.messages.isEmpty }) { serveAndGoOn(.controlReceive) }
  }

  private func serveAndGoOn(_ queue: Queue) {
    if serve(queue.number) { notifiedQueues?.insert(queue.number) }
  }

  private func followSize() {
    guard !hasFixedSize, size != nil, let new = ports[0].line.windowSize, new != size else {
      return
    }
    size = new
    core?.configurationDidChange()
    if ports[0].isReady { ports[0].messages.insert(.resize) }
  }

  /// Takes a restored size, which the driver may have seen.
  func setSize(_ size: WindowSize?) { self.size = size }

  // MARK: Configuration

  /// Columns, rows, number of ports, emergency write (VIRTIO 1.2, 5.3.4).
  public var configuration: [UInt8] {
    var bytes = ControlMessage.bytes(size ?? WindowSize(columns: 0, rows: 0))
    bytes.append(littleEndian: UInt32(ports.count > 1 ? ports.count : 0))
    return bytes + [0, 0, 0, 0]
  }

  /// A write to `emerg_wr` puts a character out at once, without a driver.
  public func writeConfiguration(_ bytes: [UInt8], at offset: Int) {
    guard offset <= 8, offset + bytes.count > 8 else { return }
    ports[0].line.send(bytes[8 - offset])
  }

  func warn(_ kind: String, _ message: @autoclosure () -> String) {
    trace.warn(name, kind: kind, message())
  }
}

/// Why a console device cannot be built.
public enum ConsoleSetUpError: Error, Equatable, CustomStringConvertible {
  /// More named ports than there can be.
  case tooManyPorts(Int)
  /// A name is empty, too long, or has characters that a name cannot have.
  case badName(String)
  /// Two ports have one name.
  case nameTwice(String)

  /// One line for the user.
  public var description: String {
    switch self {
    case .tooManyPorts(let count):
      "\(count) named ports; a virtio console has at most \(ConsoleDevice.namedPortLimit)"
    case .badName(let name):
      "port name '\(name)' is not 1 to 64 visible ASCII characters without '/'"
    case .nameTwice(let name): "two ports are named '\(name)'"
    }
  }
}
