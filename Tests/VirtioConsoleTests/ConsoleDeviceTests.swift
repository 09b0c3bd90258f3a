import Console
import DeviceModel
import GuestMemory
import MachineTestKit
import PCI
import Testing
import Virtio

@testable import VirtioConsole

@Suite("Console device")
struct ConsoleDeviceTests {
  // MARK: Interfaces

  @Test(
    "Identity through each interface (a.1)",
    arguments: [
      (VirtioInterface.modern, 0x1043 as UInt64, 1 as UInt64), (.transitional, 0x1003, 0),
      (.legacy, 0x1003, 0),
    ])
  func identity(_ interface: VirtioInterface, _ device: UInt64, _ revision: UInt64) throws {
    let function = try ConsoleRig(interface: interface).virtio.function
    #expect(function.readConfiguration(0, .longword) == device << 16 | 0x1AF4)
    #expect(function.readConfiguration(8, .longword) == 0x0780_0000 | revision)
    if interface != .modern { #expect(function.readConfiguration(0x2E, .word) == 3) }
  }

  @Test("Features, queues and configuration follow what there is (5.3.2 to 5.3.4, ST4)")
  func offers() throws {
    let size = WindowSize(columns: 132, rows: 50)
    for (rig, features, queues, configuration) in [
      (try ConsoleRig(), 4, 2, [0, 0, 0]),
      (try ConsoleRig(windowSize: size), 5, 2, [132 | 50 << 16, 0, 0]),
      (try ConsoleRig(fixedSize: size), 5, 2, [132 | 50 << 16, 0, 0]),
      (try ConsoleRig(windowSize: size, named: ["a", "b"]), 7, 8, [132 | 50 << 16, 3, 0]),
    ] as [(ConsoleRig, UInt64, UInt64, [UInt64])] {
      #expect(try rig.virtio.registers.offeredFeatures() == 0x3_3000_0000 | features)
      #expect(try rig.virtio.registers.read(0x12, .word) == queues)
      let words = try [0x2000, 0x2004, 0x2008].map { try rig.virtio.registers.read($0, .longword) }
      #expect(words == configuration)
      #expect(rig.virtio.capabilities().contains { $0 == (4, 12) })
    }
  }

  @Test(
    "Output and input through each interface",
    arguments: [VirtioInterface.modern, .transitional, .legacy])
  func text(_ interface: VirtioInterface) throws {
    let rig = try ConsoleRig(interface: interface)
    let isLegacy = interface != .modern
    if isLegacy { try rig.virtio.startLegacy() } else { try rig.start() }
    try rig.put(Array("login: ".utf8), legacy: isLegacy)
    #expect(rig.console.text == "login: ")
    let buffers = try rig.offer(0, 64, legacy: isLegacy)
    rig.console.type("root\r")
    try rig.poll()
    #expect(try rig.filled(0, buffers) == [Array("root\r".utf8)])
    #expect(rig.virtio.line.isAsserted)
  }

  // MARK: Output

  @Test("Output spreads over a chain, in order; used length 0 (5.3.6.1)")
  func outputChains() throws {
    let rig = try ConsoleRig()
    try rig.start()
    let start = ConsoleRig.Rig.buffers
    try rig.virtio.memory.writeBytes(Array("abcdef".utf8), at: BusAddress(start))
    let chain: [DriverSideQueue.Buffer] = [
      .readable(start + 3, 3), .readable(start, 0), .readable(start, 3),
    ]
    #expect(try rig.virtio.submit(chain, to: 1).map(\.length) == [0])
    try rig.virtio.queues[1].addIndirect(chain, table: start + 0x1000)
    try rig.virtio.registers.kick(queue: 1)
    try rig.virtio.settle()
    #expect(rig.console.text == "defabcdefabc")
  }

  @Test("A hostile length costs 256 KiB of output, not 4 GiB (H11)")
  func largeOutput() throws {
    let rig = try ConsoleRig()
    try rig.start()
    try rig.virtio.submit(
      (0..<16).map { _ in .readable(0, 0x10_0000) }, to: 1)
    #expect(rig.console.output.count == 1 << 18)
    #expect(rig.virtio.warnings.contains { $0.contains("only the first") })
    #expect(!rig.virtio.needsReset)
  }

  @Test("An alarm does its budget of output, and the next one goes on")
  func outputBudget() throws {
    let rig = try ConsoleRig()
    try rig.start()
    let perAlarm = NotifiedQueues.budget / (ConsoleDevice.outputLimit * ConsoleDevice.outputCost)
    for _ in 0..<perAlarm + 1 {
      try rig.virtio.queues[1].add([.readable(0, ConsoleDevice.outputLimit)])
    }
    try rig.virtio.registers.kick(queue: 1)
    for count in [perAlarm, 1] {
      rig.virtio.clock.advance(to: try #require(rig.virtio.clock.nextDeadline))
      rig.virtio.clock.runDueAlarms()
      #expect(try rig.virtio.queues[1].takeUsed().count == count)
    }
  }

  @Test("Output from where no memory is stops there; the rest goes on (H12)")
  func unreachableOutput() throws {
    let rig = try ConsoleRig()
    try rig.start()
    #expect(try rig.virtio.submit([.readable(1 << 40, 4)], to: 1).count == 1)
    try rig.put([0x21])
    #expect(rig.console.text == "!")
    #expect(!rig.virtio.needsReset)
  }

  @Test("Service comes a microsecond later, and not after a reset (RS1-RS3)")
  func latency() throws {
    let rig = try ConsoleRig()
    try rig.start()
    rig.virtio.clock.advance(to: 5_000_000)
    try rig.virtio.queues[1].add([.readable(0, 4)])
    try rig.virtio.registers.kick(queue: 1)
    #expect(rig.virtio.clock.nextDeadline == 5_001_000)
    try rig.virtio.registers.setStatus(0)
    try rig.virtio.settle()
    #expect(rig.console.output.isEmpty)
  }

  @Test("The emergency register puts a character out before any driver is up (5.3.4)")
  func emergencyWrite() throws {
    let rig = try ConsoleRig(interface: .transitional)
    try rig.virtio.registers.write(0x2008, .longword, 0x4F)
    try rig.virtio.registers.write(0x2008, .byte, 0x4B)
    try rig.virtio.legacy.write(28, .longword, 0x21)
    #expect(rig.console.text == "OK!")
    for offset in [0x2000, 0x2004, 0x2009] as [UInt64] {
      try rig.virtio.registers.write(offset, .byte, 0x3F)
    }
    #expect(rig.console.text == "OK!")
    #expect(try rig.virtio.registers.read(0x2000, .quadword) == 0)
  }

  // MARK: Input

  @Test("Input fills buffers in order, and what has no buffer waits for one")
  func input() throws {
    let rig = try ConsoleRig()
    try rig.start()
    rig.console.type("0123456789")
    try rig.poll()
    var buffers = try rig.offer(0, 4, 4)
    #expect(
      try rig.filled(0, buffers).map { String(decoding: $0, as: UTF8.self) } == ["0123", "4567"])
    buffers = try rig.offer(0, 4)
    rig.console.type("ab")
    try rig.poll()
    #expect(try rig.filled(0, buffers) == [Array("89".utf8)])
    buffers = try rig.offer(0, 64)
    #expect(try rig.filled(0, buffers) == [Array("ab".utf8)])
    // Nothing to give: the buffer stays with the device.
    buffers = try rig.offer(0, 8)
    try rig.poll()
    #expect(try rig.filled(0, buffers).isEmpty)
  }

  @Test("Input that no buffer takes does not wake an idle guest again and again")
  func inputWithoutBuffers() throws {
    let rig = try ConsoleRig()
    try rig.start()
    rig.console.type("x")
    rig.device.poll()
    #expect(rig.virtio.clock.nextDeadline == nil)
  }

  @Test("A paste of 200 KiB arrives whole, whatever the buffers")
  func paste() throws {
    let rig = try ConsoleRig()
    try rig.start()
    let text = (0..<200 << 10).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    rig.console.input = text.map(SerialInput.byte)
    var arrived: [UInt8] = []
    var rounds = 0
    while arrived.count < text.count, rounds < 100 {
      rounds += 1
      let start = ConsoleRig.Rig.buffers
      for index in 0..<8 {
        try rig.virtio.queues[0].add([.writable(start + UInt64(index) * 1000, 1000)])
      }
      try rig.virtio.registers.kick()
      try rig.poll()
      for (index, used) in try rig.virtio.queues[0].takeUsed().enumerated() {
        arrived += try rig.virtio.bytes(
          Int(used.length), at: start + UInt64(index) * 1000)
      }
    }
    #expect(arrived == text)
  }

  @Test("A break means nothing; keys around it arrive")
  func breakCondition() throws {
    let rig = try ConsoleRig()
    try rig.start()
    rig.console.input = [.byte(1), .breakCondition, .byte(2)]
    let buffers = try rig.offer(0, 8)
    try rig.poll()
    #expect(try rig.filled(0, buffers) == [[1, 2]])
  }

  @Test("Input survives a buffer that cannot be reached, and a reset of the device")
  func inputIsKept() throws {
    let rig = try ConsoleRig()
    try rig.start()
    rig.console.type("x")
    #expect(try rig.virtio.submit([.writable(1 << 40, 8)]).map(\.length) == [0])
    try rig.start()
    let buffers = try rig.offer(0, 8)
    #expect(try rig.filled(0, buffers) == [[0x78]])
  }

  // MARK: Size

  @Test("A new window size is a new generation with a configuration interrupt (IR9, IR10)")
  func resize() throws {
    let rig = try ConsoleRig(windowSize: WindowSize(columns: 80, rows: 24))
    let registers = rig.virtio.registers
    rig.console.windowSize = WindowSize(columns: 81, rows: 24)
    try rig.poll()
    #expect(try registers.read(0x2000, .longword) == 81 | 24 << 16)
    #expect(!rig.virtio.line.isAsserted)  // no driver yet
    try rig.start()
    let generation = try registers.read(0x15, .byte)
    _ = try registers.read(0x2000, .longword)
    try rig.poll()
    #expect(try registers.read(0x15, .byte) == generation)
    rig.console.windowSize = WindowSize(columns: 100, rows: 40)
    try rig.poll()
    #expect(try registers.read(0x15, .byte) != generation)
    #expect(try registers.takeInterruptStatus() == 2)
    #expect(try registers.read(0x2000, .longword) == 100 | 40 << 16)
  }

  @Test("A fixed size stays, and a line without a size gets none")
  func fixedSize() throws {
    let rig = try ConsoleRig(
      windowSize: WindowSize(columns: 1, rows: 1), fixedSize: WindowSize(columns: 80, rows: 25))
    rig.console.windowSize = WindowSize(columns: 2, rows: 2)
    try rig.poll()
    #expect(try rig.virtio.registers.read(0x2000, .longword) == 80 | 25 << 16)
    let plain = try ConsoleRig()
    plain.console.windowSize = WindowSize(columns: 2, rows: 2)
    try plain.poll()
    #expect(try plain.virtio.registers.read(0x2000, .longword) == 0)
  }

  // MARK: Set-up and state

  @Test("Names that cannot be port names are refused in words")
  func badNames() {
    for names in [
      [""], ["a/b"], ["a b"], ["é"], [String(repeating: "a", count: 65)], ["a", "a"],
      (0..<16).map { "p\($0)" },
    ] {
      #expect(throws: ConsoleSetUpError.self) { _ = try ConsoleRig(named: names) }
    }
  }

  @Test("Saved in mid-life and restored elsewhere, it goes on there (H97)")
  func saveRestore() throws {
    let size = WindowSize(columns: 80, rows: 24)
    let rig = try ConsoleRig(windowSize: size, named: ["a"])
    try rig.start()
    rig.console.type("typed")
    try rig.poll()
    try rig.tell(.deviceReady)
    try rig.tell(.portReady)
    try rig.virtio.queues[1].add([.readable(0, 4)])
    try rig.virtio.registers.kick(queue: 1)

    let other = try ConsoleRig(windowSize: WindowSize(columns: 90, rows: 30), named: ["a"])
    try other.virtio.restoreTransport(from: rig.virtio)
    try other.device.restore(rig.device.save())
    try other.virtio.clock.restore(rig.virtio.clock.save())
    #expect(other.device.save() == rig.device.save())
    try other.virtio.settle()
    #expect(other.console.output.count == 4)
    try other.tell(.portOpen)
    let buffers = try other.offer(0, 8)
    #expect(try other.filled(0, buffers) == [Array("typed".utf8)])
    // The size here is another one: the driver is told.
    try other.poll()
    #expect(try other.virtio.registers.takeInterruptStatus() & 2 != 0)
    #expect(try other.virtio.registers.read(0x2000, .longword) == 90 | 30 << 16)
  }

  @Test("Saved state that no device reaches is refused")
  func badState() throws {
    let rig = try ConsoleRig(named: ["a"])
    let good = rig.device.save()
    let changes: [(inout ConsoleDevice.Saved) -> Void] = [
      { $0.ports.removeLast() }, { $0.ports[1].name = "b" },
      { $0.ports[0].input = [UInt8](repeating: 0, count: 1 << 14 + 1) },
      { $0.ports[0].messages = 0x80 }, { $0.size = WindowSize(columns: 1, rows: 1) },
      { $0.notified = [6] },
    ]
    for change in changes {
      var saved = good
      change(&saved)
      #expect(throws: RestoreFault.self) { try rig.device.restore(saved) }
      #expect(rig.device.save() == good)
    }
  }

  @Test(
    "Drivers at random never crash the device, and a reset brings it back",
    arguments: 0..<12 as Range<UInt64>)
  func hostile(_ seed: UInt64) throws {
    let rig = try ConsoleRig(windowSize: WindowSize(columns: 80, rows: 24), named: ["a", "b"])
    try rig.virtio.driveAtRandom(seed: seed) {
      for line in [rig.console] + rig.named {
        line.type("input")
        line.isConnected.toggle()
        line.output = []
      }
      rig.device.poll()
    }
    try rig.start()
    rig.console.output = []
    try rig.put([0x21])
    #expect(rig.console.text == "!")
  }
}
