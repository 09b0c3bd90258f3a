public import GuestMemory

/// Where the three parts of a split virtqueue lie (VIRTIO 1.2, 2.7).
public struct QueueLayout: Equatable, Sendable, Codable {
  /// The largest size the format allows.
  public static let maximumSize: UInt16 = 32768

  /// A part of the queue.
  public enum Part: String, Sendable, CaseIterable {
    /// The descriptor table.
    case descriptorTable = "descriptor table"
    /// The ring that the driver writes.
    case availableRing = "available ring"
    /// The ring that the device writes.
    case usedRing = "used ring"

    /// The alignment that the modern interface demands, in bytes.
    var alignment: UInt64 {
      switch self {
      case .descriptorTable: 16
      case .availableRing: 2
      case .usedRing: 4
      }
    }

    /// What the device does there.
    var direction: DMADirection { self == .usedRing ? .write : .read }
  }

  /// Entries in the table and in each ring, a power of two.
  public var size: UInt16
  /// Start of the descriptor table.
  public var descriptorTable: BusAddress
  /// Start of the available ring (queue_driver).
  public var availableRing: BusAddress
  /// Start of the used ring (queue_device).
  public var usedRing: BusAddress

  /// A layout with the three parts anywhere.
  public init(
    size: UInt16, descriptorTable: BusAddress, availableRing: BusAddress, usedRing: BusAddress
  ) {
    self.size = size
    self.descriptorTable = descriptorTable
    self.availableRing = availableRing
    self.usedRing = usedRing
  }

  /// The one block of a legacy queue: the rings follow the table, the used ring at the next
  /// multiple of 4096 (VIRTIO 1.2, 2.7.2 and 4.1.5.1.3.1).
  public init(legacyPageFrame frame: UInt32, size: UInt16) {
    let base = UInt64(frame) << 12
    let available = base + 16 * UInt64(size)
    let used = (available + 6 + 2 * UInt64(size) + 4095) & ~4095
    self.init(
      size: size, descriptorTable: BusAddress(base), availableRing: BusAddress(available),
      usedRing: BusAddress(used))
  }

  /// Whether a split ring can have this many entries.
  public static func isValidSize(_ size: UInt16) -> Bool {
    size > 0 && size <= maximumSize && size & (size - 1) == 0
  }

  /// Where a part starts.
  public func address(of part: Part) -> BusAddress {
    switch part {
    case .descriptorTable: descriptorTable
    case .availableRing: availableRing
    case .usedRing: usedRing
    }
  }

  /// Bytes of a part; the rings include the event field at their end.
  public func byteCount(of part: Part) -> UInt64 {
    switch part {
    case .descriptorTable: 16 * UInt64(size)
    case .availableRing: 6 + 2 * UInt64(size)
    case .usedRing: 6 + 8 * UInt64(size)
    }
  }

  /// Checks alignment and the 64-bit range of every part.
  public func checkAddresses() throws(QueueFault) {
    for part in Part.allCases {
      let start = address(of: part)
      guard start.rawValue.isMultiple(of: part.alignment) else {
        throw .misaligned(part, start)
      }
      guard start.advanced(by: byteCount(of: part)) != nil else {
        throw .ring(part, DMAFault(.addressOverflow, at: start, part.direction))
      }
    }
  }

  /// Checks that every part lies in memory as `space` sees it.
  public func checkReachable(in space: any DMAAddressSpace) throws(QueueFault) {
    for part in Part.allCases {
      do {
        try space.probe(address(of: part), byteCount: byteCount(of: part), part.direction)
      } catch {
        throw .ring(part, error)
      }
    }
  }

  // Offsets within the parts. `checkAddresses` has excluded overflow.
  func descriptor(_ index: UInt16) -> BusAddress {
    BusAddress(descriptorTable.rawValue &+ 16 &* UInt64(index))
  }
  var availableFlags: BusAddress { availableRing }
  var availableIndex: BusAddress { BusAddress(availableRing.rawValue &+ 2) }
  func availableEntry(_ counter: UInt16) -> BusAddress {
    BusAddress(availableRing.rawValue &+ 4 &+ 2 &* UInt64(counter & (size &- 1)))
  }
  var usedEvent: BusAddress { BusAddress(availableRing.rawValue &+ 4 &+ 2 &* UInt64(size)) }
  var usedIndex: BusAddress { BusAddress(usedRing.rawValue &+ 2) }
  func usedEntry(_ counter: UInt16) -> BusAddress {
    BusAddress(usedRing.rawValue &+ 4 &+ 8 &* UInt64(counter & (size &- 1)))
  }
  var availableEvent: BusAddress { BusAddress(usedRing.rawValue &+ 4 &+ 8 &* UInt64(size)) }
}
