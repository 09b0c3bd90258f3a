public import GuestMemory

/// Translations in words, for people. Nothing here changes the cache or a register.
extension DMATranslator {
  /// What a bus address means, step by step, one step on each line.
  public func explain(_ busAddress: BusAddress) -> String {
    let address = busAddress.rawValue
    var lines = [
      "bus address \(busAddress): "
        + (address >> 32 == 0 ? "single address cycle" : "dual address cycle")
    ]
    if let window = window(claiming: address) {
      lines.append("claimed by \(window)")
      if window.usesMap { lines.append(explainMapEntry(window, address)) }
    } else if monsterClaims(address) {
      lines.append("claimed by the monster window: bits 34:0 are the memory address")
    }
    do {
      lines.append("leads to memory at \(try peek(busAddress, .read).physical)")
    } catch {
      lines.append("does not lead to memory: \(error.cause)")
      if case .noWindow = error.cause { lines.append(windowSummary) }
    }
    return lines.joined(separator: "\n")
  }

  /// The enabled windows in one line.
  public var windowSummary: String {
    var parts = settings.windows.filter(\.isEnabled).map(\.description)
    if settings.hasMonsterWindow {
      parts.append("monster window 0x10000000000-0x1ffffffffff to 0x0")
    }
    if settings.hasHole { parts.append("hole 0x80000-0xfffff") }
    return parts.isEmpty ? "no window is enabled" : "enabled: " + parts.joined(separator: ", ")
  }

  /// What the driver probably did wrong, where that can be told.
  func hint(for fault: DMAFault) -> String? {
    switch fault.cause {
    case .nonExistentMemory(window: nil, _):
      guard let translation = try? peek(fault.address, fault.direction) else { return nil }
      return "as a bus address it leads to memory at \(translation.physical): the driver probably "
        + "maps its DMA, but this device takes physical addresses"
    case .noWindow, .invalidMapEntry:
      if let hint = staleHint(for: fault) { return hint }
      guard memory.contains(PhysicalAddress(fault.address.rawValue), byteCount: 1) else {
        return nil
      }
      return "\(fault.address) is a valid RAM address: the driver probably skipped its DMA mapping "
        + "(programs physical addresses)"
    case .mapOutsideMemory, .nonExistentMemory, .peerToPeer, .busMasterDisabled, .addressOverflow:
      // The address was mapped, and the mapping leads wrong; or no window was asked.
      return nil
    }
  }

  /// A cached entry that memory has overtaken: the driver changed the map and did not say so.
  private func staleHint(for fault: DMAFault) -> String? {
    guard case .invalidMapEntry(_, let entryAddress, let entry, cached: true) = fault.cause,
      let present = memory.quadword(at: entryAddress), present != entry
    else { return nil }
    return "memory now holds \(hexadecimal(present)) there: a TLBIV or TLBIA is missing"
  }

  private func explainMapEntry(_ window: DMAWindow, _ address: UInt64) -> String {
    let entryAddress = PhysicalAddress(window.mapEntryAddress(of: address))
    let present = memory.quadword(at: entryAddress)
    guard !isLenient, let cached = tlb.group(for: address)?[address] else {
      return "map entry at \(entryAddress): " + (present.map(hexadecimal) ?? "outside memory")
    }
    let isStale = present != nil && present != cached.rawValue
    return "map entry at \(entryAddress): \(hexadecimal(cached.rawValue)) in the cache"
      + (isStale ? ", while memory holds \(present.map(hexadecimal) ?? "")" : "")
  }
}
