import Virtio

/// The block device's feature bits (VIRTIO 1.2, 5.2.3).
extension VirtioFeatures {
  /// VIRTIO_BLK_F_SIZE_MAX: most bytes of a data element.
  static let sizeMax = VirtioFeatures(bit: 1)
  /// VIRTIO_BLK_F_SEG_MAX: most data elements of a request.
  static let segMax = VirtioFeatures(bit: 2)
  /// VIRTIO_BLK_F_RO: the disk is read-only.
  static let readOnly = VirtioFeatures(bit: 5)
  /// VIRTIO_BLK_F_BLK_SIZE.
  static let blockSize = VirtioFeatures(bit: 6)
  /// VIRTIO_BLK_F_FLUSH.
  static let flush = VirtioFeatures(bit: 9)
  /// VIRTIO_BLK_F_CONFIG_WCE: the driver chooses between write-back and write-through.
  static let configWCE = VirtioFeatures(bit: 11)
  /// VIRTIO_BLK_F_MQ.
  static let multiQueue = VirtioFeatures(bit: 12)
  /// VIRTIO_BLK_F_DISCARD.
  static let discard = VirtioFeatures(bit: 13)
  /// VIRTIO_BLK_F_WRITE_ZEROES.
  static let writeZeroes = VirtioFeatures(bit: 14)
}
