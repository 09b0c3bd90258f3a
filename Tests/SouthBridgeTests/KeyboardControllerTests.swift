import DeviceModel
import Testing

@testable import SouthBridge

@Suite struct KeyboardControllerTests {
  private let irq1 = InterruptLine()
  private let irq12 = InterruptLine()
  private let controller: KeyboardController8042

  init() { controller = KeyboardController8042(keyboard: irq1, mouse: irq12) }

  private func command(_ value: UInt8) -> UInt8? {
    controller.write(port: 0x64, value)
    guard controller.read(port: 0x64) & 1 == 1 else { return nil }
    return controller.read(port: 0x60)
  }

  @Test func anIdleControllerHasNothingToRead() {
    #expect(controller.read(port: 0x64) & 0x03 == 0)
    #expect(controller.read(port: 0x60) == 0)
  }

  @Test func selfTestsPass() {
    #expect(command(0xAA) == 0x55)
    #expect(controller.read(port: 0x64) & 0x04 == 0x04)
    #expect(command(0xAB) == 0x00)
  }

  @Test func theCommandByteIsKept() {
    #expect(command(0x60) == nil)
    controller.write(port: 0x60, 0x74)
    #expect(command(0x20) == 0x74)
    #expect(command(0xAE) == nil)
    #expect(command(0x20) == 0x64)
  }

  @Test func theKeyboardTimesOut() {
    controller.write(port: 0x60, 0xFF)
    #expect(controller.read(port: 0x64) & 0x41 == 0x41)
    #expect(controller.read(port: 0x60) == 0xFE)
    #expect(controller.read(port: 0x64) & 0x41 == 0)
  }

  @Test(arguments: [0x61, 0x7F, 0xD1] as [UInt8])
  func aParameterIsNotForTheKeyboard(_ value: UInt8) {
    #expect(command(value) == nil)
    controller.write(port: 0x60, 0x5A)
    #expect(controller.read(port: 0x64) & 0x41 == 0, "no reply, no time-out")
    controller.write(port: 0x60, 0xFF)
    #expect(controller.read(port: 0x60) == 0xFE, "the next byte is")
  }

  @Test func repliesCanBeWrittenAsTheKeyboardOrTheMouse() {
    controller.write(port: 0x64, 0x60)
    controller.write(port: 0x60, 0x03)
    for (value, status, isMouse) in [(0xD2, 0x01, false), (0xD3, 0x21, true)]
      as [(UInt8, UInt8, Bool)]
    {
      controller.write(port: 0x64, value)
      controller.write(port: 0x60, 0x5A)
      #expect(controller.read(port: 0x64) & 0x61 == status)
      #expect(irq1.isAsserted == !isMouse && irq12.isAsserted == isMouse)
      #expect(controller.read(port: 0x60) == 0x5A)
      #expect(!irq1.isAsserted && !irq12.isAsserted)
    }
  }

  @Test func theMouseTimesOut() {
    controller.write(port: 0x64, 0xD4)
    controller.write(port: 0x60, 0xFF)
    #expect(controller.read(port: 0x64) & 0x61 == 0x61)
    #expect(controller.read(port: 0x60) == 0xFE)
    #expect(controller.read(port: 0x64) & 0x61 == 0)
  }

  @Test func thePortsOfTheControllerCanBeRead() {
    #expect(command(0xC0) == 0xB0)
    #expect(command(0xD0) == 0xCF)
  }

  @Test func repliesInterruptWhenEnabled() {
    controller.write(port: 0x64, 0x60)
    controller.write(port: 0x60, 0x01)
    controller.write(port: 0x64, 0xAA)
    #expect(irq1.isAsserted)
    _ = controller.read(port: 0x60)
    #expect(!irq1.isAsserted)
  }
}
