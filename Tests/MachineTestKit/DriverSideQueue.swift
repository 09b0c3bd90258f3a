public import GuestMemory

/// A driver's side of a split virtqueue, written with the driver's own stores into guest memory.
///
/// It knows the layout from the specification (VIRTIO 1.2, 2.7), not from the device under test, and
/// can break every rule: descriptors and rings are open to raw writes.
public final class DriverSideQueue {
  /// Where one buffer lies.
  public struct Buffer: Sendable {
    /// Start.
    public var address: UInt64
    /// Bytes.
    public var length: UInt32
    /// Whether the device writes it.
    public var isWritable: Bool

    /// A buffer that the device reads.
    public static func readable(_ address: UInt64, _ length: Int) -> Buffer {
      Buffer(address: address, length: UInt32(truncatingIfNeeded: length), isWritable: false)
    }
    /// A buffer that the device writes.
    public static func writable(_ address: UInt64, _ length: Int) -> Buffer {
      Buffer(address: address, length: UInt32(truncatingIfNeeded: length), isWritable: true)
    }
  }

  /// An entry of the used ring.
  public struct Used: Equatable, Sendable {
    /// First descriptor of the chain.
    public var id: UInt32
    /// Bytes the device says it wrote.
    public var length: UInt32

    /// An entry with the given fields.
    public init(id: UInt32, length: UInt32) {
      self.id = id
      self.length = length
    }
  }

  /// NEXT, as a descriptor flag.
  public static let next: UInt16 = 1
  /// WRITE, as a descriptor flag.
  public static let write: UInt16 = 2
  /// INDIRECT, as a descriptor flag.
  public static let indirect: UInt16 = 4

  /// Entries.
  public let size: UInt16
  /// Address of the descriptor table.
  public let descriptorTable: UInt64
  /// Address of the available ring.
  public let availableRing: UInt64
  /// Address of the used ring.
  public let usedRing: UInt64
  /// The first byte behind the queue.
  public let end: UInt64

  /// avail.idx as last stored.
  public private(set) var availableIndex: UInt16 = 0
  /// How many used entries were taken.
  public private(set) var usedTaken: UInt16 = 0
  private var nextDescriptor: UInt16 = 0
  private let memory: any DMAAddressSpace

  /// Lays a zeroed queue out at `base` as a legacy device expects it, which suits a modern one too.
  ///
  /// - Parameter base: A multiple of 4096.
  public init(_ memory: any DMAAddressSpace, at base: UInt64, size: UInt16) throws {
    self.memory = memory
    self.size = size
    descriptorTable = base
    availableRing = base + 16 * UInt64(size)
    usedRing = (availableRing + 6 + 2 * UInt64(size) + 4095) / 4096 * 4096
    end = usedRing + 6 + 8 * UInt64(size)
    try memory.writeBytes([UInt8](repeating: 0, count: Int(end - base)), at: BusAddress(base))
  }

  /// The driver of `other` going on in a copy of its memory.
  public init(continuing other: DriverSideQueue, in memory: any DMAAddressSpace) {
    self.memory = memory
    size = other.size
    descriptorTable = other.descriptorTable
    availableRing = other.availableRing
    usedRing = other.usedRing
    end = other.end
    availableIndex = other.availableIndex
    usedTaken = other.usedTaken
    nextDescriptor = other.nextDescriptor
  }

  // MARK: Raw stores

  /// Stores a descriptor of the table, or of an indirect table that starts at `table`.
  public func setDescriptor(
    _ index: UInt16, address: UInt64, length: UInt32, flags: UInt16 = 0, next: UInt16 = 0,
    table: UInt64? = nil
  ) throws {
    let start = (table ?? descriptorTable) + 16 * UInt64(index)
    try memory.writeInteger(address, at: BusAddress(start))
    try memory.writeInteger(length, at: BusAddress(start + 8))
    try memory.writeInteger(flags, at: BusAddress(start + 12))
    try memory.writeInteger(next, at: BusAddress(start + 14))
  }

  /// Stores an available ring entry without moving the index.
  public func setAvailable(slot: UInt16, head: UInt16) throws {
    try memory.writeInteger(
      head, at: BusAddress(availableRing + 4 + 2 * UInt64(slot % size)))
  }

  /// Stores avail.idx.
  public func setAvailableIndex(_ index: UInt16) throws {
    availableIndex = index
    try memory.writeInteger(index, at: BusAddress(availableRing + 2))
  }

  /// Stores avail.flags; bit 0 asks for no interrupts.
  public func setAvailableFlags(_ flags: UInt16) throws {
    try memory.writeInteger(flags, at: BusAddress(availableRing))
  }

  /// Stores used_event.
  public func setUsedEvent(_ event: UInt16) throws {
    try memory.writeInteger(event, at: BusAddress(availableRing + 4 + 2 * UInt64(size)))
  }

  /// avail_event, as the device has stored it.
  public func availableEvent() throws -> UInt16 {
    try memory.readInteger(BusAddress(usedRing + 4 + 8 * UInt64(size)))
  }

  /// used.idx, as the device has stored it.
  public func usedIndex() throws -> UInt16 { try memory.readInteger(BusAddress(usedRing + 2)) }

  // MARK: A correct driver

  /// Writes a chain into free descriptors, in turn, and makes it available. Returns its head.
  @discardableResult
  public func add(_ buffers: [Buffer]) throws -> UInt16 {
    let head = nextDescriptor
    for (position, buffer) in buffers.enumerated() {
      let isLast = position == buffers.count - 1
      let index = nextDescriptor
      nextDescriptor = (nextDescriptor + 1) % size
      try setDescriptor(
        index, address: buffer.address, length: buffer.length, flags: flags(buffer, isLast),
        next: isLast ? 0 : nextDescriptor)
    }
    try offer(head)
    return head
  }

  /// Writes a chain into a table at `table` and makes one descriptor that points there available.
  @discardableResult
  public func addIndirect(_ buffers: [Buffer], table: UInt64) throws -> UInt16 {
    for (position, buffer) in buffers.enumerated() {
      let index = UInt16(position)
      let isLast = position == buffers.count - 1
      try setDescriptor(
        index, address: buffer.address, length: buffer.length, flags: flags(buffer, isLast),
        next: isLast ? 0 : index + 1, table: table)
    }
    return try addIndirectHead(table: table, byteCount: UInt32(16 * buffers.count))
  }

  /// Makes one descriptor available that points to a table, which is the caller's.
  @discardableResult
  public func addIndirectHead(table: UInt64, byteCount: UInt32) throws -> UInt16 {
    let head = nextDescriptor
    nextDescriptor = (nextDescriptor + 1) % size
    try setDescriptor(head, address: table, length: byteCount, flags: Self.indirect)
    try offer(head)
    return head
  }

  /// Makes a chain available.
  public func offer(_ head: UInt16) throws {
    try setAvailable(slot: availableIndex, head: head)
    try setAvailableIndex(availableIndex &+ 1)
  }

  /// The used entries that are new since the last call.
  public func takeUsed() throws -> [Used] {
    var result: [Used] = []
    while try usedTaken != usedIndex() {
      let entry = usedRing + 4 + 8 * UInt64(usedTaken % size)
      result.append(
        Used(
          id: try memory.readInteger(BusAddress(entry)),
          length: try memory.readInteger(BusAddress(entry + 4))))
      usedTaken &+= 1
    }
    return result
  }

  private func flags(_ buffer: Buffer, _ isLast: Bool) -> UInt16 {
    (buffer.isWritable ? Self.write : 0) | (isLast ? 0 : Self.next)
  }
}
