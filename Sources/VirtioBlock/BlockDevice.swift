public import DeviceModel
public import DiskImages
import GuestMemory
public import Virtio

/// A virtio block device (VIRTIO 1.2, 5.2) over a disk image.
///
/// A notification does not serve a request at once but ``BlockOptions/latency`` later, whole (see
/// `NotifiedQueues`). So a guest can change its DMA windows under a running request, as on hardware,
/// and still every run is the same.
public final class BlockDevice: VirtioDevice {
  /// Bytes of a sector, the unit of every address (whatever the block size).
  static let sectorSize: UInt64 = 512
  /// Bytes of the GET_ID answer.
  static let serialSize = 20
  /// Most bytes moved at once between image and memory.
  static let chunkSize = 1 << 20
  /// Most data elements of a request that `seg_max` allows. A queue has room for more, but Linux on
  /// Alpha cannot chain its scatter lists (ARCH_NO_SG_CHAIN): there a request of more than 128
  /// elements fails, and its virtio driver believes what the device says.
  static let maximumDataElements: UInt32 = 126
  /// Most bytes of a data element that `size_max` allows.
  static let maximumElementSize: UInt32 = 1 << 17
  /// Most bytes that a request moves: work that the host does in a moment.
  static let maximumRequestSize = 1 << 24
  /// Most ranges of one DISCARD or WRITE_ZEROES request.
  static let maximumSegments = 4
  /// Most sectors of one range. All ranges together have ``maximumRequestSize`` bytes.
  static let maximumSegmentSectors: UInt32 = 1 << 13
  /// What a request costs beside the bytes it moves (`NotifiedQueues`).
  static let requestCost = 1 << 16
  /// What making the image durable costs.
  static let flushCost = 1 << 20

  /// The name in reports.
  public let name: String
  /// Block device.
  public var type: VirtioDeviceType { .block }
  /// How the device is set up.
  public let options: BlockOptions
  let image: any DiskImage
  let trace: DeviceTrace
  weak var core: VirtioCore?

  private(set) var notifiedQueues: NotifiedQueues?
  /// The `writeback` byte of the configuration.
  private(set) var isWriteback = true
  /// Whether the image may hold something that is not durable yet.
  var hasUnflushed = false
  /// Where bytes are between image and memory; grows up to ``chunkSize``.
  var buffer: [UInt8] = []

  /// A device over `image`; a last partial sector of it is not exposed.
  ///
  /// - Parameter name: Unique in the machine; also names the device's alarm in saved state.
  /// - Throws: ``BlockSetUpError`` when an option is out of its range.
  public init(
    _ name: String, image: any DiskImage, options: BlockOptions = BlockOptions(),
    clock: VirtualClock, trace: DeviceTrace
  ) throws(BlockSetUpError) {
    try options.check()
    self.name = name
    self.image = image
    self.options = options
    self.trace = trace
    notifiedQueues = NotifiedQueues(name, clock: clock, latency: options.latency) {
      [weak self] queue in self?.serve(queue) ?? false
    }
  }

  /// What the device offers. One that cannot be written offers nothing that writes.
  public var features: VirtioFeatures {
    var features: VirtioFeatures = [.sizeMax, .segMax, .blockSize, .flush]
    features.formUnion(image.isReadOnly ? .readOnly : [.configWCE, .discard, .writeZeroes])
    if options.queueCount > 1 { features.insert(.multiQueue) }
    return features
  }

  /// All queues are alike.
  public var queueSizes: [UInt16] {
    [UInt16](repeating: options.queueSize, count: options.queueCount)
  }

  /// Sectors of the disk.
  var capacity: UInt64 { image.byteCount / Self.sectorSize }

  // MARK: Life

  /// Keeps the way to memory and queues.
  public func attach(to core: VirtioCore) { self.core = core }

  /// CONFIG_WCE without FLUSH starts write-through: the driver could never flush.
  public func start() {
    guard let core else { return }
    if core.features.contains(.configWCE), !core.features.contains(.flush) { isWriteback = false }
  }

  /// Forgets the driver. Requests are served whole, so none is under way.
  public func reset() {
    isWriteback = true
    notifiedQueues?.reset()
  }

  // MARK: Service

  /// Serves the queue a little later.
  public func notified(queue: Int) { notifiedQueues?.insert(queue) }

  private func serve(_ queue: Int) -> Bool {
    core?.serve(queue: queue) { chain throws(QueueFault) in
      try self.serve(&chain)
    } while: {
      notifiedQueues?.hasBudget == true
    } ?? false
  }

  // MARK: Configuration

  /// The configuration structure (VIRTIO 1.2, 5.2.4) up to the last offered field.
  public var configuration: [UInt8] {
    var bytes: [UInt8] = []
    func append(_ value: some FixedWidthInteger) { bytes.append(littleEndian: value) }
    func skip(to offset: Int) {
      bytes.append(contentsOf: repeatElement(0, count: offset - bytes.count))
    }
    append(capacity)
    append(Self.maximumElementSize)  // size_max
    append(min(UInt32(options.queueSize) - 2, Self.maximumDataElements))  // seg_max
    skip(to: 20)
    append(UInt32(Self.sectorSize))  // blk_size
    skip(to: 32)
    append(UInt8(isWriteback ? 1 : 0))
    skip(to: 34)
    append(UInt16(options.queueCount))
    let writable: UInt32 = image.isReadOnly ? 0 : 1
    append(writable * Self.maximumSegmentSectors)  // max_discard_sectors
    append(writable * UInt32(Self.maximumSegments))
    append(writable)  // discard_sector_alignment
    append(writable * Self.maximumSegmentSectors)  // max_write_zeroes_sectors
    append(writable * UInt32(Self.maximumSegments))
    append(UInt8(writable))  // write_zeroes_may_unmap
    skip(to: 60)
    return bytes
  }

  /// Only `writeback` can be written, by a driver that accepted CONFIG_WCE. Turning write-back off
  /// makes durable what is not yet, and costs nothing when it is: the host cannot look at its user
  /// before the driver's store ends, so a driver must not be able to flush in a loop.
  public func writeConfiguration(_ bytes: [UInt8], at offset: Int) {
    guard offset <= 32, offset + bytes.count > 32, core?.features.contains(.configWCE) == true
    else {
      return
    }
    let wasWriteback = isWriteback
    isWriteback = bytes[32 - offset] != 0
    guard wasWriteback, !isWriteback, hasUnflushed else { return }
    do {
      try image.flush()
      hasUnflushed = false
    } catch {
      warn("image", "flush for the change to write-through: \(error)")
    }
  }

  /// Whether a write must be durable before it completes: the driver cannot flush, has chosen so, or
  /// is a legacy one that has not yet said what it can (VIRTIO 1.2, 5.2.5, 5.2.6.2).
  var isWriteThrough: Bool {
    guard let core else { return true }
    if core.features.contains(.configWCE) { return !isWriteback }
    guard core.features.contains(.flush) else { return true }
    return core.interface == .legacy && !core.status.contains(.driverOK)
  }

  func warn(_ kind: String, _ message: @autoclosure () -> String) {
    trace.warn(name, kind: kind, message())
  }
}

// MARK: - Saved state

extension BlockDevice: Snapshotting {
  /// What the transport and the clock do not save.
  public struct Saved: Codable, Equatable, Sendable {
    /// The `writeback` byte.
    public var isWriteback: Bool
    /// Notified queues, the next one first.
    public var pending: [Int]
  }

  /// Version 1.
  public static var savedVersion: Int { 1 }

  /// The present state.
  public func save() -> Saved {
    Saved(isWriteback: isWriteback, pending: notifiedQueues?.all ?? [])
  }

  /// Restores the state; the alarm comes with the clock.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    try notifiedQueues?.restore(saved.pending, of: self)
    isWriteback = saved.isWriteback
    hasUnflushed = true
  }
}
