import DeviceModel
import PCI
import Testing

@Suite struct ConfigurationSpaceTests {
  private let identity = PCIIdentity(
    vendor: 0x1AF4, device: 0x1001, revision: 1, classCode: 0x01_80_02, subsystemVendor: 0x1AF4,
    subsystem: 2, interruptPin: .a, isMultifunction: true)

  private func space(_ registers: [Int: BaseAddressRegister] = [:]) -> ConfigurationSpace {
    ConfigurationSpace(identity, baseAddressRegisters: registers)
  }

  @Test func identityIsReadOnly() {
    let space = space()
    for offset in stride(from: 0, to: 256, by: 4) where offset != 4 {
      space.write(offset, .longword, 0xFFFF_FFFF)
    }
    #expect(space.read(0x00, .longword) == 0x1001_1AF4)
    #expect(space.read(0x08, .longword) == 0x0180_0201)
    #expect(space.read(0x0E, .byte) == 0x80)
    #expect(space.read(0x2C, .longword) == 0x0002_1AF4)
    #expect(space.read(0x3C, .word) == 0x01FF)
    #expect(space.read(0x30, .longword) == 0, "no expansion ROM")
    #expect(space.read(0x34, .byte) == 0)
  }

  @Test func commandStoresOnlyImplementedBits() {
    let space = space()
    space.write(4, .word, 0xFFFF)
    #expect(space.read(4, .word) == 0x0547)
    #expect(space.ioEnabled && space.memoryEnabled && space.isBusMaster)
    #expect(space.isInterruptDisabled)
    space.write(4, .byte, 0)
    #expect(space.read(4, .word) == 0x0500)
  }

  @Test func statusErrorBitsAreWriteOneToClear() {
    let space = space()
    space.setReceivedMasterAbort()
    #expect(space.read(6, .word) == 0x2000)
    space.write(6, .word, 0)
    #expect(space.read(6, .word) == 0x2000)
    space.write(4, .longword, 0x2000_0006)
    #expect(space.read(4, .longword) == 6)
    space.write(6, .word, 0xFFFF)
    #expect(space.read(6, .word) == 0)
  }

  @Test(arguments: [
    (BaseAddressRegister.io(size: 128), UInt64(0xFFFF_FF81)),
    (.memory32(size: 4096, prefetchable: false), 0xFFFF_F000),
    (.memory32(size: 16, prefetchable: true), 0xFFFF_FFF8),
    (.memory64(size: 0x4000, prefetchable: true), 0xFFFF_C00C),
  ])
  func sizingReadsBackTheSize(register: BaseAddressRegister, pattern: UInt64) {
    let space = space([2: register])
    space.write(4, .word, 3)
    space.write(0x18, .longword, 0xFFFF_FFFF)
    #expect(space.read(0x18, .longword) == pattern)
    #expect(space.baseAddress(2) == nil, "the sizing pattern claims nothing")
    space.write(0x1C, .longword, 0xFFFF_FFFF)
    let isWide = if case .memory64 = register { true } else { false }
    #expect(space.read(0x1C, .longword) == (isWide ? 0xFFFF_FFFF : 0))
  }

  @Test func baseAddressNeedsDecodeAndAnAddress() {
    let space = space([0: .io(size: 64), 4: .memory64(size: 1 << 32, prefetchable: false)])
    space.write(0x10, .longword, 0xC07F)
    space.write(0x24, .longword, 0x5)
    #expect(space.baseAddress(0) == nil)
    space.write(4, .word, 1)
    #expect(space.baseAddress(0) == 0xC040)
    #expect(space.baseAddress(4) == nil)
    space.write(4, .word, 2)
    #expect(space.baseAddress(0) == nil)
    #expect(space.baseAddress(4) == 0x5_0000_0000)
    #expect(space.baseAddress(5) == nil && space.baseAddress(-1) == nil)
  }

  @Test func partialWritesMoveOneByteOfABaseAddress() {
    let space = space([1: .memory32(size: 4096, prefetchable: false)])
    space.write(4, .word, 2)
    space.write(0x14, .longword, 0x1000_0000)
    space.write(0x17, .byte, 0x20)
    #expect(space.baseAddress(1) == 0x2000_0000)
    space.write(0x14, .byte, 0xFF)
    #expect(space.baseAddress(1) == 0x2000_0000)
  }

  @Test func capabilitiesFormAnAlignedChain() {
    let space = space()
    let first = space.addCapability(id: 9, body: [5, 0xAA, 0xBB], writableMask: [0, 0xF0])
    let second = space.addCapability(id: 0x11, body: [1, 2])
    #expect(first == 0x40 && second == 0x48)
    #expect(space.read(6, .word) & 0x10 != 0)
    #expect(space.read(0x34, .byte) == 0x40)
    #expect(space.read(0x40, .longword) == 0xAA05_4809)
    #expect(space.read(0x48, .longword) == 0x0201_0011)
    space.write(0x40, .longword, 0xFFFF_FFFF)
    #expect(space.read(0x40, .longword) == 0xFA05_4809)
    space.reset()
    #expect(space.read(0x40, .longword) == 0xAA05_4809)
    #expect(space.read(0x34, .byte) == 0x40)
  }

  @Test func outsideTheSpaceReadsOnes() {
    let space = space()
    for offset in [-1, 253, 256, Int.max, Int.min] {
      space.write(offset, .longword, 0)
      #expect(space.read(offset, .longword) == 0xFFFF_FFFF)
    }
    #expect(space.read(248, .quadword) == 0)
  }

  @Test func interruptPinFollowsRequestAndDisableBit() {
    let space = space()
    let line = InterruptLine()
    space.interruptOutput = line
    space.isInterruptPending = true
    #expect(line.isAsserted)
    #expect(space.read(6, .word) & 8 != 0)
    space.write(4, .word, 0x400)
    #expect(!line.isAsserted)
    #expect(space.isInterruptPending, "the status bit ignores the disable bit")
    space.write(6, .word, 0xFFFF)
    #expect(space.isInterruptPending)
    space.reset()
    #expect(line.isAsserted)
    space.isInterruptPending = false
    #expect(!line.isAsserted)
  }

  @Test func observersLearnOnlyOfRealChanges() {
    let space = space([0: .io(size: 4)])
    var changes: [ConfigurationSpace.Change] = []
    space.observe { changes.append($0) }
    space.write(4, .word, 4)
    space.write(4, .word, 4)
    space.write(0x3C, .byte, 9)
    space.write(0x10, .longword, 0x1000)
    space.enableBusMaster()
    space.reset()
    #expect(changes == [.command, .baseAddresses, [.command, .baseAddresses]])
  }

  @Test func savedStateRestoresAndIsChecked() throws {
    let registers: [Int: BaseAddressRegister] = [0: .io(size: 64)]
    let space = space(registers)
    space.write(4, .word, 5)
    space.write(0x10, .longword, 0xC000)
    space.write(0x3C, .byte, 12)
    space.isInterruptPending = true
    space.setReceivedMasterAbort()
    let saved = space.save()

    let copy = ConfigurationSpace(identity, baseAddressRegisters: registers)
    try copy.restore(saved)
    #expect(copy.save() == saved)
    #expect(copy.baseAddress(0) == 0xC000 && copy.isInterruptPending)

    var bad = saved
    bad.bytes[0] = 0x86
    #expect(throws: RestoreFault.self) { try copy.restore(bad) }
    bad = saved
    bad.bytes[0x14] = 1
    #expect(throws: RestoreFault.self) { try copy.restore(bad) }
    bad = saved
    bad.bytes.removeLast()
    #expect(throws: RestoreFault.self) { try copy.restore(bad) }
    #expect(copy.save() == saved, "a refused restore changes nothing")
  }
}
