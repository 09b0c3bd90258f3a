public import DeviceModel
public import GuestMemory
public import PCI

/// Says what goes wrong with a device's DMA on the bus, and why.
///
/// Each fault becomes one line with the device, the bus address, what the Pchip made of it and what
/// the driver probably did, and sets the device's Received Master Abort bit. A probe is no DMA and
/// stays silent. The layer lies behind the `BusMasterGate`, so what that stops never comes here.
public final class ReportingDMAAddressSpace: DMAAddressSpace {
  private let name: String
  private let configuration: ConfigurationSpace
  private let next: any DMAAddressSpace
  private let translator: DMATranslator
  private let isTranslated: Bool
  private let trace: DeviceTrace

  /// Reports on the accesses that pass to `next`.
  ///
  /// - Parameters:
  ///   - name: The device, as reports call it.
  ///   - configuration: The device's configuration space.
  ///   - next: The bus.
  ///   - translator: Explains bus addresses.
  ///   - isTranslated: Whether `next` leads through the Pchip; false for physical addresses.
  ///   - trace: Receives a warning for each fault, and each translation in the category `dma`.
  public init(
    name: String, configuration: ConfigurationSpace, next: any DMAAddressSpace,
    translator: DMATranslator, isTranslated: Bool = true, trace: DeviceTrace
  ) {
    self.name = name
    self.configuration = configuration
    self.next = next
    self.translator = translator
    self.isTranslated = isTranslated
    self.trace = trace
  }

  /// Reads through the next layer.
  public func read(_ address: BusAddress, into bytes: inout MutableSpan<UInt8>) throws(DMAFault) {
    traceAccess(address, bytes.count, .read)
    do {
      try next.read(address, into: &bytes)
    } catch {
      report(error)
      throw error
    }
  }

  /// Writes through the next layer.
  public func write(_ address: BusAddress, from bytes: Span<UInt8>) throws(DMAFault) {
    traceAccess(address, bytes.count, .write)
    do {
      try next.write(address, from: bytes)
    } catch {
      report(error)
      throw error
    }
  }

  /// Asks the next layer.
  public func probe(
    _ address: BusAddress, byteCount: UInt64, _ direction: DMADirection
  ) throws(DMAFault) {
    try next.probe(address, byteCount: byteCount, direction)
  }

  private func report(_ fault: DMAFault) {
    configuration.setReceivedMasterAbort()
    trace.warn(name, kind: fault.cause.kind, line(for: fault))
  }

  private func line(for fault: DMAFault) -> String {
    var parts = [fault.description]
    if case .noWindow = fault.cause { parts.append(translator.windowSummary) }
    if let hint = translator.hint(for: fault) { parts.append(hint) }
    return parts.joined(separator: "; ")
  }

  /// One line for each page of an access.
  private func traceAccess(_ address: BusAddress, _ byteCount: Int, _ direction: DMADirection) {
    guard trace.enabled.contains(.dma) else { return }
    guard isTranslated else {
      trace.trace(
        .dma, "\(name): DMA \(direction) of \(byteCount) bytes at \(address), untranslated")
      return
    }
    var offset: UInt64 = 0
    while offset < UInt64(byteCount), let start = address.advanced(by: offset),
      let translation = try? translator.peek(start, direction)
    {
      let count = min(translation.byteCount, UInt64(byteCount) - offset)
      trace.trace(.dma, "\(name): DMA \(direction) of \(count) bytes at \(start), \(translation)")
      offset += count
    }
  }
}

extension DMATranslator.Translation: CustomStringConvertible {
  /// The window, the map entry if any, and the memory address, in one line.
  public var description: String {
    var text = window == DMAWindow.monster ? "monster window" : "window \(window)"
    if let use = mapEntry {
      text += ", map entry \(hexadecimal(use.entry.rawValue)) at \(use.address)"
      if use.isCached { text += " (cached)" }
    }
    return text + ", memory \(physical)"
  }
}
