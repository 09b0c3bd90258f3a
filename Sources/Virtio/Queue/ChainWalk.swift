import GuestMemory

/// Reads one descriptor chain into local copies, checking every rule on the way.
///
/// Each descriptor is read once and an indirect table is copied whole, so that what was checked is
/// what is used, whatever the guest writes meanwhile.
struct ChainWalk {
  /// Entries an indirect table may have. The specification binds drivers to the queue size; some
  /// exceed it, so the bound is the one other devices use.
  static let indirectLimit = 1024

  private let layout: QueueLayout
  private let memory: any DMAAddressSpace
  private let allowsIndirect: Bool
  private let head: UInt16

  private(set) var readable: [Segment] = []
  private(set) var writable: [Segment] = []
  private var sawWritable = false
  private var byteCount: UInt64 = 0

  /// Walks the chain that starts at descriptor `head`, which must lie in the table.
  init(
    _ layout: QueueLayout, _ memory: any DMAAddressSpace, allowsIndirect: Bool, head: UInt16
  ) throws(QueueFault) {
    self.layout = layout
    self.memory = memory
    self.allowsIndirect = allowsIndirect
    self.head = head
    try walkRing()
  }

  private mutating func walkRing() throws(QueueFault) {
    var index = head
    for _ in 0..<layout.size {
      let descriptor = try descriptor(at: index)
      if descriptor.flags.contains(.indirect) {
        return try walkIndirect(descriptor, at: index)
      }
      try append(descriptor, at: index)
      guard descriptor.flags.contains(.next) else { return }
      guard descriptor.next < layout.size else {
        throw .nextOutOfRange(
          index: index, descriptor, count: Int(layout.size), indirect: false)
      }
      index = descriptor.next
    }
    throw .chainLoops(head: head, limit: Int(layout.size))
  }

  /// WRITE on the referring descriptor is ignored (VIRTIO 1.2, 2.7.5.3.2).
  private mutating func walkIndirect(_ outer: Descriptor, at outerIndex: UInt16) throws(QueueFault)
  {
    guard allowsIndirect else { throw .indirectNotNegotiated(index: outerIndex, outer) }
    guard !outer.flags.contains(.next) else { throw .indirectWithNext(index: outerIndex, outer) }
    let count = Int(outer.length) / Descriptor.byteCount
    guard count > 0, count <= Self.indirectLimit,
      outer.length.isMultiple(of: UInt32(Descriptor.byteCount))
    else { throw .indirectLength(index: outerIndex, outer, limit: Self.indirectLimit) }
    var table = [UInt8](repeating: 0, count: Int(outer.length))
    do {
      var span = table.mutableSpan
      try memory.read(outer.address, into: &span)
    } catch {
      throw .indirectUnreachable(index: outerIndex, outer, error)
    }

    var index: UInt16 = 0
    for _ in 0..<count {
      let descriptor = Descriptor(table.span, at: Int(index) * Descriptor.byteCount)
      guard !descriptor.flags.contains(.indirect) else {
        throw .indirectNested(index: index, descriptor)
      }
      try append(descriptor, at: index)
      guard descriptor.flags.contains(.next) else { return }
      guard Int(descriptor.next) < count else {
        throw .nextOutOfRange(index: index, descriptor, count: count, indirect: true)
      }
      index = descriptor.next
    }
    throw .chainLoops(head: head, limit: count)
  }

  private func descriptor(at index: UInt16) throws(QueueFault) -> Descriptor {
    var bytes: [16 of UInt8] = .init(repeating: 0)
    var span = bytes.mutableSpan
    do {
      try memory.read(layout.descriptor(index), into: &span)
    } catch {
      throw .ring(.descriptorTable, error)
    }
    return Descriptor(span.span)
  }

  /// Adds a buffer. An empty one is skipped: it carries nothing, and faulting on it would punish
  /// drivers that other devices tolerate.
  private mutating func append(_ descriptor: Descriptor, at index: UInt16) throws(QueueFault) {
    let isWritable = descriptor.flags.contains(.write)
    guard isWritable || !sawWritable else { throw .readableAfterWritable(index: index, descriptor) }
    sawWritable = isWritable
    byteCount += UInt64(descriptor.length)
    guard byteCount <= 1 << 32 else { throw .chainTooLarge(head: head, byteCount: byteCount) }
    guard descriptor.length > 0 else { return }
    let segment = Segment(address: descriptor.address, byteCount: Int(descriptor.length))
    if isWritable { writable.append(segment) } else { readable.append(segment) }
  }
}
