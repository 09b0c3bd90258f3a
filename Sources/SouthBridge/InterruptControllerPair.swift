public import DeviceModel

/// The two cascaded 8259A of the ISA bus and their edge/level control registers.
///
/// Ports 0x20-0x21 are the master, 0xA0-0xA1 the slave on the master's input 2, 0x4D0-0x4D1 the
/// edge/level registers (82378).
public final class InterruptControllerPair: ISADevice, Snapshotting {
  private var master = InterruptController8259(isMaster: true)
  private var slave = InterruptController8259(isMaster: false)
  private let output: InterruptLine

  /// Called before the inputs matter in a new way: a mask changes, or requests are read. A device
  /// that lets its line go stale while nobody looks brings it up to date.
  public var inputsWillBeExamined: (() -> Void)?

  /// Controllers whose INT drives `output`.
  public init(output: InterruptLine) { self.output = output }

  /// A wire to one of the inputs IRQ0-IRQ15, but 2.
  public func input(_ irq: Int) -> InterruptLine {
    InterruptLine { [weak self] in self?.setInput(irq, $0) }
  }

  /// Whether the controllers would pass on a request of this input.
  public func isEnabled(_ irq: Int) -> Bool {
    if irq < 8 { return master.mask >> UInt8(irq) & 1 == 0 }
    return slave.mask >> UInt8(irq & 7) & 1 == 0 && master.mask & 0x04 == 0
  }

  /// An interrupt acknowledge cycle on PCI: the vector. With nothing pending it is the master's
  /// input 7, as for every request that has gone.
  public func acknowledge() -> UInt8 {
    let level = master.acknowledge()
    let vector =
      master.isSlave(level)
      ? slave.vectorBase | slave.acknowledge() : master.vectorBase | level
    propagate()
    return vector
  }

  /// Reads a controller or an edge/level register.
  public func read(port: UInt16) -> UInt8 {
    inputsWillBeExamined?()
    defer { propagate() }
    return switch port {
    case 0x20: master.readCommandPort()
    case 0x21: master.readDataPort()
    case 0xA0: slave.readCommandPort()
    case 0xA1: slave.readDataPort()
    case 0x4D0: master.edgeLevelControl
    default: slave.edgeLevelControl
    }
  }

  /// Writes a controller or an edge/level register.
  public func write(port: UInt16, _ value: UInt8) {
    switch port {
    case 0x20: master.writeCommandPort(value)
    case 0x21: master.writeDataPort(value)
    case 0xA0: slave.writeCommandPort(value)
    case 0xA1: slave.writeDataPort(value)
    case 0x4D0: master.writeEdgeLevelControl(value)
    default: slave.writeEdgeLevelControl(value)
    }
    inputsWillBeExamined?()
    propagate()
  }

  private func setInput(_ irq: Int, _ isHigh: Bool) {
    if irq < 8 { master.setInput(irq, isHigh) } else { slave.setInput(irq - 8, isHigh) }
    propagate()
  }

  private func propagate() {
    master.setInput(2, slave.interrupts)
    output.drive(master.interrupts)
  }

  /// As after power-on: nothing is passed on until a guest initializes the controllers.
  public func reset() {
    master = InterruptController8259(isMaster: true)
    slave = InterruptController8259(isMaster: false)
    propagate()
  }

  /// Both chips as plain data.
  public struct Saved: Codable, Equatable, Sendable {
    fileprivate let master: InterruptController8259
    fileprivate let slave: InterruptController8259
  }

  /// Raised whenever `Saved` changes its meaning.
  public static var savedVersion: Int { 1 }

  /// The registers and the levels of the inputs.
  public func save() -> Saved { Saved(master: master, slave: slave) }

  /// Replaces both chips. Restore the devices on the inputs first: their wires change the inputs.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    if let fault = saved.master.fault(asMaster: true) ?? saved.slave.fault(asMaster: false) {
      throw RestoreFault(fault)
    }
    (master, slave) = (saved.master, saved.slave)
    propagate()
  }
}
