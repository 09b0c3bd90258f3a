/// What a function says about itself in the read-only part of its header.
public struct PCIIdentity: Equatable, Sendable {
  /// Vendor ID.
  public var vendor: UInt16
  /// Device ID.
  public var device: UInt16
  /// Revision ID.
  public var revision: UInt8
  /// Base class, sub-class and programming interface, as 24 bits: `0xBBSSPP`.
  public var classCode: UInt32
  /// Subsystem Vendor ID.
  public var subsystemVendor: UInt16
  /// Subsystem ID.
  public var subsystem: UInt16
  /// The interrupt pin the function drives, if any.
  public var interruptPin: InterruptPin?
  /// Whether function 0 announces further functions of its device (Header Type bit 7).
  public var isMultifunction: Bool

  /// Describes a function. Only the low 24 bits of `classCode` count.
  public init(
    vendor: UInt16, device: UInt16, revision: UInt8 = 0, classCode: UInt32,
    subsystemVendor: UInt16 = 0, subsystem: UInt16 = 0, interruptPin: InterruptPin? = nil,
    isMultifunction: Bool = false
  ) {
    self.vendor = vendor
    self.device = device
    self.revision = revision
    self.classCode = classCode & 0xFF_FFFF
    self.subsystemVendor = subsystemVendor
    self.subsystem = subsystem
    self.interruptPin = interruptPin
    self.isMultifunction = isMultifunction
  }
}
