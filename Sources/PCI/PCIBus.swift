public import DeviceModel

/// One PCI bus: bus number 0, without bridges.
///
/// Memory and I/O cycles go to the function whose base address register claims the address; I/O
/// that nobody claims goes to the subtractive agent. What then remains unclaimed ends in a master
/// abort, which the host bridge turns into all ones.
public final class PCIBus {
  /// Device numbers of a bus.
  public static let slotCount = 32
  /// Functions of a device.
  public static let functionCount = 8

  /// A function and where it sits.
  public struct Target {
    /// Device number on the bus.
    public let slot: Int
    /// Function number in the device.
    public let number: Int
    /// The function.
    public let function: any PCIFunction
  }

  /// The attached functions by slot, then by function number.
  public private(set) var targets: [Target] = []

  /// Asked for the I/O ports that no base address register claims: the ISA bridge.
  public var subtractiveAgent: (any BusDevice)?

  /// Told the level of a slot's interrupt pin, the wired-or of the functions that drive it,
  /// whenever one of them changes.
  public var interruptPinDidChange: ((_ slot: Int, _ pin: InterruptPin, _ level: Bool) -> Void)?

  private let trace: DeviceTrace
  private var ioMap = DecodeMap()
  private var memoryMap = DecodeMap()

  /// An empty bus.
  public init(trace: DeviceTrace) { self.trace = trace }

  /// Puts a function into a slot and connects its interrupt pin.
  ///
  /// - Throws: ``PCIAttachmentError`` when the place does not exist or is taken, or when guests
  ///   would not find the function because function 0 is missing or not multifunction.
  public func attach(
    _ function: any PCIFunction, slot: Int, function number: Int = 0
  ) throws(PCIAttachmentError) {
    guard (0..<Self.slotCount).contains(slot), (0..<Self.functionCount).contains(number) else {
      throw .noSuchPlace(slot: slot, function: number)
    }
    guard target(slot, number) == nil else { throw .occupied(slot: slot, function: number) }
    if number != 0 {
      guard let first = target(slot, 0), first.function.configuration.identity.isMultifunction
      else { throw .hidden(slot: slot, function: number) }
    }
    targets.append(Target(slot: slot, number: number, function: function))
    targets.sort { ($0.slot, $0.number) < ($1.slot, $1.number) }
    function.configuration.observe { [weak self] _ in self?.rebuild() }
    if let pin = function.configuration.identity.interruptPin {
      function.configuration.interruptOutput = InterruptLine { [weak self] _ in
        self?.driveInterruptPin(slot, pin)
      }
    }
    rebuild()
  }

  /// Asserts RST#: every function starts anew.
  public func reset() {
    for target in targets { target.function.reset() }
  }

  private func target(_ slot: Int, _ number: Int) -> Target? {
    targets.first { $0.slot == slot && $0.number == number }
  }

  private func driveInterruptPin(_ slot: Int, _ pin: InterruptPin) {
    let level = targets.contains {
      let configuration = $0.function.configuration
      return $0.slot == slot && configuration.identity.interruptPin == pin
        && configuration.interruptOutput?.isAsserted == true
    }
    interruptPinDidChange?(slot, pin, level)
  }

  private func rebuild() {
    ioMap = decodeMap(.io)
    memoryMap = decodeMap(.memory)
  }

  private func decodeMap(_ space: BaseAddressRegister.Space) -> DecodeMap {
    var claims: [DecodeMap.Claim] = []
    for target in targets {
      let configuration = target.function.configuration
      for (bar, register) in configuration.baseAddressRegisters.sorted(by: { $0.key < $1.key })
      where register.space == space {
        guard let base = configuration.baseAddress(bar) else { continue }
        claims.append(
          DecodeMap.Claim(base: base, last: base | (register.size - 1), target: target, bar: bar))
      }
    }
    let map = DecodeMap(claims)
    for overlap in map.overlaps {
      let (winner, loser) = (claims[overlap.winner], claims[overlap.loser])
      trace.warn(
        "pci", kind: "overlapping base addresses",
        "\(loser.target) BAR \(loser.bar) overlaps \(winner.target) BAR \(winner.bar) in "
          + "\(space.rawValue) space; the lower slot answers")
    }
    return map
  }
}

// MARK: - Cycles

extension PCIBus {
  /// A configuration read; all ones where there is no function.
  public func readConfiguration(
    bus: Int, device: Int, function: Int, register: Int, _ width: AccessWidth
  ) -> UInt64 {
    guard bus == 0, let target = target(device, function) else { return width.allOnes }
    let value = target.function.readConfiguration(register, width)
    trace.trace(
      .pci,
      "\(target) config read 0x\(String(register, radix: 16)) -> 0x\(String(value, radix: 16))"
    )
    return value
  }

  /// A configuration write; dropped where there is no function.
  public func writeConfiguration(
    bus: Int, device: Int, function: Int, register: Int, _ width: AccessWidth, _ value: UInt64
  ) {
    guard bus == 0, let target = target(device, function) else { return }
    trace.trace(
      .pci,
      "\(target) config write 0x\(String(register, radix: 16)) <- 0x\(String(value, radix: 16))")
    target.function.writeConfiguration(register, width, value)
  }

  /// A memory read. Throws `noRegister` when nobody claims the address.
  public func readMemory(
    _ address: UInt64, _ width: AccessWidth
  ) throws(AccessRefusal) -> UInt64 {
    guard let claim = memoryMap.claim(on: address, byteCount: width.rawValue) else {
      throw .noRegister
    }
    return read(claim, address, width)
  }

  /// A memory write. Throws `noRegister` when nobody claims the address.
  public func writeMemory(
    _ address: UInt64, _ width: AccessWidth, _ value: UInt64
  ) throws(AccessRefusal) {
    guard let claim = memoryMap.claim(on: address, byteCount: width.rawValue) else {
      throw .noRegister
    }
    write(claim, address, width, value)
  }

  /// An I/O read. Throws when neither a base address register nor the subtractive agent answers.
  public func readIO(_ port: UInt64, _ width: AccessWidth) throws(AccessRefusal) -> UInt64 {
    if let claim = ioMap.claim(on: port, byteCount: width.rawValue) {
      return read(claim, port, width)
    }
    guard let subtractiveAgent else { throw .noRegister }
    return try subtractiveAgent.read(port, width)
  }

  /// An I/O write. Throws when neither a base address register nor the subtractive agent answers.
  public func writeIO(
    _ port: UInt64, _ width: AccessWidth, _ value: UInt64
  ) throws(AccessRefusal) {
    if let claim = ioMap.claim(on: port, byteCount: width.rawValue) {
      write(claim, port, width, value)
      return
    }
    guard let subtractiveAgent else { throw .noRegister }
    try subtractiveAgent.write(port, width, value)
  }

  // A function that claims a cycle but has no register there is not a master abort: it drives
  // nothing onto the bus, so a read floats to ones.

  private func read(_ claim: DecodeMap.Claim, _ address: UInt64, _ width: AccessWidth) -> UInt64 {
    let offset = address - claim.base
    do {
      return try claim.target.function.readBAR(claim.bar, offset, width)
    } catch {
      report(error, claim, "read", offset, width)
      return width.allOnes
    }
  }

  private func write(
    _ claim: DecodeMap.Claim, _ address: UInt64, _ width: AccessWidth, _ value: UInt64
  ) {
    let offset = address - claim.base
    do {
      try claim.target.function.writeBAR(claim.bar, offset, width, value & width.allOnes)
    } catch {
      report(error, claim, "write", offset, width)
    }
  }

  private func report(
    _ refusal: AccessRefusal, _ claim: DecodeMap.Claim, _ direction: String, _ offset: UInt64,
    _ width: AccessWidth
  ) {
    trace.trace(
      .unclaimed,
      "\(claim.target) refuses a \(width.rawValue)-byte \(direction) at BAR \(claim.bar) offset "
        + "0x\(String(offset, radix: 16)): \(refusal)")
  }
}

extension PCIBus.Target: CustomStringConvertible {
  /// Slot and function, as `pci 3.0`.
  public var description: String { "pci \(slot).\(number)" }
}

/// Why a function cannot be attached.
public enum PCIAttachmentError: Error, Equatable, CustomStringConvertible {
  /// The bus has no such slot or function number.
  case noSuchPlace(slot: Int, function: Int)
  /// Another function sits there.
  case occupied(slot: Int, function: Int)
  /// Guests look for functions 1 to 7 only behind a function 0 that announces them.
  case hidden(slot: Int, function: Int)

  /// One line for the user.
  public var description: String {
    switch self {
    case .noSuchPlace(let slot, let function):
      "there is no PCI slot \(slot) function \(function): slots are 0 to 31, functions 0 to 7"
    case .occupied(let slot, let function):
      "PCI slot \(slot) function \(function) is already taken"
    case .hidden(let slot, let function):
      "PCI slot \(slot) function \(function) needs a multifunction device as function 0, attached "
        + "before it"
    }
  }
}
