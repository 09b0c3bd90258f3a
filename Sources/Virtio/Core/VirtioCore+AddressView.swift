public import GuestMemory

/// Deciding whose addresses a driver uses (see ``DMAPolicy``).
extension VirtioCore {
  /// Latches the view at the first queue that is set up. False while it cannot be told yet.
  func chooseView(for layout: QueueLayout, queue index: Int) throws(QueueFault) -> Bool {
    if memory.view != nil { return true }
    if features.contains(.accessPlatform) {
      memory.view = .translated
      note("the driver accepted ACCESS_PLATFORM: addresses are translated")
      return true
    }
    let physical = fault(of: layout, seen: .physical)
    let translated = fault(of: layout, seen: .translated)
    let choice: PolicyDMAAddressSpace.View?
    switch policy.unnegotiated {
    case .physical: choice = .physical
    case .translated: choice = .translated
    case .auto:
      switch (physical, translated) {
      case (nil, .some): choice = .physical
      case (.some, nil): choice = .translated
      case (nil, nil): choice = viewByContent(of: layout)
      case (let physical?, let translated?):
        throw .noView(layout.descriptorTable, physical: physical, translated: translated)
      }
    }
    guard let choice else {
      note("queue \(index) could be physical or translated, and its ring is empty in both views")
      return false
    }
    memory.view = choice
    let report =
      "the driver did not accept ACCESS_PLATFORM; dma=\(policy.unnegotiated.rawValue) takes its "
      + "addresses as \(choice.rawValue). Queue \(index) at \(layout.descriptorTable): "
      + "as physical, \(physical.map { "\($0)" } ?? "in memory"); "
      + "as translated, \(translated.map { "\($0)" } ?? "in memory")"
    // A guess is worth a line; what the user asked for is not.
    if policy.unnegotiated == .auto, announcedViews.insert(choice).inserted {
      warn("addresses \(choice.rawValue)", report)
    } else {
      note(report)
    }
    return true
  }

  /// Why a queue cannot lie where one view sees it, or nil.
  private func fault(of layout: QueueLayout, seen view: PolicyDMAAddressSpace.View) -> DMAFault? {
    do {
      try layout.checkReachable(in: memory.space(view))
      return nil
    } catch {
      guard case .ring(_, let fault) = error else { return nil }
      return fault
    }
  }

  /// What to say about an address that cannot be reached as it is understood, but could be in the
  /// other view; nil where that would not help either.
  public func hint(for fault: DMAFault) -> String? {
    guard let view = memory.view else { return nil }
    let other: PolicyDMAAddressSpace.View = view == .physical ? .translated : .physical
    guard !isMemory(fault, seen: view), isMemory(fault, seen: other) else { return nil }
    return features.contains(.accessPlatform)
      ? "as a physical address it lies in memory, but by accepting ACCESS_PLATFORM the driver has "
        + "promised bus addresses"
      : "addresses are \(view.rawValue) here, but as \(other.rawValue) this one lies in memory: is "
        + "dma=\(other.rawValue) what the driver needs?"
  }

  private func isMemory(_ fault: DMAFault, seen view: PolicyDMAAddressSpace.View) -> Bool {
    do {
      try memory.space(view).probe(fault.address, byteCount: 1, fault.direction)
      return true
    } catch {
      return false
    }
  }

  /// How much a view of a ring looks like one that a driver has filled.
  private enum Evidence: Int, Comparable {
    case empty, malformed, chain
    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  /// Where both views lie in memory, the ring's content decides; an equal show goes to the
  /// specification's answer, physical.
  private func viewByContent(of layout: QueueLayout) -> PolicyDMAAddressSpace.View? {
    let physical = evidence(in: layout, seen: .physical)
    let translated = evidence(in: layout, seen: .translated)
    guard max(physical, translated) > .empty else { return nil }
    return translated > physical ? .translated : .physical
  }

  /// Tries to take a chain, without a trace in guest memory. An indirect table is not read, only
  /// probed: in the wrong view its address is anything, and a read would be DMA that nobody asked for.
  private func evidence(in layout: QueueLayout, seen view: PolicyDMAAddressSpace.View) -> Evidence {
    var options = Virtqueue.Options(features)
    options.eventIndex = false
    options.indirect = false
    let trial = Virtqueue(layout, memory: memory.space(view), options: options)
    do throws(QueueFault) {
      guard let chain = try trial.pop() else { return .empty }
      trial.abandon(chain)
      return .chain
    } catch {
      guard case .indirectNotNegotiated(_, let outer) = error,
        features.contains(.indirectDescriptors),
        (try? memory.space(view).probe(
          outer.address, byteCount: UInt64(outer.length), .read)) != nil
      else { return .malformed }
      return .chain
    }
  }
}
