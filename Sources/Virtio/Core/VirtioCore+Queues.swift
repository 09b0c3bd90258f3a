/// Queues from set-up to service.
extension VirtioCore {
  // MARK: For the device

  /// Serves what a queue holds, at most one ring's worth, and shows the driver the result at once.
  ///
  /// `body` answers one request and returns how many contiguous bytes it stored from the first
  /// writable byte on; when it throws, the device fails. No request is taken that `isWanted` does not
  /// ask for.
  ///
  /// - Returns: whether more requests may be waiting.
  public func serve(
    queue index: Int,
    _ body: (inout DescriptorChain) throws(QueueFault) -> UInt32,
    while isWanted: () -> Bool = { true }
  ) -> Bool {
    guard isLive, queues.indices.contains(index) else { return false }
    bringUp(index)
    guard let queue = queues[index].virtqueue else { return false }
    var failure: QueueFault?
    var mayHaveMore = true
    do throws(QueueFault) {
      mayHaveMore = try serveRing(queue, body, while: isWanted)
    } catch {
      failure = error
    }
    do throws(QueueFault) {
      if try queue.publish() { interruptStatus.insert(.queue) }
    } catch {
      failure = failure ?? error
    }
    if let failure { fail(failure, queue: index) }
    return mayHaveMore && failure == nil
  }

  private func serveRing(
    _ queue: Virtqueue, _ body: (inout DescriptorChain) throws(QueueFault) -> UInt32,
    while isWanted: () -> Bool
  ) throws(QueueFault) -> Bool {
    for _ in 0..<queue.layout.size {
      guard isWanted() else { return true }
      guard var chain = try queue.pop() else { return false }
      let written: UInt32
      do throws(QueueFault) {
        written = try body(&chain)
      } catch {
        queue.abandon(chain)
        throw error
      }
      try queue.complete(chain, written: written)
    }
    return true
  }

  /// The device cannot go on: DEVICE_NEEDS_RESET, with a configuration interrupt when the driver is
  /// up. A legacy driver knows no such bit; for it, the queues just stop.
  func fail(_ fault: QueueFault, queue index: Int) {
    status.insert(.needsReset)
    let hint = fault.dmaFault.flatMap(hint).map { "; \($0)" } ?? ""
    warn(fault.kind, "queue \(index): \(fault)\(hint); the device needs a reset")
    if interface == .modern, status.contains(.driverOK) {
      interruptStatus.insert(.configuration)
    }
  }

  // MARK: For the transport

  /// The driver kicked a queue.
  func kick(_ index: Int) {
    guard queues.indices.contains(index), queues[index].isEnabled else {
      warn("kick without queue", "notification for queue \(index), which is not enabled: ignored")
      return
    }
    if interface == .legacy { wantBusMaster() }
    // Earlier kicks need no memory: every ring is scanned when the device becomes live.
    if isLive { device.notified(queue: index) }
  }

  /// A queue was enabled: checks it and, when the driver is already running, looks into it.
  func enable(_ index: Int) {
    queues[index].isEnabled = true
    bringUp(index)
    if isLive { device.notified(queue: index) }
  }

  /// A queue was taken away.
  func disable(_ index: Int) {
    queues[index].isEnabled = false
    queues[index].virtqueue = nil
  }

  /// Scans every enabled queue once, for requests that were added before the device became live.
  func startQueues() {
    guard isLive else { return }
    for index in queues.indices where queues[index].isEnabled {
      bringUp(index)
      if isLive { device.notified(queue: index) }
    }
  }

  /// Checks a queue's addresses and puts it to work, as soon as the features are agreed and memory
  /// can be reached.
  private func bringUp(_ index: Int) {
    guard queues[index].isEnabled, queues[index].virtqueue == nil, isBusMaster,
      !status.contains(.needsReset), interface == .legacy || status.contains(.featuresOK)
    else { return }
    let layout = queues[index].layout
    do throws(QueueFault) {
      try layout.checkAddresses()
      guard try chooseView(for: layout, queue: index) else { return }
      try layout.checkReachable(in: memory)
    } catch {
      return fail(error, queue: index)
    }
    areFeaturesFrozen = true
    queues[index].virtqueue = Virtqueue(layout, memory: memory, options: .init(features))
    note("queue \(index) of \(layout.size) entries at \(layout.descriptorTable)")
  }
}
