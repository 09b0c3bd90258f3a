public import DeviceModel

/// A driver's hands on a virtio device's registers, by their offsets in the specification.
public struct DriverSideRegisters {
  private let load: (UInt64, AccessWidth) throws -> UInt64
  private let store: (UInt64, AccessWidth, UInt64) throws -> Void

  /// Registers reached through two closures that take an offset.
  public init(
    load: @escaping (UInt64, AccessWidth) throws -> UInt64,
    store: @escaping (UInt64, AccessWidth, UInt64) throws -> Void
  ) {
    self.load = load
    self.store = store
  }

  /// Reads a register.
  public func read(_ offset: UInt64, _ width: AccessWidth) throws -> UInt64 {
    try load(offset, width)
  }

  /// Writes a register.
  public func write(_ offset: UInt64, _ width: AccessWidth, _ value: UInt64) throws {
    try store(offset, width, value)
  }

  /// Writes a 64-bit field as two halves.
  public func writeHalves(_ offset: UInt64, _ value: UInt64) throws {
    try store(offset, .longword, value & 0xFFFF_FFFF)
    try store(offset + 4, .longword, value >> 32)
  }
}

extension DriverSideRegisters {
  // The modern layout with common configuration at 0, ISR at 0x1000, notification at 0x3000
  // (VIRTIO 1.2, 4.1.4.3).

  /// device_status of the modern interface.
  public func status() throws -> UInt64 { try read(0x14, .byte) }

  /// Writes device_status of the modern interface.
  public func setStatus(_ status: UInt64) throws { try write(0x14, .byte, status) }

  /// The offered features of the modern interface.
  public func offeredFeatures() throws -> UInt64 {
    try write(0x00, .longword, 0)
    let low = try read(0x04, .longword)
    try write(0x00, .longword, 1)
    return try low | read(0x04, .longword) << 32
  }

  /// Accepts features through the modern interface.
  public func acceptFeatures(_ features: UInt64) throws {
    try write(0x08, .longword, 0)
    try write(0x0C, .longword, features & 0xFFFF_FFFF)
    try write(0x08, .longword, 1)
    try write(0x0C, .longword, features >> 32)
  }

  /// Resets the device and brings it to FEATURES_OK, as a modern driver does. Whether it agreed.
  @discardableResult
  public func negotiate(_ features: UInt64) throws -> Bool {
    try setStatus(0)
    try setStatus(1)
    try setStatus(3)
    try acceptFeatures(features)
    try setStatus(11)
    return try status() & 8 != 0
  }

  /// Sets a queue up through the modern interface.
  public func enable(queue index: UInt64 = 0, _ queue: DriverSideQueue) throws {
    try write(0x16, .word, index)
    try write(0x18, .word, UInt64(queue.size))
    try writeHalves(0x20, queue.descriptorTable)
    try writeHalves(0x28, queue.availableRing)
    try writeHalves(0x30, queue.usedRing)
    try write(0x1C, .word, 1)
  }

  /// Sets DRIVER_OK beside what a modern driver has set before.
  public func driverOK() throws { try setStatus(15) }

  /// Notifies a queue through the modern interface.
  public func kick(queue index: UInt64 = 0) throws {
    try write(0x3000 + 4 * index, .word, index)
  }

  /// Reads, and so clears, the interrupt status of the modern interface.
  public func takeInterruptStatus() throws -> UInt64 { try read(0x1000, .byte) }
}
