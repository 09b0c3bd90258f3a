public import DeviceModel

/// The TIGbus, on which real boards have flash, reset and power registers, one byte in each block
/// of 64 bytes (21272 HRM 6.4).
///
/// This board has nothing there. The bus has no handshake, so reads return zero and writes go
/// nowhere, at any width.
public final class TIGBus: BusDevice {
  /// An empty bus.
  public init() {}

  /// Zero.
  public func read(_ offset: UInt64, _ width: AccessWidth) throws(AccessRefusal) -> UInt64 { 0 }

  /// No effect.
  public func write(
    _ offset: UInt64, _ width: AccessWidth, _ value: UInt64
  ) throws(AccessRefusal) {}
}
