public import DeviceModel
public import DiskImages
public import VirtioBlock

/// One disk of the machine, as `--disk FILE[,key=value...]` describes it.
public struct DiskConfiguration: VirtioOption, Equatable, Sendable {
  /// Where the guest's writes go.
  public enum Overlay: Equatable, Sendable {
    /// Into the image.
    case none
    /// Nowhere that outlives the run; the image does not change.
    case temporary
    /// Into the qcow2 image of this name, which has the disk as its backing file and is made if it
    /// does not exist; the disk's own image does not change.
    case file(String)
  }

  /// The keys that only disks have, in the order in which messages list them.
  public enum Key: String, CaseIterable, Sendable {
    case format, readonly, overlay, serial, queues
    case queueSize = "queue-size"
  }

  /// The image's file, or an export of an NBD server.
  public var path: String
  /// `raw`, `qcow2` or `gzip`; nil when not given. A gzip disk takes writes in an overlay only.
  public var format: String?
  /// Whether the guest may not write.
  public var isReadOnly = false
  /// Where writes go.
  public var overlay = Overlay.none
  /// Serial, queues and their size.
  public var options = BlockOptions()
  /// How the device sits on the board.
  public var placement = VirtioPlacement()
  /// What messages call it.
  public var subject: String { "disk '\(path)'" }

  /// Reads the text of a `--disk` option.
  ///
  /// - Throws: ``MachineSetUpError`` naming the key and what it takes.
  public init(parsing text: String) throws(MachineSetUpError) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    path = parts[0]
    guard !path.isEmpty else { throw MachineSetUpError("disk '\(text)': no file named") }
    try set(parts.dropFirst())
    if case .file = overlay, isReadOnly {
      throw MachineSetUpError(
        "disk '\(path)': readonly=on has no use for an overlay file; use overlay=none")
    }
  }

  /// Takes the value of a key.
  public mutating func set(_ key: Key, _ value: String) throws(MachineSetUpError) {
    switch key {
    case .format:
      format = try choose(key, value, ImageFormat.allCases.map { ($0.rawValue, $0.rawValue) })
    case .readonly:
      isReadOnly = try choose(key, value, [("on", true), ("off", false)])
    case .overlay:
      guard !value.isEmpty else {
        throw MachineSetUpError("disk '\(path)': overlay= is none of none, temp, or a file's name")
      }
      overlay = value == "none" ? .none : value == "temp" ? .temporary : .file(value)
    case .serial:
      guard value.utf8.count <= 20, value.utf8.allSatisfy({ $0 < 0x80 }) else {
        throw MachineSetUpError("\(subject): serial=\(value) is not at most 20 ASCII characters")
      }
      options.serial = value
    case .queues: options.queueCount = try number(key, value, BlockOptions.queueCounts)
    case .queueSize: options.queueSize = try number(key, value, BlockOptions.queueSizes)
    }
  }
}

extension DiskConfiguration {
  /// Opens the image. The guest cannot write to what comes back read-only.
  ///
  /// - Parameters:
  ///   - trace: is warned of oddities.
  ///   - progress: asked whether to go on while a gzip image is read through.
  public func openImage(
    trace: DeviceTrace,
    progress: @escaping (_ done: UInt64, _ total: UInt64) -> Bool = { _, _ in true }
  ) throws(ImageFault) -> any DiskImage {
    var opener = ImageOpener()
    opener.report = { trace.warn("disk", kind: $0, $0) }
    opener.progress = progress
    let format = format.flatMap(ImageFormat.init)
    return switch overlay {
    case .temporary: try opener.openWithTemporaryOverlay(path, format: format)
    case .file(let overlay): try opener.open(path, format: format, overlay: overlay)
    case .none: try opener.open(path, format: format, readOnly: isReadOnly || format == .gzip)
    }
  }
}

extension Machine {
  /// Attaches a disk's image, which has been opened, as a virtio block device.
  public func attach(_ disk: DiskConfiguration, _ image: any DiskImage) throws {
    try attach(image, options: disk.options, placement: disk.placement)
  }

  /// Attaches an open image as the next virtio block device.
  public func attach(
    _ image: any DiskImage, options: BlockOptions = BlockOptions(),
    placement: VirtioPlacement = VirtioPlacement()
  ) throws {
    var options = options
    let name = "virtio-blk\(functions.count)"
    if options.serial.isEmpty { options.serial = "breakwater-\(functions.count)" }
    let device = try BlockDevice(
      name, image: image, options: options, clock: clock, trace: trace)
    try attach(device, placement)
    images.append(image)
  }

  /// Makes all disks durable and leaves their images as a clean shutdown should; the machine cannot
  /// run any more. Every image is closed, whatever happens to another.
  ///
  /// - Throws: the first ``ImageFault``.
  public func closeDisks() throws(ImageFault) {
    var fault: ImageFault?
    for image in images {
      do { try image.close() } catch { fault = fault ?? error }
    }
    images = []
    if let fault { throw fault }
  }
}
