public import DeviceModel
import GuestMemory

/// What every transport of a virtio device shares: negotiation, queues and interrupt status.
///
/// A transport maps registers to this state; the device takes requests from it.
public final class VirtioCore {
  /// The two register interfaces of a device. The first that a driver uses owns the device until
  /// the next reset.
  public enum Interface: String, Sendable, Codable {
    /// The interface of VIRTIO 1.0 and later.
    case modern
    /// The interface before 1.0.
    case legacy
  }

  /// The device behind the registers.
  public let device: any VirtioDevice
  /// All the memory the device has.
  public let memory: PolicyDMAAddressSpace
  /// Whose addresses a driver gives us.
  public let policy: DMAPolicy
  let trace: DeviceTrace

  /// The device status field.
  public internal(set) var status: DeviceStatus = []
  /// The features the driver accepted. Frozen once the driver relies on them.
  public internal(set) var features: VirtioFeatures = []
  var areFeaturesFrozen = false
  /// The interface in use since the last reset.
  public internal(set) var interface: Interface?

  var deviceFeatureSelect: UInt32 = 0
  var driverFeatureSelect: UInt32 = 0
  var queueSelect: UInt16 = 0
  var queues: [QueueRegisters]

  /// Counts configuration changes that a driver may have seen half of.
  var configurationGeneration: UInt8 = 0
  var isConfigurationRead = false

  /// What interrupts are pending. The line follows it.
  public internal(set) var interruptStatus: InterruptStatus = [] {
    didSet { interruptStatusDidChange?() }
  }
  /// The transport's way to its interrupt line.
  var interruptStatusDidChange: (() -> Void)?

  /// Whether the device may reach memory. While not, kicks are remembered by the rings themselves.
  var isBusMaster = true
  /// Turns bus mastering on for legacy drivers that never do.
  var enableBusMaster: (() -> Void)?

  /// The views already announced, so that a driver's restart says nothing new.
  var announcedViews: Set<PolicyDMAAddressSpace.View> = []

  /// The shared part of `device`, after power-on.
  ///
  /// - Precondition: the device's queue sizes are powers of two.
  public init(
    _ device: any VirtioDevice, memory: PolicyDMAAddressSpace, policy: DMAPolicy,
    trace: DeviceTrace
  ) {
    precondition(device.queueSizes.allSatisfy(QueueLayout.isValidSize))
    self.device = device
    self.memory = memory
    self.policy = policy
    self.trace = trace
    queues = device.queueSizes.map(QueueRegisters.init)
    device.attach(to: self)
  }

  /// Whether requests may be taken: the driver is ready, the device has not failed, and memory can
  /// be reached. Legacy drivers may use queues before DRIVER_OK (VIRTIO 1.2, 3.1.2).
  public var isLive: Bool {
    guard isBusMaster, status.isDisjoint(with: [.needsReset, .failed]) else { return false }
    return switch interface {
    case .legacy: true
    case .modern: status.isSuperset(of: [.featuresOK, .driverOK])
    case nil: false
    }
  }

  /// Tells the driver that ``VirtioDevice/configuration`` has changed (VIRTIO 1.2, 2.5.1, 4.1.5.4).
  public func configurationDidChange() {
    if isConfigurationRead {
      configurationGeneration &+= 1
      isConfigurationRead = false
    }
    if status.contains(.driverOK) { interruptStatus.insert(.configuration) }
  }

  /// A line that the user always sees.
  func warn(_ kind: String, _ message: @autoclosure () -> String) {
    trace.warn(device.name, kind: kind, message())
  }

  /// A line of the `virtio` trace.
  func note(_ message: @autoclosure () -> String) {
    trace.trace(.virtio, "\(device.name): \(message())")
  }
}

/// What a driver has programmed for one queue.
struct QueueRegisters {
  let maximumSize: UInt16
  var size: UInt16
  var descriptorTable: UInt64 = 0
  var availableRing: UInt64 = 0
  var usedRing: UInt64 = 0
  /// The legacy queue address; 0 while it was not set.
  var pageFrame: UInt32 = 0
  var isEnabled = false
  /// The queue at work, once its addresses are checked and their view is chosen.
  var virtqueue: Virtqueue?

  init(maximumSize: UInt16) {
    self.maximumSize = maximumSize
    size = maximumSize
  }

  /// Where the queue lies, by the interface that enabled it.
  var layout: QueueLayout {
    pageFrame != 0
      ? QueueLayout(legacyPageFrame: pageFrame, size: size)
      : QueueLayout(
        size: size, descriptorTable: BusAddress(descriptorTable),
        availableRing: BusAddress(availableRing), usedRing: BusAddress(usedRing))
  }
}
