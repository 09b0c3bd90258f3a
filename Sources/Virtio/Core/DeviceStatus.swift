/// The device status field (VIRTIO 1.2, 2.1).
public struct DeviceStatus: OptionSet, Sendable, Codable {
  /// The byte as the driver sees it.
  public let rawValue: UInt8
  /// Wraps the byte.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The driver has noticed the device.
  public static let acknowledge = DeviceStatus(rawValue: 1)
  /// The driver knows how to drive it.
  public static let driver = DeviceStatus(rawValue: 2)
  /// The driver is set up; queues are live.
  public static let driverOK = DeviceStatus(rawValue: 4)
  /// The negotiated features are agreed.
  public static let featuresOK = DeviceStatus(rawValue: 8)
  /// The device has failed and waits for a reset.
  public static let needsReset = DeviceStatus(rawValue: 64)
  /// The driver has given up.
  public static let failed = DeviceStatus(rawValue: 128)

  /// What a driver's write can change.
  static let driverOwned: DeviceStatus = [.acknowledge, .driver, .driverOK, .featuresOK, .failed]
  /// Every bit this device can show.
  static let all = driverOwned.union(.needsReset)
}

/// The interrupt status register (VIRTIO 1.2, 4.1.4.5): read to clear.
public struct InterruptStatus: OptionSet, Sendable, Codable {
  /// The byte as the driver sees it.
  public let rawValue: UInt8
  /// Wraps the byte.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A queue has used buffers.
  public static let queue = InterruptStatus(rawValue: 1)
  /// The device's configuration has changed.
  public static let configuration = InterruptStatus(rawValue: 2)
  /// Every bit there is.
  static let all: InterruptStatus = [.queue, .configuration]
}
