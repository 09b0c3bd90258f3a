import DeviceModel
import MachineTestKit
import PCI
import Testing

/// Registers that answer with their own place and remember the last write.
private final class Probe: PCIFunction {
  let configuration: ConfigurationSpace
  let tag: UInt64
  var lastWrite: [UInt64] = []

  init(
    _ tag: UInt64, _ registers: [Int: BaseAddressRegister] = [:], isMultifunction: Bool = false,
    interruptPin: InterruptPin? = nil
  ) {
    self.tag = tag
    configuration = ConfigurationSpace(
      PCIIdentity(
        vendor: 0x1234, device: 1, classCode: 0, interruptPin: interruptPin,
        isMultifunction: isMultifunction),
      baseAddressRegisters: registers)
  }

  func readBAR(
    _ bar: Int, _ offset: UInt64, _ width: AccessWidth
  ) throws(AccessRefusal) -> UInt64 {
    if width == .quadword { throw .badWidth }
    return tag << 16 | offset
  }

  func writeBAR(
    _ bar: Int, _ offset: UInt64, _ width: AccessWidth, _ value: UInt64
  ) throws(AccessRefusal) {
    if width == .quadword { throw .badWidth }
    lastWrite = [UInt64(bar), offset, value]
  }

  func reset() { configuration.reset() }

  /// Assigns a base address and enables all decodes.
  func place(_ bar: Int, at address: UInt64) {
    configuration.write(0x10 + 4 * bar, .longword, address)
    configuration.write(4, .word, 3)
  }
}

private final class Ports: BusDevice {
  func read(_ offset: UInt64, _ width: AccessWidth) throws(AccessRefusal) -> UInt64 {
    guard offset == 0x70 else { throw .noRegister }
    return 0x55
  }
  func write(_ offset: UInt64, _ width: AccessWidth, _ value: UInt64) throws(AccessRefusal) {
    guard offset == 0x70 else { throw .noRegister }
  }
}

@Suite struct PCIBusTests {
  private let trace = DeviceTrace()
  private let bus: PCIBus

  init() { bus = PCIBus(trace: trace) }

  @Test func attachmentErrors() throws {
    try bus.attach(Probe(1), slot: 1)
    try bus.attach(Probe(2, isMultifunction: true), slot: 2)
    try bus.attach(Probe(3), slot: 2, function: 7)
    #expect(throws: PCIAttachmentError.occupied(slot: 1, function: 0)) {
      try bus.attach(Probe(4), slot: 1)
    }
    #expect(throws: PCIAttachmentError.hidden(slot: 1, function: 1)) {
      try bus.attach(Probe(4), slot: 1, function: 1)
    }
    #expect(throws: PCIAttachmentError.noSuchPlace(slot: 32, function: 0)) {
      try bus.attach(Probe(4), slot: 32)
    }
    #expect(throws: PCIAttachmentError.noSuchPlace(slot: 2, function: 8)) {
      try bus.attach(Probe(4), slot: 2, function: 8)
    }
    #expect(bus.targets.map(\.slot) == [1, 2, 2])
  }

  @Test func configurationCycles() throws {
    try bus.attach(Probe(1), slot: 3)
    func read(_ number: Int, _ device: Int, _ function: Int) -> UInt64 {
      bus.readConfiguration(
        bus: number, device: device, function: function, register: 0, .longword)
    }
    #expect(read(0, 3, 0) == 0x0001_1234)
    #expect(read(0, 3, 1) == 0xFFFF_FFFF)
    #expect(read(0, 4, 0) == 0xFFFF_FFFF)
    #expect(read(1, 3, 0) == 0xFFFF_FFFF)
    bus.writeConfiguration(bus: 1, device: 3, function: 0, register: 4, .word, 7)
    #expect(bus.readConfiguration(bus: 0, device: 3, function: 0, register: 4, .word) == 0)
    bus.writeConfiguration(bus: 0, device: 3, function: 0, register: 4, .word, 7)
    #expect(bus.readConfiguration(bus: 0, device: 3, function: 0, register: 4, .word) == 7)
    bus.reset()
    #expect(bus.readConfiguration(bus: 0, device: 3, function: 0, register: 4, .word) == 0)
  }

  @Test func memoryAndIODecodeFollowTheRegisters() throws {
    let device = Probe(
      0xA, [0: .io(size: 64), 1: .memory32(size: 4096, prefetchable: false)])
    try bus.attach(device, slot: 1)
    #expect(throws: AccessRefusal.noRegister) { try bus.readMemory(0x1000_0000, .longword) }
    device.place(1, at: 0x1000_0000)
    #expect(try bus.readMemory(0x1000_0010, .longword) == 0xA_0010)
    #expect(try bus.readMemory(0x1000_0FFF, .byte) == 0xA_0FFF)
    #expect(throws: AccessRefusal.noRegister) { try bus.readMemory(0x1000_1000, .byte) }
    #expect(throws: AccessRefusal.noRegister) { try bus.readMemory(0x0FFF_FFFF, .byte) }
    #expect(throws: AccessRefusal.noRegister) { try bus.readIO(0x1000_0000, .byte) }

    device.place(0, at: 0xC000)
    try bus.writeIO(0xC012, .word, 0x1_2345)
    #expect(device.lastWrite == [0, 0x12, 0x2345])
    device.place(0, at: 0xD000)
    #expect(throws: AccessRefusal.noRegister) { try bus.writeIO(0xC012, .word, 0) }
    #expect(try bus.readIO(0xD004, .byte) == 0xA_0004)
    device.configuration.write(4, .word, 0)
    #expect(throws: AccessRefusal.noRegister) { try bus.readIO(0xD004, .byte) }
  }

  @Test func aRefusedClaimedCycleFloatsAndIsTraced() throws {
    let device = Probe(1, [1: .memory32(size: 4096, prefetchable: false)])
    try bus.attach(device, slot: 1)
    device.place(1, at: 0x1000_0000)
    var lines: [String] = []
    trace.enabled = [.unclaimed]
    trace.traceSink = { lines.append($1) }
    #expect(try bus.readMemory(0x1000_0000, .quadword) == UInt64.max)
    try bus.writeMemory(0x1000_0008, .quadword, 1)
    #expect(device.lastWrite.isEmpty)
    #expect(
      lines == [
        "pci 1.0 refuses a 8-byte read at BAR 1 offset 0x0: badWidth",
        "pci 1.0 refuses a 8-byte write at BAR 1 offset 0x8: badWidth",
      ])
  }

  @Test func subtractiveAgentComesLast() throws {
    #expect(throws: AccessRefusal.noRegister) { try bus.readIO(0x70, .byte) }
    #expect(throws: AccessRefusal.noRegister) { try bus.writeIO(0x70, .byte, 0) }
    bus.subtractiveAgent = Ports()
    #expect(try bus.readIO(0x70, .byte) == 0x55)
    #expect(throws: AccessRefusal.noRegister) { try bus.readIO(0x71, .byte) }
    #expect(throws: AccessRefusal.noRegister) { try bus.readMemory(0x70, .byte) }
    let device = Probe(2, [0: .io(size: 64)])
    try bus.attach(device, slot: 1)
    device.place(0, at: 0x40)
    #expect(try bus.readIO(0x70, .byte) == 0x2_0030)
  }

  @Test func theLowerSlotWinsAnOverlap() throws {
    var warnings: [String] = []
    trace.warningSink = { warnings.append($0) }
    let small = Probe(1, [0: .memory32(size: 0x100, prefetchable: false)])
    let large = Probe(2, [3: .memory32(size: 0x1000, prefetchable: false)])
    try bus.attach(large, slot: 5)
    try bus.attach(small, slot: 2)
    large.place(3, at: 0x4000)
    small.place(0, at: 0x4400)
    #expect(try bus.readMemory(0x43FC, .longword) == 0x2_0000 | 0x3FC)
    #expect(try bus.readMemory(0x4400, .longword) == 0x1_0000)
    #expect(try bus.readMemory(0x44FC, .longword) == 0x1_00FC)
    #expect(try bus.readMemory(0x4500, .longword) == 0x2_0000 | 0x500)
    #expect(try bus.readMemory(0x4FFC, .longword) == 0x2_0000 | 0xFFC)
    #expect(throws: AccessRefusal.noRegister) { try bus.readMemory(0x5000, .longword) }
    #expect(
      warnings == [
        "pci: pci 5.0 BAR 3 overlaps pci 2.0 BAR 0 in memory space; the lower slot answers"
      ])
  }

  @Test func functionsThatShareAPinAreWiredTogether() throws {
    var levels: [String] = []
    bus.interruptPinDidChange = { levels.append("\($0)\($1) \($2)") }
    let functions = [
      Probe(1, isMultifunction: true, interruptPin: .a), Probe(2, interruptPin: .a),
      Probe(3, interruptPin: .b), Probe(4),
    ]
    for (number, function) in functions.enumerated() {
      try bus.attach(function, slot: 4, function: number)
    }
    let other = Probe(5, interruptPin: .a)
    try bus.attach(other, slot: 5)
    for function in functions { function.configuration.isInterruptPending = true }
    other.configuration.isInterruptPending = true
    functions[0].configuration.isInterruptPending = false
    functions[1].configuration.write(4, .word, 0x400)
    #expect(
      levels == ["4a true", "4a true", "4b true", "5a true", "4a true", "4a false"])
  }

  @Test func anyLayoutOfClaimsDecodesLikeALinearSearch() throws {
    var random = SeededGenerator(7)
    let devices = (0..<8).map { index in
      Probe(
        UInt64(index),
        [0: .memory32(size: 16 << UInt32(random.next() % 6), prefetchable: false)])
    }
    for (slot, device) in devices.enumerated() { try bus.attach(device, slot: slot) }
    for _ in 0..<50 {
      for device in devices { device.place(0, at: random.next() % 0x400) }
      for address in stride(from: UInt64(0), to: 0x800, by: 4) {
        let expected = devices.first { device in
          guard let base = device.configuration.baseAddress(0) else { return false }
          let size = device.configuration.baseAddressRegisters[0]?.size ?? 0
          return address >= base && address < base + size
        }
        let value = try? bus.readMemory(address, .longword)
        let base = expected?.configuration.baseAddress(0) ?? 0
        #expect(value == expected.map { $0.tag << 16 | (address - base) })
      }
    }
  }
}
