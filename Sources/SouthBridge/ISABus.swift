public import DeviceModel

/// The I/O ports of the ISA bus. An offset is a port number.
///
/// Word and longword accesses to byte-wide devices become byte cycles, lowest port first, as the
/// 82378 makes them. A byte that nobody claims reads as ones; an access of which no byte is claimed
/// is refused, and the bus above answers.
public final class ISABus: BusDevice {
  private enum Target {
    case bytes(any ISADevice)
    case wide(any BusDevice)
  }

  private struct Claim {
    let ports: ClosedRange<UInt16>
    let target: Target
  }

  private var claims: [Claim] = []

  /// A bus with nothing on it.
  public init() {}

  /// Puts a byte-wide device at ranges of ports. Assembly only: ranges may not overlap.
  public func attach(_ device: any ISADevice, at ranges: ClosedRange<UInt16>...) {
    for ports in ranges { add(Claim(ports: ports, target: .bytes(device))) }
  }

  /// Puts a device that takes whole accesses at a range of ports. Its offsets count from the first.
  public func attach(_ device: any BusDevice, at ports: ClosedRange<UInt16>) {
    add(Claim(ports: ports, target: .wide(device)))
  }

  /// Reads 1, 2 or 4 bytes of ports.
  public func read(_ offset: UInt64, _ width: AccessWidth) throws(AccessRefusal) -> UInt64 {
    let ports = try self.ports(offset, width)
    if let (device, base) = wideDevice(at: ports.lowerBound) {
      return try device.read(offset - UInt64(base), width)
    }
    var value: UInt64 = 0
    var isClaimed = false
    for port in ports.reversed() {
      let device = byteDevice(at: port)
      isClaimed = isClaimed || device != nil
      value = value << 8 | UInt64(device?.read(port: port) ?? 0xFF)
    }
    guard isClaimed else { throw .noRegister }
    return value
  }

  /// Writes 1, 2 or 4 bytes of ports.
  public func write(_ offset: UInt64, _ width: AccessWidth, _ value: UInt64) throws(AccessRefusal) {
    let ports = try self.ports(offset, width)
    if let (device, base) = wideDevice(at: ports.lowerBound) {
      return try device.write(offset - UInt64(base), width, value)
    }
    var isClaimed = false
    for (index, port) in ports.enumerated() {
      guard let device = byteDevice(at: port) else { continue }
      isClaimed = true
      device.write(port: port, UInt8(truncatingIfNeeded: value >> (8 * UInt64(index))))
    }
    guard isClaimed else { throw .noRegister }
  }

  private func add(_ claim: Claim) {
    precondition(
      !claims.contains { $0.ports.overlaps(claim.ports) }, "two ISA devices at one port")
    claims.append(claim)
  }

  /// The ports of an access. PCI I/O cycles carry at most a longword.
  private func ports(
    _ offset: UInt64, _ width: AccessWidth
  ) throws(AccessRefusal) -> ClosedRange<UInt16> {
    guard width != .quadword else { throw .badWidth }
    let last = offset.addingReportingOverflow(UInt64(width.rawValue - 1))
    guard !last.overflow, let end = UInt16(exactly: last.partialValue) else { throw .noRegister }
    return UInt16(truncatingIfNeeded: offset)...end
  }

  private func claim(of port: UInt16) -> Claim? { claims.first { $0.ports.contains(port) } }

  private func byteDevice(at port: UInt16) -> (any ISADevice)? {
    if case .bytes(let device)? = claim(of: port)?.target { device } else { nil }
  }

  private func wideDevice(at port: UInt16) -> (any BusDevice, UInt16)? {
    guard let claim = claim(of: port), case .wide(let device) = claim.target else { return nil }
    return (device, claim.ports.lowerBound)
  }
}
