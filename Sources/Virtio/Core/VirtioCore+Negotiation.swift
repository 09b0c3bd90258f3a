/// Status and features (VIRTIO 1.2, 2.1, 2.2, 3.1).
extension VirtioCore {
  /// What the device offers through an interface.
  func offeredFeatures(_ interface: Interface) -> VirtioFeatures {
    let common = device.features.union([.indirectDescriptors, .eventIndex])
    switch interface {
    case .legacy: return common.union(.anyLayout).intersection(.legacyMask)
    case .modern:
      let modern = common.union(.version1)
      return policy.accessPlatform == .off ? modern : modern.union(.accessPlatform)
    }
  }

  /// Takes the device for an interface. False, with a report, when the other one has it.
  func claim(_ wanted: Interface) -> Bool {
    if interface == nil { interface = wanted }
    if interface == wanted { return true }
    warn(
      "interface mixed",
      "write through the \(wanted.rawValue) interface ignored: the driver began with the other "
        + "one; reset the device first")
    return false
  }

  /// Takes 32 accepted feature bits. `word` 0 holds bits 0 to 31.
  func acceptFeatures(_ bits: UInt32, word: UInt32, through interface: Interface) {
    guard claim(interface) else { return }
    guard !areFeaturesFrozen else {
      warn("features frozen", "features written after they were agreed on: ignored")
      return
    }
    guard word < 2 else {
      if bits != 0 { warn("features beyond 63", "features of word \(word) accepted: ignored") }
      return
    }
    let shift = 32 * UInt64(word)
    let kept = features.rawValue & ~(0xFFFF_FFFF << shift)
    features = VirtioFeatures(rawValue: kept | UInt64(bits) << shift)
    guard interface == .legacy else { return }
    // A legacy driver is never refused, so what was not offered is masked.
    let stray = features.subtracting(offeredFeatures(.legacy))
    guard !stray.isEmpty else { return }
    features.subtract(stray)
    warn(
      "features not offered", "the legacy driver accepted \(stray), which is not offered: masked")
  }

  /// Why the accepted features cannot be served, or nil.
  private func refusalOfFeatures() -> String? {
    let stray = features.subtracting(offeredFeatures(.modern))
    guard stray.isEmpty else { return "the driver accepted \(stray), which is not offered" }
    guard features.contains(.version1) else {
      return "the driver did not accept VIRTIO_F_VERSION_1 (bit 32), which this interface needs"
    }
    guard policy.accessPlatform != .required || features.contains(.accessPlatform) else {
      return "the driver did not accept VIRTIO_F_ACCESS_PLATFORM (bit 33), which "
        + "access-platform=required demands; a driver without it needs access-platform=offered"
    }
    return nil
  }

  /// The driver writes the status field; 0 resets.
  func writeStatus(_ value: UInt8, through interface: Interface) {
    guard value != 0 else { return reset() }
    guard claim(interface) else { return }
    let wasLive = isLive
    let old = status.intersection(.driverOwned)
    var new = DeviceStatus(rawValue: value).intersection(.driverOwned)
    if interface == .legacy {
      new.remove(.featuresOK)
    } else if new.contains(.featuresOK) {
      if let refusal = refusalOfFeatures() {
        new.remove(.featuresOK)
        warn("FEATURES_OK refused", "FEATURES_OK refused (accepted \(features)): \(refusal)")
      } else {
        areFeaturesFrozen = true
      }
    }
    let cleared = old.subtracting(new)
    if !cleared.isEmpty {
      warn("status bits cleared", "the driver cleared status bits 0x\(hex(cleared.rawValue))")
    }
    status = new.union(status.intersection(.needsReset))
    note("status 0x\(hex(status.rawValue)), features \(features)")

    let added = new.subtracting(old)
    if added.contains(.failed) {
      warn("FAILED", "the driver has given up (FAILED); it had accepted features \(features)")
    }
    if added.contains(.driverOK) {
      areFeaturesFrozen = true
      if interface == .modern, !new.contains(.featuresOK) {
        warn("DRIVER_OK early", "DRIVER_OK without FEATURES_OK: the queues stay stopped")
      }
      if interface == .legacy { wantBusMaster() }
    }
    if added.contains(.driverOK), interface == .legacy || new.contains(.featuresOK) {
      device.start()
    }
    if !wasLive || added.contains(.driverOK) { startQueues() }
  }

  /// Some legacy drivers never set the bus-master bit, which old hosts did not need.
  func wantBusMaster() {
    guard !isBusMaster, let enableBusMaster else { return }
    warn("bus master", "the legacy driver left bus mastering off: turned on for it")
    enableBusMaster()
  }

  /// Back to the state after power-on. No request is in flight outside ``serve(queue:_:)``, so no
  /// access to memory can follow.
  func reset() {
    status = []
    features = []
    areFeaturesFrozen = false
    interface = nil
    deviceFeatureSelect = 0
    driverFeatureSelect = 0
    queueSelect = 0
    queues = device.queueSizes.map(QueueRegisters.init)
    memory.view = nil
    isConfigurationRead = false
    device.reset()
    interruptStatus = []
    note("reset")
  }
}

/// Hexadecimal digits for reports.
func hex(_ value: some BinaryInteger) -> String { String(value, radix: 16) }
