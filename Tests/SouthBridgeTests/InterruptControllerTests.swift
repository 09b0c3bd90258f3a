import DeviceModel
import Testing

@testable import SouthBridge

/// Rules of the Intel 8259A data sheet, named by its section titles.
@Suite struct InterruptControllerTests {
  private let output = InterruptLine()
  private let pics: InterruptControllerPair
  private let wires: [InterruptLine]

  init() {
    let pics = InterruptControllerPair(output: output)
    self.pics = pics
    wires = (0..<16).map { pics.input($0) }
  }

  /// As the firmware leaves the controllers: bases 0 and 8, level where possible, nothing masked.
  private func initialize(bases: (UInt8, UInt8) = (0, 8), word4: UInt8 = 0x01) {
    for (command, base, cascade) in [(0x20, bases.0, 4), (0xA0, bases.1, 2)]
      as [(UInt16, UInt8, UInt8)]
    {
      pics.write(port: command, 0x11)
      pics.write(port: command + 1, base)
      pics.write(port: command + 1, cascade)
      pics.write(port: command + 1, word4)
    }
    pics.write(port: 0x4D0, 0xFF)
    pics.write(port: 0x4D1, 0xFF)
  }

  private func endOfInterrupt(_ irq: UInt8) {
    // As Linux does it: rotate on specific EOI, slave first.
    if irq >= 8 { pics.write(port: 0xA0, 0xE0 | (irq & 7)) }
    pics.write(port: 0x20, 0xE0 | (irq < 8 ? irq : 2))
  }

  private func pulse(_ irq: Int) {
    wires[irq].drive(false)
    wires[irq].drive(true)
  }

  // MARK: Initialization

  @Test func nothingIsPassedOnBeforeInitialization() {
    wires[4].drive(true)
    #expect(!output.isAsserted)
    #expect(pics.acknowledge() == 7)
  }

  @Test func anIdleAcknowledgeGivesIR7() {
    initialize()
    #expect(pics.acknowledge() == 7)
    initialize(bases: (0x20, 0x28))
    #expect(pics.acknowledge() == 0x27)
  }

  @Test func icw2GivesTheUpperFiveBitsOfTheVector() {
    initialize(bases: (0x47, 0x73))
    wires[4].drive(true)
    #expect(pics.acknowledge() == 0x44)
    wires[4].drive(false)
    endOfInterrupt(4)
    wires[12].drive(true)
    #expect(pics.acknowledge() == 0x74)
  }

  @Test func icw1ClearsTheMaskAndSelectsTheRequestRegister() {
    initialize()
    pics.write(port: 0x21, 0xFF)
    pics.write(port: 0x20, 0x0B)
    pics.write(port: 0x20, 0x11)
    for word: UInt8 in [0, 4, 1] { pics.write(port: 0x21, word) }
    #expect(pics.read(port: 0x21) == 0)
    wires[5].drive(true)
    #expect(pics.read(port: 0x20) == 0x20)
  }

  @Test func edgeLevelRegistersKeepFiveInputsEdgeTriggered() {
    initialize()
    #expect(pics.read(port: 0x4D0) == 0xF8)
    #expect(pics.read(port: 0x4D1) == 0xDE)
  }

  // MARK: Edge and level

  @Test func aLevelInputInterruptsUntilItFalls() {
    initialize()
    wires[4].drive(true)
    #expect(output.isAsserted)
    #expect(pics.acknowledge() == 4)
    #expect(!output.isAsserted)
    endOfInterrupt(4)
    #expect(output.isAsserted)
    wires[4].drive(false)
    #expect(!output.isAsserted)
  }

  @Test func anEdgeInputInterruptsOncePerRise() {
    initialize()
    wires[0].drive(true)
    #expect(pics.acknowledge() == 0)
    endOfInterrupt(0)
    #expect(!output.isAsserted)
    pulse(0)
    #expect(output.isAsserted)
  }

  @Test func aRequestThatGoesBeforeItsAcknowledgeIsSpurious() {
    initialize()
    wires[0].drive(true)
    wires[0].drive(false)
    #expect(pics.acknowledge() == 7)
    pics.write(port: 0x20, 0x0B)
    #expect(pics.read(port: 0x20) == 0, "a spurious IR7 sets no in-service bit")
  }

  @Test func aSpuriousSlaveInterruptIsIR15() {
    var slave = InterruptController8259(isMaster: false)
    slave.writeCommandPort(0x11)
    for word: UInt8 in [8, 2, 1] { slave.writeDataPort(word) }
    #expect(slave.vectorBase | slave.acknowledge() == 15)
    #expect(slave.inService == 0)
  }

  // MARK: Masks and priority

  @Test func aMaskedRequestWaits() {
    initialize()
    pics.write(port: 0x21, 0x10)
    wires[4].drive(true)
    #expect(!output.isAsserted)
    #expect(!pics.isEnabled(4) && pics.isEnabled(3))
    pics.write(port: 0x21, 0)
    #expect(pics.acknowledge() == 4)
  }

  @Test func lowerNumbersWinAndOnlyTheyNest() {
    initialize()
    wires[5].drive(true)
    wires[3].drive(true)
    #expect(pics.acknowledge() == 3)
    #expect(!output.isAsserted)
    wires[1].drive(true)
    #expect(output.isAsserted)
    #expect(pics.acknowledge() == 1)
  }

  @Test func theSlaveRanksAsInputTwo() {
    initialize()
    wires[3].drive(true)
    wires[15].drive(true)
    #expect(pics.acknowledge() == 15)
    pics.write(port: 0x20, 0x0B)
    #expect(pics.read(port: 0x20) == 0x04)
    wires[15].drive(false)
    endOfInterrupt(15)
    #expect(pics.acknowledge() == 3)
  }

  @Test func fullyNestedModeHoldsTheSlaveBackAndTheSpecialOneDoesNot() {
    initialize()
    wires[12].drive(true)
    #expect(pics.acknowledge() == 12)
    wires[9].drive(true)
    #expect(!output.isAsserted)

    initialize(word4: 0x11)
    #expect(pics.acknowledge() == 9)
    wires[9].drive(false)
    pics.write(port: 0xA0, 0x20)
    #expect(output.isAsserted)
    #expect(pics.acknowledge() == 12)
    wires[8].drive(true)
    #expect(pics.acknowledge() == 8, "a higher input of a slave in service gets through")
  }

  @Test func specialFullyNestedModeStillHoldsLowerInputsBack() {
    initialize(word4: 0x11)
    wires[12].drive(true)
    #expect(pics.acknowledge() == 12)
    wires[3].drive(true)
    #expect(!output.isAsserted)
    wires[9].drive(true)
    #expect(pics.acknowledge() == 9)
  }

  // MARK: End of interrupt

  @Test func nonSpecificEndTakesTheHighestInService() {
    initialize()
    wires[5].drive(true)
    _ = pics.acknowledge()
    wires[3].drive(true)
    _ = pics.acknowledge()
    pics.write(port: 0x20, 0x0B)
    #expect(pics.read(port: 0x20) == 0x28)
    pics.write(port: 0x20, 0x20)
    #expect(pics.read(port: 0x20) == 0x20)
    pics.write(port: 0x20, 0x65)
    #expect(pics.read(port: 0x20) == 0)
  }

  @Test func automaticEndLeavesNothingInService() {
    initialize(word4: 0x03)
    pulse(0)
    #expect(pics.acknowledge() == 0)
    pics.write(port: 0x20, 0x0B)
    #expect(pics.read(port: 0x20) == 0)
    pulse(0)
    #expect(output.isAsserted)
  }

  // MARK: Rotation

  @Test(arguments: 0..<8 as Range<UInt8>)
  func rotateOnSpecificEndMakesTheInputTheLowest(_ lowest: UInt8) {
    initialize()
    pics.write(port: 0x21, 0x04)
    pics.write(port: 0x20, 0xE0 | lowest)
    for irq in [0, 1, 3, 4, 5, 6, 7] { wires[irq].drive(true) }
    var order: [UInt8] = []
    for _ in 0..<7 {
      let irq = pics.acknowledge()
      order.append(irq)
      wires[Int(irq)].drive(false)
      pics.write(port: 0x20, 0x60 | irq)
    }
    let expected = (1...8).map { (lowest &+ $0) & 7 }.filter { $0 != 2 }
    #expect(order == expected)
  }

  @Test func rotateOnNonSpecificEndAndSetPriority() {
    initialize()
    wires[4].drive(true)
    _ = pics.acknowledge()
    wires[4].drive(false)
    pics.write(port: 0x20, 0xA0)
    wires[3].drive(true)
    wires[5].drive(true)
    #expect(pics.acknowledge() == 5, "after rotation by 4, input 5 is the highest")
    initialize()
    pics.write(port: 0x20, 0xC3)
    #expect(pics.acknowledge() == 5)
  }

  @Test func rotationInAutomaticMode() {
    initialize(word4: 0x03)
    pics.write(port: 0x20, 0x80)
    wires[4].drive(true)
    wires[5].drive(true)
    #expect([pics.acknowledge(), pics.acknowledge(), pics.acknowledge()] == [4, 5, 4])
    pics.write(port: 0x20, 0x00)
    #expect([pics.acknowledge(), pics.acknowledge()] == [5, 5])
  }

  // MARK: Special mask, poll

  @Test func specialMaskLetsLowerInputsThrough() {
    initialize()
    wires[3].drive(true)
    _ = pics.acknowledge()
    wires[5].drive(true)
    #expect(!output.isAsserted)
    pics.write(port: 0x21, 0x08)
    #expect(!output.isAsserted)
    pics.write(port: 0x20, 0x68)
    #expect(output.isAsserted)
    #expect(pics.acknowledge() == 5)
    pics.write(port: 0x20, 0x20)
    pics.write(port: 0x20, 0x0B)
    #expect(pics.read(port: 0x20) == 0x08, "a non-specific end passes over masked levels")
  }

  @Test func pollIsAnAcknowledge() {
    initialize()
    pics.write(port: 0x20, 0x0C)
    #expect(pics.read(port: 0x20) == 0)
    wires[6].drive(true)
    pics.write(port: 0x20, 0x0C)
    #expect(pics.read(port: 0x20) == 0x86)
    #expect(!output.isAsserted)
    #expect(pics.read(port: 0x20) == 0x40, "only the next read answers the poll")
  }

  // MARK: Saved state

  @Test func stateSurvivesSaveAndRestore() throws {
    initialize()
    pics.write(port: 0x20, 0xE3)
    wires[5].drive(true)
    _ = pics.acknowledge()
    wires[4].drive(true)
    let other = InterruptLine()
    let copy = InterruptControllerPair(output: other)
    try copy.restore(pics.save())
    #expect(copy.save() == pics.save())
    #expect(other.isAsserted)
    #expect(copy.acknowledge() == 4)
  }
}
