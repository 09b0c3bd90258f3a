import DeviceModel

/// The registers of the legacy interface in I/O BAR 0 (VIRTIO 1.2, 4.1.4.10), in the guest's byte
/// order, which is little-endian on Alpha. Without MSI-X there are no vector registers, and the
/// device's configuration follows at once.
enum LegacyRegister: UInt64 {
  case deviceFeatures = 0
  case guestFeatures = 4
  case queueAddress = 8
  case queueSize = 12
  case queueSelect = 14
  case queueNotify = 16
  case deviceStatus = 18
  case interruptStatus = 19

  /// Where the device's configuration starts.
  static let configuration: UInt64 = 20
  /// Bytes of the BAR.
  static let totalSize: UInt32 = 128

  /// Bytes of the register.
  var width: AccessWidth {
    switch self {
    case .deviceFeatures, .guestFeatures, .queueAddress: .longword
    case .queueSize, .queueSelect, .queueNotify: .word
    case .deviceStatus, .interruptStatus: .byte
    }
  }
}

extension VirtioCore {
  /// Reads I/O BAR 0.
  func readLegacy(_ offset: UInt64, _ width: AccessWidth) throws(AccessRefusal) -> UInt64 {
    guard offset < LegacyRegister.configuration else {
      return readDeviceConfiguration(offset - LegacyRegister.configuration, width)
    }
    switch try legacyRegister(offset, width) {
    case .deviceFeatures: return offeredFeatures(.legacy).rawValue
    case .guestFeatures: return features.intersection(.legacyMask).rawValue
    case .queueAddress: return UInt64(legacyQueue?.pageFrame ?? 0)
    case .queueSize: return UInt64(legacyQueue?.maximumSize ?? 0)
    case .queueSelect: return UInt64(queueSelect)
    case .queueNotify: return 0
    case .deviceStatus: return UInt64(status.rawValue)
    case .interruptStatus: return UInt64(takeInterruptStatus())
    }
  }

  /// Writes I/O BAR 0.
  func writeLegacy(
    _ offset: UInt64, _ width: AccessWidth, _ value: UInt64
  ) throws(AccessRefusal) {
    guard offset < LegacyRegister.configuration else {
      return writeDeviceConfiguration(offset - LegacyRegister.configuration, width, value)
    }
    switch try legacyRegister(offset, width) {
    case .guestFeatures:
      acceptFeatures(UInt32(truncatingIfNeeded: value), word: 0, through: .legacy)
    case .queueAddress: writePageFrame(UInt32(truncatingIfNeeded: value))
    case .queueSelect: queueSelect = UInt16(truncatingIfNeeded: value)
    case .queueNotify: kick(Int(UInt16(truncatingIfNeeded: value)))
    case .deviceStatus: writeStatus(UInt8(truncatingIfNeeded: value), through: .legacy)
    case .deviceFeatures, .queueSize, .interruptStatus: break
    }
  }

  private func legacyRegister(
    _ offset: UInt64, _ width: AccessWidth
  ) throws(AccessRefusal) -> LegacyRegister {
    guard let register = LegacyRegister(rawValue: offset) else { throw .noRegister }
    guard register.width == width else { throw .badWidth }
    return register
  }

  private var legacyQueue: QueueRegisters? {
    queues.indices.contains(Int(queueSelect)) ? queues[Int(queueSelect)] : nil
  }

  /// The queue address in pages of 4096 bytes, whatever the CPU's page size. 0 takes the queue away.
  private func writePageFrame(_ frame: UInt32) {
    let index = Int(queueSelect)
    guard queues.indices.contains(index), claim(.legacy) else { return }
    guard frame != 0 else {
      disable(index)
      queues[index].pageFrame = 0
      return
    }
    guard !queues[index].isEnabled else {
      warn("write to enabled queue", "address of enabled queue \(index) written: ignored")
      return
    }
    queues[index].pageFrame = frame
    enable(index)
  }
}
