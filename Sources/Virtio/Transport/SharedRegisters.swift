import DeviceModel

/// The registers that both interfaces show.
extension VirtioCore {
  /// Reading the interrupt status clears it and lets the line go (VIRTIO 1.2, 4.1.4.5).
  func takeInterruptStatus() -> UInt8 {
    defer { interruptStatus = [] }
    return interruptStatus.rawValue
  }

  /// Reads the device's configuration at any width; all ones past its end.
  func readDeviceConfiguration(_ offset: UInt64, _ width: AccessWidth) -> UInt64 {
    isConfigurationRead = true
    let bytes = device.configuration
    return (0..<width.rawValue).reduce(0) { result, index in
      let position = Int(truncatingIfNeeded: offset) + index
      let byte = bytes.indices.contains(position) ? bytes[position] : 0xFF
      return result | UInt64(byte) << (8 * index)
    }
  }

  /// Writes the device's configuration; ignored when it reaches past the end.
  func writeDeviceConfiguration(_ offset: UInt64, _ width: AccessWidth, _ value: UInt64) {
    let offset = Int(truncatingIfNeeded: offset)
    guard offset + width.rawValue <= device.configuration.count else { return }
    device.writeConfiguration(
      (0..<width.rawValue).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }, at: offset)
  }
}
