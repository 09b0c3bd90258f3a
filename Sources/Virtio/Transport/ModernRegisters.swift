import DeviceModel

/// The structures of the modern interface and where they lie in its memory BAR (VIRTIO 1.2, 4.1.4).
enum ModernRegion: UInt64, CaseIterable {
  case common = 0x0000
  case interruptStatus = 0x1000
  case device = 0x2000
  case notify = 0x3000

  /// Bytes of the BAR.
  static let totalSize: UInt32 = 0x4000
  /// Bytes between the notification addresses of two queues.
  static let notifyMultiplier: UInt64 = 4

  /// The region an offset of the BAR lies in, and the offset within.
  static func decode(_ offset: UInt64) -> (ModernRegion, UInt64)? {
    ModernRegion(rawValue: offset & ~0xFFF).map { ($0, offset & 0xFFF) }
  }
}

/// The common configuration structure (VIRTIO 1.2, 4.1.4.3). Fields of 1.2 and later that depend on
/// features not offered are left out.
enum CommonRegister: UInt64, CaseIterable {
  case deviceFeatureSelect = 0x00
  case deviceFeature = 0x04
  case driverFeatureSelect = 0x08
  case driverFeature = 0x0C
  case configurationVector = 0x10
  case queueCount = 0x12
  case deviceStatus = 0x14
  case configurationGeneration = 0x15
  case queueSelect = 0x16
  case queueSize = 0x18
  case queueVector = 0x1A
  case queueEnable = 0x1C
  case queueNotifyOffset = 0x1E
  case descriptorTableLow = 0x20
  case descriptorTableHigh = 0x24
  case availableRingLow = 0x28
  case availableRingHigh = 0x2C
  case usedRingLow = 0x30
  case usedRingHigh = 0x34

  /// Bytes of the structure.
  static let totalSize = 0x38

  /// Bytes of the field; it must be written at this width.
  var width: AccessWidth {
    switch self {
    case .deviceStatus, .configurationGeneration: .byte
    case .configurationVector, .queueCount, .queueSelect, .queueSize, .queueVector, .queueEnable,
      .queueNotifyOffset:
      .word
    default: .longword
    }
  }
}

extension VirtioCore {
  /// What a vector register reads without MSI-X.
  static let noVector: UInt32 = 0xFFFF

  /// Reads the modern BAR. Outside every structure, zero.
  func readModern(_ offset: UInt64, _ width: AccessWidth) -> UInt64 {
    guard let (region, inner) = ModernRegion.decode(offset) else { return 0 }
    switch region {
    case .common: return readCommon(inner, width)
    case .interruptStatus: return inner == 0 ? UInt64(takeInterruptStatus()) : 0
    case .device: return readDeviceConfiguration(inner, width)
    case .notify: return 0
    }
  }

  /// Writes the modern BAR. Outside every structure, ignored.
  func writeModern(_ offset: UInt64, _ width: AccessWidth, _ value: UInt64) {
    guard let (region, inner) = ModernRegion.decode(offset) else { return }
    switch region {
    case .common: writeCommon(inner, width, UInt32(truncatingIfNeeded: value))
    case .interruptStatus: break
    case .device: writeDeviceConfiguration(inner, width, value)
    case .notify: writeNotify(inner, width, value)
    }
  }

  /// The address says which queue; a driver writes the same number (VIRTIO 1.2, 4.1.5.2).
  private func writeNotify(_ offset: UInt64, _ width: AccessWidth, _ value: UInt64) {
    let queue = Int(offset / ModernRegion.notifyMultiplier)
    guard offset.isMultiple(of: ModernRegion.notifyMultiplier), width != .byte else {
      warn("bad notification", "\(width.rawValue)-byte notification at 0x\(hex(offset)) ignored")
      return
    }
    if value & 0xFFFF != UInt64(queue) {
      warn(
        "notification mismatch",
        "value \(value & 0xFFFF) written to the notification address of queue \(queue)")
    }
    kick(queue)
  }

  // MARK: Common configuration

  /// Reads have no side effects here, so any width and alignment is served from the fields' bytes.
  private func readCommon(_ offset: UInt64, _ width: AccessWidth) -> UInt64 {
    var result: UInt64 = 0
    for register in CommonRegister.allCases {
      let distance = Int64(register.rawValue) - Int64(offset)
      guard distance > -4, distance < Int64(width.rawValue) else { continue }
      let field = UInt64(commonValue(register)) & register.width.allOnes
      result |= distance >= 0 ? field << UInt64(8 * distance) : field >> UInt64(-8 * distance)
    }
    return result & width.allOnes
  }

  private func commonValue(_ register: CommonRegister) -> UInt32 {
    let selected = selectedQueue
    switch register {
    case .deviceFeatureSelect: return deviceFeatureSelect
    case .deviceFeature: return word(deviceFeatureSelect, of: offeredFeatures(.modern))
    case .driverFeatureSelect: return driverFeatureSelect
    case .driverFeature: return word(driverFeatureSelect, of: features)
    case .configurationVector, .queueVector: return Self.noVector
    case .queueCount: return UInt32(queues.count)
    case .deviceStatus: return UInt32(status.rawValue)
    case .configurationGeneration: return UInt32(configurationGeneration)
    case .queueSelect: return UInt32(queueSelect)
    case .queueSize: return UInt32(selected?.size ?? 0)
    case .queueEnable: return selected?.isEnabled == true ? 1 : 0
    case .queueNotifyOffset: return selected == nil ? 0 : UInt32(queueSelect)
    case .descriptorTableLow: return low(selected?.descriptorTable)
    case .descriptorTableHigh: return high(selected?.descriptorTable)
    case .availableRingLow: return low(selected?.availableRing)
    case .availableRingHigh: return high(selected?.availableRing)
    case .usedRingLow: return low(selected?.usedRing)
    case .usedRingHigh: return high(selected?.usedRing)
    }
  }

  private func writeCommon(_ offset: UInt64, _ width: AccessWidth, _ value: UInt32) {
    guard let register = CommonRegister(rawValue: offset), register.width == width else {
      warn(
        "bad register write",
        "\(width.rawValue)-byte write at common configuration offset 0x\(hex(offset)) ignored: "
          + "fields are written whole")
      return
    }
    switch register {
    case .deviceFeatureSelect: deviceFeatureSelect = value
    case .driverFeatureSelect: driverFeatureSelect = value
    case .driverFeature: acceptFeatures(value, word: driverFeatureSelect, through: .modern)
    case .deviceStatus: writeStatus(UInt8(truncatingIfNeeded: value), through: .modern)
    case .queueSelect: queueSelect = UInt16(truncatingIfNeeded: value)
    case .queueSize: writeQueueSize(UInt16(truncatingIfNeeded: value))
    case .queueEnable: writeQueueEnable(value)
    case .descriptorTableLow: writeAddress(\.descriptorTable, low: value)
    case .descriptorTableHigh: writeAddress(\.descriptorTable, high: value)
    case .availableRingLow: writeAddress(\.availableRing, low: value)
    case .availableRingHigh: writeAddress(\.availableRing, high: value)
    case .usedRingLow: writeAddress(\.usedRing, low: value)
    case .usedRingHigh: writeAddress(\.usedRing, high: value)
    case .configurationVector, .queueVector: break  // without MSI-X only "no vector" can be stored
    case .deviceFeature, .queueCount, .configurationGeneration, .queueNotifyOffset: break
    }
  }

  // MARK: The selected queue

  private var selectedQueue: QueueRegisters? {
    queues.indices.contains(Int(queueSelect)) ? queues[Int(queueSelect)] : nil
  }

  /// The selected queue's number, when it exists and its set-up may still change.
  private func queueInSetUp(_ field: String) -> Int? {
    let index = Int(queueSelect)
    guard queues.indices.contains(index), claim(.modern) else { return nil }
    guard !queues[index].isEnabled else {
      warn("write to enabled queue", "\(field) of enabled queue \(index) written: ignored")
      return nil
    }
    return index
  }

  private func writeQueueSize(_ size: UInt16) {
    guard let index = queueInSetUp("size") else { return }
    let maximum = queues[index].maximumSize
    guard QueueLayout.isValidSize(size), size <= maximum else {
      warn(
        "bad queue size",
        "queue \(index): size \(size) ignored, a power of two up to \(maximum) is wanted")
      return
    }
    queues[index].size = size
  }

  /// Only 1 is legal; some drivers write 0 when they leave, which does what it says.
  private func writeQueueEnable(_ value: UInt32) {
    let index = Int(queueSelect)
    guard queues.indices.contains(index), claim(.modern) else { return }
    switch value {
    case 0: disable(index)
    case 1: if !queues[index].isEnabled { enable(index) }
    default: warn("bad queue enable", "queue \(index): queue_enable \(value) ignored, 1 is wanted")
    }
  }

  private func writeAddress(
    _ field: WritableKeyPath<QueueRegisters, UInt64>, low: UInt32? = nil, high: UInt32? = nil
  ) {
    guard let index = queueInSetUp("an address") else { return }
    let old = queues[index][keyPath: field]
    queues[index][keyPath: field] =
      UInt64(high ?? self.high(old)) << 32 | UInt64(low ?? self.low(old))
  }

  private func word(_ select: UInt32, of features: VirtioFeatures) -> UInt32 {
    select < 2 ? UInt32(truncatingIfNeeded: features.rawValue >> (32 * UInt64(select))) : 0
  }
  private func low(_ value: UInt64?) -> UInt32 { UInt32(truncatingIfNeeded: value ?? 0) }
  private func high(_ value: UInt64?) -> UInt32 { UInt32(truncatingIfNeeded: (value ?? 0) >> 32) }
}
