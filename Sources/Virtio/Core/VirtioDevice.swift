/// What a device type implements; the transport does the rest.
///
/// A device keeps the ``VirtioCore`` it is attached to (weakly) and takes requests from it with
/// ``VirtioCore/serve(queue:_:)``.
public protocol VirtioDevice: AnyObject {
  /// The name in reports, such as `virtio-blk0`.
  var name: String { get }
  /// The device type.
  var type: VirtioDeviceType { get }
  /// The features of the device type (bits 0 to 23) that the device offers. Constant.
  var features: VirtioFeatures { get }
  /// The largest size of each virtqueue, powers of two. Constant.
  var queueSizes: [UInt16] { get }
  /// The whole device-specific configuration, little-endian. Of constant length.
  var configuration: [UInt8] { get }

  /// The driver writes part of the configuration; what is not writable is ignored. `bytes` lie
  /// wholly inside.
  func writeConfiguration(_ bytes: [UInt8], at offset: Int)
  /// Called once, when the transport is built.
  func attach(to core: VirtioCore)
  /// DRIVER_OK was set: ``VirtioCore/features`` are final.
  func start()
  /// The driver may have made buffers available. Spurious calls are normal.
  func notified(queue: Int)
  /// Back to the state after power-on; nothing of the old session may reach guest memory later.
  func reset()
}

/// Virtio device types (VIRTIO 1.2, 5).
public enum VirtioDeviceType: UInt16, Sendable {
  /// Network card.
  case network = 1
  /// Block device.
  case block = 2
  /// Console.
  case console = 3
  /// Entropy source.
  case entropy = 4
}
