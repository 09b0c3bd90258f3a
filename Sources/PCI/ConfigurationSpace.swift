public import DeviceModel

/// The 256 bytes of configuration space of one function, with a type 0 header (PCI 2.2, 6.1).
///
/// The state is a byte array; three masks beside it say who may change which bit. A device reads
/// its command bits here and drives its interrupt pin through ``isInterruptPending``.
public final class ConfigurationSpace {
  /// Size in bytes.
  public static let byteCount = 256

  /// What a change touched.
  public struct Change: OptionSet, Sendable {
    /// The bits of the set.
    public let rawValue: Int
    /// A set with the given bits.
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// The Command register.
    public static let command = Change(rawValue: 1)
    /// A base address register.
    public static let baseAddresses = Change(rawValue: 2)
  }

  /// What the function says about itself.
  public let identity: PCIIdentity
  /// The implemented base address registers by number, 0 to 5.
  public let baseAddressRegisters: [Int: BaseAddressRegister]

  /// The wire of the function's interrupt pin; the bus connects it when the function is attached.
  public var interruptOutput: InterruptLine? {
    didSet { driveInterruptPin() }
  }

  private var bytes = [UInt8](repeating: 0, count: byteCount)
  /// The bytes after reset.
  private var resetBytes = [UInt8](repeating: 0, count: byteCount)
  /// Bits that a configuration write stores.
  private var writable = [UInt8](repeating: 0, count: byteCount)
  /// Bits that a configuration write of one clears.
  private var writeOneToClear = [UInt8](repeating: 0, count: byteCount)
  private var lastCapability: Int?
  private var firstFree = Layout.firstCapability
  private var observers: [(Change) -> Void] = []

  /// A configuration space after reset.
  ///
  /// - Precondition: each register is numbered 0 to 5, its size is a power of two of at least 4
  ///   bytes (I/O) or 16 (memory), and the register after a 64-bit one is free.
  public init(
    _ identity: PCIIdentity, baseAddressRegisters: [Int: BaseAddressRegister] = [:]
  ) {
    self.identity = identity
    self.baseAddressRegisters = baseAddressRegisters
    define(Layout.vendor, identity.vendor)
    define(Layout.device, identity.device)
    define(Layout.revision, identity.revision)
    define(Layout.classCode, UInt8(truncatingIfNeeded: identity.classCode))
    define(Layout.classCode + 1, UInt16(truncatingIfNeeded: identity.classCode >> 8))
    define(Layout.headerType, identity.isMultifunction ? 0x80 as UInt8 : 0)
    define(Layout.subsystemVendor, identity.subsystemVendor)
    define(Layout.subsystem, identity.subsystem)
    define(Layout.interruptPin, identity.interruptPin?.rawValue ?? 0)
    define(Layout.command, 0 as UInt16, writable: Command.writable)
    define(Layout.status, 0 as UInt16, writeOneToClear: Status.writeOneToClear)
    define(Layout.cacheLineSize, 0 as UInt8, writable: 0xFF)
    define(Layout.latencyTimer, 0 as UInt8, writable: 0xFF)
    define(Layout.interruptLine, 0 as UInt8, writable: 0xFF)
    for (number, register) in baseAddressRegisters {
      let last = register.isWide ? number + 1 : number
      precondition(
        number >= 0 && last < 6 && register.isWellFormed
          && !(register.isWide && baseAddressRegisters[last] != nil),
        "bad base address register \(number): \(register)")
      let offset = Layout.baseAddress(number)
      define(
        offset, register.kindBits, writable: UInt32(truncatingIfNeeded: register.addressMask))
      if register.isWide {
        define(
          offset + 4, 0 as UInt32, writable: UInt32(truncatingIfNeeded: register.addressMask >> 32))
      }
    }
  }

  /// Appends a capability to the list, so that earlier ones are found first.
  ///
  /// - Parameters:
  ///   - id: The capability ID.
  ///   - body: What follows the ID and the next pointer.
  ///   - writableMask: Which bits of `body` configuration writes store; missing bytes are
  ///     read-only.
  /// - Returns: The offset of the capability.
  /// - Precondition: the capability still fits.
  @discardableResult
  public func addCapability(id: UInt8, body: [UInt8], writableMask: [UInt8] = []) -> Int {
    let offset = firstFree
    precondition(
      offset + 2 + body.count <= Self.byteCount, "capability 0x\(String(id, radix: 16)) too long")
    define(offset, id)
    define(offset + 1, 0 as UInt8)
    for (index, byte) in body.enumerated() {
      define(
        offset + 2 + index, byte, writable: index < writableMask.count ? writableMask[index] : 0)
    }
    define(
      lastCapability.map { $0 + 1 } ?? Layout.capabilities, UInt8(truncatingIfNeeded: offset))
    define(
      Layout.status, Status.capabilitiesList, writeOneToClear: Status.writeOneToClear)
    lastCapability = offset
    firstFree = (offset + 2 + body.count + 3) & ~3
    return offset
  }

  /// Calls `observer` after each change of the Command register or a base address register.
  public func observe(_ observer: @escaping (Change) -> Void) { observers.append(observer) }

  /// Returns every register to its state after RST#. The interrupt request stays the device's.
  public func reset() {
    let isPending = isInterruptPending
    changing {
      bytes = resetBytes
      setStatus(Status.interrupt, isPending)
    }
  }
}

// MARK: - Configuration cycles

extension ConfigurationSpace {
  /// Reads as a configuration cycle does; beyond the end, all ones.
  public func read(_ offset: Int, _ width: AccessWidth) -> UInt64 {
    guard isInside(offset, width) else { return width.allOnes }
    return (0..<width.rawValue).reduce(0) { $0 | UInt64(bytes[offset + $1]) << (8 * $1) }
  }

  /// Writes as a configuration cycle does: read-only bits keep their value, and writing one clears
  /// the error bits of Status. Ignored beyond the end.
  public func write(_ offset: Int, _ width: AccessWidth, _ value: UInt64) {
    guard isInside(offset, width) else { return }
    changing {
      for index in 0..<width.rawValue {
        let byte = UInt8(truncatingIfNeeded: value >> (8 * index))
        let position = offset + index
        let stored = (bytes[position] & ~writable[position]) | (byte & writable[position])
        bytes[position] = stored & ~(byte & writeOneToClear[position])
      }
    }
  }

  private func isInside(_ offset: Int, _ width: AccessWidth) -> Bool {
    offset >= 0 && offset <= Self.byteCount - width.rawValue
  }
}

// MARK: - What the device and the bus see

extension ConfigurationSpace {
  /// Whether the function answers I/O cycles (Command bit 0).
  public var ioEnabled: Bool { command & Command.io != 0 }
  /// Whether the function answers memory cycles (Command bit 1).
  public var memoryEnabled: Bool { command & Command.memory != 0 }
  /// Whether the function may master the bus (Command bit 2).
  public var isBusMaster: Bool { command & Command.busMaster != 0 }
  /// Whether the interrupt pin is silenced (Command bit 10).
  public var isInterruptDisabled: Bool { command & Command.interruptDisable != 0 }

  /// Records that a bus cycle of this function went unanswered, until a driver clears the bit.
  public func setReceivedMasterAbort() { setStatus(Status.receivedMasterAbort, true) }

  /// Whether the device requests an interrupt (Status bit 3); drives the pin unless the driver has
  /// silenced it (PCI 2.3, 6.2.3).
  public var isInterruptPending: Bool {
    get { status & Status.interrupt != 0 }
    set {
      setStatus(Status.interrupt, newValue)
      driveInterruptPin()
    }
  }

  /// Lets a device turn mastering on for a driver that is known never to do it.
  public func enableBusMaster() {
    changing { bytes[Layout.command] |= UInt8(truncatingIfNeeded: Command.busMaster) }
  }

  /// Where a register claims addresses; nil while its decode is off, it is unassigned (zero), or
  /// it still holds the all-ones pattern of sizing.
  public func baseAddress(_ number: Int) -> UInt64? {
    guard let register = baseAddressRegisters[number] else { return nil }
    guard register.space == .io ? ioEnabled : memoryEnabled else { return nil }
    let offset = Layout.baseAddress(number)
    let mask = register.addressMask
    let value = read(offset, register.isWide ? .quadword : .longword) & mask
    let isSizing = [0xFFFF_FFFF, 0xFFFF_FFFF_0000_0000].contains { (half: UInt64) in
      mask & half != 0 && value & half == mask & half
    }
    return value == 0 || isSizing ? nil : value
  }

  private var command: UInt16 { word(Layout.command) }
  private var status: UInt16 { word(Layout.status) }

  private func word(_ offset: Int) -> UInt16 {
    UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
  }

  private func setStatus(_ bit: UInt16, _ isSet: Bool) {
    let value = isSet ? status | bit : status & ~bit
    bytes[Layout.status] = UInt8(truncatingIfNeeded: value)
    bytes[Layout.status + 1] = UInt8(truncatingIfNeeded: value >> 8)
  }

  private func driveInterruptPin() {
    interruptOutput?.drive(isInterruptPending && !isInterruptDisabled)
  }

  /// Runs `body`, then tells everybody what it changed.
  private func changing(_ body: () -> Void) {
    let oldCommand = command
    let oldAddresses = bytes[Layout.baseAddresses]
    body()
    var change: Change = []
    if command != oldCommand { change.insert(.command) }
    if bytes[Layout.baseAddresses] != oldAddresses { change.insert(.baseAddresses) }
    driveInterruptPin()
    guard !change.isEmpty else { return }
    for observer in observers { observer(change) }
  }

  /// Lays down a register of the reset state together with its masks.
  private func define<Value: FixedWidthInteger & UnsignedInteger>(
    _ offset: Int, _ value: Value, writable mask: Value = 0, writeOneToClear clear: Value = 0
  ) {
    for index in 0..<Value.bitWidth / 8 {
      let shift = 8 * index
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> shift)
      resetBytes[offset + index] = UInt8(truncatingIfNeeded: value >> shift)
      writable[offset + index] = UInt8(truncatingIfNeeded: mask >> shift)
      writeOneToClear[offset + index] = UInt8(truncatingIfNeeded: clear >> shift)
    }
  }
}

// MARK: - Saved state

extension ConfigurationSpace: Snapshotting {
  /// The 256 bytes as a configuration read shows them.
  public struct Saved: Codable, Equatable, Sendable {
    /// The bytes in order of offset.
    public var bytes: [UInt8]
  }

  /// Version 1.
  public static var savedVersion: Int { 1 }

  /// The present bytes.
  public func save() -> Saved { Saved(bytes: bytes) }

  /// Restores the bytes; refuses a space of another size or of another function, whose read-only
  /// bits differ.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    guard saved.bytes.count == Self.byteCount else {
      throw RestoreFault(
        "configuration space: \(saved.bytes.count) bytes, not \(Self.byteCount)")
    }
    for offset in 0..<Self.byteCount {
      var mutable = writable[offset] | writeOneToClear[offset]
      if offset == Layout.status { mutable |= UInt8(Status.interrupt) }
      guard (saved.bytes[offset] ^ resetBytes[offset]) & ~mutable == 0 else {
        throw RestoreFault(
          "configuration space: byte 0x\(String(offset, radix: 16)) is "
            + "0x\(String(saved.bytes[offset], radix: 16)), but this function has "
            + "0x\(String(resetBytes[offset], radix: 16)) there")
      }
    }
    changing { bytes = saved.bytes }
  }
}
