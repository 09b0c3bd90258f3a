public import DeviceModel
public import GuestMemory

/// The device's side of a split virtqueue (VIRTIO 1.2, 2.7).
///
/// ``pop()`` has three distinct answers: a chain, nil for an empty ring, a thrown ``QueueFault``.
/// The first fault is latched; after it the queue reads as empty. Entries are completed in any
/// order and become visible to the driver together, with ``publish()``.
///
/// CPUs and devices share one thread, so the specification's memory barriers are the order of the
/// statements.
public final class Virtqueue {
  /// The negotiated features that change how a queue works.
  public struct Options: Equatable, Sendable {
    /// VIRTIO_F_INDIRECT_DESC.
    public var indirect = false
    /// VIRTIO_F_EVENT_IDX.
    public var eventIndex = false
    /// The options with everything off.
    public init() {}
    /// The options that a set of negotiated features asks for.
    public init(_ features: VirtioFeatures) {
      indirect = features.contains(.indirectDescriptors)
      eventIndex = features.contains(.eventIndex)
    }
  }

  /// Where the queue lies.
  public let layout: QueueLayout
  /// The negotiated options.
  public let options: Options
  /// The first broken rule, if any.
  public private(set) var fault: QueueFault?

  private let memory: any DMAAddressSpace
  /// Free-running: the next available entry to take.
  private var nextAvailable: UInt16 = 0
  /// The driver's index as last read; entries before it need no new look.
  private var seenAvailable: UInt16 = 0
  /// Free-running: the next used entry to fill.
  private var nextUsed: UInt16 = 0
  /// What the driver sees as used.idx.
  private var publishedUsed: UInt16 = 0
  /// Whether an interrupt decision was ever made; the first is always positive, because before it
  /// there is no old index that the driver's event could lie behind.
  private var hasDecided = false
  /// The avail_event last stored; nil before the first, because what lies there is the driver's.
  private var storedEvent: UInt16?
  /// Per descriptor: a chain starting there is not yet back with the driver.
  private var isOutstanding: [Bool]
  /// Heads completed but not published.
  private var unpublished: [UInt16] = []

  /// A queue at its start. `layout` must have passed ``QueueLayout/checkAddresses()``.
  public init(_ layout: QueueLayout, memory: any DMAAddressSpace, options: Options = Options()) {
    self.layout = layout
    self.memory = memory
    self.options = options
    isOutstanding = [Bool](repeating: false, count: Int(layout.size))
  }

  // MARK: Taking

  /// The next chain, or nil when the driver offers none (or the queue has failed before). Before it
  /// answers nil, it asks the driver for a notification of the next one.
  public func pop() throws(QueueFault) -> DescriptorChain? {
    guard fault == nil else { return nil }
    do throws(QueueFault) {
      return try takeChain()
    } catch {
      fault = error
      throw error
    }
  }

  private func takeChain() throws(QueueFault) -> DescriptorChain? {
    guard try hasAvailable() else { return nil }
    let head: UInt16 = try load(layout.availableEntry(nextAvailable), .availableRing)
    guard head < layout.size else {
      throw .headOutOfRange(
        head: head, slot: nextAvailable & (layout.size &- 1), size: layout.size)
    }
    guard !isOutstanding[Int(head)] else { throw .headOutstanding(head: head) }
    let walk = try ChainWalk(layout, memory, allowsIndirect: options.indirect, head: head)
    nextAvailable &+= 1
    isOutstanding[Int(head)] = true
    return DescriptorChain(
      head: head, readable: ChainReader(walk.readable, memory),
      writable: ChainWriter(walk.writable, memory), token: CompletionToken(head: head))
  }

  private func hasAvailable() throws(QueueFault) -> Bool {
    if seenAvailable != nextAvailable { return true }
    if try loadAvailableIndex() { return true }
    guard options.eventIndex, storedEvent != nextAvailable else { return false }
    // Ask for the next kick, then look again: an entry added in between sends none.
    try store(nextAvailable, at: layout.availableEvent)
    storedEvent = nextAvailable
    return try loadAvailableIndex()
  }

  /// Re-reads avail.idx; whether it is ahead.
  private func loadAvailableIndex() throws(QueueFault) -> Bool {
    let index: UInt16 = try load(layout.availableIndex, .availableRing)
    guard index &- nextAvailable <= layout.size else {
      throw .indexJump(available: index, next: nextAvailable, size: layout.size)
    }
    seenAvailable = index
    return index != nextAvailable
  }

  // MARK: Giving back

  /// Gives a chain back with `written` contiguous bytes stored from its first writable byte on. The
  /// driver sees it after the next ``publish()``.
  public func complete(
    _ chain: consuming DescriptorChain, written: UInt32
  ) throws(QueueFault) {
    let head = chain.token.redeem()
    var entry: [8 of UInt8] = .init(repeating: 0)
    var span = entry.mutableSpan
    span.store(UInt32(head), at: 0)
    span.store(written, at: 4)
    do {
      try memory.write(layout.usedEntry(nextUsed), from: span.span)
    } catch {
      throw latch(.ring(.usedRing, error))
    }
    nextUsed &+= 1
    unpublished.append(head)
  }

  /// Drops a chain that will never be answered, because the device has failed.
  public func abandon(_ chain: consuming DescriptorChain) {
    _ = chain.token.redeem()
  }

  /// Shows the driver what was completed. Returns whether it wants an interrupt for that
  /// (VIRTIO 1.2, 2.7.7.2).
  public func publish() throws(QueueFault) -> Bool {
    guard nextUsed != publishedUsed else { return false }
    do throws(QueueFault) {
      let old = publishedUsed
      try store(nextUsed, at: layout.usedIndex)
      publishedUsed = nextUsed
      for head in unpublished { isOutstanding[Int(head)] = false }
      unpublished.removeAll(keepingCapacity: true)
      return try wantsInterrupt(old: old)
    } catch {
      throw latch(error)
    }
  }

  private func wantsInterrupt(old: UInt16) throws(QueueFault) -> Bool {
    guard options.eventIndex else {
      let flags: UInt16 = try load(layout.availableFlags, .availableRing)
      return flags & 1 == 0
    }
    let event: UInt16 = try load(layout.usedEvent, .availableRing)
    defer { hasDecided = true }
    return !hasDecided || nextUsed &- event &- 1 < nextUsed &- old
  }

  // MARK: Memory

  private func latch(_ error: QueueFault) -> QueueFault {
    if fault == nil { fault = error }
    return error
  }

  private func load(
    _ address: BusAddress, _ part: QueueLayout.Part
  ) throws(QueueFault) -> UInt16 {
    var bytes: [2 of UInt8] = .init(repeating: 0)
    var span = bytes.mutableSpan
    do {
      try memory.read(address, into: &span)
    } catch {
      throw .ring(part, error)
    }
    return span.span.integer(at: 0)
  }

  private func store(_ value: UInt16, at address: BusAddress) throws(QueueFault) {
    var bytes: [2 of UInt8] = .init(repeating: 0)
    var span = bytes.mutableSpan
    span.store(value, at: 0)
    do {
      try memory.write(address, from: span.span)
    } catch {
      throw .ring(.usedRing, error)
    }
  }
}

// MARK: - Saved state

/// A queue as plain data. It is taken between requests, when no chain is outstanding.
public struct QueueSavedState: Codable, Equatable, Sendable {
  /// Where the queue lies.
  public var layout: QueueLayout
  /// The next available entry to take.
  public var nextAvailable: UInt16
  /// The published used index.
  public var usedIndex: UInt16
  /// The avail_event last stored.
  public var storedEvent: UInt16?
  /// Whether an interrupt decision was made.
  public var hasDecided: Bool
  /// Whether the queue had failed.
  public var hasFailed: Bool
}

extension Virtqueue {
  /// The present state.
  public func save() -> QueueSavedState {
    QueueSavedState(
      layout: layout, nextAvailable: nextAvailable, usedIndex: publishedUsed,
      storedEvent: storedEvent, hasDecided: hasDecided, hasFailed: fault != nil)
  }

  /// A queue that continues where the saved one stopped.
  ///
  /// - Throws: ``RestoreFault`` when no driver could have set the queue up like this.
  public convenience init(
    restoring saved: QueueSavedState, memory: any DMAAddressSpace, options: Options
  ) throws(RestoreFault) {
    guard QueueLayout.isValidSize(saved.layout.size) else {
      throw RestoreFault("virtqueue: size \(saved.layout.size) is no power of two up to 32768")
    }
    do {
      try saved.layout.checkAddresses()
    } catch {
      throw RestoreFault("virtqueue: \(error)")
    }
    self.init(saved.layout, memory: memory, options: options)
    nextAvailable = saved.nextAvailable
    seenAvailable = saved.nextAvailable
    nextUsed = saved.usedIndex
    publishedUsed = saved.usedIndex
    storedEvent = saved.storedEvent
    hasDecided = saved.hasDecided
    if saved.hasFailed {
      fault = .malformedRequest(head: 0, reason: "the queue had failed before it was saved")
    }
  }
}
