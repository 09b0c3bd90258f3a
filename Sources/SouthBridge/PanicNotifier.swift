public import DeviceModel
public import PCI

/// The PCI device with which a guest kernel says that it has crashed, so that a run ends instead of
/// looping in the kernel's last instruction or starting over.
///
/// Registers and numbers follow QEMU's interface specification "PVPANIC DEVICE" (1b36:0011), for
/// which Linux has a driver (CONFIG_PVPANIC_PCI): one byte in memory BAR 0. Reading gives the events
/// that the host takes; writing reports events.
public final class PanicNotifier: PCIFunction {
  /// Event bit 0: the guest has panicked. Bit 1, "panicked, and handled by a crash kernel", is not
  /// taken: that guest goes on by itself.
  public static let panicked: UInt64 = 1

  /// The header: a base system peripheral of no particular kind.
  public let configuration = ConfigurationSpace(
    PCIIdentity(vendor: 0x1B36, device: 0x0011, classCode: 0x088000),
    baseAddressRegisters: [0: .memory32(size: 16, prefetchable: false)])

  private let report: () -> Void

  /// A device that calls `report` when the guest has panicked.
  public init(report: @escaping () -> Void) { self.report = report }

  /// The events that are taken.
  public func readBAR(
    _ bar: Int, _ offset: UInt64, _ width: AccessWidth
  ) throws(AccessRefusal) -> UInt64 {
    try check(offset, width)
    return Self.panicked
  }

  /// Reports events.
  public func writeBAR(
    _ bar: Int, _ offset: UInt64, _ width: AccessWidth, _ value: UInt64
  ) throws(AccessRefusal) {
    try check(offset, width)
    if value & Self.panicked != 0 { report() }
  }

  private func check(_ offset: UInt64, _ width: AccessWidth) throws(AccessRefusal) {
    guard offset == 0 else { throw .noRegister }
    guard width == .byte else { throw .badWidth }
  }

  /// RST#: the base address is forgotten.
  public func reset() { configuration.reset() }
}
