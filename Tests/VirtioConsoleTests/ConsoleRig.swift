import Console
import DeviceModel
import GuestMemory
import MachineTestKit
import Virtio

@testable import VirtioConsole

/// A line that a test holds in its hands.
final class TestLine: CharacterEndpoint {
  var output: [UInt8] = []
  var input: [SerialInput] = []
  var isConnected = true
  var acceptsOutput = true
  var windowSize: WindowSize?
  var inputHasEnded: Bool { input.isEmpty }

  init(windowSize: WindowSize? = nil) { self.windowSize = windowSize }

  var text: String { String(decoding: output, as: UTF8.self) }
  func type(_ text: String) { input += text.utf8.map(SerialInput.byte) }
  func send(_ byte: UInt8) { output.append(byte) }
  func receive() -> SerialInput? { input.isEmpty ? nil : input.removeFirst() }
}

/// A console device, its lines, and a driver that moves text and control messages.
final class ConsoleRig {
  typealias Rig = VirtioRig<ConsoleDevice>
  static let size: UInt64 = 1 << 0
  static let multiport: UInt64 = 1 << 1
  static let modern: UInt64 = 1 << 32 | 1 << 33

  let virtio: Rig
  let console: TestLine
  let named: [TestLine]
  var device: ConsoleDevice { virtio.device }
  /// Where the next buffer lies.
  private var next = Rig.buffers
  /// A control buffer that the device has and has not filled.
  private var spare: UInt64?

  init(
    interface: VirtioInterface = .modern, windowSize: WindowSize? = nil,
    fixedSize: WindowSize? = nil, named names: [String] = []
  ) throws {
    let console = TestLine(windowSize: windowSize)
    let named = names.map { _ in TestLine() }
    self.console = console
    self.named = named
    virtio = try Rig(interface: interface) {
      try ConsoleDevice(
        "virtio-console0", console: console, size: fixedSize,
        namedPorts: zip(names, named).map { NamedPort($0, $1) }, clock: $0, trace: $1)
    }
  }

  /// Brings the device up, with every feature unless told otherwise.
  func start(_ features: UInt64? = nil) throws {
    try virtio.start(features)
    spare = nil
  }

  /// An address for `count` bytes.
  private func buffer(_ count: Int) -> UInt64 {
    defer { next += UInt64((count + 15) / 16 * 16) }
    return next
  }

  /// Gives the device buffers to fill, and remembers where.
  @discardableResult
  func offer(_ queue: Int, _ lengths: Int..., legacy: Bool = false) throws -> [UInt64] {
    let addresses = lengths.map(buffer)
    for (address, length) in zip(addresses, lengths) {
      try virtio.queues[queue].add([.writable(address, length)])
    }
    if legacy {
      try virtio.legacy.write(16, .word, UInt64(queue))
    } else {
      try virtio.registers.kick(queue: UInt64(queue))
    }
    try virtio.settle()
    return addresses
  }

  /// What the device has put into the buffers at these addresses.
  func filled(_ queue: Int, _ addresses: [UInt64]) throws -> [[UInt8]] {
    try zip(addresses, virtio.queues[queue].takeUsed()).map {
      try virtio.bytes(Int($1.length), at: $0)
    }
  }

  /// Writes bytes into a queue of the driver's.
  func put(_ bytes: [UInt8], _ queue: Int = 1, legacy: Bool = false) throws {
    let address = buffer(bytes.count)
    try virtio.memory.writeBytes(bytes, at: BusAddress(address))
    try virtio.submit([.readable(address, bytes.count)], to: queue, legacy: legacy)
  }

  func poll() throws {
    device.poll()
    try virtio.settle()
  }

  // MARK: Control

  /// Sends a control message.
  func tell(_ event: ControlMessage.Event, port: Int = 0, _ value: UInt16 = 1) throws {
    try put(ControlMessage.bytes(event, port: port, value: value), 3)
  }

  /// Gives the device a buffer at a time until it has no message left, and shows the messages.
  func messages() throws -> [Message] {
    var messages: [Message] = []
    for _ in 0..<40 {
      let buffer = try spare ?? offer(2, 80)[0]
      guard let bytes = try filled(2, [buffer]).first else {
        spare = buffer
        break
      }
      spare = nil
      let message = ControlMessage(bytes)
      messages.append(
        Message(
          Int(message.port), ControlMessage.Event(rawValue: message.event), message.value,
          Array(bytes.dropFirst(8))))
    }
    return messages
  }

  struct Message: Equatable {
    let port: Int
    let event: ControlMessage.Event?
    let value: UInt16
    let rest: [UInt8]

    init(_ port: Int, _ event: ControlMessage.Event?, _ value: UInt16 = 0, _ rest: [UInt8] = []) {
      self.port = port
      self.event = event
      self.value = value
      self.rest = rest
    }
  }
}
