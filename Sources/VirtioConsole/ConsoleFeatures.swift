import Virtio

/// The console device's feature bits (VIRTIO 1.2, 5.3.3).
extension VirtioFeatures {
  /// VIRTIO_CONSOLE_F_SIZE: the configuration holds the window's size.
  static let windowSize = VirtioFeatures(bit: 0)
  /// VIRTIO_CONSOLE_F_MULTIPORT: control queues, and more ports than one.
  static let multiport = VirtioFeatures(bit: 1)
  /// VIRTIO_CONSOLE_F_EMERG_WRITE: a character can be written without any queue.
  static let emergencyWrite = VirtioFeatures(bit: 2)
}
