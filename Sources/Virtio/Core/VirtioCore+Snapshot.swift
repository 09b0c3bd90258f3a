public import DeviceModel

extension VirtioCore: Snapshotting {
  /// Negotiation, queues and interrupts as plain data.
  public struct Saved: Codable, Equatable, Sendable {
    /// One queue's registers, and the queue itself once it is at work.
    public struct Queue: Codable, Equatable, Sendable {
      /// queue_size.
      public var size: UInt16
      /// queue_desc.
      public var descriptorTable: UInt64
      /// queue_driver.
      public var availableRing: UInt64
      /// queue_device.
      public var usedRing: UInt64
      /// The legacy queue address.
      public var pageFrame: UInt32
      /// queue_enable.
      public var isEnabled: Bool
      /// The queue at work.
      public var virtqueue: QueueSavedState?
    }

    /// device_status.
    public var status: DeviceStatus
    /// The accepted features.
    public var features: VirtioFeatures
    /// Whether they can still change.
    public var areFeaturesFrozen: Bool
    /// The interface in use.
    public var interface: Interface?
    /// The chosen view of memory.
    public var view: PolicyDMAAddressSpace.View?
    /// device_feature_select.
    public var deviceFeatureSelect: UInt32
    /// driver_feature_select.
    public var driverFeatureSelect: UInt32
    /// queue_select.
    public var queueSelect: UInt16
    /// The queues by number.
    public var queues: [Queue]
    /// config_generation.
    public var configurationGeneration: UInt8
    /// Whether the driver has read the present generation.
    public var isConfigurationRead: Bool
    /// The interrupt status register.
    public var interruptStatus: InterruptStatus
  }

  /// Version 1.
  public static var savedVersion: Int { 1 }

  /// The present state.
  public func save() -> Saved {
    Saved(
      status: status, features: features, areFeaturesFrozen: areFeaturesFrozen,
      interface: interface, view: memory.view, deviceFeatureSelect: deviceFeatureSelect,
      driverFeatureSelect: driverFeatureSelect, queueSelect: queueSelect,
      queues: queues.map {
        Saved.Queue(
          size: $0.size, descriptorTable: $0.descriptorTable, availableRing: $0.availableRing,
          usedRing: $0.usedRing, pageFrame: $0.pageFrame, isEnabled: $0.isEnabled,
          virtqueue: $0.virtqueue?.save())
      },
      configurationGeneration: configurationGeneration, isConfigurationRead: isConfigurationRead,
      interruptStatus: interruptStatus)
  }

  /// Restores state that this device could have reached.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    let name = device.name
    guard saved.queues.count == queues.count else {
      throw RestoreFault(
        "\(name): \(saved.queues.count) queues saved, the device has \(queues.count)")
    }
    guard saved.status.isSubset(of: .all), saved.interruptStatus.isSubset(of: .all) else {
      throw RestoreFault(
        "\(name): device status 0x\(hex(saved.status.rawValue)) or interrupt status "
          + "0x\(hex(saved.interruptStatus.rawValue)) has bits that do not exist")
    }
    if let interface = saved.interface, saved.areFeaturesFrozen {
      let stray = saved.features.subtracting(offeredFeatures(interface))
      guard stray.isEmpty else {
        throw RestoreFault("\(name): features \(stray) accepted, which this device does not offer")
      }
    }
    var restored: [QueueRegisters] = []
    for (index, queue) in saved.queues.enumerated() {
      restored.append(try registers(restoring: queue, index, of: saved))
    }
    status = saved.status
    features = saved.features
    areFeaturesFrozen = saved.areFeaturesFrozen
    interface = saved.interface
    memory.view = saved.view
    deviceFeatureSelect = saved.deviceFeatureSelect
    driverFeatureSelect = saved.driverFeatureSelect
    queueSelect = saved.queueSelect
    queues = restored
    configurationGeneration = saved.configurationGeneration
    isConfigurationRead = saved.isConfigurationRead
    interruptStatus = saved.interruptStatus
  }

  private func registers(
    restoring saved: Saved.Queue, _ index: Int, of core: Saved
  ) throws(RestoreFault) -> QueueRegisters {
    var queue = QueueRegisters(maximumSize: queues[index].maximumSize)
    guard QueueLayout.isValidSize(saved.size), saved.size <= queue.maximumSize else {
      throw RestoreFault(
        "\(device.name): queue \(index) of size \(saved.size), the device has \(queue.maximumSize)")
    }
    queue.size = saved.size
    queue.descriptorTable = saved.descriptorTable
    queue.availableRing = saved.availableRing
    queue.usedRing = saved.usedRing
    queue.pageFrame = saved.pageFrame
    queue.isEnabled = saved.isEnabled
    guard let virtqueue = saved.virtqueue else { return queue }
    guard saved.isEnabled, core.view != nil, virtqueue.layout == queue.layout else {
      throw RestoreFault("\(device.name): queue \(index) at work does not match its registers")
    }
    queue.virtqueue = try Virtqueue(
      restoring: virtqueue, memory: memory, options: .init(core.features))
    return queue
  }
}
