import DeviceModel
import PCI
import SouthBridge
import Testing

@Suite("Panic notifier")
struct PanicNotifierTests {
  private final class Reports {
    var count = 0
  }
  private let reports = Reports()
  private let device: PanicNotifier

  init() { device = PanicNotifier { [reports] in reports.count += 1 } }

  @Test("Only event bit 0 is taken and reported")
  func events() throws {
    #expect(try device.readBAR(0, 0, .byte) == 1)
    try device.writeBAR(0, 0, .byte, 2)
    #expect(reports.count == 0)
    try device.writeBAR(0, 0, .byte, 3)
    #expect(reports.count == 1)
  }

  @Test("The register is one byte")
  func widths() {
    #expect(throws: AccessRefusal.badWidth) { try device.writeBAR(0, 0, .longword, 1) }
    #expect(throws: AccessRefusal.noRegister) { try device.writeBAR(0, 1, .byte, 1) }
    #expect(reports.count == 0)
  }

  @Test("Drivers find it by its numbers and its memory")
  func identity() {
    let header = device.configuration
    #expect(header.read(0, .longword) == 0x0011_1B36)
    header.write(0x10, .longword, 0xFFFF_FFFF)
    #expect(header.read(0x10, .longword) == 0xFFFF_FFF0)
    device.reset()
    #expect(header.read(0x10, .longword) == 0)
  }
}
