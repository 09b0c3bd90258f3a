public import DeviceModel

/// A longword I/O register with which a guest test reports its result to the host.
///
/// Writing 0 says that the test passed, any other value that it failed. Reading gives the ASCII
/// letters `BRKW` in memory order, so that a guest can tell this machine from others before it
/// writes: elsewhere an unclaimed port reads as zeros or ones.
public final class ExitRegister: BusDevice {
  /// The I/O port, between the ISA devices and the PCI base addresses that firmware assigns.
  public static let port: UInt16 = 0x500

  /// What reading gives.
  public static let signature: UInt64 = 0x574B_5242  // "BRKW", little-endian

  private let report: (UInt32) -> Void

  /// A register that hands each value written to `report`.
  public init(report: @escaping (UInt32) -> Void) { self.report = report }

  /// The signature. Only whole longwords.
  public func read(_ offset: UInt64, _ width: AccessWidth) throws(AccessRefusal) -> UInt64 {
    try check(offset, width)
    return Self.signature
  }

  /// Reports a result. Only whole longwords.
  public func write(_ offset: UInt64, _ width: AccessWidth, _ value: UInt64) throws(AccessRefusal) {
    try check(offset, width)
    report(UInt32(truncatingIfNeeded: value))
  }

  private func check(_ offset: UInt64, _ width: AccessWidth) throws(AccessRefusal) {
    guard offset < 4 else { throw .noRegister }
    guard width == .longword else { throw .badWidth }
    guard offset == 0 else { throw .misaligned }
  }
}
