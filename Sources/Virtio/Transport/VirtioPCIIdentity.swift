import GuestMemory
import PCI

extension PCIIdentity {
  /// The identity of a virtio function (VIRTIO 1.2, 4.1.2).
  static func virtio(_ type: VirtioDeviceType, _ interface: VirtioInterface) -> PCIIdentity {
    let isModern = interface == .modern
    return PCIIdentity(
      vendor: 0x1AF4, device: isModern ? 0x1040 + type.rawValue : type.transitionalPCIDevice,
      // Drivers tell the kinds apart by revision: some accept exactly 1 and exactly 0.
      revision: isModern ? 1 : 0, classCode: type.pciClass, subsystemVendor: 0x1AF4,
      subsystem: isModern ? 0x1040 + type.rawValue : type.rawValue, interruptPin: .a)
  }
}

extension VirtioDeviceType {
  /// The PCI device id of a device with legacy registers.
  var transitionalPCIDevice: UInt16 {
    switch self {
    case .network: 0x1000
    case .block: 0x1001
    case .console: 0x1003
    case .entropy: 0x1005
    }
  }

  /// The specification leaves the class open; these are what drivers have met.
  var pciClass: UInt32 {
    switch self {
    case .network: 0x02_0000
    case .block: 0x01_0000
    case .console: 0x07_8000
    case .entropy: 0xFF_0000
    }
  }
}

extension BaseAddressRegister {
  /// The base address registers of a virtio function.
  static func virtio(_ interface: VirtioInterface) -> [Int: BaseAddressRegister] {
    var registers: [Int: BaseAddressRegister] = [:]
    if interface != .modern {
      registers[VirtioPCIFunction.legacyBAR] = .io(size: LegacyRegister.totalSize)
    }
    if interface != .legacy {
      registers[VirtioPCIFunction.modernBAR] = .memory32(
        size: ModernRegion.totalSize, prefetchable: false)
    }
    return registers
  }
}

extension ConfigurationSpace {
  /// Appends the five vendor-specific capabilities (VIRTIO 1.2, 4.1.4). Returns the offset of the
  /// PCI configuration access capability.
  func addVirtioCapabilities(for device: any VirtioDevice) -> Int {
    let multiplier = UInt32(ModernRegion.notifyMultiplier)
    addStructure(1, .common, byteCount: UInt32(CommonRegister.totalSize))
    addStructure(
      2, .notify, byteCount: multiplier * UInt32(device.queueSizes.count), extra: [multiplier])
    addStructure(3, .interruptStatus, byteCount: 1)
    if !device.configuration.isEmpty {
      addStructure(4, .device, byteCount: UInt32(device.configuration.count))
    }
    // Here the driver fills in BAR, offset and length; the device answers at the data.
    let body: [UInt8] = [20, 5] + [UInt8](repeating: 0, count: 16)
    let writable: [UInt8] = [0, 0, 0xFF, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 12)
    return addCapability(id: 0x09, body: body, writableMask: writable)
  }

  private func addStructure(
    _ type: UInt8, _ region: ModernRegion, byteCount: UInt32, extra: [UInt32] = []
  ) {
    let words = [UInt32(region.rawValue), byteCount] + extra
    let length = UInt8(8 + 4 * words.count)
    var body: [UInt8] = [length, type, UInt8(VirtioPCIFunction.modernBAR), 0, 0, 0]
    for word in words { body.append(littleEndian: word) }
    addCapability(id: 0x09, body: body)
  }
}
