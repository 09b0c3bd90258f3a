public import DeviceModel

/// One function of a PCI device, as the bus sees it.
public protocol PCIFunction: AnyObject {
  /// The function's configuration space.
  var configuration: ConfigurationSpace { get }

  /// Reads `width` bytes at `offset` from the start of the claimed range of a base address
  /// register. The bus turns a refusal into all ones.
  func readBAR(
    _ bar: Int, _ offset: UInt64, _ width: AccessWidth
  ) throws(AccessRefusal) -> UInt64

  /// Stores the low `width` bytes of `value` at `offset` of the claimed range of a base address
  /// register. The bus drops what the function refuses.
  func writeBAR(
    _ bar: Int, _ offset: UInt64, _ width: AccessWidth, _ value: UInt64
  ) throws(AccessRefusal)

  /// Serves a configuration read. The default asks ``configuration``.
  func readConfiguration(_ offset: Int, _ width: AccessWidth) -> UInt64

  /// Serves a configuration write. The default tells ``configuration``.
  func writeConfiguration(_ offset: Int, _ width: AccessWidth, _ value: UInt64)

  /// RST# was asserted: the function, with its configuration space, starts anew.
  func reset()
}

extension PCIFunction {
  /// Reads the configuration space.
  public func readConfiguration(_ offset: Int, _ width: AccessWidth) -> UInt64 {
    configuration.read(offset, width)
  }

  /// Writes the configuration space.
  public func writeConfiguration(_ offset: Int, _ width: AccessWidth, _ value: UInt64) {
    configuration.write(offset, width, value)
  }
}
