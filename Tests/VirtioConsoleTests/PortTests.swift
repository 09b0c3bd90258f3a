import Console
import DeviceModel
import GuestMemory
import MachineTestKit
import Testing
import Virtio

@testable import VirtioConsole

/// Several ports and the messages about them (VIRTIO 1.2, 5.3.6.2).
@Suite("Console ports")
struct PortTests {
  typealias Message = ConsoleRig.Message

  /// A device with two named ports whose driver has taken all three.
  static func ready(windowSize: WindowSize? = nil) throws -> ConsoleRig {
    let rig = try ConsoleRig(windowSize: windowSize, named: ["org.example.log", "agent"])
    rig.named[1].isConnected = false
    try rig.start()
    try rig.tell(.deviceReady)
    _ = try rig.messages()
    for port in 0..<3 { try rig.tell(.portReady, port: port) }
    return rig
  }

  @Test("A driver learns of every port, its name, and who is there")
  func introduction() throws {
    let rig = try ConsoleRig(
      windowSize: WindowSize(columns: 0x1234, rows: 0x0056), named: ["org.example.log", "agent"])
    rig.named[1].isConnected = false
    try rig.start()
    #expect(try rig.messages().isEmpty)
    try rig.tell(.deviceReady)
    #expect(try rig.messages() == [0, 1, 2].map { Message($0, .portAdd) })
    for port in 0..<3 { try rig.tell(.portReady, port: port) }
    #expect(
      try rig.messages() == [
        Message(0, .consolePort, 1), Message(0, .portOpen, 1),
        Message(0, .resize, 0, [0x34, 0x12, 0x56, 0x00]),
        Message(1, .portName, 1, Array("org.example.log".utf8)), Message(1, .portOpen, 1),
        Message(2, .portName, 1, Array("agent".utf8)),
      ])
    #expect(rig.virtio.warnings.isEmpty)
  }

  @Test("Each port has its queues: 0 and 1, then from 4 on (5.3.2)")
  func queues() throws {
    let rig = try Self.ready()
    for (queue, text) in [(1, "console"), (5, "log"), (7, "agent")] {
      try rig.put(Array(text.utf8), queue)
    }
    #expect([rig.console.text] + rig.named.map(\.text) == ["console", "log", "agent"])
    for port in 0..<3 { try rig.tell(.portOpen, port: port) }
    rig.named[0].type("for the log")
    rig.named[1].type("for the agent")
    let buffers = (try rig.offer(4, 64), try rig.offer(6, 64))
    try rig.poll()
    #expect(try rig.filled(4, buffers.0) == [Array("for the log".utf8)])
    #expect(try rig.filled(6, buffers.1) == [Array("for the agent".utf8)])
    for number in 0..<8 { #expect(ConsoleDevice.Queue(number).number == number) }
  }

  @Test("Input comes while the guest has the port open, and waits while not")
  func guestOpen() throws {
    let rig = try Self.ready()
    let buffers = try rig.offer(4, 8, 8)
    rig.named[0].type("a")
    try rig.poll()
    #expect(try rig.virtio.queues[4].usedIndex() == 0)
    try rig.tell(.portOpen, port: 1)
    #expect(try rig.filled(4, buffers) == [[0x61]])
    try rig.tell(.portOpen, port: 1, 0)
    rig.named[0].type("b")
    try rig.poll()
    #expect(try rig.virtio.queues[4].usedIndex() == 1)
  }

  @Test("Coming and going at the host's end is told once each")
  func hostOpen() throws {
    let rig = try Self.ready()
    _ = try rig.messages()
    try rig.poll()
    #expect(try rig.messages().isEmpty)
    for isConnected in [true, false] {
      rig.named[1].isConnected = isConnected
      try rig.poll()
      try rig.poll()
      #expect(try rig.messages() == [Message(2, .portOpen, isConnected ? 1 : 0)])
    }
  }

  @Test("A named port waits for a slow line without loss; the console does not wait")
  func flowControl() throws {
    let rig = try Self.ready()
    for line in [rig.console, rig.named[0]] { line.acceptsOutput = false }
    try rig.put(Array("now".utf8), 1)
    try rig.put(Array("later".utf8), 5)
    #expect(rig.console.text == "now")
    #expect(rig.named[0].text.isEmpty)
    #expect(try rig.virtio.queues[5].takeUsed().isEmpty)
    try rig.poll()
    #expect(rig.virtio.clock.nextDeadline == nil)
    rig.named[0].acceptsOutput = true
    try rig.poll()
    #expect(rig.named[0].text == "later")
    #expect(try rig.virtio.queues[5].takeUsed().count == 1)
  }

  @Test("A resize is a message, too")
  func resize() throws {
    let rig = try Self.ready(windowSize: WindowSize(columns: 80, rows: 24))
    _ = try rig.messages()
    rig.console.windowSize = WindowSize(columns: 81, rows: 25)
    try rig.poll()
    #expect(try rig.messages() == [Message(0, .resize, 0, [81, 0, 25, 0])])
    #expect(try rig.virtio.registers.read(0x2000, .longword) == 81 | 25 << 16)
  }

  @Test("A driver that gives no buffers cannot pile messages up")
  func boundedMessages() throws {
    let rig = try Self.ready()
    for _ in 0..<200 {
      try rig.tell(.deviceReady)
      try rig.tell(.portReady, port: 1)
    }
    #expect(try rig.messages().count <= 3 * 5)
  }

  @Test("Without MULTIPORT accepted there is one port and no control (5.3.2)")
  func onePortDriver() throws {
    let rig = try ConsoleRig(named: ["a"])
    try rig.start(ConsoleRig.modern)
    try rig.tell(.deviceReady)
    #expect(try rig.messages().isEmpty)
    let buffers = try rig.offer(0, 8)
    rig.console.type("x")
    try rig.poll()
    #expect(try rig.filled(0, buffers) == [[0x78]])
  }

  @Test("Odd messages are ignored and said")
  func oddMessages() throws {
    let rig = try Self.ready()
    _ = try rig.messages()
    for (bytes, says) in [
      ([1, 2, 3], "3 bytes"), (ControlMessage.bytes(.portOpen, port: 9), "port 9"),
      (ControlMessage.bytes(.portName, port: 0), "none that a driver sends"),
      ([0, 0, 0, 0, 99, 0, 0, 0], "99"), (ControlMessage.bytes(.deviceReady, port: 0), "READY 0"),
      (ControlMessage.bytes(.portReady, port: 1), "port 1"),
    ] as [([UInt8], String)] {
      try rig.put(bytes, 3)
      #expect(rig.virtio.warnings.last?.contains(says) == true, "\(rig.virtio.warnings)")
    }
    #expect(try rig.messages().isEmpty)
    #expect(!rig.virtio.needsReset)
  }

  @Test("A message that does not fit its buffer is dropped and said; the next one comes")
  func smallBuffer() throws {
    let rig = try ConsoleRig(named: ["org.example.log"])
    try rig.start()
    try rig.tell(.deviceReady)
    #expect(try rig.filled(2, rig.offer(2, 8, 8)).map(\.count) == [8, 8])
    try rig.tell(.portReady, port: 1)
    let buffers = try rig.offer(2, 12, 12)
    #expect(try rig.filled(2, buffers).map(\.count) == [0, 8])
    #expect(rig.virtio.warnings.contains { $0.contains("does not fit") })
  }

  @Test("After a reset the driver is introduced anew")
  func reset() throws {
    let rig = try Self.ready()
    try rig.start()
    #expect(try rig.messages().isEmpty)
    try rig.tell(.deviceReady)
    #expect(try rig.messages().count == 3)
  }
}
