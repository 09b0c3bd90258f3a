public import DeviceModel
public import PCI

/// The PCI face of the bridge: configuration space only, as the 82378 claims ISA cycles by
/// subtractive decoding instead of base address registers.
///
/// Guests look for its class to learn that there is an ISA bus.
public final class PCIISABridge: PCIFunction {
  /// The header, with the identity of the 82378; the board has a ``PanicNotifier`` in the same slot.
  public let configuration = ConfigurationSpace(
    PCIIdentity(vendor: 0x8086, device: 0x0484, classCode: 0x060100, isMultifunction: true))

  /// RSTDRV: resets the devices of the ISA bus, whenever the bridge is reset.
  var resetDevices: () -> Void = {}

  /// A bridge after reset.
  public init() {}

  /// There are no base address registers.
  public func readBAR(
    _ bar: Int, _ offset: UInt64, _ width: AccessWidth
  ) throws(AccessRefusal) -> UInt64 { throw .noRegister }

  /// There are no base address registers.
  public func writeBAR(
    _ bar: Int, _ offset: UInt64, _ width: AccessWidth, _ value: UInt64
  ) throws(AccessRefusal) { throw .noRegister }

  /// RST#: returns the configuration space to its first state, and resets what is behind the bridge.
  public func reset() {
    configuration.reset()
    resetDevices()
  }
}
