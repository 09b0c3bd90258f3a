import DeviceModel
import GuestMemory
import MachineTestKit
import PCI
import Testing

@Suite struct BusMasterGateTests {
  @Test func followsTheBusMasterBit() throws {
    let configuration = ConfigurationSpace(PCIIdentity(vendor: 1, device: 1, classCode: 0))
    let memory = try FlatDMASpace()
    let gate = BusMasterGate(configuration, next: memory)
    let closed = DMAFault(.busMasterDisabled, at: BusAddress(0x100), .write)
    #expect(throws: closed) { try gate.writeBytes([1, 2], at: BusAddress(0x100)) }
    #expect(throws: closed) { try gate.probe(BusAddress(0x100), byteCount: 2, .write) }
    #expect(throws: DMAFault(.busMasterDisabled, at: BusAddress(0), .read)) {
      try gate.readBytes(BusAddress(0), byteCount: 1)
    }
    #expect(try memory.readBytes(BusAddress(0x100), byteCount: 2) == [0, 0])

    configuration.write(4, .word, 4)
    try gate.writeBytes([1, 2], at: BusAddress(0x100))
    #expect(try gate.readBytes(BusAddress(0x100), byteCount: 2) == [1, 2])
    try gate.probe(BusAddress(0x100), byteCount: 2, .write)
    configuration.write(4, .word, 0)
    #expect(throws: DMAFault.self) { try gate.readBytes(BusAddress(0x100), byteCount: 2) }
  }
}
