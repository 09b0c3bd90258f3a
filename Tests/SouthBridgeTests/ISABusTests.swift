import DeviceModel
import Testing

@testable import SouthBridge

@Suite struct ISABusTests {
  /// Sixteen bytes that can be read back.
  private final class Bytes: ISADevice {
    var content: [UInt16: UInt8] = [:]
    func read(port: UInt16) -> UInt8 { content[port] ?? 0 }
    func write(port: UInt16, _ value: UInt8) { content[port] = value }
  }

  private let bus = ISABus()
  private let bytes = Bytes()

  init() { bus.attach(bytes, at: 0x10...0x12, 0xFFFE...0xFFFF) }

  @Test func wideAccessesBecomeBytesInOrder() throws {
    try bus.write(0x10, .word, 0xABCD)
    #expect(bytes.content == [0x10: 0xCD, 0x11: 0xAB])
    #expect(try bus.read(0x10, .word) == 0xABCD)
    #expect(try bus.read(0x11, .byte) == 0xAB)
  }

  @Test func bytesThatNobodyClaimsReadAsOnes() throws {
    try bus.write(0x12, .longword, 0x1122_3344)
    #expect(bytes.content == [0x12: 0x44])
    #expect(try bus.read(0x12, .longword) == 0xFFFF_FF44)
  }

  @Test func unclaimedPortsAreRefused() {
    #expect(throws: AccessRefusal.noRegister) { try bus.read(0x3F0, .byte) }
    #expect(throws: AccessRefusal.noRegister) { try bus.write(0x3F0, .longword, 0) }
    #expect(throws: AccessRefusal.noRegister) { try bus.read(0x13, .byte) }
  }

  @Test func accessesEndWithThePortSpace() {
    #expect(throws: AccessRefusal.noRegister) { try bus.read(0xFFFF, .word) }
    #expect(throws: AccessRefusal.noRegister) { try bus.read(0x1_0010, .byte) }
    #expect(throws: AccessRefusal.noRegister) { try bus.read(.max, .longword) }
    #expect(throws: AccessRefusal.badWidth) { try bus.read(0x10, .quadword) }
  }

  @Test func aWideDeviceGetsWholeAccesses() throws {
    var results: [UInt32] = []
    bus.attach(ExitRegister { results.append($0) }, at: 0x500...0x503)
    #expect(try bus.read(0x500, .longword) == 0x574B_5242)
    try bus.write(0x500, .longword, 0xFFFF_FFFF_0000_0007)
    #expect(results == [7])
    #expect(throws: AccessRefusal.badWidth) { try bus.write(0x500, .byte, 0) }
    #expect(throws: AccessRefusal.misaligned) { try bus.write(0x502, .longword, 0) }
    #expect(results == [7])
  }
}
