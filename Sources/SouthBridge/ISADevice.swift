/// A device with byte-wide registers at I/O ports, as every chip on this ISA bus but one.
public protocol ISADevice: AnyObject {
  /// The register at an I/O port that the bus has decoded for this device.
  func read(port: UInt16) -> UInt8
  /// Stores into the register at an I/O port that the bus has decoded for this device.
  func write(port: UInt16, _ value: UInt8)
}
